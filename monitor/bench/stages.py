"""Where the CPU time of a process goes, by stage: for benches, which say why a figure is what it is.

The functions of interest are wrapped while a `Stages` is at work; each call's CPU time (of its thread) counts for its
stage, without what inner calls count for theirs. The event loop's steps are counted by the coroutine at the bottom of
their task. CTranslate2 works in threads of its own, whose time can't be told apart by call: they are counted by how
long its calls take, which is the same where it has a core to itself, and more where it has to wait for one.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import ModuleType
from typing import Any

import faster_whisper
import faster_whisper.feature_extractor

from monitor import pipeline, vault
from monitor.alerts.feed import Feed
from monitor.evidence.ring import Ring
from monitor.hearing import listen
from monitor.hearing.segmenter import Segmenter
from monitor.hearing.vad import Vad
from monitor.hearing.veto import SpeechGate
from monitor.keywords.match import Matcher
from monitor.monitored import MonitoredRooms
from monitor.rooms.opus import Decoder
from monitor.rooms.peer import MediaStream
from monitor.store.writer import Writer

CALLS = {"encode": "encoder", "generate": "decoder", "align": "word times", "detect_language": "language"}
"""CTranslate2's, by name; they count by wall time."""
FUNCTIONS: tuple[tuple[type | ModuleType, str, str], ...] = (
    (MediaStream, "take", "receive: order of packets"),
    (Decoder, "_run", "receive: Opus"),
    (Vad, "voiced", "first voice detector"),
    (Segmenter, "feed", "segmenter"),
    (listen._Ear, "take", "listen: ledger, hand-over"),
    (SpeechGate, "examine", "second voice detector"),
    (faster_whisper.feature_extractor.FeatureExtractor, "__call__", "features"),
    (Ring, "add", "ring"),
    (Ring, "before", "ring"),
    (pipeline, "spoken", "normal form"),
    (Matcher, "examine", "matching"),
    (Matcher, "in_alternatives", "matching"),
    (Writer, "_commit", "database: writing"),
    (Feed, "_send", "feed"),
    (MonitoredRooms, "views", "state of the rooms"),
    (vault, "encode", "evidence: Opus"),
)


class Stages:
    """`spent`: seconds by stage, of all threads."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self._inner = threading.local()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Within it, what is called counts. Enter it before models are loaded."""
        with ExitStack() as undo:
            for owner, name, stage in FUNCTIONS:
                undo.enter_context(_replaced(owner, name, self._timed(getattr(owner, name), partial(_named, stage))))
            undo.enter_context(_replaced(asyncio.Handle, "_run", self._timed(asyncio.Handle._run, _task_of)))
            undo.enter_context(_replaced(faster_whisper.WhisperModel, "__init__", self._opened()))
            yield

    def _timed(self, work: Callable[..., Any], stage: Callable[[Any], str]) -> Callable[..., Any]:
        """`stage`: from the first argument."""

        def timed(*args: Any, **more: Any) -> Any:
            outer, self._inner.spent = getattr(self._inner, "spent", 0.0), 0.0
            began = time.thread_time()
            try:
                return work(*args, **more)
            finally:
                took = time.thread_time() - began
                name = stage(args[0] if args else None)
                self.spent[name] += took - self._inner.spent
                self.calls[name] += 1
                self._inner.spent = outer + took

        return timed

    def _opened(self) -> Callable[..., None]:
        begin = faster_whisper.WhisperModel.__init__

        def opened(whisper: Any, *args: Any, **more: Any) -> None:
            begin(whisper, *args, **more)
            whisper.model = _Called(whisper.model, self)

        return opened

    def note(self, stage: str, seconds: float) -> None:
        self.spent[stage] += seconds
        self.calls[stage] += 1


class _Called:
    """CTranslate2's model, whose calls are timed."""

    def __init__(self, model: Any, stages: Stages) -> None:
        self._model = model
        self._stages = stages

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._model, name)
        stage = CALLS.get(name)
        if stage is None:
            return found

        def timed(*args: Any, **more: Any) -> Any:
            began = time.perf_counter()
            try:
                return found(*args, **more)
            finally:
                self._stages.note(stage, time.perf_counter() - began)

        return timed


def _named(stage: str, _: object) -> str:
    return stage


def _task_of(handle: Any) -> str:
    """The coroutine at the bottom of a step's task; a bare callback's name."""
    callback = handle._callback
    owner = getattr(callback, "__self__", None)
    work = owner.get_coro() if isinstance(owner, asyncio.Task) else callback
    name = getattr(work, "__qualname__", None) or type(work).__qualname__
    return f"loop: {name.replace('.<locals>', '')}"


@contextmanager
def _replaced(owner: type | ModuleType, name: str, by: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, before)
