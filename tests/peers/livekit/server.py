"""A stand-in for a LiveKit server: enough of its protocol that LiveKit's own clients join, talk and listen.

Written from LiveKit's published protocol (the protobufs of `livekit-protocol`) and the behaviour of its clients. It is
no LiveKit server: one process, no simulcast, no video, no data, no region, no cluster. What a test makes it do
(kick, move, mute, lose packets, drop the signalling, die) is done on it directly.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from livekit.protocol import models, rtc
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from monitor.rooms.builtin.forward import Media
from monitor.rooms.builtin.speak import Voice
from tests.peers.livekit.people import Client, Member, Puppet, new_id

KEY, SECRET = "devkey", "a secret of thirty-two characters or more"
PROTOCOL = 16


class Denied(Exception):
    """An HTTP status and what it is about."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Room:
    """One room: who is there, and who hears whom."""

    def __init__(self, name: str) -> None:
        self.info = models.Room(sid=new_id("RM"), name=name, creation_time=int(time.time()))
        self.members: dict[str, Member] = {}  # by sid

    @property
    def clients(self) -> list[Client]:
        return [member for member in self.members.values() if isinstance(member, Client)]

    def seen(self) -> list[Member]:
        """Whom participants see."""
        return [member for member in self.members.values() if not member.hidden]

    def enter(self, member: Member) -> None:
        self.members[member.sid] = member
        self.changed(member)

    def leave(self, member: Member, why: int = models.DisconnectReason.CLIENT_INITIATED) -> None:
        if self.members.pop(member.sid, None) is None:
            return
        tracks = [track.sid for track in member.info.tracks]
        member.drop_tracks()
        member.info.state = models.ParticipantInfo.DISCONNECTED
        member.info.disconnect_reason = why  # type: ignore[assignment]
        self.changed(member)
        for track in tracks:
            self.silence(track)

    def changed(self, member: Member) -> None:
        """Tell everybody of a member's new state, and let them hear the member's tracks."""
        if member.hidden:
            return
        member.info.version += 1
        info = models.ParticipantInfo()
        info.CopyFrom(member.info)
        for other in self.clients:
            if other is not member:
                other.tell(update=rtc.ParticipantUpdate(participants=[info]))
                for track in info.tracks:
                    if other.takes_all:
                        other.listening.add(track.sid, member.sid)

    def subscribe(self, client: Client, wish: rtc.UpdateSubscription) -> None:
        """What a client wants to hear, or not any more."""
        wanted = {*wish.track_sids, *(track for each in wish.participant_tracks for track in each.track_sids)}
        for member in self.seen():
            for track in wanted & {info.sid for info in member.info.tracks}:
                if wish.subscribe:
                    client.listening.add(track, member.sid)
                else:
                    client.listening.remove(track)

    def silence(self, track: str) -> None:
        """A track is gone."""
        for client in self.clients:
            client.listening.remove(track)

    def hear(self, member: Member, track: str, media: Media) -> None:
        """Send a packet of a member on to all others."""
        if not track:
            return
        if member.meter.hear(media.level, len(media.payload), time.monotonic()):
            self.tell_talking(member)
        for client in self.clients:
            if client is not member:
                client.listening.forward(track, media)

    def tell_talking(self, member: Member) -> None:
        talking = models.SpeakerInfo(sid=member.sid, level=0.8 * member.meter.talking, active=member.meter.talking)
        for client in self.clients:
            client.tell(speakers_changed=rtc.SpeakersChanged(speakers=[talking]))

    def mute(self, member: Member, track: str, muted: bool) -> None:
        info = member.track(track)
        if info is not None and info.muted != muted:
            info.muted = muted
            for client in self.clients:
                client.listening.skip(track)
            self.changed(member)

    def joined(self, client: Client) -> rtc.JoinResponse:
        others = [member.info for member in self.seen() if member is not client]
        return rtc.JoinResponse(
            room=self.info,
            participant=client.info,
            other_participants=others,
            subscriber_primary=True,
            ping_interval=5,
            ping_timeout=15,
            server_version="1.9.0",
            server_info=models.ServerInfo(edition=models.ServerInfo.Standard, version="1.9.0", protocol=PROTOCOL),
        )


