"""Visits to rooms as the vault knows them: each has one key, which lives as long as something of it is kept.

A session begins with the first words of a visit, and is over when the room was left, all of its tracks are examined and
no clip is being written. Without a clip its key is destroyed then, and a receipt says so.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from monitor.audit.trail import SYSTEM, Trail
from monitor.errors import EvidenceUnknown, EvidenceUnreadable
from monitor.evidence import keys
from monitor.evidence.files import Files
from monitor.evidence.master import Master, unwrap_with
from monitor.evidence_model import Receipt, RoomSession
from monitor.model import Utterance
from monitor.store.store import Store

KEYS_HELD = 256
"""Unwrapped keys of closed sessions that are held in memory."""
OVER = 4096
"""Tracks that are over and still known to be, for hits that a second hearing finds later."""


@dataclass(slots=True, eq=False)
class Open:
    """A session that goes on."""

    id: str
    room: str
    key: bytes
    opened: float  # wall time
    tracks: set[str] = field(default_factory=set)  # that are not settled yet
    uses: int = 0  # clips that are being written, or to which something is still to be added
    closing: bool = False  # the room was left, or a newer session follows


class Sessions:
    """One for all rooms. What doesn't say `async` never waits."""

    def __init__(
        self,
        store: Store,
        files: Files,
        masters: Sequence[Master],
        trail: Trail,
        longest: float,
        clock: Callable[[], float],
    ) -> None:
        """`masters`: the first one wraps; any of them unwraps what it wrapped. `longest`: seconds after which a visit
        that goes on gets a new key.
        """
        self._store = store
        self._files = files
        self._masters = list(masters)
        self._trail = trail
        self._longest = longest
        self._clock = clock
        self._live: set[str] = set()  # rooms that the monitor is in
        self._newest: dict[str, Open] = {}  # by room: the one that new tracks belong to
        self._all: dict[str, Open] = {}  # by id: all that are not ended
        self._of: dict[str, Open] = {}  # by track
        self._known: OrderedDict[str, bytes] = OrderedDict()  # keys of ended sessions
        self._over: OrderedDict[str, None] = OrderedDict()  # tracks that are settled
        self.gone: deque[tuple[str, str]] = deque()  # (session, track): its part of the ring is to go
        self._making = asyncio.Lock()

    # the master key

    @property
    def masters(self) -> set[str]:
        """Ids of the master keys that are set."""
        return {master.id for master in self._masters}

    @property
    def wrapper(self) -> Master:
        """The one that wraps new keys."""
        return self._masters[0]

    def wrap_with(self, master: Master) -> None:
        """New keys are wrapped by this one from now on."""
        self._masters = [master, *(each for each in self._masters if each.id != master.id)]

    # rooms and tracks

    def entered(self, room: str) -> None:
        self._live.add(room)

    def left(self, room: str) -> None:
        self._live.discard(room)
        if (session := self._newest.pop(room, None)) is not None:
            session.closing = True

    def hears(self, track: str) -> None:
        self._over.pop(track, None)

    def over(self, track: str) -> bool:
        return track in self._over

    def going_on(self, track: str) -> bool:
        return track in self._of

    def forget(self, track: str) -> None:
        """All of it is examined."""
        self._over[track] = None
        while len(self._over) > OVER:
            self._over.popitem(last=False)
        self._leave(track)

    def _leave(self, track: str) -> None:
        session = self._of.pop(track, None)
        if session is not None:
            session.tracks.discard(track)
            self.gone.append((session.id, track))

    def discard(self, sessions: Iterable[str], tracks: Iterable[str]) -> None:
        """They were erased."""
        for session in sessions:
            self._known.pop(session, None)
            self._drop(session)
        for track in tracks:
            self._leave(track)

    def close_all(self) -> None:
        """The service stops."""
        for session in self._all.values():
            session.closing = True
            session.tracks.clear()

    def finished(self) -> list[Open]:
        """Those that are over."""
        return [
            each
            for each in self._all.values()
            if (each.closing or each.room not in self._live) and not each.tracks and not each.uses
        ]

    # keys

    @asynccontextmanager
    async def using(self, utterance: Utterance) -> AsyncIterator[Open]:
        """The session that an utterance belongs to, with its key; it doesn't end within. Raises EvidenceUnreadable."""
        async with self._making:
            session = self._of.get(utterance.track) or await self._session(utterance)
            session.uses += 1
        try:
            yield session
        finally:
            session.uses -= 1

    async def _session(self, utterance: Utterance) -> Open:
        over = utterance.track in self._over
        session = self._newest.get(utterance.room)
        if session is not None and self._clock() - session.opened > self._longest:
            session.closing = True
            session = None
        if session is None:
            made, key = await self.make(utterance.room, self._clock())
            session = self._all[made.id] = Open(made.id, utterance.room, key, made.opened_at, closing=over)
            if not over:
                self._newest[utterance.room] = session
        if not over:
            self._of[utterance.track] = session
            session.tracks.add(utterance.track)
        await self._store.add_session_track(utterance.track, session.id, utterance.room, utterance.speaker.id)
        return session

    async def make(self, room: str, at: float) -> tuple[RoomSession, bytes]:
        """A session with its new key, stored."""
        name, key, master = uuid.uuid4().hex, keys.new_key(), self._masters[0]
        session = RoomSession(
            id=name,
            room=room,
            opened_at=at,
            closed_at=None,
            key=await asyncio.to_thread(master.wrap, name, key),
            master=master.id,
            fingerprint=keys.fingerprint(key),
            witness=keys.seal(key, keys.WITNESS, keys.of_witness(name)),
        )
        await self._store.add_room_session(session)
        return session, key

    async def unwrap(self, session: RoomSession) -> bytes:
        """Raises EvidenceUnreadable where it is destroyed, or wrapped by another master key than those that are set."""
        if session.key is None:
            raise EvidenceUnreadable(f"The key of session {session.id} is destroyed: nothing of it can be read.")
        return await asyncio.to_thread(unwrap_with, self._masters, session.master, session.id, session.key)

    async def key(self, session: str) -> bytes:
        """Raises EvidenceUnknown, EvidenceUnreadable."""
        if session in self._all:
            return self._all[session].key
        if session not in self._known:
            found = await self._store.room_session(session)
            if found is None:
                raise EvidenceUnknown(f"There is no session {session!r}.")
            self._known[session] = await self.unwrap(found)
        self._known.move_to_end(session)
        while len(self._known) > KEYS_HELD:
            self._known.popitem(last=False)
        return self._known[session]

    # the end

    async def end(self, session: str, at: float) -> Receipt | None:
        """The visit is over and examined. Without a clip its key is destroyed; the receipt says so."""
        self._drop(session)
        await asyncio.to_thread(self._files.drop_ring, session)
        if await self._store.clips(session):
            await self._store.close_room_session(session, at)
            return None
        return await self._destroy(session)

    async def _destroy(self, session: str) -> Receipt | None:
        found = await self._store.room_session(session)
        if found is None or found.key is None:
            return None
        why = "nothing to keep"
        await self._trail.note(
            SYSTEM, "evidence.destroyed", session, found.room, why=why, fingerprint=found.fingerprint
        )
        self._known.pop(session, None)
        return await self._store.destroy_session(session, self._clock(), SYSTEM, why)

    def _drop(self, session: str) -> None:
        """Nothing more is added to it."""
        known = self._all.pop(session, None)
        if known is None:
            return
        known.closing = True
        if self._newest.get(known.room) is known:
            del self._newest[known.room]
        for track in [track for track, now in self._of.items() if now is known]:
            del self._of[track]
