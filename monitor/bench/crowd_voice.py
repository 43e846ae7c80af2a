"""What a bench's speaker sends, counted packet by packet as it leaves: the truth that a ledger is held against.

The packets are encoded once for all speakers, so that many of them cost little.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from monitor.bench.voicelike import voice
from monitor.model import FRAME, Samples
from monitor.rooms.opus import Encoder

FRAME_SECONDS = 0.02
STEP = 960
"""One frame on the RTP clock of Opus."""
PAUSE = 25 * 50
"""Frames of the longest pause."""
BREATH = 50
"""Frames of silence after which its time is waited for."""
MUTED = 15
"""Frames after which somebody who pauses and mutes sends nothing any more."""
LEAST = 2
"""Bytes up to which an encoder's packet need not be sent (RFC 7587 §3.1.3)."""


TARDY = 0.1
"""Seconds by which a packet leaves too late: the machine is too busy for its participants."""

Said = tuple[bytes | None, int]
"""Packet or nothing, and the number of the stretch of talk that it is of, or 0. One for 20 ms."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Encoded once: `talk` goes round and round; `pause` is what an encoder with DTX makes of silence after it."""

    talk: tuple[bytes, ...]
    pause: tuple[bytes | None, ...]


def sound(samples: Samples) -> Sound:
    encoder = Encoder(dtx=True)
    talk = tuple(encoder.encode(frame) for frame in samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME))
    return Sound(talk, pause_of(encoder))


def pause_of(encoder: Encoder) -> tuple[bytes | None, ...]:
    """What an encoder with DTX makes of silence, from now on."""
    silence = np.zeros(FRAME, np.int16)
    pause = [encoder.encode(silence) for _ in range(PAUSE)]
    return tuple(packet if len(packet) > LEAST else None for packet in pause)


def sounds(count: int) -> list[Sound]:
    """Voices that differ in pitch."""
    return [sound(voice(12.0, pitch=90.0 + 20.0 * number, seed=number)) for number in range(count)]


@dataclass(slots=True)
class Truth:
    """What one speaker really said in one visit. Wall times."""

    room: str
    name: str
    frames: int = 0  # of talk, 20 ms each, that were sent
    lost: int = 0  # of these, on the way: thrown away after they were numbered
    tardy: int = 0  # of all packets, that were sent TARDY after their time
    spans: list[list[float]] = field(default_factory=list)  # [first packet, last packet] of each stretch of talk

    @property
    def seconds(self) -> float:
        return self.frames * FRAME_SECONDS


@dataclass(frozen=True, slots=True)
class Turn:
    """So many frames of talk, then so many in which nothing is sent."""

    talk: int
    pause: int
    mute: bool = False  # nothing is sent in the pause, else what an encoder with DTX sends now and then


class CountedVoice(MediaStreamTrack):
    """An aiortc track. `loses` goes to `private.lose_packets`: it sees each packet as it leaves, and counts."""

    kind = "audio"

    def __init__(self, truth: Truth, said: Iterator[Said], loss: float, chance: random.Random) -> None:
        super().__init__()
        self.done = asyncio.Event()
        self.truth = truth
        self._loss = loss
        self._chance = chance
        self._frames = said
        self._stretch = 0  # of talk that the packet belongs to which leaves next; 0: none
        self._last = 0
        self._count = 0
        self._began: float | None = None

    async def recv(self) -> av.Packet:  # type: ignore[type-arg]  # generic in the stubs, not at run time
        """The next packet, at its time on an absolute schedule. Raises MediaStreamError once all is said."""
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        while True:
            payload, stretch = next(self._frames, (None, -1))
            if stretch < 0:
                await asyncio.sleep(max(0.0, self._began + self._count * FRAME_SECONDS - loop.time()))
            if stretch < 0 or self.readyState != "live":
                self.done.set()
                raise MediaStreamError
            number, self._count = self._count, self._count + 1
            if payload is None:
                if number % BREATH == 0:  # a long silence is not gone through in one go
                    await asyncio.sleep(max(0.0, self._began + number * FRAME_SECONDS - loop.time()))
                continue
            await asyncio.sleep(max(0.0, self._began + number * FRAME_SECONDS - loop.time()))
            self.truth.tardy += loop.time() - self._began - number * FRAME_SECONDS > TARDY
            self._stretch = stretch
            packet = av.Packet(payload)
            packet.pts, packet.time_base = number * STEP, Fraction(1, 48_000)
            return packet

    def loses(self) -> bool:
        """Whether the packet that leaves now is lost."""
        lost = self._chance.random() < self._loss
        if self._stretch:
            now, truth = time.time(), self.truth
            truth.frames += 1
            truth.lost += lost
            if self._stretch == self._last:
                truth.spans[-1][1] = now
            else:
                truth.spans.append([now - FRAME_SECONDS, now])
            self._last = self._stretch
        return lost


def rounds(said: Sound, turns: Iterable[Turn], at: int) -> Iterator[Said]:
    """A sound round and round, from its packet `at` on."""
    for stretch, turn in enumerate(turns, start=1):
        for number in range(turn.talk):
            yield said.talk[(at + number) % len(said.talk)], stretch
        at += turn.talk
        sent = MUTED if turn.mute else turn.pause
        for number in range(turn.pause):
            yield said.pause[number] if turn.talk and number < min(sent, PAUSE) else None, 0
