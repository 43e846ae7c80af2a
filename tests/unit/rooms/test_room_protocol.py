"""Messages and session descriptions from clients nobody controls."""

from __future__ import annotations

import json
import random
from contextlib import suppress

import pytest
from aiortc import RTCPeerConnection
from hypothesis import given
from hypothesis import strategies as st

from monitor.rooms.builtin.protocol import BadMessage, Join, Mute, parse, printable
from monitor.rooms.builtin.sdp import OPUS, ask_for_fec, check_publish, opus_only
from monitor.rooms.builtin.upstream import Upstream
from monitor.rooms.ice import configuration

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["sdp", "name", "token", "x"]), inner),
    max_leaves=8,
)


async def an_offer() -> str:
    pc = RTCPeerConnection(configuration=configuration())
    line = pc.addTransceiver("audio", direction="sendonly")
    line.setCodecPreferences(opus_only())
    await pc.setLocalDescription(await pc.createOffer())
    text = pc.localDescription.sdp
    await pc.close()
    return text


def test_a_message_is_read() -> None:
    assert parse('{"type":"mute","muted":true,"more":1}') == Mute(True)
    assert parse('{"type":"join","name":"Ann"}') == Join("Ann", "participant", "")


@given(st.sampled_from(["join", "publish", "answer", "mute", "announce", "leave", "?"]), JSON, st.text())
def test_whatever_comes_is_a_message_or_a_bad_message(kind: str, value: object, text: str) -> None:
    for message in (text, json.dumps(value), json.dumps({"type": kind, "sdp": value, "name": value, "muted": value})):
        with suppress(BadMessage):
            parse(message)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("  Ann \n Lee\t", "Ann Lee"),
        ("A\x00n\x1bn\u202e", "Ann"),
        ("小明", "小明"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\ufeff\u2066Bob\u2069", "Bob"),
    ],
)
def test_names_are_one_honest_line(raw: str, shown: str) -> None:
    assert printable(raw) == shown


async def test_opus_is_asked_for_fec_and_dtx_once() -> None:
    sdp = ask_for_fec(await an_offer())
    assert sdp.count(OPUS) == 1
    assert ask_for_fec(sdp) == sdp


async def test_only_an_offer_of_one_opus_stream_may_be_published() -> None:
    offer = await an_offer()
    check_publish(offer)
    media = offer[offer.index("m=audio") :]
    for bad in (
        "",
        offer + media,
        offer.replace("m=audio", "m=video"),
        offer.replace("opus/48000/2", "PCMU/8000"),
        offer.replace("a=sendonly", "a=recvonly"),
        offer + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 200,
    ):
        with pytest.raises(BadMessage):
            check_publish(bad)


async def test_broken_offers_are_bad_messages_and_nothing_worse() -> None:
    offer, dice = await an_offer(), random.Random(5)
    lines = offer.splitlines()
    refused = 0
    for _ in range(150):
        broken = list(lines)
        at = dice.randrange(len(broken))
        match dice.randrange(4):
            case 0:
                del broken[at]
            case 1:
                broken[at] = broken[at][: dice.randrange(len(broken[at]) + 1)]
            case 2:
                broken[at] = "".join(dice.choice("a=m:0 /-x") if dice.random() < 0.3 else c for c in broken[at])
            case _:
                broken.insert(at, dice.choice(lines))
        upstream = Upstream(lambda _: None, lambda: None)
        try:
            text = "\r\n".join(broken) + "\r\n"
            check_publish(text)
            await upstream.open(text)
        except BadMessage:
            refused += 1
        finally:
            await upstream.close()
    assert refused > 20
