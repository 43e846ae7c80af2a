"""`bench decode`: CPU an utterance over short contexts, beside the 30 s way and beside what the arithmetic needs.

The utterances are those that the product cuts from the recordings as in a live room, with what it hears again before
them. Each is heard by every way in turn, on one thread, so that whatever else the machine does slows all alike. What is
counted is the process's CPU time, not the clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from faster_whisper import WhisperModel
from rich.console import Console
from rich.progress import track
from rich.table import Table

from monitor.bench import gemm
from monitor.bench.clips import Clip
from monitor.bench.machine import describe
from monitor.config import Settings
from monitor.errors import OperatorError
from monitor.model import Transcript, Utterance
from monitor.replay import replay
from monitor.speech import brief
from monitor.speech.recogniser import Hints, context, hear_one
from monitor.speech.together import worth
from monitor.speech.weights import find
from monitor.speech.whisper import WhisperRecogniser

LIMIT = 4.0
"""Seconds up to which an utterance counts as short."""
TIMES = 6.0
"""How many times less CPU than the 30 s way it is to take."""
BOUND = 2.5
"""Times the arithmetic's bound that is aimed at."""
BEFORE = 4
"""Where among the ways the short context with what was said before is; after the ones that it is compared with."""
PROMPT = 6
"""Tokens of the decoder that are no text: prompt, first and last time stamp, end."""

_FEW = 4
"""Utterances that are heard together, as when some more wait than can be heard."""

T = TypeVar("T")
Ask = tuple[Utterance, Hints]


@dataclass(slots=True, eq=False)
class Way:
    """One way to hear an utterance, and what it took."""

    name: str
    hear: Callable[[Ask], Transcript | str]
    took: list[float] = field(default_factory=list)  # CPU seconds, by utterance
    again: int = 0  # utterances for which 30 s were needed after all

    def take(self, ask: Ask) -> Transcript | str:
        began = time.process_time()
        heard = self.hear(ask)
        self.took.append(time.process_time() - began)
        if isinstance(heard, Transcript):
            self.again += heard.full
        return heard


@dataclass(slots=True)
class Collected:
    """At the recogniser's seam: hears nothing, and keeps what it is given; of each utterance the whole."""

    asks: dict[str, Ask] = field(default_factory=dict)  # by utterance
    model = "none (collecting)"

    def transcribe(self, batch: Sequence[Ask]) -> list[Transcript]:
        self.asks |= {ask[0].id: ask for ask in batch}
        return [Transcript(utterance, "en", (), self.model, 0.0) for utterance, _ in batch]


async def measure(settings: Settings, clips: Sequence[Clip], language: str, limit: int, out: Console) -> bool:
    """Print; whether short utterances take a sixth of the 30 s way's CPU or less. Raises OperatorError."""
    collected = Collected()
    await replay([clip.path for clip in clips], settings, lambda _: None, language=language, live=True, hears=collected)
    asks = _spread([ask for ask in collected.asks.values() if 0 < ask[0].seconds <= LIMIT], limit)
    if not asks:
        raise OperatorError(f"these recordings have no utterance of up to {LIMIT:g} s")
    return await asyncio.to_thread(_compare, settings, asks, language, out)


def _spread(things: Sequence[T], limit: int) -> list[T]:
    """At most `limit`, from beginning to end; 0: all."""
    if not limit or len(things) <= limit:
        return list(things)
    return [things[round(n)] for n in np.linspace(0, len(things) - 1, limit)]


def _compare(settings: Settings, asks: Sequence[Ask], language: str, out: Console) -> bool:
    ways, recogniser, whisper = _ways(settings, language)
    shape, rate = _machine(settings, whisper)
    for way in ways:
        way.hear(asks[0])  # the first one pays for what is loaded then
    bounds: list[float] = []
    for ask in track(asks, description="Utterances", transient=True, console=out):
        heard = [way.take(ask) for way in ways]
        bounds.append(_operations(shape, ask, heard[0], whisper) / rate if rate else 0.0)
    together = Way(f"the same, up to {_FEW} together, as under load", ways[BEFORE].hear)
    for group in _together(asks, _FEW):
        began = time.process_time()
        heard_all = recogniser.transcribe(group)
        wanting = [ask for ask, heard in zip(group, heard_all, strict=True) if heard is None]
        later = [hear_one(recogniser, utterance, replace(hints, again=True)) for utterance, hints in wanting]
        together.took += [(time.process_time() - began) / len(group)] * len(group)
        together.again += sum(heard.full for heard in (*heard_all, *later) if heard is not None)
    ways.insert(BEFORE + 1, together)
    return _show(ways, [ask for ask, _ in asks], bounds, rate, settings, out)


def _together(asks: Sequence[Ask], most: int) -> list[list[Ask]]:
    """As the batcher puts them together where enough wait, in the order in which they were said."""
    left, groups = list(asks), []
    while left:
        group, lengths = [left[0]], [_length(left[0])]
        for ask in left[1:]:
            if len(group) < most and worth(_length(ask), lengths):
                group.append(ask)
                lengths.append(_length(ask))
        taken = {ask[0].id for ask in group}
        left = [ask for ask in left if ask[0].id not in taken]
        groups.append(group)
    return groups


