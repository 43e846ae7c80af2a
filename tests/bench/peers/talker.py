"""One person for all systems alike: the speaker of `bench capacity`, who is silent for a while in the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence

import numpy as np

from monitor.bench.capacity import talks_of
from monitor.bench.clips import Clip
from monitor.bench.paced import TICK, PacedTrack, Talk
from monitor.model import FRAME, RATE, AudioFrame, Origin, Samples
from monitor.speech.wer import tokens
from tests.bench.peers.account import Said

SILENCE = 30.0
"""Seconds for which the audio goes on without a word, so that a server can end what it has begun."""


class Talker(PacedTrack):
    """Talks until `until` (the loop's clock), about half of the time, and then is there without a word."""

    def __init__(self, talks: Sequence[Talk], number: int, until: float) -> None:
        super().__init__(talks, number, until)
        self.over = asyncio.Event()

    async def frames(self) -> AsyncIterator[AudioFrame]:
        loop = asyncio.get_running_loop()
        silence = np.zeros(FRAME, np.int16)
        async for frame in super().frames():
            yield frame
        begun, wall = loop.time(), time.time()
        for number in range(1, round(SILENCE * RATE / FRAME) + 1):
            behind = begun + number * FRAME / RATE - loop.time()
            if behind > TICK:
                await asyncio.sleep(behind)
            yield AudioFrame((self.given + number - 1) * FRAME, silence, Origin.QUIET, wall + number * FRAME / RATE)
        self.over.set()

    async def chunks(self, samples: int) -> AsyncIterator[Samples]:
        """The same as chunks of that many samples, each as soon as its last one was spoken."""
        waiting: list[Samples] = []
        async for frame in self.frames():
            waiting.append(frame.samples)
            if len(waiting) * FRAME >= samples:
                joined = np.concatenate(waiting)
                for first in range(0, len(joined) - samples + 1, samples):
                    yield joined[first : first + samples]
                waiting = [joined[len(joined) - len(joined) % samples :]]

    def said_until(self, words: Mapping[Talk, tuple[str, ...]], until: float) -> list[Said]:
        """What it has said. `until`: wall time at which it fell silent."""
        return [
            Said(began, began + talk.ends[-1], words[talk], began + len(talk.samples) / RATE <= until)
            for began, talk in self.said
            if began < until
        ]


def words_of(clips: Sequence[Clip], talks: Sequence[Talk]) -> dict[Talk, tuple[str, ...]]:
    """The words of each recording, as they are compared."""
    return {talk: tuple(tokens(clip.transcript, "en")) for clip, talk in zip(clips, talks, strict=True)}


def material(clips: Sequence[Clip]) -> tuple[list[Talk], dict[Talk, tuple[str, ...]], list[str]]:
    """The recordings in which there is speech, their words, and those that are said most."""
    talks, often = talks_of(clips)
    words = words_of(clips, talks)
    heard = [talk for talk in talks if talk.ends]
    return heard, {talk: words[talk] for talk in heard}, often
