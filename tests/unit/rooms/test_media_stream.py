"""One speaker's stream, fed with packets by hand: codec, reorder buffer and mailbox together, no network."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from aiortc.rtp import RtpPacket

from monitor.model import FRAME, AudioFrame, Origin, Speaker
from monitor.rooms import opus
from monitor.rooms.peer import MediaStream
from monitor.rooms.playout import BUFFER
from tests.helpers.tone import babble, loudness, packets, recoverable, tone

ANNA = Speaker("1", "Anna")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A stream, a clock, and a sender of 20 ms packets."""

    def __init__(self, decoder: opus.OpusDecoder | None = None) -> None:
        self.clock = Clock()
        self.stream = MediaStream(ANNA, clock=self.clock, decoder=decoder)

    def send(self, payloads: list[bytes], keep: Callable[[int], bool] = lambda n: True, ssrc: int = 7) -> None:
        """All of them in order, without those that are not kept; the clock follows the sender's."""
        began = self.clock.now
        for number, payload in enumerate(payloads):
            self.clock.now = began + number * 0.02
            if keep(number):
                self.one(number, payload, ssrc=ssrc)
        self.clock.now += 0.02

    def one(self, number: int, payload: bytes, ssrc: int = 7, pause: int = 0) -> None:
        timestamp = (4_000_000_000 + number * 960 + pause) % 2**32
        self.stream.take(
            RtpPacket(
                payload_type=96,
                ssrc=ssrc,
                sequence_number=(65_500 + number) % 0x10000,
                timestamp=timestamp,
                payload=payload,
            )
        )

    async def hear(self) -> list[AudioFrame]:
        """Close the stream and take all that is in it."""
        self.stream.close()
        frames = [frame async for frame in self.stream.frames()]
        assert [f.start for f in frames] == list(range(0, len(frames) * FRAME, FRAME)), "media time has a hole"
        assert all(f.samples.shape == (FRAME,) and f.samples.dtype == np.int16 for f in frames)
        return frames


def origins(frames: list[AudioFrame]) -> dict[Origin, int]:
    return dict(Counter(frame.origin for frame in frames))


def sound(frames: list[AudioFrame]) -> np.ndarray:
    return np.concatenate([frame.samples for frame in frames])


async def test_without_loss_all_is_heard_and_nothing_else() -> None:
    bench = Bench()
    bench.send(packets(tone(1.0)))
    frames = await bench.hear()
    assert origins(frames) == {Origin.HEARD: 50}
    assert loudness(sound(frames)[FRAME * 5 :]) == pytest.approx(loudness(tone(1.0)), rel=0.1)
    assert frames[10].arrived == pytest.approx(1_700_000_000.2)


async def test_a_lost_packet_is_heard_all_the_same_thanks_to_fec() -> None:
    bench = Bench()
    bench.send(packets(babble(1.0), loss_percent=20), keep=lambda n: n != 20)
    frames = await bench.hear()
    assert origins(frames) == {Origin.HEARD: 50}
    assert bench.stream.stats.recovered == 1
    assert bench.stream.stats.missing == 1


async def test_without_fec_a_lost_packet_is_guessed_and_called_lost() -> None:
    bench = Bench()
    bench.send(packets(tone(1.0), fec=False), keep=lambda n: n != 20)
    frames = await bench.hear()
    assert [n for n, f in enumerate(frames) if f.origin is Origin.LOST] == [20]
    assert loudness(frames[20].samples) > 1000
    assert bench.stream.stats.concealed_samples == FRAME


@pytest.mark.parametrize(("fraction", "heard"), [(0.01, 0.995), (0.03, 0.985), (0.1, 0.96)])
async def test_random_loss_costs_no_time_and_little_sound(fraction: float, heard: float) -> None:
    bench = Bench()
    chance = random.Random(5)
    payloads = packets(babble(60.0), loss_percent=20)
    kept = [number == len(payloads) - 1 or chance.random() >= fraction for number in range(len(payloads))]
    frames: list[AudioFrame] = []

    async def consume() -> None:
        frames.extend([frame async for frame in bench.stream.frames()])

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(consume())
        for number, payload in enumerate(payloads):
            bench.clock.now += 0.02
            if kept[number]:
                bench.one(number, payload)
            await asyncio.sleep(0)
        bench.stream.close()
    missing = kept.count(False)
    stats = bench.stream.stats
    assert len(frames) == 3000
    assert [f.start for f in frames] == list(range(0, 3000 * FRAME, FRAME))
    assert stats.missing == missing > 0
    assert stats.recovered == recoverable(payloads, {n for n, k in enumerate(kept) if not k})
    assert stats.recovered >= missing * 0.5
    share = origins(frames)
    assert share[Origin.HEARD] + share.get(Origin.LOST, 0) == 3000
    assert share.get(Origin.LOST, 0) == missing - stats.recovered
    assert share[Origin.HEARD] / 3000 >= heard


