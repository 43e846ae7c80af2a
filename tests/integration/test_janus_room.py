"""What only Janus does: sockets replaced, rooms made later, people thrown out, servers that hang, its own secrets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aioice.ice
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from monitor.errors import ConnectionLost, Refused
from monitor.model import Origin, RoomState, Speaker
from monitor.rooms.backoff import Backoff
from monitor.rooms.connector import Track
from monitor.rooms.ice import configuration
from monitor.rooms.janus.connector import AudioBridgeConnector, VideoRoomConnector
from monitor.rooms.janus.protocol import Event, Place, Plugin
from monitor.rooms.janus.roster import Source
from monitor.rooms.janus.videoroom import VideoRoom
from monitor.rooms.supervisor import RoomSupervisor
from monitor.rooms.watchdog import Watchdog
from tests.helpers.cutter import cutter
from tests.helpers.janus_people import NoVideo, caller, talker
from tests.helpers.janus_server import JanusServer, janus_server
from tests.helpers.people import Ear, tone
from tests.helpers.room_server import until
from tests.helpers.stages import AUDIOBRIDGE, VIDEOROOM


@pytest.fixture
async def janus(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[JanusServer]:
    async with janus_server(tmp_path, unused_tcp_port, videoroom=VIDEOROOM) as server:
        yield server


def place(server: JanusServer, name: str = "Room Monitor", port: int = 0) -> Place:
    return Place(f"ws://127.0.0.1:{port or server.port}", 1234, name, pin="sesame")


class Visit:
    """A visit with an ear for each track."""

    def __init__(self, session: VideoRoom) -> None:
        self.session = session
        self.ears: list[Ear] = []
        self.error: ConnectionLost | Refused | None = None  # how it ended

    async def follow(self, group: asyncio.TaskGroup) -> None:
        try:
            async for track in self.session.tracks():
                self.ears.append(Ear(track))
                group.create_task(self.ears[-1].listen())
        except (ConnectionLost, Refused) as error:
            self.error = error


@asynccontextmanager
async def visiting(server: JanusServer, port: int = 0, patience: float = 5.0) -> AsyncIterator[Visit]:
    async with VideoRoomConnector(lambda: place(server, port=port), patience).join() as session:
        assert isinstance(session, VideoRoom)
        visit = Visit(session)
        async with asyncio.TaskGroup() as group:
            group.create_task(visit.follow(group))
            try:
                yield visit
            finally:
                await session.close()


async def test_a_broken_socket_is_replaced_and_nothing_is_missed(janus: JanusServer) -> None:
    async with (
        cutter(janus.port) as way,
        talker(place(janus, "Ann"), tone(400, 0.5)),
        visiting(janus, way.port) as visit,
    ):
        ears = visit.ears
        await until(lambda: bool(ears) and ears[0].seconds > 0.5)
        way.cut()
        await until(lambda: way.accepted == 2)
        before = ears[0].seconds
        async with talker(place(janus, "Bob"), tone(800, 0.5)):  # also what is told after it is heard
            await until(lambda: len(ears) == 2 and ears[1].seconds > 0.3 and ears[0].seconds > before + 1)
        assert not ears[0].ended
        assert ears[0].origins[Origin.LOST] == 0


async def test_what_happened_while_the_socket_was_broken_is_noticed(janus: JanusServer) -> None:
    async with cutter(janus.port) as way, visiting(janus, way.port) as visit:
        way.closed = True
        way.cut()
        async with talker(place(janus, "Ann"), tone(400, 0.5)):
            way.closed = False
            await until(lambda: visit.error is not None)
    assert isinstance(visit.error, ConnectionLost)
    assert "hasn't told us" in str(visit.error)


async def test_a_session_that_is_gone_when_the_socket_is_replaced_is_a_lost_connection(janus: JanusServer) -> None:
    async with cutter(janus.port) as way, visiting(janus, way.port) as visit:
        janus.kill()
        await janus.start()
        await until(lambda: visit.error is not None)
    assert isinstance(visit.error, ConnectionLost)


async def test_a_server_that_hangs_is_noticed_by_the_media(janus: JanusServer) -> None:
    async with talker(place(janus, "Ann"), tone(400, 0.5)), visiting(janus, patience=1.5) as visit:
        await until(lambda: bool(visit.ears) and visit.ears[0].seconds > 0.5)
        janus.freeze()
        try:
            await until(lambda: visit.error is not None)
        finally:
            janus.freeze(False)
    assert "nothing at all" in str(visit.error)
    assert visit.ears[0].ended


async def test_who_sends_nothing_while_janus_says_that_they_talk_is_silent_and_not_lost(janus: JanusServer) -> None:
    """A microphone that is taken away while its owner talks: Janus never says that the talk is over."""
    async with (
        talker(place(janus, "Ann"), tone(400, 0.5), levels=True) as ann,
        visiting(janus, patience=1.5) as visit,
    ):
        ears = visit.ears
        await until(lambda: bool(ears) and ears[0].seconds > 0.5)
        await ann.mute(True)
        await until(lambda: len(ears) == 2)  # subscribed anew, once: it might have been our fault
        await asyncio.sleep(4)
        assert not ears[1].ended
        await ann.mute(False)
        await until(lambda: ears[1].origins[Origin.HEARD] > 10)
        assert len(ears) == 2
        assert visit.error is None
        assert sum(ear.origins[Origin.LOST] for ear in ears) == 0


async def test_who_is_thrown_out_does_not_come_back(janus: JanusServer) -> None:
    async with caller(place(janus)) as host, visiting(janus) as visit:
        listing = (await host.ask("listparticipants"))["participants"]
        await host.ask("kick", id=listing[0]["id"])
        await until(lambda: visit.error is not None)
    assert isinstance(visit.error, Refused)


async def test_a_room_is_waited_for_until_it_is_made_and_when_it_is_made_again(janus: JanusServer) -> None:
    states: list[RoomState] = []
    ears: list[Ear] = []

    async def listen(track: Track) -> None:
        ears.append(Ear(track))
        await ears[-1].listen()

    async def state(new: RoomState, _reason: str) -> None:
        states.append(new)

    there = Place(janus.url, 77, "Room Monitor")
    supervisor = RoomSupervisor(
        "hall", VideoRoomConnector(lambda: there), listen, state, notice="We listen", backoff=Backoff(0.1, 0.3)
    )
    async with asyncio.TaskGroup() as group, caller(Place(janus.url, 77, "host")) as host:
        group.create_task(supervisor.run())
        await until(lambda: states.count(RoomState.WAITING) > 1)
        for visit in (1, 2):
            await host.ask("create", publishers=10)
            async with talker(Place(janus.url, 77, "Ann"), tone(400, 0.5)):
                await until(lambda n=visit: len(ears) == n and ears[-1].seconds > 0.3)  # type: ignore[misc]
                await host.ask("destroy")
                await until(lambda: ears[-1].ended)
        supervisor.stop()
    assert states[-1] is RoomState.LEFT
    assert RoomState.FAILED not in states


async def test_secrets_of_the_server_and_of_the_room(tmp_path: Path, unused_tcp_port: int) -> None:
    async with janus_server(tmp_path, unused_tcp_port, core='api_secret = "server"') as janus:
        host = Place(janus.url, 55, "host", api_secret="server")
        async with caller(host) as asking:
            await asking.ask("create", allowed=["invited"])
            good = Place(janus.url, 55, "Room Monitor", token="invited", api_secret="server")
            async with VideoRoomConnector(lambda: good).join():
                assert await asking.members() == ["Room Monitor"]
            for bad in (
                Place(janus.url, 55, "M", token="wrong", api_secret="server"),
                Place(janus.url, 55, "M", "", "invited"),
            ):
                with pytest.raises(Refused):
                    async with VideoRoomConnector(lambda p=bad: p).join():  # type: ignore[misc]
                        pass


async def test_candidates_that_come_later(tmp_path: Path, unused_tcp_port: int) -> None:
    async with (
        janus_server(tmp_path, unused_tcp_port, videoroom=VIDEOROOM, trickle=True) as janus,
        talker(place(janus, "Ann"), tone(400, 0.5)),
        visiting(janus) as visit,
    ):
        await until(lambda: bool(visit.ears) and visit.ears[0].seconds > 0.5)


async def test_whose_media_comes_up_late_is_heard_once_it_is_up(janus: JanusServer) -> None:
    async with talker(place(janus, "Slow"), tone(400, 0.5), late=True) as slow, visiting(janus) as visit:
        await until(lambda: "Slow" in [who.name for who in visit.session.roster()])
        await asyncio.sleep(0.5)
        assert not visit.ears
        await slow.arrive()
        await until(lambda: bool(visit.ears) and visit.ears[0].seconds > 0.3)


async def test_a_camera_is_declined_and_the_microphone_beside_it_is_heard(janus: JanusServer) -> None:
    async with visiting(janus) as visit:
        async with talker(place(janus, "Ann"), tone(400, 0.5), video=True):
            await until(lambda: bool(visit.ears) and visit.ears[0].seconds > 0.5)
            answer = visit.session._media._pc.localDescription.sdp
            assert "a=setup:passive" in answer, "or the first join in ten loses a second (monitor/rooms/janus/media.py)"
            assert "a=setup:active" not in answer
        await until(lambda: visit.ears[0].ended)
        assert len(visit.ears) == 1


async def test_who_is_gone_before_the_subscription_does_not_hold_up_the_others(janus: JanusServer) -> None:
    async with visiting(janus) as visit, talker(place(janus, "Ann"), tone(400, 0.5)):
        gone = {"id": 99, "display": "Gone", "streams": [{"type": "audio", "mid": "0"}]}
        visit.session._roster.published(gone, 0.0)  # what a message says that was overtaken by its publisher's leaving
        await until(lambda: visit.session._roster.sources.get((99, "0"), source()).tries > 2)
        await until(lambda: bool(visit.ears) and visit.ears[0].seconds > 0.3)
        await until(lambda: (99, "0") not in visit.session._roster.sources)  # the list knows better
        assert visit.error is None


def source() -> Source:
    return Source(Speaker("", ""), Watchdog())


async def test_who_comes_back_under_the_same_id_is_heard_again(janus: JanusServer) -> None:
    async with visiting(janus) as visit:
        for times in (1, 2, 3):
            async with AsyncExitStack() as stay:
                async with asyncio.timeout(10):
                    while True:  # Janus may not have noticed yet that they had left
                        try:
                            ann = talker(place(janus, "Ann"), tone(400, 0.5), own_id=42)
                            await stay.enter_async_context(ann)
                        except ExceptionGroup:
                            await asyncio.sleep(0.02)
                        else:
                            break
                await until(lambda n=times: len(visit.ears) == n and visit.ears[-1].seconds > 0.3)  # type: ignore[misc]
        assert {ear.track.speaker.id for ear in visit.ears} == {"42"}


async def test_a_room_that_is_full_of_publishers_has_a_place_for_the_monitor(janus: JanusServer) -> None:
    there = Place(janus.url, 66, "Room Monitor")
    async with caller(Place(janus.url, 66, "host")) as host:
        await host.ask("create", publishers=1, require_pvtid=True)
        async with (
            talker(Place(janus.url, 66, "Ann"), tone(400, 0.5)),
            VideoRoomConnector(lambda: there).join() as session,
            asyncio.TaskGroup() as group,
        ):
            ear = Ear(await anext(session.tracks()))
            listening = group.create_task(ear.listen())
            await until(lambda: ear.seconds > 0.3)
            listening.cancel()


async def test_ids_can_be_text(janus: JanusServer) -> None:
    janus.kill()
    janus.rooms('room-hall: { description = "Hall"\n publishers = 5 }', strings=True)
    await janus.start()
    there = Place(janus.url, "hall", "Room Monitor")
    async with (
        VideoRoomConnector(lambda: there).join() as session,
        talker(Place(janus.url, "hall", "Ann"), tone(400, 0.5), own_id="ann"),
    ):
        track = await anext(session.tracks())
        assert (track.speaker.id, track.speaker.name) == ("ann", "Ann")


@pytest.mark.parametrize("ending", ["kick", "kick_all", "destroy"])
async def test_a_mix_ends_when_its_monitor_is_thrown_out_or_the_room_is_closed(janus: JanusServer, ending: str) -> None:
    there = Place(janus.url, 88, "Room Monitor")
    async with caller(Place(janus.url, 88, "host"), "audiobridge") as host:
        await host.ask("create")
        async with AudioBridgeConnector(lambda: there).join() as session:
            tracks = session.tracks()
            await anext(tracks)
            listing = (await host.ask("listparticipants"))["participants"]
            await host.ask(ending, **({"id": listing[0]["id"]} if ending == "kick" else {}))
            with pytest.raises(ConnectionLost if ending == "destroy" else Refused):
                await anext(tracks)


@pytest.mark.parametrize("plugin", ["videoroom", "audiobridge"])
async def test_after_each_restart_the_room_is_heard_again(plugin: Plugin, tmp_path: Path, unused_tcp_port: int) -> None:
    states: list[RoomState] = []
    ears: list[Ear] = []

    async def listen(track: Track) -> None:
        ears.append(Ear(track))
        await ears[-1].listen()

    async def state(new: RoomState, _reason: str) -> None:
        states.append(new)

    kind = VideoRoomConnector if plugin == "videoroom" else AudioBridgeConnector
    async with (
        janus_server(tmp_path, unused_tcp_port, videoroom=VIDEOROOM, audiobridge=AUDIOBRIDGE) as janus,
        asyncio.TaskGroup() as group,
    ):
        supervisor = RoomSupervisor("hall", kind(lambda: place(janus)), listen, state, backoff=Backoff(0.2, 0.5))
        group.create_task(supervisor.run())
        for visits in (1, 2, 3):
            async with talker(place(janus, "Ann"), tone(400, 0.5), plugin=plugin):
                await until(lambda n=visits: len(ears) == n and round(ears[-1].pitch / 50) == 8)  # type: ignore[misc]
                janus.kill()
                await until(lambda: ears[-1].ended)
            await janus.start()
        supervisor.stop()
    assert states.count(RoomState.LIVE) >= 3
    assert states[-1] is RoomState.LEFT


@pytest.mark.parametrize("plugin", ["videoroom", "audiobridge"])
async def test_media_that_never_comes_through_is_a_lost_connection_that_says_what_to_look_at(
    plugin: Plugin, tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = VideoRoomConnector if plugin == "videoroom" else AudioBridgeConnector
    async with (
        janus_server(tmp_path, unused_tcp_port, videoroom=VIDEOROOM, audiobridge=AUDIOBRIDGE) as janus,
        talker(place(janus, "Ann"), tone(400, 0.5), plugin=plugin),
    ):
        monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])  # no way for UDP
        async with kind(lambda: place(janus), 1.0).join() as session:
            tracks = session.tracks()
            ear = Ear(await anext(tracks))
            await ear.listen()
            with pytest.raises(ConnectionLost, match="UDP"):
                await anext(tracks)
    assert not ear.origins


async def test_the_first_word_that_somebody_is_gone_ends_their_stream(janus: JanusServer) -> None:
    """Not only the offer that follows: between the two the m-line may carry somebody else already."""
    async with talker(place(janus, "Ann"), tone(400, 0.5)), visiting(janus) as visit:
        await until(lambda: bool(visit.ears) and visit.ears[0].seconds > 0.3)
        assert list(visit.session._media.who) == ["0"]
        who = int(visit.ears[0].track.speaker.id)
        visit.session._hear_of(Event("event", data={"videoroom": "event", "unpublished": who}))
        assert not visit.session._media.who
        await until(lambda: visit.ears[0].ended)


async def test_who_speaks_in_another_codec_is_on_the_record_as_unheard(tmp_path: Path, unused_tcp_port: int) -> None:
    rooms = VIDEOROOM.replace("publishers", 'audiocodec = "opus,pcmu"\n    publishers')
    async with (
        janus_server(tmp_path, unused_tcp_port, videoroom=rooms) as server,
        talker(place(server, "Ann"), tone(400, 0.5)),
        talker(place(server, "Old phone"), tone(800, 0.5), levels=True, codec="pcmu"),
        visiting(server) as visit,
    ):
        await until(lambda: len(visit.ears) == 2 and all(ear.seconds > 1.5 for ear in visit.ears))
        ann, phone = sorted(visit.ears, key=lambda ear: ear.track.speaker.name)
        assert ann.origins[Origin.HEARD] > 50
        assert set(phone.origins) == {Origin.FOREIGN}
        assert phone.contiguous
        async with talker(place(server, "Bob"), tone(600, 0.5)):  # the others are heard as ever
            await until(lambda: len(visit.ears) == 3 and visit.ears[-1].pitch > 0)
    assert all(ear.ended for ear in visit.ears)


async def test_who_shows_only_a_picture_is_on_the_record_as_silent(janus: JanusServer) -> None:
    async with caller(place(janus, "Cam")) as cam, visiting(janus) as visit:
        await cam.ask("join", ptype="publisher", display="Cam", pin="sesame")
        pc = RTCPeerConnection(configuration=configuration())
        pc.addTransceiver(NoVideo(), direction="sendonly")
        await pc.setLocalDescription(await pc.createOffer())
        jsep = {"type": "offer", "sdp": pc.localDescription.sdp}
        answer = await cam.signalling.ask(cam.handle, {"request": "publish"}, jsep)
        await pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        await until(lambda: len(visit.ears) == 1 and visit.ears[0].seconds > 0.9)
        assert visit.ears[0].track.speaker.name == "Cam"
        assert set(visit.ears[0].origins) == {Origin.QUIET}
        await pc.close()
        await until(lambda: visit.ears[0].ended)
