"""WHEP on a real media server that is killed, hangs, or is restarted; and what the ledger says of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from monitor.errors import ConnectionLost
from monitor.hearing.coverage import Ledger
from monitor.hearing.listen import listen
from monitor.hearing.segmenter import Rules, Segmenter
from monitor.hearing.vad import Vad
from monitor.model import RATE, Heard, RoomState
from monitor.rooms import path
from monitor.rooms.backoff import Backoff
from monitor.rooms.connector import Session, Track
from monitor.rooms.supervisor import RoomSupervisor
from monitor.rooms.whep.connector import WhepConnector
from monitor.rooms.whep.protocol import Place, Stream
from tests.helpers.peers import PacketTrack, connect, pair
from tests.helpers.people import Ear, tone
from tests.helpers.room_server import until
from tests.helpers.whep_server import WhepServer, whep_server
from tests.helpers.whip_people import publisher


@pytest.fixture
async def server(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[WhepServer]:
    async with whep_server(tmp_path, unused_tcp_port) as server:
        yield server


def connector(*streams: Stream, patience: float = 2.0) -> WhepConnector:
    place = Place(streams)
    return WhepConnector(lambda: place, patience, poll=0.2)


class Watch:
    """What a supervised room tells."""

    def __init__(self) -> None:
        self.ears: list[Ear] = []
        self.states: list[RoomState] = []

    async def listen(self, track: Track) -> None:
        self.ears.append(Ear(track))
        await self.ears[-1].listen()

    async def state(self, state: RoomState, _reason: str) -> None:
        self.states.append(state)


async def test_a_supervised_room_is_heard_again_after_each_restart(server: WhepServer) -> None:
    watch = Watch()
    supervisor = RoomSupervisor(
        "stage", connector(Stream(server.whep("Ann"), "Ann")), watch.listen, watch.state, backoff=Backoff(0.1, 0.5)
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        for visits in (1, 2):
            async with publisher(server.whip("Ann"), tone(400, 0.5)):
                await until(lambda n=visits: len(watch.ears) == n and watch.ears[-1].seconds > 0.3)  # type: ignore[misc]
                server.kill()
                await until(lambda: watch.ears[-1].ended)
            await server.start()
        supervisor.stop()
    assert watch.states.count(RoomState.LIVE) >= 2
    assert watch.states[-1] is RoomState.LEFT


async def test_a_server_that_hangs_is_a_lost_connection(server: WhepServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.rooms.whep.http.ANSWER_SECONDS", 0.5)
    joining = connector(Stream(server.whep("Ann"), "Ann"), patience=0.6)
    async with publisher(server.whip("Ann"), tone(400, 0.5)), joining.join() as session:
        tracks = session.tracks()
        ear = Ear(await anext(tracks))
        try:
            server.freeze()
            await ear.listen()
            with pytest.raises(ConnectionLost):
                await anext(tracks)
        finally:
            server.freeze(False)


@pytest.mark.parametrize("option", ["-lite", "-loopback"])
async def test_a_silent_stream_is_not_taken_for_a_dead_one(tmp_path: Path, unused_tcp_port: int, option: str) -> None:
    async with whep_server(tmp_path, unused_tcp_port, option) as server:
        joining = connector(Stream(server.whep("Ann"), "Ann"), patience=0.4)
        async with publisher(server.whip("Ann")), joining.join() as session:
            await asyncio.sleep(1.5)
            assert [who.name for who in session.roster()] == ["Ann"]
            assert await server.viewers("Ann") == 1


async def test_the_path_is_asked_and_answers_until_the_other_end_is_gone() -> None:
    async with pair(PacketTrack([])) as (sender, receiver):
        assert not await path.answers(receiver, 0.1), "no path was chosen yet"
        await connect(sender, receiver)
        await until(lambda: receiver.connectionState == "connected")
        assert await path.answers(receiver, 2.0)
        ice = sender.getTransceivers()[0].sender.transport.transport._connection
        for protocol in ice._protocols:
            protocol.transport.abort()
        assert not await path.answers(receiver, 0.3)


def test_the_private_names_that_asking_a_path_needs_are_there() -> None:
    assert path.missing_names() == []


async def test_the_ledger_has_the_gap_of_a_lost_stream_with_its_cause(
    server: WhepServer, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """Two streams on two servers; one server dies and comes back. Every second of both is accounted for."""
    ledgers: dict[str, list[Ledger]] = {"Ann": [], "Bob": []}

    def lost(name: str) -> int:
        return sum(each.samples().get(Heard.LOST_NETWORK, 0) for each in ledgers[name])

    def heard(name: str) -> int:
        return sum(each.end for each in ledgers[name]) - lost(name)

    async def follow(track: Track) -> None:
        ledger = Ledger(0.0)
        ledgers[track.speaker.name].append(ledger)
        await listen(
            track,
            room="stage",
            ledger=ledger,
            vad=Vad(1),
            segmenter=Segmenter(Rules()),
            hand_over=lambda utterance: None,
            talking=lambda on: None,
            ids=lambda: "u",
        )

    async def follow_all(session: Session, group: asyncio.TaskGroup) -> None:
        async for track in session.tracks():
            group.create_task(follow(track))

    async with (
        asyncio.TaskGroup() as group,
        whep_server(tmp_path, unused_tcp_port_factory()) as other,
        publisher(server.whip("Bob"), tone(1000, 0.5)),
    ):
        joining = connector(Stream(other.whep("Ann"), "Ann"), Stream(server.whep("Bob"), "Bob"))
        async with AsyncExitStack() as ann, joining.join() as session:
            await ann.enter_async_context(publisher(other.whip("Ann"), tone(400, 0.5)))
            group.create_task(follow_all(session, group))
            await until(lambda: min(heard("Ann"), heard("Bob")) > RATE)
            other.kill()
            await until(lambda: lost("Ann") > 3 * RATE)
            await ann.aclose()
            gaps = ledgers["Ann"][0].gaps()
            before = heard("Ann")
            await other.start()
            await ann.enter_async_context(publisher(other.whip("Ann"), tone(400, 0.5)))
            await until(lambda: heard("Ann") > before + RATE / 2)
        assert {gap.state for gap in gaps} == {Heard.LOST_NETWORK}
        assert any("127.0.0.1" in gap.cause for gap in gaps), "why it can't be heard: its server can't be reached"
        assert lost("Bob") == 0
