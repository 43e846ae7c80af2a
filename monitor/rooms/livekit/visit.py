"""One visit to a LiveKit room: what the SDK tells → tracks, roster, and an end with its reason."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import structlog

from monitor.errors import ConnectionLost, Refused, Step
from monitor.mailbox import Mailbox
from monitor.model import RATE, Speaker
from monitor.review.actions import RoomAct
from monitor.rooms import progress
from monitor.rooms.connector import Track
from monitor.rooms.livekit import door, sdk, service
from monitor.rooms.livekit.ends import why_it_ended
from monitor.rooms.livekit.protocol import Place
from monitor.rooms.livekit.stream import LiveKitStream, samples_of
from monitor.rooms.watchdog import Watchdog

if TYPE_CHECKING:
    from livekit import rtc

TRACKS = 64
"""Tracks that may wait to be taken; then the visit ends: whoever takes them is stuck."""
LOOK = 0.1
"""Seconds between readings of the SDK's counters: how long audio waits until it is known what it is worth."""
RESUME_SECONDS = 4.0
"""Seconds that the SDK has to mend a broken connection by itself (a server that moves us needs one or two). Then we
join anew: its own tries become rarer and rarer."""
MISSED = 1.0
"""Seconds without audio of somebody who is said to talk that are lost when the visit ends. The sign that somebody
talks comes late: less than this proves nothing."""

log = structlog.get_logger()