class LiveKitServer:
    """Rooms on one port. `rooms` are made by the first who joins unless `auto_create` is off."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.port = port
        self.host = host
        self.rooms: dict[str, Room] = {}
        self.auto_create = True
        self.requests: list[str] = []  # paths asked for, without the tokens
        self.resumed: list[Mapping[str, Any]] = []  # claims of those who came back over a new socket
        self.answer: Callable[[Request], Response | None] = lambda request: None
        self._server: Server | None = None

    @property
    def url(self) -> str:
        return f"ws://{self.host}:{self.port}"

    def room(self, name: str = "demo") -> Room:
        return self.rooms.setdefault(name, Room(name))

    async def start(self) -> None:
        self._server = await serve(
            self._serve, self.host, self.port, process_request=self._check, compression=None, close_timeout=0.5
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        """As if the process were killed: sockets break, media stops, nobody says goodbye; the rooms are forgotten."""
        assert self._server is not None
        rooms, self.rooms = self.rooms, {}
        for room in rooms.values():
            for client in room.clients:
                await client.listening.die()
        self._server.close(close_connections=False)
        for socket in list(self._server.connections):
            socket.transport.abort()
        for room in rooms.values():
            for client in room.clients:
                client.left.set()
        await self._server.wait_closed()

    async def stop(self) -> None:
        for room in self.rooms.values():
            for client in room.clients:
                client.left.set()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def drop_signalling(self, client: Client) -> None:
        """Break one client's websocket; media goes on."""
        client.socket.transport.abort()

    def renew(self, client: Client, token: str) -> None:
        """Give a client a new token, for coming back with."""
        client.tell(refresh_token=token)

    def kick(self, client: Client, why: int = models.DisconnectReason.PARTICIPANT_REMOVED) -> None:
        client.tell(leave=rtc.LeaveRequest(reason=why, action=rtc.LeaveRequest.DISCONNECT))  # type: ignore[arg-type]
        client.left.set()

    def move_to_another_node(self, client: Client) -> None:
        """Ask a client to come back by itself, as a server does that is drained."""
        client.tell(
            leave=rtc.LeaveRequest(
                reason=models.DisconnectReason.MIGRATION, action=rtc.LeaveRequest.RECONNECT, can_reconnect=True
            )
        )

    def move_to_room(self, client: Client, room: str) -> None:
        """What LiveKit's MoveParticipant does."""
        other = self.room(room)
        client.tell(
            room_moved=rtc.RoomMovedResponse(
                room=other.info, token="", participant=client.info, other_participants=[m.info for m in other.seen()]
            )
        )

    async def _check(self, socket: ServerConnection, request: Request) -> Response | None:
        parts = urlsplit(request.path)
        self.requests.append(parts.path)
        if (answer := self.answer(request)) is not None:
            return answer
        if parts.path not in ("/rtc", "/rtc/validate"):
            return _cross_origin(socket.respond(HTTPStatus.NOT_FOUND, "404 page not found\n"))
        try:
            self._grants(request)
        except Denied as denied:
            return _cross_origin(socket.respond(denied.status, str(denied)))
        if parts.path == "/rtc/validate":
            return _cross_origin(socket.respond(HTTPStatus.OK, "success"))
        return None

    def _grants(self, request: Request) -> dict[str, Any]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = token or parse_qs(urlsplit(request.path).query).get("access_token", [""])[0]
        try:
            grants: dict[str, Any] = jwt.decode(token, SECRET, ["HS256"], issuer=KEY, options={"require": ["exp"]})
        except jwt.PyJWTError as error:
            raise Denied(HTTPStatus.UNAUTHORIZED, f"invalid token: {error}") from error
        video = grants.get("video", {})
        if not video.get("roomJoin") or not video.get("room"):
            raise Denied(HTTPStatus.UNAUTHORIZED, "permissions denied")
        if not self.auto_create and video["room"] not in self.rooms:
            raise Denied(HTTPStatus.NOT_FOUND, "requested room does not exist")
        return grants

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        grants = self._grants(socket.request)
        query = parse_qs(urlsplit(socket.request.path).query)
        room = self.room(grants["video"]["room"])
        if query.get("reconnect") == ["1"]:
            self.resumed.append(grants)
            await self._resume(socket, room, query["sid"][0])
            return
        for other in room.clients:
            if other.info.identity == grants["sub"]:
                self.kick(other, models.DisconnectReason.DUPLICATE_IDENTITY)
                room.leave(other, models.DisconnectReason.DUPLICATE_IDENTITY)
        await self._attend(socket, room, grants, query.get("auto_subscribe") != ["0"])

    async def _attend(self, socket: ServerConnection, room: Room, grants: Mapping[str, Any], takes_all: bool) -> None:
        client = Client(socket, grants, room.hear, takes_all=takes_all)
        client.tell(join=room.joined(client))
        for member in room.seen() if takes_all else ():
            for track in member.info.tracks:
                client.listening.add(track.sid, member.sid)
        room.enter(client)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(client.send()),
                    group.create_task(client.listening.pump()),
                    group.create_task(client.listening.negotiate()),
                    group.create_task(self._follow(client, room, socket)),
                ]
                await client.left.wait()
                room.leave(client)
                await asyncio.sleep(0)  # the goodbye goes out
                for task in tasks:
                    task.cancel()
        finally:
            room.leave(client)
            await client.close()

    async def _resume(self, socket: ServerConnection, room: Room, sid: str) -> None:
        client = next((client for client in room.clients if client.sid == sid), None)
        if client is None:
            leave = rtc.LeaveRequest(
                reason=models.DisconnectReason.STATE_MISMATCH, action=rtc.LeaveRequest.RECONNECT, can_reconnect=True
            )
            await socket.send(rtc.SignalResponse(leave=leave).SerializeToString())
            return
        client.socket = socket
        client.tell(reconnect=rtc.ReconnectResponse())
        client.tell(update=rtc.ParticipantUpdate(participants=[member.info for member in room.seen()]))
        client.listening.again()
        await self._follow(client, room, socket)

    async def _follow(self, client: Client, room: Room, socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for message in socket:
                assert isinstance(message, bytes)
                await self._take(client, room, rtc.SignalRequest.FromString(message))
        if client.socket is socket and socket.close_code == 1000:
            client.left.set()
        # A socket that broke: the client may come back and go on.

    async def _take(self, client: Client, room: Room, request: rtc.SignalRequest) -> None:
        match request.WhichOneof("message"):
            case "answer":
                client.listening.answered(request.answer.sdp)
            case "offer":
                sdp = await client.publishing.answer(request.offer.sdp)
                client.tell(answer=rtc.SessionDescription(type="answer", sdp=sdp, id=request.offer.id))
            case "trickle":
                ours = request.trickle.target == rtc.SignalTarget.SUBSCRIBER
                await (client.listening if ours else client.publishing).trickle(request.trickle.candidateInit)
            case "add_track":
                track = client.new_track(request.add_track.name, request.add_track.muted, request.add_track.source)
                client.cids[request.add_track.cid] = track
                client.tell(
                    track_published=rtc.TrackPublishedResponse(cid=request.add_track.cid, track=client.track(track))
                )
                room.changed(client)
            case "subscription":
                room.subscribe(client, request.subscription)
            case "mute":
                room.mute(client, request.mute.sid, request.mute.muted)
            case "ping":
                client.tell(pong=int(time.time() * 1000))
            case "ping_req":
                client.tell(
                    pong_resp=rtc.Pong(
                        last_ping_timestamp=request.ping_req.timestamp, timestamp=int(time.time() * 1000)
                    )
                )
            case "leave":
                client.left.set()


def _cross_origin(response: Response) -> Response:
    """Browsers ask from a page of another origin."""
    return Response(
        response.status_code,
        response.reason_phrase,
        Headers([*response.headers.raw_items(), ("Access-Control-Allow-Origin", "*")]),
        response.body,
    )


@asynccontextmanager
async def livekit_server(port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[LiveKitServer]:
    """A server until the block ends."""
    server = LiveKitServer(port, host)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def puppet(
    server: LiveKitServer, name: str, voice: Voice | None = None, *, room: str = "demo", **more: Any
) -> AsyncIterator[Puppet]:
    """Somebody in a room, who says the voice, until the block ends."""
    who = Puppet(f"{name.lower()}-{new_id('id')}", name, voice, **more)
    place = server.room(room)
    track = who.new_track("microphone") if voice is not None else ""
    place.enter(who)
    async with asyncio.TaskGroup() as group:
        talking = group.create_task(who.talk(track, place.hear)) if voice else None
        try:
            yield who
        finally:
            if talking is not None:
                talking.cancel()
            if voice is not None:
                voice.stop()
            place.leave(who)


def metadata(**values: Any) -> str:
    return json.dumps(values)
