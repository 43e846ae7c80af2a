"""Single keys from a terminal, without the need for Enter."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

UP, DOWN, PAGE_UP, PAGE_DOWN = "up", "down", "page up", "page down"
_SEQUENCES = {
    b"\x1b[A": UP,
    b"\x1b[B": DOWN,
    b"\x1bOA": UP,
    b"\x1bOB": DOWN,
    b"\x1b[5~": PAGE_UP,
    b"\x1b[6~": PAGE_DOWN,
}

Keys = Callable[[float], str]
"""The next key within so many seconds; empty: none came."""


@contextmanager
def keys() -> Iterator[Keys]:
    """Where standard input is no terminal, or on Windows, no key ever comes."""
    try:
        import termios
        import tty

        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
    except (ImportError, OSError, ValueError):
        yield _none
        return
    except termios.error:
        yield _none
        return
    tty.setcbreak(terminal)
    try:
        yield lambda seconds: _key(terminal, seconds)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _none(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _key(terminal: int, seconds: float) -> str:
    ready, _, _ = select.select([terminal], [], [], seconds)
    if not ready:
        return ""
    with contextlib.suppress(OSError):
        read = os.read(terminal, 32)
        if not read:
            raise KeyboardInterrupt  # the terminal is gone
        return _SEQUENCES.get(read) or read[:1].decode("ascii", "ignore")
    raise KeyboardInterrupt
