"""A LiveKit room through LiveKit's own SDK, on the stand-in server: what the contract suite asks of no other kind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from livekit.protocol import models

from monitor.errors import ConnectionLost, Refused, Step
from monitor.model import Origin, RoomState
from monitor.review.actions import RoomAct
from monitor.rooms.backoff import Backoff
from monitor.rooms.connector import Moderates, Session, Track
from monitor.rooms.livekit.connector import LiveKitConnector
from monitor.rooms.livekit.protocol import NOTICE, Place, claims_of
from monitor.rooms.supervisor import RoomSupervisor
from tests.helpers.livekit_stage import connector, place, voice, warm
from tests.helpers.people import Ear
from tests.helpers.room_server import until
from tests.peers.livekit.front import front
from tests.peers.livekit.server import LiveKitServer, livekit_server, puppet


@pytest.fixture
async def livekit() -> AsyncIterator[LiveKitServer]:
    async with livekit_server() as server:
        yield server


@asynccontextmanager
async def following(session: Session) -> AsyncIterator[list[Ear]]:
    """Listen to all tracks; the visit may end badly, which `tracks()` would tell the one who asks it again."""
    ears: list[Ear] = []

    async def follow(group: asyncio.TaskGroup) -> None:
        try:
            async for track in session.tracks():
                ears.append(Ear(track))
                tasks.append(group.create_task(ears[-1].listen()))
        except (ConnectionLost, Refused):
            return

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(follow(group))]
        yield ears
        for task in tasks:
            task.cancel()


async def ending(session: Session) -> ConnectionLost | Refused:
    """Wait for the visit to end badly."""
    try:
        async with asyncio.timeout(15):
            async for track in session.tracks():
                async for _ in track.frames():
                    pass
    except (ConnectionLost, Refused) as error:
        return error
    raise AssertionError("the visit has ended well")


async def test_the_monitor_is_a_listener_with_a_name_and_a_notice(livekit: LiveKitServer) -> None:
    async with connector(livekit, notice="We listen").join():
        (seen,) = livekit.room().seen()
        assert (seen.info.identity, seen.info.name) == ("room-monitor", "Room Monitor")
        assert seen.info.attributes[NOTICE] == "We listen"
        assert not seen.info.permission.can_publish


async def test_it_is_hidden_only_when_told_to_be(livekit: LiveKitServer) -> None:
    async with connector(livekit, hidden=True).join():
        assert livekit.room().seen() == []
        assert len(livekit.room().members) == 1


def _ready(livekit: LiveKitServer, **changes: Any) -> str:
    return jwt.encode(claims_of(place(livekit).with_token().token) | changes, place(livekit).secret, "HS256")


async def test_a_ready_token_is_read_at_each_join(livekit: LiveKitServer) -> None:
    tokens = [_ready(livekit, sub="first"), _ready(livekit, sub="second")]
    entrance = LiveKitConnector(lambda: replace(place(livekit), key="", secret="", token=tokens.pop(0)))
    for identity in ("first", "second"):
        async with entrance.join():
            assert [who.info.identity for who in livekit.room().seen()] == [identity]


async def test_an_expired_token_is_not_even_tried(livekit: LiveKitServer) -> None:
    with pytest.raises(Refused, match="expired") as error:
        async with connector(livekit, token=_ready(livekit, exp=1)).join():
            pass
    assert error.value.step is Step.PERMISSION
    assert livekit.requests == []


async def test_metadata_and_names_are_as_they_are_now(livekit: LiveKitServer) -> None:
    async with connector(livekit).join() as session, puppet(livekit, "Ann", metadata='{"role":"host"}') as ann:
        await until(lambda: [who.name for who in session.roster()] == ["Ann"])
        ann.info.name = "Ann (host)"
        livekit.room().changed(ann)
        await until(lambda: [who.name for who in session.roster()] == ["Ann (host)"])


async def test_who_is_muted_from_the_start_is_silent_until_they_speak(livekit: LiveKitServer) -> None:
    async with connector(livekit).join() as session, following(session) as ears, puppet(livekit, "Ann") as ann:
        track = ann.new_track(muted=True)
        livekit.room().changed(ann)
        async with asyncio.TaskGroup() as group:
            talking = group.create_task(_talk(livekit, ann, track))
            await until(lambda: bool(ears) and ears[0].seconds > 0.5)
            assert set(ears[0].origins) == {Origin.QUIET}
            livekit.room().mute(ann, track, False)
            await until(lambda: ears[0].origins[Origin.HEARD] > 20)
            assert ears[0].origins[Origin.LOST] == 0
            talking.cancel()


async def _talk(livekit: LiveKitServer, who: Any, track: str) -> None:
    who.voice = voice(who.info.name, 400)
    await who.talk(track, livekit.room().hear)


async def test_no_picture_is_asked_for(livekit: LiveKitServer) -> None:
    async with connector(livekit).join() as session, puppet(livekit, "Ann", voice("Ann", 400)) as ann:
        camera = models.TrackInfo(sid="TR_camera", type=models.TrackType.VIDEO, source=models.TrackSource.CAMERA)
        ann.info.tracks.append(camera)
        livekit.room().changed(ann)
        ear = Ear(await anext(session.tracks()))
        assert ear.track.speaker.name == "Ann"
        await asyncio.sleep(0.3)
        (client,) = livekit.room().clients
        assert client.listening.wanted == {ann.info.tracks[0].sid}


async def test_lost_packets_are_on_the_record_in_their_number(livekit: LiveKitServer) -> None:
    """Two of ten at a time: more than the redundancy in Opus can bring back."""
    async with (
        connector(livekit).join() as session,
        puppet(livekit, "Ann", voice("Ann", 400)),
        following(session) as ears,
    ):
        await until(lambda: bool(ears) and ears[0].seconds > 0.5)
        (client,) = livekit.room().clients
        sent = lost = 0

        def pairs() -> bool:
            nonlocal sent, lost
            sent += 1
            lost += sent % 10 < 2
            return sent % 10 < 2

        client.listening.lost = pairs
        await until(lambda: ears[0].seconds > 4.5, 30)
        client.listening.lost = lambda: False
        await asyncio.sleep(0.6)
        assert lost > 20
        # Of each pair the second may be brought back by the packet after it.
        assert 0.35 * lost <= ears[0].origins[Origin.LOST] <= 1.1 * lost
        assert ears[0].contiguous


async def test_a_cut_line_is_lost_as_long_as_it_was_cut(livekit: LiveKitServer) -> None:
    async with (
        connector(livekit).join() as session,
        puppet(livekit, "Ann", voice("Ann", 400)),
        following(session) as ears,
    ):
        await until(lambda: bool(ears) and ears[0].seconds > 0.5)
        (client,) = livekit.room().clients
        gone = 0

        def cut() -> bool:
            nonlocal gone
            gone += 1
            return gone <= 35

        client.listening.lost = cut
        await until(lambda: gone > 35)
        before = ears[0].origins[Origin.HEARD]
        await until(lambda: ears[0].origins[Origin.HEARD] > before + 25)
        assert ears[0].origins[Origin.LOST] == pytest.approx(35, abs=5)
        assert ears[0].contiguous


async def test_a_server_that_sends_no_media_of_who_talks_is_noticed(livekit: LiveKitServer) -> None:
    async with (
        LiveKitConnector(lambda: place(livekit), patience=1.0).join() as session,
        puppet(livekit, "Ann", voice("Ann", 400)),
    ):
        (client,) = livekit.room().clients
        client.listening.numb = True
        ear = Ear(await anext(session.tracks()))
        await ear.listen()
        assert ear.origins[Origin.HEARD] == 0, "what the decoder makes of nothing is not heard"
        assert ear.origins[Origin.LOST] > 30
        assert "no audio came" in str(await ending(session))


async def test_broken_signalling_is_mended_and_nothing_is_missed(livekit: LiveKitServer) -> None:
    async with (
        connector(livekit).join() as session,
        puppet(livekit, "Ann", voice("Ann", 400)),
        following(session) as ears,
    ):
        await until(lambda: bool(ears) and ears[0].seconds > 0.3)
        (client,) = livekit.room().clients
        livekit.renew(client, _ready(livekit, jti="renewed"))
        await asyncio.sleep(0.1)
        livekit.drop_signalling(client)
        await until(lambda: len(livekit.resumed) == 1)
        assert livekit.resumed[0]["jti"] == "renewed", "the server's new token is used"
        async with puppet(livekit, "Bob", voice("Bob", 1000)):
            await until(lambda: len(ears) == 2 and ears[1].seconds > 0.5)
        await until(lambda: ears[1].ended)
        assert not ears[0].ended
        assert ears[0].origins[Origin.LOST] == 0
        assert {who.name for who in session.roster()} == {"Ann"}
        assert [client] == livekit.room().clients


async def test_a_move_to_another_node_is_a_new_track_of_the_same_visit(livekit: LiveKitServer) -> None:
    async with (
        connector(livekit).join() as session,
        puppet(livekit, "Ann", voice("Ann", 400)),
        following(session) as ears,
    ):
        await until(lambda: bool(ears) and ears[0].seconds > 0.3)
        livekit.move_to_another_node(livekit.room().clients[0])
        await until(lambda: len(ears) == 2 and ears[1].seconds > 0.5, 15)
        assert ears[0].ended
        assert [ear.track.speaker.name for ear in ears] == ["Ann", "Ann"]
        assert round(ears[1].pitch / 50) * 50 == 400


async def test_who_is_moved_to_another_room_comes_back(livekit: LiveKitServer) -> None:
    async with connector(livekit).join() as session:
        livekit.move_to_room(livekit.room().clients[0], "another")
        error = await ending(session)
    assert isinstance(error, ConnectionLost)
    assert "another room" in str(error)


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        (models.DisconnectReason.PARTICIPANT_REMOVED, Refused),
        (models.DisconnectReason.DUPLICATE_IDENTITY, Refused),
        (models.DisconnectReason.ROOM_DELETED, ConnectionLost),
        (models.DisconnectReason.SERVER_SHUTDOWN, ConnectionLost),
    ],
)
async def test_why_a_visit_ends_says_whether_to_come_back(livekit: LiveKitServer, why: int, kind: type) -> None:
    async with connector(livekit).join() as session:
        livekit.kick(livekit.room().clients[0], why)
        assert type(await ending(session)) is kind
    assert livekit.room().seen() == []


async def test_a_second_monitor_with_the_same_identity_throws_out_the_first(livekit: LiveKitServer) -> None:
    async with connector(livekit).join() as first, connector(livekit).join() as second, puppet(livekit, "Ann"):
        assert "identity" in str(await ending(first))
        await until(lambda: [who.name for who in second.roster()] == ["Ann"])


async def test_the_room_is_heard_again_when_its_server_is_back(livekit: LiveKitServer) -> None:
    heard: list[Ear] = []

    async def listen(track: Track) -> None:
        heard.append(Ear(track))
        await heard[-1].listen()

    async def state(_state: RoomState, _reason: str) -> None:
        return None

    supervisor = RoomSupervisor("hall", connector(livekit), listen, state, backoff=Backoff(0.2, 0.5))
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        for visits in (1, 2):
            async with puppet(livekit, "Ann", voice("Ann", 400)):
                await until(lambda n=visits: len(heard) == n and heard[-1].seconds > 0.3, 20)  # type: ignore[misc]
                await livekit.die()
            await until(lambda: supervisor.state is RoomState.WAITING)
            assert heard[-1].ended
            await asyncio.sleep(1.0)
            await livekit.start()
        await until(lambda: supervisor.state is RoomState.LIVE, 20)
        supervisor.stop()


async def test_a_server_that_is_something_else_is_told_apart(livekit: LiveKitServer) -> None:
    with pytest.raises(ConnectionLost, match="no LiveKit server") as error:
        async with connector(livekit, address=livekit.url + "/elsewhere").join():
            pass
    assert error.value.step is Step.SIGNALLING


async def test_an_encrypted_room_is_refused_rather_than_heard_as_noise(livekit: LiveKitServer) -> None:
    async with connector(livekit).join() as session, puppet(livekit, "Ann") as ann:
        ann.new_track()
        ann.info.tracks[0].encryption = models.Encryption.GCM
        livekit.room().changed(ann)
        error = await ending(session)
    assert isinstance(error, Refused)
    assert "encrypted" in str(error)


async def test_a_join_that_hangs_in_the_sdk_can_be_cancelled_and_is_left_when_it_ends() -> None:
    """The door opens, and the signalling behind it never answers."""
    hanging = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"validate" in (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0]:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        else:
            hanging.set()
            await reader.read()  # until the client goes
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, asyncio.TaskGroup() as group:
        here = Place(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", "demo", key="key", secret="s" * 32)
        entrance = LiveKitConnector(lambda: here)
        joining = group.create_task(_stay(entrance))
        async with asyncio.timeout(10):
            await hanging.wait()
            joining.cancel()
            await asyncio.wait([joining])
        assert joining.cancelled()
        assert entrance.leaving, "the SDK goes on"
        server.close()  # its next tries are refused at once
        await until(lambda: not entrance.leaving, 20)


async def _stay(entrance: LiveKitConnector) -> None:
    async with entrance.join():
        await asyncio.Event().wait()


async def test_visits_leave_no_thread_and_no_file_behind(livekit: LiveKitServer) -> None:
    """Native ones as well: what the SDK keeps for the process is up after the first visit, and stays as it is."""
    await warm()

    def left() -> tuple[int, int]:
        gc.collect()
        return len(os.listdir("/proc/self/task")), len(list(Path("/proc/self/fd").iterdir()))

    await asyncio.sleep(0.2)
    threads, files = left()
    for _ in range(3):
        async with puppet(livekit, "Ann", voice("Ann", 400)), connector(livekit).join() as session:
            ear = Ear(await anext(session.tracks()))
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(ear.listen())
                await until(lambda heard=ear: heard.seconds > 0.2)  # type: ignore[misc]
                listening.cancel()
    await until(lambda: left()[0] <= threads and left()[1] <= files)


async def test_people_are_told_in_the_chat_and_as_data_also_those_who_come_later(livekit: LiveKitServer) -> None:
    async with front(livekit) as door, puppet(livekit, "Ann"), connector(livekit, address=door.url).join() as session:
        assert await session.announce("We listen") == "as a message in the chat, and as data for apps"
        (chat, words, to), data = door.sent
        assert (chat, json.loads(words)["message"], to) == ("lk-chat-topic", "We listen", [])
        assert data == ("room-monitor.notice", "We listen", [])
        async with puppet(livekit, "Bo"):
            await until(lambda: len(session.roster()) == 2)
            bo = next(one for one in session.roster() if one.name == "Bo")
            await session.announce("We listen", (bo,))
            identity = next(m.info.identity for m in livekit.room().seen() if m.info.name == "Bo")
            assert [to for _, _, to in door.sent[2:]] == [[identity], [identity]]
        door.broken = True
        assert "attribute" in await session.announce("We listen"), "the visit goes on without it"


async def test_without_an_api_key_the_attribute_is_all_there_is(livekit: LiveKitServer) -> None:
    token = place(livekit).with_token().token
    async with front(livekit) as door:
        async with connector(livekit, address=door.url, key="", secret="", token=token).join() as session:
            assert "attribute" in await session.announce("We listen")
        assert door.sent == []


async def test_staff_mute_and_remove_people_through_the_servers_api(livekit: LiveKitServer) -> None:
    async with (
        front(livekit) as door,
        puppet(livekit, "Ann", voice("Ann", 400)),
        connector(livekit, address=door.url).join() as session,
        following(session) as ears,
    ):
        assert isinstance(session, Moderates)
        assert session.acts == frozenset(RoomAct)
        await until(lambda: bool(ears))
        (ann,) = session.roster()
        identity = next(m.info.identity for m in livekit.room().seen() if m.info.name == "Ann")
        await session.act(RoomAct.MUTE, ann.id)
        await session.act(RoomAct.REMOVE, ann.id)
        (muted, body), removed = door.asked
        assert (muted, body["identity"], body["muted"]) == ("MutePublishedTrack", identity, True)
        assert body["trackSid"].startswith("TR_")
        assert removed == ("RemoveParticipant", {"room": body["room"], "identity": identity})
        with pytest.raises(Refused, match="no longer"):
            await session.act(RoomAct.MUTE, "PA_nobody")
        door.broken = True
        with pytest.raises(Refused, match="HTTP 500"):
            await session.act(RoomAct.REMOVE, ann.id)


async def test_who_has_only_a_token_can_do_nothing_to_people(livekit: LiveKitServer) -> None:
    token = place(livekit).with_token().token
    async with connector(livekit, key="", secret="", token=token).join() as session:
        assert isinstance(session, Moderates)
        assert session.acts == frozenset()
