"""The built-in room with real WebRTC peers over loopback and a real websocket server."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from monitor.errors import ConnectionLost, Refused
from monitor.model import FRAME, RATE, Origin
from monitor.rooms.builtin import downstream, private, server
from monitor.rooms.builtin.client import visit
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.builtin.script import Turn
from monitor.rooms.builtin.server import RoomSpec
from monitor.rooms.builtin.speak import speak
from tests.helpers.people import Ear, person, tone
from tests.helpers.room_server import RoomServer, room_server, until


@pytest.fixture
async def room() -> AsyncIterator[RoomServer]:
    async with room_server(RoomSpec("demo", "Demo", max_participants=4)) as running:
        yield running


async def raw(room: RoomServer, *texts: str) -> ClientConnection:
    socket = await connect(room.url(), proxy=None)
    for text in texts:
        await socket.send(text)
    return socket


async def next_of(socket: ClientConnection, *kinds: str) -> dict[str, object]:
    async with asyncio.timeout(5):
        while True:
            message = json.loads(await socket.recv())
            if message["type"] in kinds:
                assert isinstance(message, dict)
                return message


def test_the_private_names_of_aiortc_are_still_there() -> None:
    assert private.missing_names() == []


async def test_people_hear_each_other_and_never_themselves(room: RoomServer) -> None:
    async with person(room.url(), "Ann", tone(400, 0.5)) as ann, person(room.url(), "Bob", tone(1000, 0.5)) as bob:
        await until(lambda: all((e := p.ear(n)) and e.seconds > 0.4 for p, n in ((ann, "Bob"), (bob, "Ann"))))
        assert [ear.track.speaker.name for ear in (*ann.ears, *bob.ears)] == ["Bob", "Ann"]
        assert ann.ears[0].pitches() == {1000}
        assert bob.ears[0].pitches() == {400}
        await until(lambda: len(room.rooms.speaking("demo")) == 2)
        await until(lambda: any(m["talking"] and m["id"] == bob.visit.id for m in ann.got("talking")))


async def test_a_late_joiner_hears_who_is_already_there(room: RoomServer) -> None:
    async with person(room.url(), "Ann", tone(400, 0.5)) as ann:
        await until(lambda: bool(ann.got("published")))
        async with person(room.url(), "Late") as late:
            await until(lambda: bool(late.ears) and late.ears[0].seconds > 0.3)
            assert late.ears[0].track.speaker.name == "Ann"


async def test_the_first_words_are_not_cut_by_negotiation(room: RoomServer) -> None:
    async with person(room.url(), "Ear") as ear, person(room.url(), "Ann", tone(400, 0.5)):
        await until(lambda: bool(ear.ears) and ear.ears[0].seconds > 1.0)
        samples = ear.ears[0].samples
    loud = np.abs(samples[: len(samples) // 320 * 320].reshape(-1, 320)).max(axis=1) > 4000
    first = int(np.argmax(loud))
    assert loud[first : first + 24].all(), "0.5 s were said before the listener's connection stood"
    assert first < 3, "the stream begins with the first word"


async def test_who_vanishes_mid_word_is_gone_at_once_and_disturbs_nobody(room: RoomServer) -> None:
    async with person(room.url(), "Ear") as ear, person(room.url(), "Bob", tone(1000, 0.5)):
        async with person(room.url(), "Ann", tone(400, 0.5)) as ann:
            await until(lambda: len(ear.ears) == 2 and all(e.seconds > 0.2 for e in ear.ears))
            ann.visit._socket.transport.abort()
            await until(lambda: ear.ear("Ann").ended, 3.0)  # type: ignore[union-attr]
            assert {who.name for who in ear.visit.roster.values()} == {"Ear", "Bob"}
        bob = ear.ear("Bob")
        assert bob is not None
        before = bob.seconds
        await until(lambda: bob.seconds > before + 0.2)
        assert bob.origins[Origin.LOST] == 0


async def test_slots_are_used_again_and_never_swap_names(room: RoomServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downstream, "REST", 0.2)
    pitches = {"Ann": 400, "Bob": 1000, "Cat": 1600}
    async with person(room.url(), "Ear") as ear, person(room.url(), "Stays", tone(2200, 0.5)):
        for name, hertz in pitches.items():
            async with person(room.url(), name, tone(hertz, 0.5)):
                await until(lambda n=name: (e := ear.ear(n)) is not None and e.seconds > 0.3)  # type: ignore[misc]
            await until(lambda n=name: ear.ear(n).ended)  # type: ignore[misc,union-attr]
            await asyncio.sleep(0.25)
        heard = {e.track.speaker.name: e.pitches() for e in ear.ears}
        assert heard == {"Stays": {2200}} | {name: {hertz} for name, hertz in pitches.items()}
        assert ear.got("offer")[-1]["sdp"].count("m=audio") == 2
        assert ear.ear("Stays").origins[Origin.LOST] == 0  # type: ignore[union-attr]


async def test_loss_on_the_uplink_is_seen_downstream_and_fec_mends_it(room: RoomServer) -> None:
    dice = random.Random(3)
    async with BuiltinConnector(room.url(), room.rooms.monitor_token).join() as session, asyncio.TaskGroup() as group:
        group.create_task(speak(room.url(), "Ann", [tone(400, 3.0)], loop=False, lost=lambda: dice.random() < 0.1))
        ear = Ear(await anext(session.tracks()))
        await ear.listen()
        stats = ear.track.stats  # type: ignore[attr-defined]
    assert stats.missing >= 5
    assert stats.recovered + ear.origins[Origin.LOST] >= stats.missing
    assert ear.seconds >= 3.0
    assert ear.contiguous


async def test_garbage_is_answered_and_nothing_else_happens(room: RoomServer) -> None:
    async with person(room.url(), "Bob", tone(1000, 0.5)), person(room.url(), "Ear") as ear:
        socket = await raw(room, json.dumps({"type": "join", "name": " Eve\u202e\n "}))
        joined = await next_of(socket, "joined")
        me = next(card for card in joined["participants"] if card["id"] == joined["id"])  # type: ignore[attr-defined]
        assert me["name"] == "Eve"
        for text, code in (
            ("{", "not-json"),
            ("[" * 5000, "not-json"),
            ("7", "not-json"),
            ('{"type":"dance"}', "unknown-type"),
            ('{"type":"publish"}', "bad-field"),
            ('{"type":"publish","sdp":"v=0"}', "bad-sdp"),
            (json.dumps({"type": "publish", "sdp": "m=audio 9 X 96\r\na=rtpmap:96 opus/48000/2\r\n"}), "bad-sdp"),
            (json.dumps({"type": "publish", "sdp": "x" * 70_000}), "too-large"),
            ("x" * 100_000, "too-large"),
            ('{"type":"mute","muted":"yes"}', "bad-field"),
            ('{"type":"announce","notice":"All is well"}', "forbidden"),
            ('{"type":"announce","notice":"\\ud800"}', "bad-field"),
            ('{"type":"join","name":"Eve"}', "joined-already"),
        ):
            await socket.send(text)
            assert (await next_of(socket, "problem"))["code"] == code, text[:80]
        await until(lambda: bool(ear.ears) and ear.ears[0].seconds > 0.2)
        assert ear.ears[0].origins[Origin.LOST] == 0
        assert not ear.visit.notice
        await socket.close()
        await until(lambda: "Eve" not in {who.name for who in ear.visit.roster.values()})


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type":"leave"}', "join-first"),
        ("?", "not-json"),
        ('{"type":"join","name":""}', "bad-name"),
        ('{"type":"join","name":"\\u200d \\u0007"}', "bad-name"),
        (json.dumps({"type": "join", "name": "x" * 61}), "bad-name"),
        ('{"type":"join","name":"Mallory","role":"monitor"}', "bad-token"),
        ('{"type":"join","name":"Mallory","role":"monitor","token":"guess"}', "bad-token"),
        ('{"type":"join","name":"Mallory","role":"king"}', "bad-field"),
    ],
)
async def test_who_does_not_join_properly_is_refused_and_disconnected(room: RoomServer, first: str, code: str) -> None:
    socket = await raw(room, first)
    assert (await next_of(socket, "refused"))["code"] == code
    await socket.wait_closed()
    assert room.rooms.participants("demo") == []


async def test_who_does_not_join_in_time_is_refused(room: RoomServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "JOIN_SECONDS", 0.05)
    socket = await raw(room)
    assert (await next_of(socket, "refused"))["code"] == "join-timeout"


async def test_a_full_room_refuses_people_and_still_takes_the_monitor(room: RoomServer) -> None:
    sockets = [await raw(room, json.dumps({"type": "join", "name": "Same name"})) for _ in range(4)]
    ids = {(await next_of(socket, "joined"))["id"] for socket in sockets}
    assert len(ids) == 4
    with pytest.raises(Refused, match="full"):
        async with visit(room.url(), "One too many"):
            pass
    async with BuiltinConnector(room.url(), room.rooms.monitor_token).join() as session:
        assert len(session.roster()) == 4
    for socket in sockets:
        await socket.close()


async def test_who_floods_the_room_is_dropped(room: RoomServer) -> None:
    async with person(room.url(), "Ear") as ear:
        socket = await raw(room, json.dumps({"type": "join", "name": "Flood"}))
        for number in range(200):
            await socket.send(json.dumps({"type": "mute", "muted": number % 2 == 0}))
        assert (await next_of(socket, "refused"))["code"] == "too-many-messages"
        await until(lambda: [who.name for who in ear.visit.roster.values()] == ["Ear"])
        assert ear.error is None


async def test_who_does_not_answer_an_offer_is_dropped(room: RoomServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downstream, "ANSWER_SECONDS", 0.2)
    async with person(room.url(), "Ann", tone(400, 0.5)):
        socket = await raw(room, json.dumps({"type": "join", "name": "Mute"}))
        await next_of(socket, "offer")
        await socket.send(json.dumps({"type": "answer", "sdp": "v=0\r\n"}))
        assert (await next_of(socket, "problem"))["code"] == "bad-sdp"
        assert (await next_of(socket, "refused"))["code"] == "no-answer"


async def test_speakers_take_turns(room: RoomServer) -> None:
    turn, told = Turn(), []

    def tell(name: str, index: int, _at: float) -> None:
        told.append((name, index))

    async with asyncio.TaskGroup() as group:
        for name in ("Ann", "Bob"):
            group.create_task(
                speak(
                    room.url(),
                    name,
                    [tone(400, 0.2), tone(500, 0.2)],
                    pause=0.5,
                    loop=False,
                    turn=turn,
                    on_clip_started=tell,
                    on_clip_ended=tell,
                )
            )
    assert len(told) == 8
    # A recording's start is followed by its own end: nobody else came in between.
    assert all(told[at] == told[at + 1] for at in range(0, 8, 2)), told


async def test_the_end_of_the_service_is_told_to_everybody() -> None:
    async with room_server() as running:
        socket = await raw(running, json.dumps({"type": "join", "name": "Ann"}))
        await next_of(socket, "joined")
    assert (await next_of(socket, "ended"))["type"] == "ended"
    await socket.wait_closed()


async def test_talk_without_audio_is_a_lost_connection(room: RoomServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def send_nothing(*_: object) -> bool:
        return True

    connector = BuiltinConnector(room.url(), room.rooms.monitor_token, patience=0.3)
    async with connector.join() as session, person(room.url(), "Ann", tone(400, 2.0)):
        tracks = session.tracks()
        ear = Ear(await anext(tracks))
        monkeypatch.setattr(private, "send_rtp", send_nothing)  # a network that takes everything and delivers nothing
        with pytest.raises(ConnectionLost, match="no audio"):
            await anext(tracks)
        await ear.listen()
        assert ear.ended
        assert ear.origins[Origin.LOST] * FRAME / RATE > 0.3, "what was due and never came is lost, and not silence"
