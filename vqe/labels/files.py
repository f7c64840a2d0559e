"""Files that survive a kill: written beside their place and renamed into it, locked where only one may work."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from vqe.errors import RunError

TEMPORARY = ".tmp-"
_ABANDONED = 3600.0  # seconds; no write takes an hour, so what is older was left by a process that died


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Make `path` hold the content: whoever reads it sees all of it or the earlier file, after a power cut too.

    Creates the folder. Raises OSError; the temporary file is removed then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove temporary files that a killed process left in the folder."""
    now = time.time()
    for leftover in folder.glob(f"{TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if now - leftover.stat().st_mtime > _ABANDONED:
                leftover.unlink()


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock file at `path` (the kernel frees it when a process dies).

    Yields whether it is held: always with `wait`, except on a file system that has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def explained(purpose: str, folder: Path) -> Iterator[None]:
    """Turn an OSError inside into a RunError that says what could not be done, where and why."""
    try:
        yield
    except OSError as error:
        raise RunError(f"cannot {purpose} in {folder}: {_reason(error)}", hint=_remedy(error)) from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _remedy(error: OSError) -> str | None:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "free some space there"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return "let the folder be one that you may write to"
    return None
