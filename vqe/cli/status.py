"""From faults to messages and exit statuses: 2 for the query or the arguments, 1 at run time, 130 after Ctrl-C."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any, TextIO

import click

from vqe.errors import RunError, VqeError, VqeWarning


def guarded(command: Callable[[], Any]) -> int:
    """Run a command; what it raises becomes a message on standard error and the exit status."""
    warnings.showwarning = _show_warning  # type: ignore[assignment]  # it passes all arguments by position
    warnings.filterwarnings("always", category=VqeWarning, module=r"vqe\.report$")  # each answer has its own
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character is no reason to stop
    try:
        command()
        sys.stdout.flush()
        return 0
    except BrokenPipeError:
        # The reader went away (head, less); Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except (Exception, KeyboardInterrupt) as fault:
        if os.environ.get("VQE_DEBUG"):
            traceback.print_exc()
        return report(fault)


def report(fault: BaseException) -> int:
    """Say what went wrong; the exit status for it."""
    match fault:
        case VqeError():
            status, text = fault.exit_status, str(fault)
        case click.Abort() | KeyboardInterrupt():
            status, text = 130, "interrupted"
        case click.UsageError():
            status, text = 2, usage(fault)
        case OSError():
            where = f": {fault.filename}" if fault.filename else ""
            status, text = 1, str(RunError(f"{fault.strerror or fault}{where}"))
        case MemoryError():
            status, text = 1, str(RunError("out of memory"))
        case _:
            kind = type(fault).__name__
            status, text = 1, str(RunError(f"internal fault: {kind}: {fault}", hint="VQE_DEBUG=1 shows where"))
    print(text, file=sys.stderr)
    return status


def usage(fault: click.UsageError) -> str:
    """As our other errors read."""
    command = fault.ctx.command_path if fault.ctx else "vqe"
    return str(VqeError(fault.format_message(), hint=f"{command} --help"))


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    _filename: str,
    _line: int,
    _file: TextIO | None = None,
    _text: str | None = None,
) -> None:
    if issubclass(category, VqeWarning):
        print(f"warning: {message}", file=sys.stderr)
    elif os.environ.get("VQE_DEBUG"):
        print(f"{category.__name__}: {message}", file=sys.stderr)