def _length(ask: Ask) -> int:
    return len(context(*ask)) + len(ask[0].audio)


def _ways(settings: Settings, language: str) -> tuple[list[Way], WhisperRecogniser, Any]:
    """What is compared, the recogniser with short contexts, and plain faster-whisper."""
    speech = settings.speech
    path = find(speech.model, trust=speech.trust).path
    plain = WhisperModel(
        str(path), device=speech.device, compute_type=speech.compute_type, cpu_threads=1, local_files_only=True
    )

    def ours(*, full: bool, unsure: float = 0.0) -> WhisperRecogniser:
        return WhisperRecogniser(
            path, speech.model, device=speech.device, compute_type=speech.compute_type, threads=1, full=full,
            unsure=unsure,
        )  # fmt: skip

    short, padded, asset = ours(full=False), ours(full=True), ours(full=False, unsure=speech.unsure)

    def by(recogniser: WhisperRecogniser, *, context: bool) -> Callable[[Ask], Transcript]:
        def hear(ask: Ask) -> Transcript:
            utterance, hints = ask
            return hear_one(recogniser, utterance, hints if context else replace(hints, before=None))

        return hear

    def by_plain(beam: int) -> Callable[[Ask], str]:
        def hear(ask: Ask) -> str:
            audio = ask[0].audio.astype(np.float32) / 32768
            segments, _ = plain.transcribe(audio, language=language, beam_size=beam)
            return "".join(segment.text for segment in segments)

        return hear

    return (
        [
            Way("short context, the utterance alone", by(short, context=False)),
            Way("30 s, the utterance alone", by(padded, context=False)),
            Way("30 s, with what was said before", by(padded, context=True)),
            Way("plain faster-whisper, greedy", by_plain(1)),
            Way("short context, with what was said before", by(short, context=True)),
            Way("short context as set: other readings too", by(asset, context=True)),
            Way("plain faster-whisper, its defaults (beam 5)", by_plain(5)),
        ],
        short,
        plain,
    )


def _machine(settings: Settings, whisper: Any) -> tuple[gemm.Shape, float]:
    """The model's dimensions, and operations a second of one core; 0 where that can't be measured."""
    path = find(settings.speech.model, trust=settings.speech.trust).path
    silence = brief.encode(whisper, np.zeros(16000, np.float32))
    shape = gemm.shape_of(path, silence.encoded.shape[-1], whisper.hf_tokenizer.get_vocab_size())
    try:
        return shape, gemm.peak()
    except ImportError:
        return shape, 0.0


def _operations(shape: gemm.Shape, ask: Ask, heard: Transcript | str, whisper: Any) -> float:
    """What can't be done without for the utterance alone."""
    text = "".join(word.text for word in heard.words) if isinstance(heard, Transcript) else heard
    tokens = len(whisper.hf_tokenizer.encode(text, add_special_tokens=False).ids)
    return shape.operations(round(100 * (ask[0].seconds + brief.PAD)), PROMPT + tokens)


def _show(
    ways: Sequence[Way], utterances: Sequence[Utterance], bounds: Sequence[float], rate: float, settings: Settings,
    out: Console,
) -> bool:  # fmt: skip
    seconds = [utterance.seconds for utterance in utterances]
    table = Table("CPU an utterance, one thread", "mean ms", "p50", "p95", "30 s after all", box=None)
    for way in ways:
        p50, p95 = 1000 * np.percentile(way.took, [50, 95])
        again = "" if "30 s" in way.name or "plain" in way.name else str(way.again)
        table.add_row(way.name, f"{1000 * np.mean(way.took):.0f}", f"{p50:.0f}", f"{p95:.0f}", again)
    out.print(table)
    alone, alone_full, before_full, plain, before, together = (float(np.mean(way.took)) for way in ways[: BEFORE + 2])
    typical = float(np.median(ways[1].took) / np.median(ways[0].took))
    out.print(
        f"Times less than the 30 s way: alone {alone_full / alone:.1f} (medians {typical:.1f}), with what was said "
        f"before {before_full / before:.1f}, together {before_full / together:.1f}; than plain faster-whisper, greedy: "
        f"{plain / alone:.1f}, {plain / before:.1f}, {plain / together:.1f}",
        highlight=False,
    )
    if rate:
        bound = float(np.mean(bounds))
        out.print(
            f"Bound by the matrix products: {1000 * bound:.0f} ms an utterance at {rate / 1e9:.0f} GOP/s (8 bits, one "
            f"core, this run); an utterance alone takes {alone / bound:.1f} times that (aim: {BOUND:g})",
            highlight=False,
        )
    else:
        out.print("No bound: the core's rate is measured with onnx (pip install 'room-monitor[train]')")
    out.print(
        f"{len(seconds)} utterances of up to {LIMIT:g} s (mean {np.mean(seconds):.1f} s), cut as in a live room, "
        f"model {settings.speech.model}, {settings.speech.compute_type}",
        highlight=False,
    )
    out.print(describe(), style="dim", highlight=False)
    return alone_full / alone >= TIMES
