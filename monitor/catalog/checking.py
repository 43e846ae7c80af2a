"""What a list that somebody wrote is worth: read, compared with the one before, and linted.

That takes seconds of computing, and much of it holds the interpreter's lock for tenths of a second (word lists,
automata). The service therefore does it in a process of its own; a command, which has nothing else to do, in a thread.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import date
from types import TracebackType
from typing import Self

from monitor.catalog.difference import Difference, compare, lines
from monitor.errors import KeywordListInvalid, Overloaded
from monitor.keywords.lint import Remark, lint
from monitor.keywords.lists import parse, read
from monitor.keywords.refusal import ListRefused, Problem
from monitor.keywords.rules import KeywordList
from monitor.model import RuleState


@dataclass(frozen=True, slots=True)
class Question:
    """Texts only: lists would take long to send to another process."""

    content: str
    where: str  # for messages: the file
    before: str = ""  # the content that it is compared with
    others: tuple[str, ...] = ()  # contents of the lists beside it
    today: date | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A list that can be used."""

    name: str
    version: str
    state: RuleState
    rules: int
    before: RuleState | None  # the state of the list before; None: there was none that can be read
    difference: Difference
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """One that can't."""

    file: str
    problems: tuple[Problem, ...]


Check = Callable[[Question], Awaitable[Checked]]
"""Raises ListRefused."""


def examine(question: Question) -> Checked | Refused:
    """Blocks for a second or more."""
    try:
        new = parse(question.content, question.where)
    except ListRefused as refused:  # as a value: an exception with arguments of its own doesn't cross processes
        return Refused(refused.file, refused.problems)
    old = read_or_none(question.before)
    others = [one for one in map(read_or_none, question.others) if one is not None and one.name != new.name]
    remarks = lint(new, others, question.content, today=question.today)
    state = old.state if old else None
    names = f"{new.name} before", f"{new.name} after"
    found = replace(compare(old, new), lines=lines(question.before, question.content, names))
    return Checked(new.name, new.version, new.state, len(new.rules), state, found, tuple(remarks))


async def in_a_thread(question: Question) -> Checked:
    return _or_refused(await asyncio.to_thread(examine, question))


class Apart:
    """`async with Apart() as check:`. One process, begun with the first question and kept; questions take turns."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    async def __call__(self, question: Question) -> Checked:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin)
        try:
            return _or_refused(await asyncio.wrap_future(self._pool.submit(examine, question)))
        except BrokenProcessPool as error:
            self._close()
            raise Overloaded("the process that checks lists was ended, most likely for want of memory") from error

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _or_refused(found: Checked | Refused) -> Checked:
    if isinstance(found, Refused):
        raise ListRefused(found.file, found.problems)
    return found


def read_or_none(content: str) -> KeywordList | None:
    """None where there is nothing, or today's reader can't read it."""
    try:
        return read(content, "") if content else None
    except KeywordListInvalid:
        return None


def _begin() -> None:
    """Ctrl-C is the parent's affair, and without a parent there is nobody to work for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)  # the rooms come first
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
