"""Rewriting packets for a listener, and telling who talks."""

from __future__ import annotations

from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from monitor.rooms.builtin.forward import Media, Rewriter, TalkMeter

MAP = HeaderExtensionsMap()
MAP.configure(
    RTCRtpParameters(
        headerExtensions=[
            RTCRtpHeaderExtensionParameters(id=3, uri="urn:ietf:params:rtp-hdrext:sdes:mid"),
            RTCRtpHeaderExtensionParameters(id=5, uri="urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
        ]
    )
)


def rewriter(mid_id: int = 3, level_id: int = 5) -> Rewriter:
    return Rewriter(77, 111, "12", mid_id, level_id, dice=lambda below: below // 2)


def media(sequence: int, ssrc: int = 1, level: int | None = None) -> Media:
    return Media(ssrc, sequence & 0xFFFF, sequence * 960 & 0xFFFFFFFF, False, b"opus%d" % sequence, level)


def test_a_packet_keeps_its_content_and_gets_the_listeners_numbers() -> None:
    packet = RtpPacket.parse(rewriter().rewrite(Media(1, 9, 123_456, True, b"words", 31)), MAP)
    assert (packet.ssrc, packet.payload_type, packet.marker) == (77, 111, 1)
    assert (packet.timestamp, packet.payload) == (123_456, b"words")
    assert (packet.extensions.mid, packet.extensions.audio_level) == ("12", (False, 31))


def test_extensions_that_were_not_agreed_are_left_out() -> None:
    packet = RtpPacket.parse(rewriter(0, 0).rewrite(media(1, level=31)), MAP)
    assert (packet.extensions.mid, packet.extensions.audio_level, packet.payload) == (None, None, b"opus1")


@given(st.integers(0, 0xFFFF), st.lists(st.integers(0, 500), min_size=1, max_size=40))
def test_gaps_order_and_timestamps_are_preserved(start: int, steps: list[int]) -> None:
    forward = rewriter()
    out = [RtpPacket.parse(forward.rewrite(media(start + step)), MAP) for step in steps]
    for step, packet in zip(steps, out, strict=True):
        assert (packet.sequence_number - out[0].sequence_number) & 0xFFFF == (step - steps[0]) & 0xFFFF
        assert packet.timestamp == (start + step) * 960 & 0xFFFFFFFF


def test_a_pause_on_purpose_leaves_no_gap_in_the_numbers() -> None:
    forward = rewriter()
    before = RtpPacket.parse(forward.rewrite(media(10)), MAP)
    forward.skip()
    after = RtpPacket.parse(forward.rewrite(media(60)), MAP)
    assert after.sequence_number == before.sequence_number + 1
    assert after.timestamp - before.timestamp == 50 * 960


def test_a_new_stream_of_the_sender_is_a_new_stream_for_the_listener() -> None:
    forward = rewriter()
    first = RtpPacket.parse(forward.rewrite(media(10)), MAP)
    second = RtpPacket.parse(forward.rewrite(media(40_000, ssrc=2)), MAP)
    assert first.ssrc != second.ssrc
    assert second.sequence_number < 32_768


def test_talk_needs_more_than_a_click_and_ends_after_a_pause() -> None:
    meter = TalkMeter()
    assert not any(meter.hear(level, 60, 0.0) for level in (20, 90, 20, 90))
    assert [meter.hear(20, 60, at / 50) for at in range(4)] == [False, False, True, False]
    assert meter.talking
    assert not meter.look(0.5)
    assert meter.look(0.7)
    assert not meter.talking
    assert not meter.look(9.0)


def test_without_levels_the_size_of_packets_decides() -> None:
    meter = TalkMeter()
    for at in range(20):
        meter.hear(None, 8, at / 50)
    assert not meter.talking
    for at in range(20, 25):
        meter.hear(None, 70, at / 50)
    assert meter.talking
