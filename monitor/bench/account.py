"""What a service told in a bench, and what became of it: delays are made when all is over and it is known when speech
ended.

Whoever fed the service says when speech ended (wall times, by room): the tracks of paced.py, or the participants of a
crowd. Pure, but for the wall times that it is given.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitor.messages import AlertChanged, AlertRaised, EffortChanged, GapNoted, HeardMessage, Numbered

NEAR = 0.2
"""Seconds by which the end of an utterance may lie before the end of its speech."""


@dataclass(frozen=True, slots=True)
class Text:
    """One utterance, transcribed and stored."""

    utterance: str
    room: str
    began: float  # wall time
    seconds: float
    goes_on: bool  # it was cut for its length: the speaker goes on
    left: bool  # it was cut because the speaker left
    worded: bool
    took: float  # seconds in the recogniser
    told: float  # wall time at which it was stored
    seq: int


@dataclass(frozen=True, slots=True)
class Raised:
    """One alert."""

    utterance: str
    spoken: float  # wall time at which its word ended, as the recogniser has it
    told: float  # wall time at which it was stored
    tentative: bool
    seq: int


@dataclass(frozen=True, slots=True)
class Step:
    """Another step of effort, as the feed told it."""

    at: float  # wall time
    step: int
    words: str
    oldest: float  # seconds that the oldest utterance had waited
    waiting: float  # seconds of speech


@dataclass(slots=True)
class Record:
    """Takes what the service tells."""

    texts: list[Text] = field(default_factory=list)
    alerts: list[Raised] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    withdrawn: int = 0
    gaps: dict[str, float] = field(default_factory=dict)  # seconds that were not examined, by state and cause

    def told(self, message: Numbered, now: float) -> None:
        match message:
            case HeardMessage():
                self.texts.append(
                    Text(
                        message.utterance,
                        message.room,
                        message.began,
                        message.seconds,
                        message.cut == "length",
                        message.cut == "left",
                        bool(message.words),
                        message.took,
                        now,
                        message.seq,
                    )
                )
            case AlertRaised(alert=alert):
                early = bool(alert.hits) and alert.hits[0].tentative
                self.alerts.append(Raised(alert.utterance, alert.spoken_at, now, early, message.seq))
            case AlertChanged(alert=alert):
                self.withdrawn += alert.state == "withdrawn"
            case GapNoted(state=state, cause=cause) if state not in ("vetoed", "not-consented"):
                name = f"{state}: {cause}"
                self.gaps[name] = self.gaps.get(name, 0.0) + message.seconds
            case EffortChanged():
                self.steps.append(
                    Step(message.at, message.step, message.words, message.oldest_seconds, message.waiting_seconds)
                )


@dataclass(frozen=True, slots=True)
class Delay:
    """Below 0: it came before the end."""

    ended: float  # wall time at which the speech, or the word, did
    seconds: float


@dataclass(frozen=True, slots=True)
class Delays:
    texts: tuple[Delay, ...]  # end of speech → stored text
    alerts: tuple[Delay, ...]  # end of speech → stored alert
    words: tuple[Delay, ...]  # end of the word → stored alert
    early: tuple[Delay, ...]  # the same, of alerts that came before the utterance was over


def delays(record: Record, ends: Mapping[str, Sequence[float]], since: float = 0.0) -> Delays:
    """`ends`: when stretches of speech ended, by room; `since`: wall time from which it counts when they did. What was
    cut by a speaker's leaving doesn't count: in a bench all of them leave in one moment, which ends it."""
    ordered = {room: sorted(times) for room, times in ends.items()}
    ended = {text.utterance: speech_end(text, ordered.get(text.room, ())) for text in record.texts}
    texts = [
        Delay(ended[text.utterance], text.told - ended[text.utterance])
        for text in record.texts
        if text.worded and not text.left and ended[text.utterance] >= since
    ]
    left = {text.utterance for text in record.texts if text.left}
    counted = [
        alert
        for alert in record.alerts
        if alert.utterance not in left and ended.get(alert.utterance, 0.0) >= max(since, 1.0)
    ]
    return Delays(
        tuple(texts),
        tuple(Delay(ended[alert.utterance], alert.told - ended[alert.utterance]) for alert in counted),
        tuple(Delay(alert.spoken, alert.told - alert.spoken) for alert in counted),
        tuple(Delay(alert.spoken, alert.told - alert.spoken) for alert in counted if alert.tentative),
    )


def speech_end(text: Text, ends: Sequence[float]) -> float:
    """When the speech of an utterance ended. `ends`: of its room, in order. One that was cut for its length ends where
    it is cut."""
    end = text.began + text.seconds
    if text.goes_on:
        return end
    before = bisect_right(ends, end + NEAR)
    return ends[before - 1] if before and ends[before - 1] > text.began else end


def shares(steps: Sequence[Step], began: float, ended: float) -> dict[int, float]:
    """The share of the time for which each step of effort was taken; step 0 until another one is told."""
    found: dict[int, float] = {}
    at, step = began, 0
    for one in [*steps, Step(ended, 0, "", 0.0, 0.0)]:
        until = min(max(one.at, at), ended)
        found[step] = found.get(step, 0.0) + until - at
        at, step = until, one.step
    return {step: seconds / (ended - began) for step, seconds in found.items() if seconds > 0}
