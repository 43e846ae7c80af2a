"""Keeps Python's garbage collector away from big lists.

A full collection looks at every object that could be part of a cycle, and nothing else runs meanwhile: with 100,000
rules in memory that is 60 ms, with sound-alikes 160 ms, at any moment. Lists and matchers have no cycles; they go when
the last reference goes. So they are made while the collector rests, and taken off its books before it goes on.

Leaving an object off the books is safe for all others: what it refers to counts as referred to from outside, so nothing
is freed too early. Only a cycle through it would never be freed.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from monitor.keywords.rules import KeywordList, Rule

_PLAIN = (list, dict, tuple, set)
_OURS = "monitor.keywords."
_CHUNK = 2_000
_untrack = ctypes.pythonapi.PyObject_GC_UnTrack  # part of CPython's documented C interface
_untrack.argtypes = [ctypes.py_object]
_untrack.restype = None
_resting = 0
_lock = Lock()


@contextmanager
def resting() -> Iterator[None]:
    """The collector rests: for seconds, in which what others leave behind waits to be collected. May be nested."""
    global _resting
    with _lock:
        _resting += 1
        ours = _resting > 1 or gc.isenabled()
        if ours:
            gc.disable()
    try:
        yield
    finally:
        with _lock:
            _resting -= 1
            if ours and not _resting:
                gc.enable()


def unwatch(root: object) -> None:
    """Take all that `root` holds, of plain containers and of this package's objects, off the collector's books.

    `root` must be without cycles, and final: lists, matchers, indexes.
    """
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if not gc.is_tracked(one) or not (type(one) in _PLAIN or type(one).__module__.startswith(_OURS)):
            continue
        _untrack(one)
        if type(one) is Rule:  # most of them, and nearly all have nothing inside
            waiting.append(one.combination)
        else:
            waiting.extend(gc.get_referents(one))


def let_go(lists: list[KeywordList]) -> None:
    """Free lists that nobody else holds, bit by bit: 100,000 rules at once take 10 ms, in which nothing else runs."""
    rules = [rule for one in lists for rule in one.rules]
    lists.clear()
    while rules:
        del rules[-_CHUNK:]
