"""A speaker's audio from LiveKit's SDK: order, origins, a consumer that is too slow."""

from __future__ import annotations

import itertools

import numpy as np

from monitor.model import FRAME, AudioFrame, Origin, Samples, Speaker
from monitor.rooms.livekit.loss import Counts
from monitor.rooms.livekit.stream import UNREAD, LiveKitStream, samples_of
from monitor.rooms.playout import BUFFER

HEARD, QUIET, LOST, OVERLOAD = Origin.HEARD, Origin.QUIET, Origin.LOST, Origin.OVERLOAD


def stream(*, muted: bool = False) -> LiveKitStream:
    ticks = itertools.count()
    return LiveKitStream(Speaker("PA_1", "Ann"), muted=muted, clock=lambda: next(ticks) / 50)


def frame(level: int) -> Samples:
    return np.full(FRAME, level, np.int16)


async def out(of: LiveKitStream) -> list[AudioFrame]:
    """All that comes out; closes it."""
    of.close()
    frames = [each async for each in of.frames()]
    assert [each.start for each in frames] == [n * FRAME for n in range(len(frames))]
    return frames


async def test_audio_waits_for_the_counters_and_keeps_its_order() -> None:
    ann = stream()
    for level in range(1, 11):
        ann.take(frame(level))
    ann.look(Counts(10, 0, 0))
    for level in range(11, 21):
        ann.take(frame(level))
    ann.look(Counts(18, 2, 2 * 960))
    frames = await out(ann)
    assert [each.samples[0] for each in frames] == list(range(1, 21))
    assert [each.origin for each in frames] == [HEARD] * 18 + [LOST] * 2
    assert ann.last_packet_at is not None


async def test_media_time_begins_with_the_first_sound_and_goes_on_through_silence() -> None:
    ann = stream()
    for level in (0, 0, 0, 5, 0, 6):
        ann.take(frame(level))
    ann.look(Counts(3, 0, 0))
    ann.take(frame(0))
    ann.look(Counts(4, 0, 0))
    assert [each.samples[0] for each in await out(ann)] == [5, 0, 6, 0]


async def test_what_nothing_was_received_for_comes_out_once_it_is_known_what_it_was() -> None:
    ann = stream()
    for counts in (Counts(10, 0, 0), Counts(10, 0, 0), Counts(10, 0, 0), Counts(18, 15, 0)):
        for _ in range(10):
            ann.take(frame(1))
        ann.look(counts)
    assert [each.origin for each in await out(ann)] == [HEARD] * 15 + [LOST] * 15 + [HEARD] * 10


async def test_a_mute_is_quiet_at_once_whatever_the_decoder_makes_up() -> None:
    ann = stream()
    for _ in range(3):
        ann.take(frame(1))
    ann.mute(True)
    for _ in range(4):
        ann.take(frame(1))
    ann.mute(False)
    ann.take(frame(1))
    ann.look(Counts(4, 0, 0))
    frames = await out(ann)
    assert [each.origin for each in frames] == [HEARD] * 3 + [QUIET] * 4 + [HEARD]
    assert not frames[3].samples.any()


async def test_what_the_room_knows_to_be_missed_is_lost() -> None:
    ann = stream()
    for _ in range(2):
        for _ in range(20):
            ann.take(frame(0))
        ann.look(Counts(0, 0, 0))
    ann.missed(0.5)
    assert [each.origin for each in await out(ann)] == [LOST] * 25


async def test_counters_that_never_come_stop_nobody() -> None:
    ann = stream()
    for _ in range(UNREAD + 1):
        ann.take(frame(1))
    assert len(await out(ann)) == BUFFER + 1  # the oldest was dropped from the buffer, and is on the record
    assert ann.overloaded == 1


async def test_a_consumer_that_is_too_slow_loses_the_oldest_and_it_shows() -> None:
    ann = stream()
    for number in range(20):
        for _ in range(10):
            ann.take(frame(number + 1))
        ann.look(Counts(10 * (number + 1), 0, 0))
    frames = await out(ann)
    assert [each.origin for each in frames] == [OVERLOAD] * 100 + [HEARD] * 100


async def test_nothing_is_taken_after_the_end() -> None:
    ann = stream()
    ann.take(frame(1))
    assert [each.origin for each in await out(ann)] == [HEARD]
    ann.take(frame(1))
    ann.look(Counts(9, 0, 0))
    ann.mute(True)
    ann.missed(1.0)
    assert await out(ann) == []


def test_a_short_buffer_is_filled_up() -> None:
    samples = samples_of(memoryview(bytearray(np.full(100, 7, np.int16).tobytes())).cast("h"))
    assert samples.shape == (FRAME,)
    assert samples[:100].tolist() == [7] * 100
    assert not samples[100:].any()
