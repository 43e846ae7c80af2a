"""The same room heard with aiortc's own receiver, as its examples do it: a bench's yardstick."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from monitor.config_rooms import AnyRoom, JanusRoom
from monitor.errors import ConnectionLost, Refused
from monitor.model import RATE, RoomState
from monitor.rooms.builtin import private
from monitor.rooms.ice import configuration
from monitor.rooms.janus.protocol import Data, Place, rows
from monitor.rooms.janus.signalling import Signalling
from monitor.rooms.whole import whole

LOOK = 0.5
Note = Callable[[object, bool, bool], None]


class StockEar:
    """One VideoRoom: waits for a publisher, hears the first one, to 16 kHz mono as a recogniser wants it."""

    def __init__(self, room: AnyRoom, states: dict[str, RoomState], note: Note) -> None:
        if not isinstance(room, JanusRoom):
            raise ValueError("only for VideoRooms")
        self._room = room
        self._states = states
        self._note = note
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._visit()
            except (ConnectionLost, Refused):
                await asyncio.sleep(LOOK)

    async def _visit(self) -> None:
        place = Place(self._room.address, self._room.room, "stock")
        async with AsyncExitStack() as undo:
            signalling = Signalling(place)
            undo.push_async_callback(signalling.close)
            await signalling.open()
            handle = await signalling.attach("videoroom")
            self._states[self._room.id] = RoomState.LIVE
            while not (feeds := await self._feeds(signalling, handle)):
                await asyncio.sleep(LOOK)
                if self._stopping.is_set():
                    return
            pc = RTCPeerConnection(configuration=configuration())
            undo.push_async_callback(lambda: whole(private.close(pc)))
            tracks: list[MediaStreamTrack] = []
            pc.on("track", tracks.append)
            body = {"request": "join", "ptype": "subscriber", "streams": [{"feed": feeds[0]["id"]}], **place.door()}
            offer = (await signalling.ask(handle, body)).sdp
            await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await pc.setLocalDescription(await pc.createAnswer())
            jsep = {"type": "answer", "sdp": pc.localDescription.sdp}
            await signalling.ask(handle, {"request": "start"}, jsep)
            async with asyncio.TaskGroup() as group:
                hearing = group.create_task(self._hear(tracks[0]))
                staying = group.create_task(_stay(signalling))
                await self._stopping.wait()
                hearing.cancel()
                staying.cancel()

    async def _feeds(self, signalling: Signalling, handle: int) -> list[Data]:
        listing = await signalling.ask(handle, {"request": "listparticipants", "room": self._room.room})
        return [row for row in rows(listing.data, "participants") if row.get("publisher")]

    async def _hear(self, track: MediaStreamTrack) -> None:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        try:
            while True:
                for frame in resampler.resample(await track.recv()):  # type: ignore[arg-type]
                    self._note(self, False, bool(frame.to_ndarray().any()))
        except MediaStreamError:
            return


async def _stay(signalling: Signalling) -> None:
    while True:
        await asyncio.sleep(20)
        await signalling.keep_alive()
