"""Many hours of speech out of few: how often people would be taken for machines, and how soon machines are found.

Whole speakers are drawn, not windows: an error about a speaker comes back in every window of that speaker, and drawing
windows would spread it thin over everybody (docs/discussion/voices.md). A session is one speaker in one room: all of
that speaker's recordings went through the same conditions of the chain, and are drawn until the session is full. What a
detector made of each recording is computed once (`record`); sessions only put recordings together again.

How sure the figures are depends on how many people there are, not on how many hours were drawn: so the intervals draw
speakers anew, and where nobody raised an alert the bound comes from the number of speakers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from monitor.model import RATE, Cut, Samples, Speaker, Utterance
from monitor.voice_model import VoiceState, VoiceWindow
from monitor.voices.corpus.rows import Label, Row
from monitor.voices.evidence import Evidence, Rules, Thresholds
from monitor.voices.metrics import Interval, wilson

Load = Callable[[Row, int], Samples]
"""A recording as it arrives in the room that a number stands for."""


class Judge(Protocol):
    """`judge.Judge`."""

    def judge(self, said: Sequence[tuple[Utterance, str]]) -> list[tuple[VoiceWindow, ...]]: ...


@dataclass(frozen=True, slots=True)
class Block:
    """One recording, judged. Times of the windows count from its beginning."""

    windows: tuple[VoiceWindow, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Tape:
    """One speaker in one room."""

    speaker: str
    generator: str  # "" for people
    room: int
    blocks: tuple[Block, ...]

    @property
    def seconds(self) -> float:
        """Of recordings that are all different."""
        return sum(block.seconds for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Session:
    """One speaker talking for a while."""

    speaker: str
    seconds: float
    alert_at: float | None  # seconds talked until the alert; None: none was raised
    mark_at: float | None  # the same for the first suspicion
    withdrawn: bool  # an alert that didn't stand to the end


@dataclass(frozen=True, slots=True)
class FalseAlerts:
    """How often people are taken for machines."""

    hours: float  # of sessions
    distinct: float  # hours of recordings that they are made of, each counted once for each room
    speakers: int
    sessions: int
    alerts: int
    alerted: int  # speakers of whom any session raised an alert
    rate: Interval  # alerts per 1,000 speaker-hours
    marked: int
    marks: Interval  # the same for suspicion


@dataclass(frozen=True, slots=True)
class Delay:
    """How soon a generator is found."""

    generator: str
    voices: int
    sessions: int
    found: Interval  # share of sessions with an alert
    marked: float  # share with at least a suspicion
    median: float | None  # seconds talked until the alert, where there was one
    slow: float | None  # nine of ten of those alerts came sooner


def record(rows: Iterable[Row], judge: Callable[[], Judge], load: Load, room: int, most: float = 600.0) -> Tape:
    """One speaker's recordings in one room, judged one after another as utterances of one track.

    `judge` gives a fresh one: leftovers of another track must not come in. At most `most` seconds. Raises what `load`
    and the detector raise.
    """
    chosen = list(rows)
    track = f"{chosen[0].speaker}/{room}"
    listener = judge()
    blocks: list[Block] = []
    clock = 0
    for row in chosen:
        if clock >= most * RATE:
            break
        audio = load(row, room)
        utterance = Utterance(
            id=row.path,
            room="simulated",
            speaker=Speaker(row.speaker, row.speaker),
            track=track,
            began=0.0,
            start=clock,
            audio=audio,
            cut=Cut.SILENCE,
        )
        (windows,) = listener.judge([(utterance, row.language)])
        blocks.append(Block(tuple(_moved(w, -clock / RATE) for w in windows), len(audio) / RATE))
        clock += len(audio)
    return Tape(chosen[0].speaker, chosen[0].generator, room, tuple(blocks))


def by_voice(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by generator ("" for people) and speaker."""
    voices: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        voices[row.generator if row.label is Label.SYNTHETIC else "", row.speaker].append(row)
    return dict(voices)


def session(tape: Tape, minutes: float, rules: Rules, thresholds: Thresholds, rng: np.random.Generator) -> Session:
    """The speaker talks for so many minutes: the recordings in a random order, then in another, until it is full.

    Each round is one of all recordings, so a speaker with few of them repeats them: an error about one stays an error,
    as it would with a person who keeps talking into the same microphone.
    """
    evidence = Evidence(rules, thresholds)
    clock, marked, alerted = 0.0, None, None
    state = VoiceState.SHORT
    while clock < minutes * 60 and tape.seconds > 0:
        for index in rng.permutation(len(tape.blocks)):
            block = tape.blocks[index]
            for window in block.windows:
                state = evidence.note(_moved(window, clock))
                if marked is None and state in (VoiceState.SUSPICIOUS, VoiceState.ALERT):
                    marked = clock + window.end
                if alerted is None and state is VoiceState.ALERT:
                    alerted = clock + window.end
            clock += block.seconds
            if clock >= minutes * 60:
                break
    withdrawn = alerted is not None and state is not VoiceState.ALERT
    return Session(tape.speaker, clock, alerted, marked, withdrawn)


