"""What our tap needs from aiortc, and how it finds the m-line of a packet."""

from __future__ import annotations

import aiortc
import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket

from monitor.rooms.ice import configuration
from monitor.rooms.rtp import Tap, missing_names, tap

OPUS = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48000, channels=2, payloadType=96)
PCMU = RTCRtpCodecParameters(mimeType="audio/PCMU", clockRate=8000, channels=1, payloadType=0)


def test_aiortc_has_the_private_names_that_the_tap_uses() -> None:
    missing = missing_names()
    assert not missing, f"aiortc {aiortc.__version__} has changed: mend monitor/rooms/rtp.py ({', '.join(missing)})"


def test_a_name_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("aiortc.rtcdtlstransport.RtpRouter.route_rtp")
    assert missing_names() == ["RtpRouter.route_rtp"]


class Line:
    """Real receivers of a real connection, registered as aiortc does it once the connection is up."""

    def __init__(self, *mids: str) -> None:
        self.pc = RTCPeerConnection(configuration())
        self.got: list[tuple[str, int]] = []
        transceivers = [self.pc.addTransceiver("audio", direction="recvonly") for _ in mids]
        self.tap: Tap = tap(self.pc, lambda mid, packet: self.got.append((mid, packet.ssrc)))
        self.router = transceivers[0].receiver.transport._rtp_router
        self.receivers: list[RTCRtpReceiver] = []
        for mid, transceiver in zip(mids, transceivers, strict=True):
            receiver = transceiver.receiver
            receiver._RTCRtpReceiver__codecs.update({96: OPUS, 0: PCMU})
            self.router.register_receiver(receiver, ssrcs=[], payload_types=[96, 0], mid=mid)
            self.receivers.append(receiver)

    def send(self, ssrc: int, mid: str | None = None, payload_type: int = 96, sequence: int = 0) -> None:
        packet = RtpPacket(payload_type=payload_type, ssrc=ssrc, sequence_number=sequence, payload=b"\xfc\xff\xfe")
        packet.extensions.mid = mid
        assert self.router.route_rtp(packet) is None, "aiortc's own receiver must not get it"

    def reported(self, index: int = 0) -> list[int]:
        return list(self.receivers[index]._RTCRtpReceiver__remote_streams)


async def test_a_new_ssrc_is_routed_by_its_mid() -> None:
    line = Line("a", "b")
    line.send(1, "a")
    line.send(2, "b")
    line.send(3, "b")
    assert line.got == [("a", 1), ("b", 2), ("b", 3)]


async def test_a_known_ssrc_needs_no_mid_and_follows_its_mid() -> None:
    line = Line("a", "b")
    line.send(1, "a")
    line.send(1)
    line.send(1, "b")
    line.send(1)
    assert [mid for mid, _ in line.got] == ["a", "a", "b", "b"]


async def test_without_a_mid_one_m_line_gets_all_two_get_nothing_and_it_is_counted() -> None:
    one, two = Line("a"), Line("a", "b")
    one.send(1)
    two.send(1)
    assert one.got == [("a", 1)]
    assert two.got == []
    assert two.tap.unrouted == 1


async def test_an_unknown_mid_is_counted() -> None:
    line = Line("a")
    line.send(1, "x")
    assert (line.got, line.tap.unrouted) == ([], 1)


async def test_other_codecs_are_not_delivered() -> None:
    line = Line("a")
    line.send(1, "a", payload_type=0)
    line.send(1, "a", payload_type=13)
    assert (line.got, line.tap.foreign) == ([], 2)


async def test_receiver_reports_tell_of_the_present_ssrc_only() -> None:
    line = Line("a")
    for n in range(5):
        line.send(1, "a", sequence=n)
    assert line.reported() == [1]
    line.send(2, "a")
    assert line.reported() == [2]


async def test_after_close_packets_are_thrown_away() -> None:
    line = Line("a")
    line.tap.close()
    line.send(1, "a")
    assert line.got == []


async def test_an_inactive_m_line_delivers_nothing() -> None:
    line = Line("a")
    line.receivers[0]._enabled = False
    line.send(1, "a")
    assert line.got == []


async def test_a_receiver_that_stopped_is_forgotten() -> None:
    line = Line("a", "b")
    line.send(1, "a")
    line.router.unregister_receiver(line.receivers[0])
    line.send(1, "a")
    line.send(1)  # "b" is the only one left
    assert line.got == [("a", 1), ("b", 1)]


async def test_a_second_tap_is_refused_rather_than_deaf() -> None:
    line = Line("a")
    with pytest.raises(RuntimeError, match="tapped already"):
        tap(line.pc, lambda mid, packet: None)
