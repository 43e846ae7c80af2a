"""What is said to a LiveKit server and what is made of its answers: addresses, tokens, ends, a missing SDK."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import jwt
import pytest
from livekit import rtc
from livekit.protocol import models

from monitor.errors import ConnectionLost, Refused, Step
from monitor.rooms.livekit import door, ends, sdk
from monitor.rooms.livekit.connector import LiveKitConnector
from monitor.rooms.livekit.protocol import Place

SECRET = "a secret of thirty-two characters or more"
PLACE = Place("wss://live.example.org/base/", "hall", key="key", secret=SECRET)


@pytest.mark.parametrize(
    ("address", "socket", "web"),
    [
        ("wss://live.example.org", "wss://live.example.org/rtc", "https://live.example.org/rtc"),
        (
            "https://live.example.org:7880/a/",
            "wss://live.example.org:7880/a/rtc",
            "https://live.example.org:7880/a/rtc",
        ),
        ("ws://[::1]:7880", "ws://[::1]:7880/rtc", "http://[::1]:7880/rtc"),
    ],
)
def test_one_address_serves_both(address: str, socket: str, web: str) -> None:
    place = Place(address, "hall")
    assert (place.url("/rtc"), place.url("/rtc", web=True)) == (socket, web)


def test_a_token_of_ours_lets_listen_and_nothing_else() -> None:
    claims = jwt.decode(PLACE.with_token().token, SECRET, ["HS256"])
    assert claims["iss"] == "key"
    assert (claims["sub"], claims["name"]) == ("room-monitor", "Room Monitor")
    assert claims["video"]["room"] == "hall"
    granted = {right for right, has in claims["video"].items() if has is True}
    assert granted == {"roomJoin", "canSubscribe"}
    assert 0 < claims["exp"] - time.time() < 700


def test_hidden_is_in_the_token_only_when_asked_for() -> None:
    hidden = Place("ws://x", "hall", hidden=True, key="key", secret=SECRET)
    assert jwt.decode(hidden.with_token().token, SECRET, ["HS256"])["video"]["hidden"] is True


def test_secrets_are_not_shown() -> None:
    assert SECRET not in repr(PLACE)
    assert PLACE.with_token().token not in repr(PLACE.with_token())


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("not a token", "is none"),
        ("a.b.c", "is none"),
        (jwt.encode({"exp": 1, "video": {"room": "hall"}}, SECRET), "expired"),
        (jwt.encode({"video": {"room": "another"}}, SECRET), "another"),
        ("", "key and secret"),
    ],
)
def test_a_token_that_can_t_work_is_refused_before_anybody_is_asked(token: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as error:
        Place("ws://x", "hall", token=token).with_token()
    assert error.value.step is Step.PERMISSION


def test_a_ready_token_is_taken_as_it_is() -> None:
    token = jwt.encode({"exp": time.time() + 60, "video": {"room": "hall"}}, SECRET)
    assert Place("ws://x", "hall", token=token).with_token().token == token


@asynccontextmanager
async def answering(status: str, text: str) -> AsyncIterator[Place]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield Place(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", "hall", token="t")


@pytest.mark.parametrize(
    ("status", "text", "kind", "step"),
    [
        ("401 Unauthorized", "invalid token", Refused, Step.PERMISSION),
        ("403 Forbidden", "no", Refused, Step.PERMISSION),
        ("404 Not Found", "requested room does not exist", ConnectionLost, Step.ROOM),
        ("404 Not Found", "404 page not found", ConnectionLost, Step.SIGNALLING),
        ("503 Service Unavailable", "full", ConnectionLost, Step.SIGNALLING),
    ],
)
async def test_the_door_says_why_it_stays_shut(status: str, text: str, kind: type, step: Step) -> None:
    async with answering(status, text) as place:
        with pytest.raises(kind, match=text) as error:
            await door.knock(place)
    assert error.value.step is step


async def test_the_door_opens() -> None:
    async with answering("200 OK", "success") as place:
        await door.knock(place)


def test_reasons_have_the_numbers_of_the_protocol() -> None:
    reason = models.DisconnectReason
    assert ends.DUPLICATE_IDENTITY == reason.DUPLICATE_IDENTITY == rtc.DisconnectReason.DUPLICATE_IDENTITY
    assert ends.PARTICIPANT_REMOVED == reason.PARTICIPANT_REMOVED
    assert ends.ROOM_DELETED == reason.ROOM_DELETED
    assert ends.JOIN_FAILURE == reason.JOIN_FAILURE
    assert ends.ROOM_CLOSED == reason.ROOM_CLOSED
    assert "shuts down" in ends.WORDS[reason.SERVER_SHUTDOWN]
    assert "moves" in ends.WORDS[reason.MIGRATION]


def test_being_thrown_out_by_a_join_of_our_own_is_no_refusal() -> None:
    assert isinstance(ends.why_it_ended(ends.DUPLICATE_IDENTITY, leavings=True), ConnectionLost)
    assert isinstance(ends.why_it_ended(ends.DUPLICATE_IDENTITY, leavings=False), Refused)
    assert isinstance(ends.why_it_ended(99, leavings=False), ConnectionLost)


async def test_without_the_sdk_the_room_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "livekit", None)
    with pytest.raises(Refused, match=r"pip install 'room-monitor\[livekit\]'"):
        async with LiveKitConnector(lambda: PLACE).join():
            pass


def test_the_sdk_has_one_error_for_everything_and_it_is_told_apart() -> None:
    assert isinstance(sdk._explained("engine: signal failure: client error: 401 Unauthorized"), Refused)
    assert sdk._explained("engine: connection error: wait_pc_connection timed out").step is Step.PATH
    assert sdk._explained("engine: signal failure: IO error").step is Step.SIGNALLING