async def test_a_pause_of_the_sender_is_quiet_not_lost() -> None:
    bench = Bench()
    for number, payload in enumerate(packets(tone(1.0))):
        bench.clock.now += 0.02
        pause = 0 if number < 25 else 100 * 960
        if number == 25:
            bench.clock.now += 2.0
        bench.one(number, payload, pause=pause)
    frames = await bench.hear()
    assert [f.origin for f in frames] == [Origin.HEARD] * 25 + [Origin.QUIET] * 100 + [Origin.HEARD] * 25
    assert loudness(sound(frames)[25 * FRAME : 125 * FRAME]) == 0


async def test_corrupt_packets_are_lost_and_the_rest_is_heard() -> None:
    bench = Bench()
    payloads = packets(tone(1.0), fec=False)
    payloads[10] = b""  # padding only: its time is missing
    payloads[20] = b"\xff"  # no frame count
    payloads[30] = bytes([payloads[30][0] | 3, 63])  # more than 120 ms
    frames: list[AudioFrame] = []
    bench.send(payloads)
    frames = await bench.hear()
    assert len(frames) == 50
    assert bench.stream.stats.corrupt == 2
    assert {n for n, f in enumerate(frames) if f.origin is Origin.LOST} == {20, 30}
    assert frames[10].origin is Origin.QUIET


async def test_a_packet_that_the_decoder_refuses_is_lost() -> None:
    class Refuses(opus.Decoder):
        def decode(self, payload: bytes) -> np.ndarray:
            if payload.endswith(b"poison"):
                raise opus.OpusError("refused")
            return super().decode(payload)

    bench = Bench(Refuses())
    payloads = packets(tone(0.4))
    payloads[10] += b"poison"
    bench.send(payloads)
    frames = await bench.hear()
    assert [n for n, f in enumerate(frames) if f.origin is Origin.LOST] == [10]
    assert bench.stream.stats.corrupt == 1


async def test_random_bytes_never_raise_and_never_break_media_time() -> None:
    bench = Bench()
    chance = random.Random(11)
    for number in range(2000):
        bench.clock.now += 0.02
        bench.stream.take(
            RtpPacket(
                payload_type=96,
                ssrc=chance.randrange(3),
                sequence_number=chance.randrange(0x10000) if chance.random() < 0.1 else number,
                timestamp=chance.randrange(2**32) if chance.random() < 0.1 else number * 960,
                payload=chance.randbytes(chance.randrange(60)),
            )
        )
        assert len(bench.stream._playout) <= BUFFER
    await bench.hear()


async def test_a_new_source_goes_on_in_the_same_stream() -> None:
    bench = Bench()
    bench.send(packets(tone(0.5)), ssrc=1)
    bench.send(packets(tone(0.5, 880.0)), ssrc=2)
    frames = await bench.hear()
    assert origins(frames) == {Origin.HEARD: 50}
    assert bench.stream.stats.sources == 2


async def test_nobody_listens_the_newest_is_kept_and_the_rest_is_overload() -> None:
    bench = Bench()
    bench.send(packets(tone(10.0)))
    assert bench.stream.overloaded == 400
    frames = await bench.hear()
    assert [f.origin for f in frames] == [Origin.OVERLOAD] * 400 + [Origin.HEARD] * 100
    assert loudness(sound(frames)[: 400 * FRAME]) == 0
    assert loudness(sound(frames)[400 * FRAME :]) > 1000


