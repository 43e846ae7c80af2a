"""The vault: all audio that is kept, sealed. A key for each visit to a room, and below it one for each kept clip.

    utterance → ring (sealed, on disk, bounded) ─ alert → clip (sealed) ─ no alert needs the session any more → its key
                                                                          is destroyed, and a receipt is written

What is said is held for a minute, so that a clip can begin before its hit. A clip is written before its alert is
stored, so a stored alert always has one that can be read; what is said after the hit is added when it was said
("recording" until then), or after a crash, as far as the ring on the disk has it.

When the room is left and all of it is examined, the ring goes. If no clip was kept, so does the key: from then on
nobody can read anything of that visit, whatever copies of files there are (monitor/vault_sessions.py).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog

from monitor.audit.trail import Trail
from monitor.errors import EvidenceUnknown, EvidenceUnreadable
from monitor.evidence import keys
from monitor.evidence.clip import assemble, together, wav
from monitor.evidence.files import Files, Segment, hashed
from monitor.evidence.master import Master
from monitor.evidence.ring import Part, Ring
from monitor.evidence.sound import HASTY, as_opus, decode, encode, plain
from monitor.evidence_model import Clip, ClipState
from monitor.model import RATE, KeywordHit, Samples, Utterance
from monitor.store.store import Store
from monitor.vault_sessions import Open, Sessions

log = structlog.get_logger()

WAITING = 256
"""Utterances that may wait to be sealed; beyond, the oldest is not put on the disk (it is examined all the same)."""
LONGEST_HIT = 30.0
"""Seconds: a combination may reach further back than a clip does."""
PATIENCE = 15.0
"""Seconds beyond the wanted end of a clip after which it is complete with what was said: an utterance's length, its
recognition, and then some."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings say, in seconds."""

    before: float
    after: float
    ring: float
    longest: float  # a session in which nobody leaves is followed by a new one after so long

    def __post_init__(self) -> None:
        if self.ring < self.before + self.after:
            raise ValueError("the ring must hold a clip")


@dataclass(slots=True)
class _Recording:
    """A clip to which the seconds after the hit are still to be added."""

    clip: Clip
    since: int  # media time, samples
    origin: float  # wall time of the track's media time 0
    session: Open
    due: float  # time of the event loop
    parts: tuple[Part, ...] | None = None  # taken out of the ring before it forgot the track

    @property
    def track(self) -> str:
        return self.clip.track