def false_alerts(
    tapes: Sequence[Tape],
    rules: Rules,
    thresholds: Thresholds,
    *,
    hours: float = 10.0,
    minutes: float = 10.0,
    seed: int = 0,
    replicas: int = 1000,
) -> FalseAlerts:
    """Sessions of people until there are `hours` of them: every speaker equally often, in a room of the speaker's own.

    Raises ValueError without a single tape with speech.
    """
    rng = np.random.default_rng(seed)
    held = _by_speaker(tapes)
    each = max(1, int(np.ceil(hours * 60 / minutes / len(held))))
    sessions: dict[str, list[Session]] = {}
    for speaker, mine in sorted(held.items()):
        drawn = [mine[i % len(mine)] for i in rng.permutation(max(each, len(mine)))[:each]]
        sessions[speaker] = [session(tape, minutes, rules, thresholds, rng) for tape in drawn]
    every = [one for group in sessions.values() for one in group]
    alerted = sum(any(s.alert_at is not None for s in group) for group in sessions.values())
    marked = sum(any(s.mark_at is not None for s in group) for group in sessions.values())
    return FalseAlerts(
        hours=sum(s.seconds for s in every) / 3600,
        distinct=sum(tape.seconds for group in held.values() for tape in group) / 3600,
        speakers=len(sessions),
        sessions=len(every),
        alerts=sum(s.alert_at is not None for s in every),
        alerted=alerted,
        rate=_rate(sessions, lambda s: s.alert_at is not None, alerted, rng, replicas),
        marked=marked,
        marks=_rate(sessions, lambda s: s.mark_at is not None, marked, rng, replicas),
    )


def delays(
    tapes: Sequence[Tape],
    rules: Rules,
    thresholds: Thresholds,
    *,
    minutes: float = 5.0,
    each: int = 20,
    seed: int = 0,
) -> list[Delay]:
    """For each generator: `each` sessions of every voice, how many raise an alert, and after how much speech."""
    rng = np.random.default_rng(seed)
    generators: dict[str, list[Tape]] = defaultdict(list)
    for tape in tapes:
        if tape.generator and tape.seconds > 0:
            generators[tape.generator].append(tape)
    found = []
    for generator, mine in sorted(generators.items()):
        voices = _by_speaker(mine)
        ran = [
            session(voices[voice][i % len(voices[voice])], minutes, rules, thresholds, rng)
            for voice in sorted(voices)
            for i in range(each)
        ]
        found.append(_delay(generator, len(voices), ran))
    return found


def _delay(generator: str, voices: int, ran: list[Session]) -> Delay:
    after = [s.alert_at for s in ran if s.alert_at is not None]
    hit: Mapping[str, bool] = {
        s.speaker: any(o.alert_at is not None for o in ran if o.speaker == s.speaker) for s in ran
    }
    share = len(after) / len(ran)
    bounds = wilson(sum(hit.values()), len(hit))  # sessions of one voice are one experience, not twenty
    return Delay(
        generator=generator,
        voices=voices,
        sessions=len(ran),
        found=Interval(share, min(share, bounds.low), max(share, bounds.high)),
        marked=sum(s.mark_at is not None for s in ran) / len(ran),
        median=float(np.median(after)) if after else None,
        slow=float(np.quantile(after, 0.9)) if after else None,
    )


def _rate(
    sessions: Mapping[str, Sequence[Session]],
    counts: Callable[[Session], bool],
    speakers: int,
    rng: np.random.Generator,
    replicas: int,
) -> Interval:
    """Per 1,000 hours, with speakers drawn anew; the upper end is at least what so few speakers allow to say."""
    events = np.array([sum(counts(s) for s in group) for group in sessions.values()], float)
    hours = np.array([sum(s.seconds for s in group) / 3600 for group in sessions.values()])
    drawn = rng.integers(len(events), size=(replicas, len(events)))
    rates = 1000 * events[drawn].sum(axis=1) / hours[drawn].sum(axis=1)
    low, high = np.quantile(rates, (0.025, 0.975))
    value = 1000 * events.sum() / hours.sum()
    longest = float(np.mean([s.seconds for group in sessions.values() for s in group])) / 3600
    bound = 1000 * wilson(speakers, len(events)).high / longest if speakers == 0 else 0.0
    return Interval(float(value), float(low), max(float(high), bound))


def _by_speaker(tapes: Sequence[Tape]) -> dict[str, list[Tape]]:
    held: dict[str, list[Tape]] = defaultdict(list)
    for tape in tapes:
        if tape.seconds > 0:
            held[tape.speaker].append(tape)
    if not held:
        raise ValueError("no speech to simulate with")
    return dict(held)


def _moved(window: VoiceWindow, seconds: float) -> VoiceWindow:
    return replace(window, start=window.start + seconds, end=window.end + seconds)
