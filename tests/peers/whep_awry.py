"""A WHEP server on aiortc that misbehaves on demand: each test says how, and reads what it was asked.

It runs in the test's own event loop. Everything not told otherwise is as draft-ietf-wish-whep wants it.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import numpy as np
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack

from monitor.model import FRAME, Samples
from monitor.rooms.builtin import private
from monitor.rooms.builtin.script import Script
from monitor.rooms.ice import connection
from tests.helpers.janus_people import MutableVoice

SDP = "application/sdp"


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: str
    at: float  # event loop time


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(slots=True)
class Session:
    pc: RTCPeerConnection
    track: MediaStreamTrack
    etag: str


class AwryWhep:
    """One stream at `/whep`; any other path that a test sends us to is the same."""

    def __init__(self, clip: Samples) -> None:
        self.port = 0
        self.asked: list[Asked] = []
        self.sessions: dict[str, Session] = {}
        self.replies: deque[Reply | None] = deque()  # to the next POSTs; None: the regular answer
        self.token = ""  # the only good one; empty: any
        self.late = 0.0  # seconds before a POST is answered
        self.cut = False  # the connection breaks in the middle of the answer to a POST
        self.kind = SDP
        self.headers: dict[str, str] = {}  # more of them on the answer to a POST; "" takes one away
        self.mute = False  # sessions send no media
        self.pcmu = False  # sessions answer, and send, PCMU
        self.foreign = False  # Opus is agreed on, and the packets say that they are something else
        self.counter = False  # 406 with an offer of our own
        self.astray = False  # neither end learns an address of the other that works
        self.etags: list[str] = []  # of the sessions, in order
        self.deaf_to: set[str] = set()  # methods that are never answered
        self.patch = 204
        self._clip = clip
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/whep"

    def count(self, method: str) -> int:
        return sum(asked.method == method for asked in self.asked)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop_listening(self) -> None:
        """New connections are refused, and the old ones broken; media goes on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def die(self) -> None:
        """As a killed process: no goodbye to anybody, and no packet more."""
        await self.stop_listening()
        for session in self.sessions.values():
            transports = {line.sender.transport.transport for line in session.pc.getTransceivers()}
            for transport in transports:
                for protocol in transport._connection._protocols:  # type: ignore[attr-defined]
                    protocol.transport.abort()
        await self.end_all()

    async def end_all(self) -> None:
        """End every session in good form."""
        while self.sessions:
            _, session = self.sessions.popitem()
            await self._end(session)

    async def _end(self, session: Session) -> None:
        session.track.stop()
        await private.close(session.pc)

    # HTTP

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while (asked := await _read(reader)) is not None:
                self.asked.append(asked)
                if asked.method in self.deaf_to:
                    await asyncio.Event().wait()
                await self._write(writer, asked, await self._reply(asked))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _write(self, writer: asyncio.StreamWriter, asked: Asked, reply: Reply) -> None:
        body = reply.body.encode()
        lines = [f"HTTP/1.1 {reply.status} Whatever", f"Content-Length: {len(body)}"]
        lines += [f"{name.split('#')[0]}: {value}" for name, value in reply.headers.items() if value]
        data = "\r\n".join([*lines, "", ""]).encode() + body
        broken = self.cut and asked.method == "POST"
        writer.write(data[: len(data) - len(body) // 2] if broken else data)
        await writer.drain()
        if broken:
            writer.transport.close()
            raise ConnectionResetError

    async def _reply(self, asked: Asked) -> Reply:
        if self.token and asked.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401, {"WWW-Authenticate": "Bearer"})
        if asked.method == "POST":
            await asyncio.sleep(self.late)
            given = self.replies.popleft() if self.replies else None
            return given or await self._open(asked)
        session = self.sessions.get(asked.path.removeprefix("/session/"))
        if session is None:
            return Reply(404)
        if asked.method == "DELETE":
            del self.sessions[asked.path.removeprefix("/session/")]
            await self._end(session)
            return Reply(200)
        return await self._patch(asked, session)

    async def _patch(self, asked: Asked, session: Session) -> Reply:
        if asked.headers.get("content-type") == SDP:
            await session.pc.setRemoteDescription(RTCSessionDescription(asked.body, "answer"))
            return Reply(204)
        if self.patch == 204 and asked.headers.get("if-match") != session.etag:
            return Reply(412 if "if-match" in asked.headers else 428)
        return Reply(self.patch)

    # WebRTC

    async def _open(self, asked: Asked) -> Reply:
        number, session = str(uuid4()), self._session()
        self.sessions[number] = session
        pc = session.pc
        pc.addTrack(session.track)
        if self.pcmu:
            codecs = [c for c in RTCRtpSender.getCapabilities("audio").codecs if c.mimeType == "audio/PCMU"]
            pc.getTransceivers()[0].setCodecPreferences(codecs)
            await pc.setLocalDescription(await pc.createOffer())
            sdp = pc.localDescription.sdp.replace("a=setup:actpass", "a=setup:active")
        elif self.counter:
            pc.getTransceivers()[0].direction = "sendonly"
            await pc.setLocalDescription(await pc.createOffer())
            sdp = pc.localDescription.sdp
        else:
            offer = re.sub(r"a=candidate:.*\r\n", "", asked.body) if self.astray else asked.body
            await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await pc.setLocalDescription(await pc.createAnswer())
            sdp = pc.localDescription.sdp
        if self.foreign:
            _relabel(pc)
        if self.astray:
            sdp = re.sub(r"(a=candidate:\S+ 1 udp \d+ )\S+", r"\g<1>192.0.2.99", sdp)
        self.etags.append(session.etag)
        headers = {"Content-Type": self.kind, "Location": f"/session/{number}", "ETag": session.etag, **self.headers}
        return Reply(406 if self.counter else 201, headers, sdp)

    def _session(self) -> Session:
        track: MediaStreamTrack
        if self.pcmu:
            track = AudioStreamTrack()
        else:
            track = MutableVoice("awry", Script((self._clip,), 0.0, True))
            track.muted = self.mute
        return Session(connection(), track, f'"{uuid4()}"')


@asynccontextmanager
async def awry_whep(clip: Samples | None = None) -> AsyncIterator[AwryWhep]:
    """A running server; everything of it is gone at the end."""
    server = AwryWhep(np.zeros(FRAME, np.int16) if clip is None else clip)
    try:
        await server.start()
        yield server
    finally:
        await server.stop_listening()
        await server.end_all()


def _relabel(pc: RTCPeerConnection) -> None:
    """Let every packet carry a payload type that nobody has agreed on."""
    transport = pc.getTransceivers()[0].sender.transport
    send = transport._send_rtp

    async def other(data: bytes) -> None:
        if 192 <= data[1] <= 223:  # RTCP
            await send(data)
        else:
            await send(data[:1] + bytes([data[1] & 0x80 | 8]) + data[2:])

    transport._send_rtp = other  # type: ignore[method-assign]


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    """One request; None at the end of the connection."""
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *rest = head.decode().rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body.decode(), asyncio.get_running_loop().time())
