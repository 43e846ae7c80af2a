"""What every connector must do, whatever kind of room it joins. One suite, parametrised by a stage for each kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from monitor.errors import ConnectionLost, Refused
from monitor.model import Origin
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.builtin.server import RoomSpec
from monitor.rooms.connector import Connector, Session
from tests.helpers.people import Ear, Person, person, tone
from tests.helpers.room_server import RoomServer, room_server, until


class BuiltinStage:
    """A room with a connector for it, and people to come in."""

    def __init__(self, server: RoomServer) -> None:
        self._server = server
        self.connector: Connector = BuiltinConnector(server.url(), server.rooms.monitor_token)
        self.unwelcome: Connector = BuiltinConnector(server.url(), "a wrong token")
        self.elsewhere: Connector = BuiltinConnector(server.url("nowhere"), server.rooms.monitor_token)

    def absent(self, port: int) -> Connector:
        """A connector to a server at a port where something else listens, or nothing."""
        return BuiltinConnector(f"ws://127.0.0.1:{port}/rooms/demo/ws", "")

    def speaker(self, name: str, hertz: float) -> AbstractAsyncContextManager[Person]:
        return person(self._server.url(), name, tone(hertz, 0.5))

    def guest(self, name: str) -> AbstractAsyncContextManager[Person]:
        return person(self._server.url(), name)

    def monitors(self) -> int:
        """How many monitors the participants see."""
        return sum(card["role"] == "monitor" for card in self._server.rooms.participants("demo"))

    def die(self) -> None:
        self._server.cut()


@pytest.fixture(params=["builtin"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[BuiltinStage]:
    assert request.param == "builtin"
    before = asyncio.all_tasks()
    async with room_server(RoomSpec("demo", "Demo")) as server:
        yield BuiltinStage(server)
    mine = {*before, asyncio.current_task()}
    await until(lambda: asyncio.all_tasks() <= mine)  # no task of a visit outlives it


@asynccontextmanager
async def listening(session: Session) -> AsyncIterator[list[Ear]]:
    """Listen to every track of a session; the errors of `tracks()` come out at the end of the block."""
    ears: list[Ear] = []
    errors: list[Exception] = []
    tasks: list[asyncio.Task[None]] = []

    async def follow(group: asyncio.TaskGroup) -> None:
        try:
            async for track in session.tracks():
                ears.append(Ear(track))
                tasks.append(group.create_task(ears[-1].listen()))
        except (ConnectionLost, Refused) as error:
            errors.append(error)

    async with asyncio.TaskGroup() as group:
        tasks.append(group.create_task(follow(group)))
        yield ears
        for task in tasks:
            task.cancel()
    if errors:
        raise errors[0]


async def test_the_monitor_is_seen_and_is_not_in_its_own_roster(stage: BuiltinStage) -> None:
    async with stage.guest("Ann") as ann, stage.connector.join() as session:
        assert stage.monitors() == 1
        await until(lambda: any(who.role == "monitor" for who in ann.visit.roster.values()))
        assert [who.name for who in session.roster()] == ["Ann"]
    await until(lambda: stage.monitors() == 0)


async def test_who_is_not_welcome_is_refused(stage: BuiltinStage) -> None:
    for connector in (stage.unwelcome, stage.elsewhere):
        with pytest.raises(Refused):
            async with connector.join():
                pass
    assert stage.monitors() == 0


async def test_an_unreachable_server_is_a_lost_connection(stage: BuiltinStage, unused_tcp_port: int) -> None:
    with pytest.raises(ConnectionLost):
        async with stage.absent(unused_tcp_port).join():
            pass


async def test_everybody_sees_the_notice_now_and_later(stage: BuiltinStage) -> None:
    async with stage.guest("Ann") as ann, stage.connector.join() as session:
        assert stage.connector.capabilities.can_announce
        await session.announce("We listen")
        await until(lambda: ann.visit.notice == "We listen")
        async with stage.guest("Late") as late:
            assert late.visit.notice == "We listen"


async def test_speakers_come_and_go_each_with_a_track_of_their_own(stage: BuiltinStage) -> None:
    async with stage.connector.join() as session, stage.guest("Silent"), listening(session) as ears:
        async with stage.speaker("Ann", 400), stage.speaker("Bob", 1000):
            await until(lambda: len(ears) == 2 and all(ear.seconds > 0.6 for ear in ears))
            assert {who.name for who in session.roster()} == {"Ann", "Bob", "Silent"}
        await until(lambda: all(ear.ended for ear in ears))
        assert {ear.track.speaker.name: round(ear.pitch / 50) * 50 for ear in ears} == {"Ann": 400, "Bob": 1000}
        assert all(ear.contiguous for ear in ears)
        assert all(ear.origins[Origin.LOST] == 0 for ear in ears)
        await until(lambda: [who.name for who in session.roster()] == ["Silent"])
        assert len(ears) == 2, "who never publishes has no track"


async def test_who_comes_back_has_a_new_track(stage: BuiltinStage) -> None:
    async with stage.connector.join() as session, listening(session) as ears:
        for visits in (1, 2):
            async with stage.speaker("Ann", 400):
                await until(lambda n=visits: len(ears) == n and ears[-1].seconds > 0.2)  # type: ignore[misc]
            await until(lambda: ears[-1].ended)
        assert len({ear.track.id for ear in ears}) == 2


async def test_a_mute_is_quiet_and_not_a_loss(stage: BuiltinStage) -> None:
    async with stage.connector.join() as session, stage.speaker("Ann", 400) as ann, listening(session) as ears:
        await until(lambda: bool(ears) and ears[0].seconds > 0.3)
        await ann.visit.send("mute", muted=True)
        await until(lambda: any(card.muted for card in ann.visit.roster.values()))
        await asyncio.sleep(0.1)  # what was on its way
        heard = ears[0].origins[Origin.HEARD]
        await asyncio.sleep(0.6)
        assert ears[0].origins[Origin.HEARD] == heard
        await ann.visit.send("mute", muted=False)
        await until(lambda: ears[0].origins[Origin.HEARD] > heard + 10)
        assert ears[0].origins[Origin.LOST] == 0
        assert ears[0].origins[Origin.QUIET] > 10
        assert ears[0].contiguous


async def test_the_death_of_the_server_ends_tracks_and_raises_connection_lost(stage: BuiltinStage) -> None:
    async with stage.speaker("Ann", 400), stage.connector.join() as session:
        tracks = session.tracks()
        ear = Ear(await anext(tracks))
        stage.die()
        await ear.listen()
        assert ear.ended
        with pytest.raises(ConnectionLost):
            await anext(tracks)


async def test_a_join_can_be_cancelled(stage: BuiltinStage) -> None:
    reached = asyncio.Event()

    async def never_answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        try:
            await asyncio.sleep(60)
        finally:
            writer.close()

    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as mute_server, asyncio.TaskGroup() as group:
        port = mute_server.sockets[0].getsockname()[1]
        joining = group.create_task(_stay(stage.absent(port)))
        await reached.wait()
        joining.cancel()
        await asyncio.wait([joining])
        assert joining.cancelled()
        mute_server.close()
        for task in asyncio.all_tasks():
            if "never_answer" in repr(task.get_coro()):
                task.cancel()


async def test_a_live_visit_can_be_cancelled_and_leaves_the_room(stage: BuiltinStage) -> None:
    async with stage.speaker("Ann", 400), asyncio.TaskGroup() as group:
        staying = group.create_task(_stay(stage.connector))
        await until(lambda: stage.monitors() == 1)
        staying.cancel()
        await asyncio.wait([staying])
        assert staying.cancelled()
        await until(lambda: stage.monitors() == 0)


async def test_leaving_ends_tracks_without_an_error(stage: BuiltinStage) -> None:
    async with stage.speaker("Ann", 400):
        async with stage.connector.join() as session:
            track = await anext(session.tracks())
        ear = Ear(track)
        await ear.listen()
        assert ear.ended
        assert [t async for t in session.tracks()] == []
        await until(lambda: stage.monitors() == 0)


async def _stay(connector: Connector) -> None:
    async with connector.join() as session:
        async for _ in session.tracks():
            pass
