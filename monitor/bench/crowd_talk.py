"""What participants of a crowd say when they speak recordings: the same, in the same order, as paced.py without a
network. Each recording is encoded once for all of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from monitor.bench.crowd_voice import LEAST, PAUSE, Said, Truth, pause_of
from monitor.bench.paced import Talk, script
from monitor.model import FRAME, RATE
from monitor.rooms.opus import Encoder


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording as packets of 20 ms; None: silence, which need not be sent."""

    packets: tuple[bytes | None, ...]
    pause: tuple[bytes | None, ...]  # what follows it, in silence
    ends: tuple[int, ...]  # frames after which stretches of speech in it end


def save(talks: Sequence[Talk], path: Path) -> None:
    """For the crowd's process."""
    np.savez(
        path,
        samples=np.concatenate([talk.samples for talk in talks]),
        lengths=np.array([len(talk.samples) for talk in talks]),
        ends=np.array([end for talk in talks for end in talk.ends]),
        counts=np.array([len(talk.ends) for talk in talks]),
    )


def load(path: Path) -> list[Talk]:
    with np.load(path) as kept:
        cuts = np.cumsum(kept["lengths"])[:-1], np.cumsum(kept["counts"])[:-1]
        samples, ends = np.split(kept["samples"], cuts[0]), np.split(kept["ends"], cuts[1])
    return [Talk(some, tuple(map(float, times))) for some, times in zip(samples, ends, strict=True)]


def recorded(talk: Talk) -> Recorded:
    encoder = Encoder(dtx=True)
    frames = talk.samples[: len(talk.samples) // FRAME * FRAME].reshape(-1, FRAME)
    packets = [encoder.encode(frame) for frame in frames]
    ends = tuple(min(len(frames), round(end * RATE / FRAME)) for end in talk.ends)
    return Recorded(tuple(one if len(one) > LEAST else None for one in packets), pause_of(encoder), ends)


def sayings(talks: Sequence[Recorded], seed: int, hushed: Callable[[], bool] = lambda: False) -> Iterator[Said]:
    """(packet or nothing, number of the stretch of talk or 0), one for 20 ms, for ever; once `hushed`, what has
    begun is said to its end. Silence is sent from the beginning on, as browsers do: so it is known who is there.
    """
    stretch = 0
    silence = _opening()
    for pause, number in script([len(talk.packets) for talk in talks], seed):
        for at in range(pause):
            yield silence[at] if at < min(len(silence), PAUSE) else None, 0
        if hushed():  # not in the middle of a word: what was to follow would count as lost on the way
            yield from itertools.repeat((None, 0))
        talk = talks[number]
        left = list(talk.ends)
        for at, packet in enumerate(talk.packets):
            while left and at >= left[0]:
                del left[0]
                stretch += 1
            yield packet, stretch + 1 if left else 0
        stretch += len(left)
        silence = talk.pause


@cache
def _opening() -> tuple[bytes | None, ...]:
    return pause_of(Encoder(dtx=True))


def speech_ends(truths: Sequence[Truth]) -> dict[str, list[float]]:
    """When stretches of speech ended: wall times, by room."""
    found: dict[str, list[float]] = {}
    for truth in truths:
        found.setdefault(truth.room, []).extend(last for _, last in truth.spans)
    return {room: sorted(ends) for room, ends in found.items()}
