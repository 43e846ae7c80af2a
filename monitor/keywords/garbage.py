"""Keeps Python's garbage collector away from big lists.

A full collection looks at every object that could be part of a cycle, and nothing else runs meanwhile: with 100,000
rules in memory that is 60 ms, with sound-alikes 160 ms, at any moment. Lists and matchers have no cycles; they go when
the last reference goes. So they are made while the collector rests, and taken off its books before it goes on.

Nothing here looks through the objects of others (`gc.get_objects`): a thread may be half-way through making one of them
(a tuple whose places are still empty, say), and to look into that ends the process.

Leaving an object off the books is safe for all others: what it refers to counts as referred to from outside, so nothing
is freed too early. Only a cycle through it would never be freed.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

from monitor.keywords.rules import Rule

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


def let_go(roots: list[object], keep: Iterable[object] = ()) -> None:
    """Free what `roots` hold and nobody else does, bit by bit: all at once it takes up to 40 ms, and stops all else.

    Empties `roots`; what is in `keep` is not looked into.
    """
    seen = {id(one) for one in keep}
    waiting = list(roots)
    held: list[object] = []
    roots.clear()
    one: object = None
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if id(one) in seen or not (kind in _PLAIN or kind.__module__.startswith(_OURS)):
            continue
        seen.add(id(one))
        held.append(one)
        if kind is not Rule:
            waiting.extend(gc.get_referents(one))
    del one, waiting
    held.reverse()  # what holds goes before what it holds
    while held:
        del held[-_CHUNK:]