async def test_silence_that_is_dropped_stays_silence() -> None:
    bench = Bench()
    payloads = packets(tone(5.0))
    bench.one(0, payloads[0])
    bench.clock.now += 4.0
    for number, payload in enumerate(payloads[1:], 1):
        bench.clock.now += 0.02
        bench.one(number, payload, pause=200 * 960)
    frames = await bench.hear()
    assert origins(frames) == {Origin.QUIET: 200, Origin.OVERLOAD: 150, Origin.HEARD: 100}


async def test_overload_while_somebody_listens_keeps_the_order() -> None:
    bench = Bench()
    payloads = packets(tone(10.0))
    heard: list[AudioFrame] = []
    listening = bench.stream.frames()
    for number, payload in enumerate(payloads):
        bench.clock.now += 0.02
        bench.one(number, payload)
        if number in (50, 51, 300, 420):
            heard.append(await anext(listening))
    bench.stream.close()
    heard += [frame async for frame in listening]
    assert [f.start for f in heard] == list(range(0, 500 * FRAME, FRAME))
    assert [f.origin for f in heard[:2]] == [Origin.HEARD] * 2
    assert heard[2].origin is Origin.OVERLOAD
    assert [f.origin for f in heard[-100:]] == [Origin.HEARD] * 100


@pytest.mark.looptime
async def test_a_hole_before_a_pause_does_not_wait_for_the_next_word() -> None:
    bench = Bench()
    payloads = packets(tone(0.2))
    for number in (0, 1, 3):
        bench.one(number, payloads[number])
    listening = bench.stream.frames()
    heard = [await anext(listening) for _ in range(4)]  # would hang without the timer
    assert [f.start for f in heard] == [0, 320, 640, 960]


async def test_after_close_frames_end_and_packets_are_ignored() -> None:
    bench = Bench()
    bench.send(packets(tone(0.2)))
    assert len(await bench.hear()) == 10
    bench.one(11, packets(tone(0.02))[0])
    bench.stream.close()
    assert [frame async for frame in bench.stream.frames()] == []


async def test_the_fallback_decoder_keeps_time_under_loss() -> None:
    bench = Bench(opus.PlainDecoder())
    bench.send(packets(tone(1.0), fec=False), keep=lambda n: n % 10 != 5)
    frames = await bench.hear()
    assert origins(frames) == {Origin.HEARD: 45, Origin.LOST: 5}


async def test_tracks_have_different_ids() -> None:
    assert MediaStream(ANNA).id != MediaStream(ANNA).id
    assert MediaStream(ANNA).speaker is ANNA


async def test_what_waits_behind_a_hole_comes_out_at_the_end() -> None:
    bench = Bench()
    bench.send(packets(tone(0.2)), keep=lambda n: n != 8)
    assert len(await bench.hear()) == 10


async def test_a_new_source_does_not_sound_like_the_one_before() -> None:
    """Only a decoder that forgot gives the very same sound as a new one."""
    second = packets(tone(0.5, 880.0))
    bench, fresh = Bench(), opus.Decoder()
    bench.send(packets(babble(0.5)), ssrc=1)
    bench.send(second, ssrc=2)
    frames = await bench.hear()
    assert np.array_equal(sound(frames[25:]), np.concatenate([fresh.decode(p) for p in second]))


async def test_ten_minutes_of_silence_let_others_run_meanwhile() -> None:
    bench = Bench()
    payload = packets(tone(0.02))[0]
    bench.one(0, payload)
    bench.clock.now += 600.0
    bench.one(1, payload, pause=599 * 50 * 960)
    bench.stream.close()
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        neighbour = tasks.create_task(other())
        frames = [frame.origin async for frame in bench.stream.frames()]
        neighbour.cancel()
    assert frames.count(Origin.QUIET) == 599 * 50
    assert turns > 500


async def test_no_more_is_missed_than_the_stream_was_open() -> None:
    """Somebody may have talked before we subscribed to them."""
    bench = Bench()
    bench.clock.now += 1.0
    bench.stream.missed(9.0)
    frames = await bench.hear()
    assert [frame.origin for frame in frames] == [Origin.LOST] * 50


async def test_what_is_missed_counts_from_the_newest_packet() -> None:
    bench = Bench()
    bench.send(packets(tone(0.2)))
    bench.clock.now += 0.98
    bench.stream.missed(9.0)
    assert origins(await bench.hear())[Origin.LOST] == 50