class Vault:
    """One for all rooms. `run` in a task, `end` last; before them monitor/vault_start.py."""

    def __init__(
        self,
        *,
        store: Store,
        ring: Ring,
        files: Files,
        masters: Sequence[Master],
        plan: Plan,
        trail: Trail,
        clock: Callable[[], float],
    ) -> None:
        """`masters`: the first one wraps; any of them unwraps what it wrapped."""
        self.sessions = Sessions(store, files, masters, trail, plan.longest, clock)
        self._store = store
        self._ring = ring
        self._files = files
        self._plan = plan
        self._clock = clock
        self._heard: dict[str, int] = {}  # by track: media time up to which something was said
        self._recordings: dict[str, _Recording] = {}  # by alert
        self._waiting: deque[Utterance] = deque(maxlen=WAITING)
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()  # work in the background, or an erasure
        self._door = asyncio.Lock()  # one clip is begun at a time, or an erasure is at work
        self._closed = False
        self._failed = ""  # why the last clip or stretch of the ring could not be sealed; empty: it could

    def trouble(self) -> list[str]:
        """What is wrong, for the health check."""
        return [f"evidence can't be kept: {self._failed}"] if self._failed else []

    # what the rooms tell; never waits

    def entered(self, room: str) -> None:
        self.sessions.entered(room)

    def left(self, room: str) -> None:
        """The visit is over; what is still to be examined of it belongs to it."""
        self.sessions.left(room)
        self._wake.set()

    def hear(self, utterance: Utterance) -> None:
        """Somebody said something. The ring in memory has it already."""
        self.sessions.hears(utterance.track)
        self._waiting.append(utterance)
        self._wake.set()

    def forget(self, track: str) -> None:
        """All of the track is examined, or its speaker withdrew: nothing more of it is added to any clip. To be called
        before the ring in memory forgets it.
        """
        for recording in self._recordings.values():
            if recording.track == track:
                self._take_out(recording)
        self._forget_waiting({track})
        self._heard.pop(track, None)
        self.sessions.forget(track)
        self._wake.set()

    # alerts

    async def keep(self, alert: str, hit: KeywordHit, utterance: Utterance) -> str:
        """Seal what was said around a hit, before its alert is stored. The clip's name, or "" where the disk fails."""
        first, last = _span(hit, utterance)
        since = max(0, first - round(self._plan.before * RATE))
        until = last + round(self._plan.after * RATE)
        held = self._ring.between(utterance.track, since, until)
        return await self.keep_parts(alert, utterance, [*held, *_within(utterance, since, until)], since, until)

    async def keep_parts(
        self, alert: str, utterance: Utterance, parts: Sequence[Part], since: int = 0, until: int = 0
    ) -> str:
        """The same for parts that are known. `until` beyond their end: what is said up to there is added later."""
        ordered = together(parts)
        async with self._door:
            try:
                async with self.sessions.using(utterance) as session:
                    name = await self._begin_clip(session, alert, utterance, ordered, since, until)
            except (OSError, EvidenceUnreadable) as error:
                log.exception("evidence clip not written", alert=alert)
                self._failed = str(error)
                return ""
            else:
                self._failed = ""
                return name
            finally:
                self._wake.set()

    async def _begin_clip(
        self, session: Open, alert: str, utterance: Utterance, parts: Sequence[Part], since: int, until: int
    ) -> str:
        """Raises OSError: nothing is kept then."""
        end = max(part.end for part in parts)
        going_on = end < until and not self.sessions.over(utterance.track)
        origin = utterance.began - utterance.start / RATE
        key = keys.new_key()
        clip = Clip(
            alert=alert,
            session=session.id,
            track=utterance.track,
            room=utterance.room,
            speaker=utterance.speaker.id,
            key=keys.seal(session.key, key, keys.of_clip_key(session.id, alert)),
            state=ClipState.RECORDING if going_on else ClipState.COMPLETE,
            start=parts[0].start,
            samples=end - parts[0].start,
            until=max(until, end),
            began=origin + parts[0].start / RATE,
        )
        await asyncio.to_thread(self._write, clip, key, parts)
        await self._store.add_clip(clip)
        if going_on:
            due = asyncio.get_running_loop().time() + (until - end) / RATE + PATIENCE
            session.uses += 1
            recording = self._recordings[alert] = _Recording(clip, since, origin, session, due)
            if self.sessions.over(utterance.track):  # since a moment ago
                recording.parts = ()
        return f"{alert}.clip"

    # reading

    async def clip(self, alert: str) -> Clip | None:
        return await self._store.clip(alert)

    async def opus(self, alert: str) -> bytes:
        """The clip of an alert as an Ogg/Opus file. Raises EvidenceUnknown, EvidenceUnreadable."""
        return await asyncio.to_thread(as_opus, (await self._opened(alert))[1])

    async def wav(self, alert: str) -> bytes:
        """The clip of an alert as a WAV file: 16-bit mono at RATE. Raises EvidenceUnknown, EvidenceUnreadable."""
        clip, content = await self._opened(alert)
        return await asyncio.to_thread(lambda: wav(decode(content, clip.samples)))

    async def _opened(self, alert: str) -> tuple[Clip, bytes]:
        clip = await self._store.clip(alert)
        if clip is None:
            raise EvidenceUnknown(f"There is no clip of an alert {alert!r}.")
        key = keys.unseal(await self.sessions.key(clip.session), clip.key, keys.of_clip_key(clip.session, alert))
        return clip, await asyncio.to_thread(self._content, clip, key)

    def _content(self, clip: Clip, key: bytes) -> bytes:
        sealed = self._files.read_clip(clip.alert)
        if sealed is None:
            raise EvidenceUnknown(f"The clip of alert {clip.alert!r} is on the record, but its file is gone.")
        return keys.unseal(key, sealed, keys.of_clip(clip.session, clip.alert))

    # erasing

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Within it no clip is written and no session ended: for who erases."""
        async with self._door, self._turn:
            yield

    def discard(self, alerts: Sequence[str], sessions: Sequence[str], tracks: Sequence[str]) -> None:
        """They were erased in the database: forget them here, and their audio. What is said from now on is new."""
        for alert in alerts:
            if (recording := self._recordings.pop(alert, None)) is not None:
                recording.session.uses -= 1
        self.sessions.discard(sessions, tracks)
        for track in tracks:
            self._heard.pop(track, None)
            self._ring.forget(track)
        self._forget_waiting(set(tracks))
        self._wake.set()

    # life

    async def run(self) -> None:
        """Seal what is heard, and end what is over. Returns once `close` was called."""
        while not self._closed:
            self._wake.clear()
            await self._work()
            try:
                async with asyncio.timeout(1.0):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    async def end(self) -> None:
        """Complete all clips with what there is, and end all sessions."""
        for recording in self._recordings.values():
            self._take_out(recording)
        self._waiting.clear()  # it would only be put into a ring that goes
        self.sessions.close_all()
        await self._work()

    async def _work(self) -> None:
        async with self._turn:
            while self._waiting:
                await self._seal(self._waiting.popleft())
            await self._complete()
            while self.sessions.gone:
                session, track = self.sessions.gone.popleft()
                segments = await asyncio.to_thread(self._files.segments, session, track)
                await asyncio.to_thread(self._files.drop_segments, session, segments)
            for over in self.sessions.finished():
                await self.sessions.end(over.id, self._clock())

    async def _seal(self, utterance: Utterance) -> None:
        """Put what is new of an utterance into the ring on the disk, and take out what is too old."""
        start = max(utterance.start, self._heard.get(utterance.track, 0))
        if start >= utterance.end:
            return
        segment = Segment(hashed(utterance.track), start, utterance.end)
        audio = utterance.audio[start - utterance.start :]
        try:
            async with self.sessions.using(utterance) as session:
                await asyncio.to_thread(self._put, session, segment, audio, utterance.track)
            self._failed = ""
        except (OSError, EvidenceUnreadable) as error:
            log.exception("the ring of recent audio can't be written", room=utterance.room)
            self._failed = str(error)
        if self.sessions.going_on(utterance.track):  # not forgotten meanwhile
            self._heard[utterance.track] = utterance.end

    def _put(self, session: Open, segment: Segment, audio: Samples, track: str) -> None:
        sealed = keys.seal(session.key, encode(audio, HASTY), keys.of_segment(session.id, segment.name))
        self._files.put_segment(session.id, segment, sealed)
        oldest = segment.end - round(self._plan.ring * RATE)
        old = [each for each in self._files.segments(session.id, track) if each.end <= oldest]
        self._files.drop_segments(session.id, old)

    async def _complete(self) -> None:
        now = asyncio.get_running_loop().time()
        for alert, recording in list(self._recordings.items()):
            said = self._heard.get(recording.track, 0)
            if recording.parts is not None or said >= recording.clip.until or now >= recording.due:
                self._take_out(recording)
                await self.extend(recording.clip, recording.parts or (), recording.session.key, recording.origin)
                if self._recordings.pop(alert, None) is not None:
                    recording.session.uses -= 1

    async def extend(self, clip: Clip, parts: Sequence[Part], session_key: bytes, origin: float) -> None:
        """Replace the audio of a clip by parts that reach further, where they do, and call it complete: the file first,
        so that it can be read at any moment. `origin`: see _Recording.
        """
        done = replace(clip, state=ClipState.COMPLETE)
        ordered = together(parts)
        try:
            key = keys.unseal(session_key, clip.key, keys.of_clip_key(clip.session, clip.alert))
            if ordered and ordered[0].start <= clip.start and max(part.end for part in ordered) > clip.end:
                start, end = ordered[0].start, max(part.end for part in ordered)
                done = replace(done, start=start, samples=end - start, began=origin + start / RATE)
            else:
                content = await asyncio.to_thread(self._content, clip, key)
                ordered = [Part(clip.start, await asyncio.to_thread(decode, content, clip.samples))]
            await asyncio.to_thread(self._write, done, key, ordered)
        except (OSError, EvidenceUnknown, EvidenceUnreadable):
            log.exception("the end of an evidence clip is not written", alert=clip.alert)
            done = replace(clip, state=ClipState.COMPLETE)
        await self._store.change_clip(done)

    def _write(self, clip: Clip, key: bytes, parts: Sequence[Part]) -> None:
        hasty = clip.state is ClipState.RECORDING  # an alert waits for it, and it will be written again
        audio = assemble(parts)
        content = plain(audio) if hasty else encode(audio)
        sealed = keys.seal(key, content, keys.of_clip(clip.session, clip.alert))
        self._files.put_clip(clip.alert, sealed)

    def _take_out(self, recording: _Recording) -> None:
        """What the ring in memory has of it."""
        if recording.parts is None:
            recording.parts = self._ring.between(recording.track, recording.since, recording.clip.until)

    def _forget_waiting(self, tracks: set[str]) -> None:
        kept = [each for each in self._waiting if each.track not in tracks]
        self._waiting.clear()
        self._waiting.extend(kept)


def _span(hit: KeywordHit, utterance: Utterance) -> tuple[int, int]:
    """First and last sample of a hit. A combination's may be somebody else's, or long ago: the utterance's."""
    first, last = round(hit.start * RATE), round(hit.end * RATE)
    here = utterance.start <= last <= utterance.end + RATE
    if here and last - round(LONGEST_HIT * RATE) <= first <= last:
        return first, last
    return utterance.start, utterance.end


def _within(utterance: Utterance, since: int, until: int) -> list[Part]:
    start, end = max(utterance.start, since), min(utterance.end, until)
    return [Part(start, utterance.audio[start - utterance.start : end - utterance.start])] if start < end else []