class Visit:
    """See `Session`. `join` first; then `hear` and `tend` run until the visit ends; `close` at last."""

    def __init__(self, place: Place, leavings: sdk.Leavings, patience: float) -> None:
        self._place = place
        self._leavings = leavings
        self._patience = patience
        self._rtc = sdk.load()
        self._room: rtc.Room = self._rtc.Room()
        self._tracks: Mailbox[Track] = Mailbox(TRACKS)
        self._new: Mailbox[tuple[LiveKitStream, rtc.AudioStream]] = Mailbox(TRACKS)
        self._streams: dict[str, LiveKitStream] = {}  # by the track's id
        self._dogs: dict[str, Watchdog] = {}  # by the track's id
        self._heard: dict[str, rtc.Track] = {}  # by the track's id
        self._talking: frozenset[str] = frozenset()  # identities
        self._broken_at: float | None = None  # event loop's time since which the SDK tries to mend the connection
        self._error: ConnectionLost | Refused | None = None

    # Session

    async def tracks(self) -> AsyncIterator[Track]:
        async for track in self._tracks:
            yield track
        if self._error is not None:
            raise self._error

    def roster(self) -> tuple[Speaker, ...]:
        return tuple(_speaker(who) for who in self._room.remote_participants.values())

    async def announce(self, notice: str, to: tuple[Speaker, ...] = ()) -> str:
        """No way that every app shows: a message in the chat, and data for apps that have a place for it."""
        ids = {speaker.id for speaker in to}
        there = [who.identity for who in self._room.remote_participants.values() if who.sid in ids]
        if (there or not to) and await service.tell(self._place, notice, there):
            return "as a message in the chat, and as data for apps"
        return "as an attribute of the monitor, which apps can show"

    @property
    def acts(self) -> frozenset[RoomAct]:
        """See `Moderates`: the server's API takes a key."""
        return frozenset(RoomAct) if self._place.key and self._place.secret else frozenset()

    async def act(self, act: RoomAct, speaker: str) -> None:
        """See `Moderates`."""
        who = next((one for one in self._room.remote_participants.values() if one.sid == speaker), None)
        if who is None:
            raise Refused("they are no longer in the room")
        match act:
            case RoomAct.MUTE:
                kind = self._rtc.TrackKind.KIND_AUDIO
                tracks = [sid for sid, each in who.track_publications.items() if each.kind == kind]
                await service.mute(self._place, who.identity, tracks)
            case RoomAct.REMOVE:
                await service.remove(self._place, who.identity)

    def talking(self) -> Mapping[str, bool]:
        """See `progress.SaysWhoTalks`."""
        return {self._streams[track].speaker.name: bool(dog.expecting) for track, dog in self._dogs.items()}

    # the visit

    async def join(self) -> None:
        """Raises Refused, ConnectionLost."""
        await self._leavings.settled()
        await door.knock(self._place)
        self._listen_to_the_sdk()
        progress.began(Step.PATH)
        await sdk.enter(self._room, self._place, self._leavings)
        progress.reached(Step.PATH, await sdk.path(self._room))
        progress.reached(Step.ENCRYPTION)
        self._ask_for_all()

    async def hear(self) -> None:
        """Take the audio of every track, each in a task of its own, until the visit ends."""
        async with asyncio.TaskGroup() as group:
            async for stream, audio in self._new:
                group.create_task(_follow(stream, audio))

    async def tend(self) -> None:
        """Read the SDK's counters, and notice when nothing comes."""
        while not self._tracks.closed:
            await asyncio.sleep(LOOK)
            for track, heard in tuple(self._heard.items()):
                counts = await sdk.counts(heard)
                if stream := self._streams.get(track):
                    stream.look(counts, talking=bool(self._dogs[track].expecting))
            self._watch()
            if self._broken_at is not None:
                await self._see_whether_it_mends(self._broken_at)

    async def close(self) -> None:
        self._finish(None)
        await sdk.leave(self._room)

    def _watch(self) -> None:
        now = time.time()
        for track, dog in self._dogs.items():
            if (at := self._streams[track].last_packet_at) is not None:
                dog.packet(at)
            if dog.deaf(now):
                self._finish(ConnectionLost(f"somebody talks, and no audio came for {self._patience:g} s"))
                return

    async def _see_whether_it_mends(self, since: float) -> None:
        """Leave the SDK to it for a while, as long as there is a server: one that is gone forgets us."""
        if asyncio.get_running_loop().time() - since > RESUME_SECONDS:
            self._finish(ConnectionLost(f"the connection to LiveKit broke, and wasn't mended in {RESUME_SECONDS:g} s"))
            return
        try:
            await door.knock(self._place)
        except ConnectionLost as error:
            if self._broken_at is not None and error.step is Step.SIGNALLING:
                self._finish(ConnectionLost(f"LiveKit is gone: {error}"))
        except Refused:
            return  # there is somebody; whether the SDK may come back, it will be told itself

    def _finish(self, error: ConnectionLost | Refused | None) -> None:
        if self._tracks.closed:
            return
        self._error = error
        now = time.time()
        for track in list(self._streams):
            if (seconds := self._dogs[track].waiting(now)) > min(self._patience, MISSED):
                self._streams[track].missed(seconds)
            self._end(track)
        self._tracks.close()
        self._new.close()

    # what the SDK tells: plain functions, called in the event loop; what they raise it only logs

    def _listen_to_the_sdk(self) -> None:
        room = self._room
        room.on("track_published", self._published)
        room.on("track_subscribed", self._subscribed)
        room.on("track_unsubscribed", lambda track, _publication, _who: self._end(track.sid))
        room.on("track_unpublished", lambda publication, _who: self._end(publication.sid))
        room.on("track_subscription_failed", self._not_subscribed)
        room.on("track_muted", lambda _who, publication: self._mute(publication.sid, True))
        room.on("track_unmuted", lambda _who, publication: self._mute(publication.sid, False))
        room.on("active_speakers_changed", self._speak)
        room.on("reconnecting", self._broke)
        room.on("reconnected", self._mended)
        room.on("moved", self._moved)
        room.on("disconnected", lambda reason: self._finish(why_it_ended(reason, bool(self._leavings))))

    def _ask_for_all(self) -> None:
        for who in self._room.remote_participants.values():
            for publication in who.track_publications.values():
                self._published(publication)

    def _published(self, publication: rtc.RemoteTrackPublication) -> None:
        if publication.kind == self._rtc.TrackKind.KIND_AUDIO:
            publication.set_subscribed(True)

    def _subscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant
    ) -> None:
        if track.kind != self._rtc.TrackKind.KIND_AUDIO or self._tracks.closed:
            return
        self._end(track.sid)
        if publication.encryption_type != self._rtc.EncryptionType.NONE:
            self._finish(Refused("the room is end-to-end encrypted: the monitor hears nothing", step=Step.MEDIA))
            return
        stream = LiveKitStream(_speaker(who), muted=publication.muted)
        audio = self._rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=20)
        self._heard[track.sid] = track
        self._streams[track.sid], self._dogs[track.sid] = stream, Watchdog(self._patience)
        self._expect(track.sid, who.identity in self._talking)
        self._new.put_now((stream, audio))
        if self._tracks.put_now(stream) is not None:
            self._finish(ConnectionLost("nobody takes the tracks of this room"))

    def _not_subscribed(self, who: rtc.RemoteParticipant, track: str, error: str) -> None:
        log.warning("livekit.not_subscribed", track=track, pii_who=who.identity, pii_error=error)

    def _end(self, track: str) -> None:
        stream = self._streams.pop(track, None)
        self._dogs.pop(track, None)
        self._heard.pop(track, None)
        if stream is not None:
            stream.close()

    def _mute(self, track: str, muted: bool) -> None:
        if stream := self._streams.get(track):
            stream.mute(muted)
            self._dogs[track].muted(muted, time.time())

    def _speak(self, speakers: list[rtc.Participant]) -> None:
        self._talking = frozenset(who.identity for who in speakers)
        for who in self._room.remote_participants.values():
            for track in who.track_publications:
                self._expect(track, who.identity in self._talking)

    def _expect(self, track: str, talking: bool) -> None:
        if dog := self._dogs.get(track):
            dog.muted(self._streams[track].muted, time.time())
            dog.talking(talking, time.time())

    def _broke(self) -> None:
        if self._broken_at is None:
            self._broken_at = asyncio.get_running_loop().time()
            log.info("livekit.reconnecting")

    def _mended(self) -> None:
        self._broken_at = None
        log.info("livekit.reconnected")
        self._ask_for_all()  # to the server we may be new

    def _moved(self) -> None:
        self._finish(ConnectionLost("LiveKit has moved the monitor to another room"))


async def _follow(stream: LiveKitStream, audio: rtc.AudioStream) -> None:
    """Take what the SDK gives for one track until it ends."""
    try:
        async for event in audio:
            stream.take(samples_of(event.frame.data))
    finally:
        await audio.aclose()


def _speaker(who: rtc.RemoteParticipant) -> Speaker:
    return Speaker(who.sid, who.name or who.identity)
