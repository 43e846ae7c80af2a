"""The way of an utterance from its last word to the database and the dashboards, stage by stage.

end of the last word → cut → queued → heard → handed → matched → stored, and each message of it: → sent. Up to `stored`
the stages of one utterance add up to the time from its last word to its stored text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from monitor.model import RATE, Transcript, Utterance
from monitor.telemetry.metrics import Metrics


class _Cut(NamedTuple):
    wall: float
    steady: float


class Journeys:
    """One for all rooms. `clock` is wall time, as utterances have it; `steady` measures what lasts."""

    def __init__(
        self, metrics: Metrics, clock: Callable[[], float], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._steady = steady
        self._cut: dict[str, _Cut] = {}  # by utterance; bounded by what waits: each comes to an end

    def cut(self, utterance: Utterance) -> None:
        """It was handed over just now."""
        self._cut[utterance.id] = _Cut(self._clock(), self._steady())

    def over(self, utterance: Utterance) -> None:
        """It isn't heard: it makes no figures."""
        self._cut.pop(utterance.id, None)

    def heard(self, transcript: Transcript, queued: float, heard: float) -> Journey:
        """The recogniser is done with it: `queued` and `heard` seconds were spent there."""
        self._metrics.stage("queued", queued)
        self._metrics.stage("heard", heard)
        now, spoken = self._steady(), _spoken(transcript)
        if (cut := self._cut.pop(transcript.utterance.id, None)) is not None:
            self._metrics.stage("handed", now - cut.steady - queued - heard)
            if spoken is not None:
                self._metrics.stage("cut", cut.wall - spoken)
        return Journey(self._metrics, self._clock, self._steady, now, spoken)


class Journey:
    """What is left of one utterance's way once it was heard."""

    def __init__(
        self,
        metrics: Metrics,
        clock: Callable[[], float],
        steady: Callable[[], float],
        began: float,
        spoken: float | None,
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._steady = steady
        self._began = began
        self._spoken = spoken
        self._matched = 0.0

    @contextmanager
    def matching(self) -> Iterator[None]:
        """What is done within is matching."""
        began = self._steady()
        yield
        self._matched += self._steady() - began

    def stored(self) -> None:
        """Text, alerts and hits of it are in the database."""
        self._metrics.stage("matched", self._matched)
        self._metrics.stage("stored", self._steady() - self._began - self._matched)
        if self._spoken is not None:
            self._metrics.text_stored(self._clock() - self._spoken)


def _spoken(transcript: Transcript) -> float | None:
    """Wall time at which the last word ended; None where there is none."""
    if not transcript.words:
        return None
    utterance = transcript.utterance
    return utterance.began - utterance.start / RATE + transcript.words[-1].end
