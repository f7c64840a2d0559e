"""How the process gives memory back."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGE = 400_000  # bytes: half a picture
KEPT = 4_000_000


@cache
def give_back_large_arrays() -> None:
    """Have the C library return every large array to the system once it is freed.

    glibc raises its threshold for that to the largest array that it has seen freed, up to 32 MB. From then on pictures
    lie between small things that stay, and over hours the process grows. Other C libraries are left alone.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(_M_MMAP_THRESHOLD, LARGE)
        mallopt(_M_TRIM_THRESHOLD, KEPT)
