"""How the process gives memory back."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from functools import cache

from vqe.cores import cores

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
LARGE = 400_000  # bytes: half a picture
KEPT = 4_000_000


@cache
def keep_memory_low() -> None:
    """Have the C library return every large array to the system once it is freed, and keep few heaps.

    glibc raises its threshold for that to the largest array that it has seen freed, up to 32 MB. From then on pictures
    lie between small things that stay, and over hours the process grows. It also gives threads heaps of their own,
    eight a core, each with room that the others cannot use; models and decoders bring dozens of threads. Other C
    libraries are left alone.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(_M_MMAP_THRESHOLD, LARGE)
        mallopt(_M_TRIM_THRESHOLD, KEPT)
        mallopt(_M_ARENA_MAX, max(2, cores()))
