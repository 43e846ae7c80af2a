"""Two real peers: ICE, DTLS, SRTP, RTP; a bad network between them; our receive path at the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import aioice.ice
import numpy as np
import pytest
from aiortc import RTCPeerConnection

from monitor.model import FRAME, AudioFrame, Origin, Speaker
from monitor.rooms import ice
from monitor.rooms.peer import MediaStream, Receiver
from tests.helpers.loss import LossySender
from tests.helpers.peers import PacketTrack, connect, pair
from tests.helpers.tone import babble, beeps, loudness, packets, recoverable, tone

ANNA, BEN = Speaker("1", "Anna"), Speaker("2", "Ben")


async def hear(
    receiver: Receiver, stream: MediaStream, tracks: Sequence[PacketTrack], mid: str = "0"
) -> list[AudioFrame]:
    """All frames until the tracks have sent everything and the network has brought it."""
    frames: list[AudioFrame] = []

    async def consume() -> None:
        frames.extend([frame async for frame in stream.frames()])

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(consume())
        for track in tracks:
            await track.done.wait()
        await settled(receiver)
        receiver.close(mid)
    assert [f.start for f in frames] == list(range(0, len(frames) * FRAME, FRAME)), "media time has a hole"
    return frames


async def settled(what: Receiver | MediaStream) -> None:
    """Wait until no more packets come: three looks, 50 ms apart, that see the same count."""
    counts = [-1, -2, -3]
    while len(set(counts)) > 1:
        await asyncio.sleep(0.05)
        counts = [*counts[1:], (what.stats() if isinstance(what, Receiver) else what.stats).packets]


async def reached(stream: MediaStream, packets: int) -> None:
    while stream.stats.packets < packets:  # noqa: ASYNC110 - nothing tells a test of single packets
        await asyncio.sleep(0.01)


def origins(frames: list[AudioFrame]) -> dict[Origin, int]:
    return dict(Counter(frame.origin for frame in frames))


def assert_stock_path_is_idle(pc: RTCPeerConnection) -> None:
    for transceiver in pc.getTransceivers():
        assert transceiver.receiver.track._queue.qsize() == 0
        assert transceiver.receiver._RTCRtpReceiver__decoder_queue.qsize() == 0


async def test_without_loss_every_beep_arrives_at_its_time() -> None:
    track = PacketTrack(packets(beeps(8)))
    async with pair(track) as (sender, pc):
        receiver = Receiver(pc)
        stream = receiver.open("0", ANNA)
        await connect(sender, pc)
        frames = await hear(receiver, stream, [track])
        assert_stock_path_is_idle(pc)
    assert origins(frames) == {Origin.HEARD: 200}
    loud = [loudness(f.samples) > 1500 for f in frames]
    assert [n for n in range(1, 200) if loud[n] and not loud[n - 1]] == [25 * n for n in range(1, 8)]
    assert receiver.stats().packets == 200
    assert receiver.last_packet_at("0") is None, "closed"


async def test_at_three_percent_loss_all_that_can_be_won_back_is() -> None:
    voice = packets(babble(15.0))
    track = PacketTrack(voice, pace=0.003)
    async with pair(track) as (sender, pc):
        receiver = Receiver(pc)
        stream = receiver.open("0", ANNA)
        network = LossySender(sender, loss=0.03, seed=7)
        await connect(sender, pc)
        frames = await hear(receiver, stream, [track])
    stats, share = receiver.stats(), origins(frames)
    assert network.dropped > 10
    assert stats.missing == network.dropped
    assert stats.recovered == recoverable(voice, set(network.lost)) > 10
    assert share == {Origin.LOST: network.dropped - stats.recovered, Origin.HEARD: 750 - share[Origin.LOST]}


async def test_packets_out_of_order_are_put_in_order() -> None:
    track = PacketTrack(packets(tone(6.0)), pace=0.003)
    async with pair(track) as (sender, pc):
        receiver = Receiver(pc)
        stream = receiver.open("0", ANNA)
        LossySender(sender, reorder=0.1, seed=3)
        await connect(sender, pc)
        frames = await hear(receiver, stream, [track])
    assert len(frames) == 300
    assert origins(frames)[Origin.HEARD] >= 290, "a stall of this machine may cost a few, not a tenth"


async def test_a_pause_is_quiet_and_takes_its_time() -> None:
    voice = packets(tone(0.5))
    track = PacketTrack([*voice, *[None] * 50, *voice])
    async with pair(track) as (sender, pc):
        receiver = Receiver(pc)
        stream = receiver.open("0", ANNA)
        await connect(sender, pc)
        frames = await hear(receiver, stream, [track])
    assert [f.origin for f in frames] == [Origin.HEARD] * 25 + [Origin.QUIET] * 50 + [Origin.HEARD] * 25
    assert receiver.stats().missing == 0


async def test_an_m_line_is_used_again_by_another_speaker_with_a_new_ssrc() -> None:
    """Two m-lines share the payload type: aiortc itself would drop the new SSRC without a word."""
    first, other = PacketTrack(packets(tone(2.0))), PacketTrack(packets(tone(2.0, 880.0)))
    async with pair(first, other) as (sender, pc):
        receiver = Receiver(pc)
        anna, carl = receiver.open("0", ANNA), receiver.open("1", Speaker("3", "Carl"))
        network = LossySender(sender)
        await connect(sender, pc)
        async with asyncio.timeout(10):
            await reached(anna, 40)
            first.go.clear()
            await settled(anna)
            before = anna.stats.packets
            ben = receiver.open("0", BEN)
            network.rename(sender.getSenders()[0], 0x0BE11)
            first.go.set()
            await first.done.wait()
            await other.done.wait()
            await settled(receiver)
        receiver.close("0")
        receiver.close("1")
        assert receiver.unrouted == 0
        assert_stock_path_is_idle(pc)
    assert ben.speaker is BEN
    assert ben.id != anna.id
    assert len([f async for f in anna.frames()]) == before
    assert ben.stats.packets == 100 - before > 0
    assert ben.stats.missing == 0
    assert (carl.stats.packets, carl.stats.sources) == (100, 1)
    heard = [f async for f in ben.frames()]
    assert heard[0].start == 0
    assert len(heard) == 100 - before


async def test_a_changed_ssrc_of_the_same_speaker_goes_on() -> None:
    track = PacketTrack(packets(tone(2.0)))
    async with pair(track) as (sender, pc):
        receiver = Receiver(pc)
        stream = receiver.open("0", ANNA)
        network = LossySender(sender)
        await connect(sender, pc)
        async with asyncio.timeout(10):
            await reached(stream, 40)
        network.rename(sender.getSenders()[0], 0xC0FFEE)
        frames = await hear(receiver, stream, [track])
    assert receiver.stats().sources == 2
    assert origins(frames).get(Origin.OVERLOAD, 0) == 0
    assert len(frames) == 100


async def test_corrupt_payloads_between_good_ones() -> None:
    voice: list[bytes | None] = [*packets(tone(1.0), fec=False)]
    voice[10], voice[20] = b"\xff", b"\x03\xff rubbish"
    track = PacketTrack(voice)
    async with pair(track) as (sender, pc):
        receiver = Receiver(pc)
        stream = receiver.open("0", ANNA)
        await connect(sender, pc)
        frames = await hear(receiver, stream, [track])
    assert [n for n, f in enumerate(frames) if f.origin is Origin.LOST] == [10, 20]
    assert len(frames) == 50
    assert receiver.stats().corrupt == 2


async def test_a_machine_with_no_address_but_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", aioice.ice.get_host_addresses)
    monkeypatch.setattr(ice, "_original", lambda use_ipv4, use_ipv6: [])
    ice.allow_loopback()
    track = PacketTrack(packets(tone(0.5)))
    async with pair(track) as (sender, pc):
        receiver = Receiver(pc)
        stream = receiver.open("0", ANNA)
        await connect(sender, pc)
        frames = await hear(receiver, stream, [track])
    assert origins(frames) == {Origin.HEARD: 25}


async def test_a_stream_that_nobody_takes_stays_small_and_says_so() -> None:
    track = PacketTrack(packets(tone(4.0)), pace=0.003)
    async with pair(track) as (sender, pc):
        receiver = Receiver(pc)
        stream = receiver.open("0", ANNA)
        await connect(sender, pc)
        async with asyncio.timeout(20):
            await track.done.wait()
            await settled(receiver)
        assert_stock_path_is_idle(pc)
        receiver.close("0")
    frames = [f async for f in stream.frames()]
    assert origins(frames) == {Origin.OVERLOAD: 100, Origin.HEARD: 100}
    assert np.any(frames[-1].samples)


async def test_the_sender_is_told_of_the_loss_in_receiver_reports() -> None:
    track = PacketTrack(packets(tone(4.0)), pace=0.01)
    async with pair(track) as (sender, pc):
        receiver = Receiver(pc)
        receiver.open("0", ANNA)
        network = LossySender(sender, drop=range(10, 20))
        await connect(sender, pc)
        async with asyncio.timeout(10):
            lost = 0
            while lost < 10:
                await asyncio.sleep(0.1)
                report = await sender.getStats()
                lost = sum(s.packetsLost for s in report.values() if s.type == "remote-inbound-rtp")
    assert lost == network.dropped == 10
