"""What one of the recogniser's threads does with the utterances that it is given: veto, then text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog
from onnxruntime.capi import onnxruntime_pybind11_state as onnx

from monitor.model import Heard, Transcript, Utterance
from monitor.speech.outcomes import Gate, GivenUp, Outcome, Transcribed, Verdict, Vetoed, Wanting
from monitor.speech.recogniser import Hints, Recogniser
from monitor.speech.schedule import Waiting

_log = structlog.get_logger(__name__)

# What CTranslate2, onnxruntime and faster-whisper raise for one bad utterance or a full memory; others are bugs and
# keep flying. onnxruntime's own derive from Exception alone; faster-whisper's alignment is known to raise IndexError.
ENGINE_FAILURES: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    MemoryError,
    OSError,
    IndexError,
    onnx.Fail,
    onnx.InvalidArgument,
    onnx.RuntimeException,
    onnx.EPFail,
)


Better = Callable[[Recogniser, Transcript, Hints], Recogniser | None]
"""A recogniser that should hear it again, in place of the one that did: it was in another language than was known."""


class Examiner:
    """Called in several threads at once."""

    def __init__(self, gate: Gate, veto: float, clock: Callable[[], float], better: Better) -> None:
        """`veto`: speech probability below which nothing is transcribed."""
        self._better = better
        self._gate = gate
        self._veto = veto
        self._clock = clock

    def examine(self, recogniser: Recogniser, items: Sequence[Waiting]) -> list[Outcome | Wanting]:
        """One outcome each, in order. An engine's failure costs the one utterance that it is about."""
        began = self._clock()
        try:
            heard = self._heard(recogniser, items)
        except ENGINE_FAILURES as error:
            if len(items) > 1:
                return [outcome for item in items for outcome in self.examine(recogniser, [item])]
            (item,) = items
            _log.exception("recogniser_failed", utterance=item.utterance.id, seconds=item.seconds)
            return [GivenUp(item.utterance, f"the recogniser failed: {type(error).__name__}", Heard.LOST_ERROR)]
        took = self._clock() - began
        return [_timed(outcome, began - item.since, took) for outcome, item in zip(heard, items, strict=True)]

    def _heard(self, recogniser: Recogniser, items: Sequence[Waiting]) -> list[Outcome | Wanting]:
        verdicts = [self._gate(item.utterance.audio) for item in items]
        speech = [n for n, verdict in enumerate(verdicts) if verdict.probability >= self._veto]
        asked = [(items[n].utterance, replace(items[n].hints, speech=verdicts[n].speech_seconds)) for n in speech]
        heard = dict(zip(speech, self._transcribed(recogniser, asked) if asked else [], strict=True))
        return [
            _outcome(heard[n], item.utterance, verdict) if n in heard else Vetoed(item.utterance, verdict)
            for n, (item, verdict) in enumerate(zip(items, verdicts, strict=True))
        ]

    def _transcribed(self, recogniser: Recogniser, asked: Sequence[tuple[Utterance, Hints]]) -> list[Transcript | None]:
        found = list(recogniser.transcribe(asked))
        for n, (transcript, one) in enumerate(zip(found, asked, strict=True)):
            hints = one[1]
            if transcript is None or hints.quick:
                continue
            if (better := self._better(recogniser, transcript, hints)) is not None:
                (found[n],) = better.transcribe([one])
        return found


def _outcome(heard: Transcript | None, utterance: Utterance, verdict: Verdict) -> Outcome | Wanting:
    return Wanting(utterance) if heard is None else Transcribed(heard, verdict)


def _timed(outcome: Outcome | Wanting, queued: float, heard: float) -> Outcome | Wanting:
    return replace(outcome, queued=queued, heard=heard) if isinstance(outcome, Transcribed) else outcome
