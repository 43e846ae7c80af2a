"""What rooms have agreed to now, and how that changes: every change is an entry, and takes effect at once.

Nothing may be heard on a word that is not written down, and nothing may be heard against one that is not yet: so what
ends listening takes effect first and is stored then, and what begins it is stored first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from monitor.audit.trail import SYSTEM, Trail
from monitor.consent import machine, notices
from monitor.consent.entries import Standing, after, fold, same_person
from monitor.consent.listening import CAUSES, OPTED_OUT, opted_out, refusal
from monitor.consent_model import Act, Basis, Consent, ConsentEntry
from monitor.errors import ConsentConflict, RoomUnknown, StoreFailed
from monitor.model import RoomState, Speaker
from monitor.store.store import Store

log = structlog.get_logger()

_ENDING = {
    Act.PAUSE: CAUSES[Consent.PAUSED],
    Act.WITHDRAW: CAUSES[Consent.WITHDRAWN],
    Act.OPT_OUT: OPTED_OUT,
}
"""What ends listening, and the cause that the ledger names."""
_ACTIONS = {
    Act.ANNOUNCE: "consent.notice_shown",
    Act.GRANT: "consent.granted",
    Act.PAUSE: "consent.paused",
    Act.WITHDRAW: "consent.withdrawn",
    Act.NOTICE: "consent.notice_changed",
    Act.OPT_OUT: "consent.opted_out",
    Act.OPT_IN: "consent.opted_in",
}


@dataclass(frozen=True, slots=True)
class Drop:
    """Of whom nothing that waits may be examined."""

    cause: str  # in the ledger's words
    speaker: Speaker | None = None  # None: of everybody

    def means(self, speaker: Speaker) -> bool:
        return self.speaker is None or same_person(self.speaker, speaker)


class Effects(Protocol):
    """What a change does in the rooms: monitor/monitored.py."""

    def consent_changed(self, room: str, drop: Drop | None) -> None:
        """Listen to those who may be listened to, and to nobody else; in force when it returns.

        `drop`: what waits to be examined of these is dropped as well.
        """
        ...

    async def consent_told(self, room: str) -> None:
        """Tell the room, and staff, how it is now."""
        ...


class Consents:
    """All rooms'. `effects` is set by the composition root."""

    def __init__(self, store: Store, trail: Trail, clock: Callable[[], float]) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._standings: dict[str, Standing] = {}
        self._required: dict[str, bool] = {}
        self._pending: dict[str, list[ConsentEntry]] = {}  # by room: what ends listening, and is not stored yet
        self._turn = asyncio.Lock()
        self.effects: Effects | None = None

    async def take(self, room: str, *, required: bool) -> None:
        """Know a room from now on. `required`: its host must have said yes; else the operator's policy counts, and is
        written down as what it is, unless the host has said something else before.
        """
        await self.look(room, required=required)
        if not required and self._standings[room].state in (Consent.UNASKED, Consent.ANNOUNCED):
            await self._add(ConsentEntry(room, self._clock(), Act.GRANT, SYSTEM, Basis.POLICY))

    async def look(self, room: str, *, required: bool) -> None:
        """Know a room as it stands, without a word of the operator's."""
        self._required[room] = required
        self._standings[room] = fold(await self._store.consents(room), required=required)

    def of(self, room: str) -> RoomConsent:
        """For the watch of a room that is, or will be, known."""
        return RoomConsent(self, room)

    def standing(self, room: str) -> Standing:
        """Raises RoomUnknown."""
        try:
            return self._standings[room]
        except KeyError:
            raise RoomUnknown(f"There is no room {room!r}.") from None

    def known(self, room: str) -> Standing:
        """As far as the room is known: one that isn't has agreed to nothing."""
        return self._standings.get(room, Standing())

    def required(self, room: str) -> bool:
        return self._required.get(room, True)

    def refusal(self, room: str, state: RoomState, speakers: Iterable[Speaker]) -> str:
        """Why they may not be listened to; empty: they may. A room that nobody knows has agreed to nothing."""
        speakers = tuple(speakers)
        for entry in self._pending.get(room, ()):
            if entry.speaker is None or any(same_person(entry.speaker, speaker) for speaker in speakers):
                return _ENDING[entry.act]
        return refusal(state, self.known(room), speakers)

    def said_no(self, room: str) -> str:
        """Why nobody may listen in the room, where its host has paused or withdrawn; empty: nobody has said no."""
        state = self.known(room).state
        return CAUSES[state] if state in (Consent.PAUSED, Consent.WITHDRAWN) else ""

    def notice(self, room: str, default: str) -> str:
        """What people in the room are to be told now. `default`: the settings' text."""
        standing = self.known(room)
        return notices.shown(standing.state, standing.notice or default, standing.language)

    # changes

    async def say(self, room: str, act: Act, who: str, basis: Basis = Basis.HOST) -> Standing:
        """Grant, pause or withdraw. Saying what is so already changes nothing. Raises RoomUnknown, ConsentConflict,
        StoreFailed: the last with listening ended all the same, where that was what should be.
        """
        standing = self.standing(room)
        if _is_so(standing, act, basis):
            return standing
        if not machine.accepts(standing.state, act):
            raise ConsentConflict(f"Monitoring is {standing.state.value}: it can't be changed by {act.value!r} now.")
        await self._change(ConsentEntry(room, self._clock(), act, who, basis))
        return self.standing(room)

    async def opt(self, room: str, speaker: Speaker, out: bool, who: str) -> Standing:
        """Leave a speaker out, or take them in again. Raises RoomUnknown, StoreFailed."""
        standing = self.standing(room)
        if opted_out(standing, [speaker]) is out:
            return standing
        act = Act.OPT_OUT if out else Act.OPT_IN
        await self._change(ConsentEntry(room, self._clock(), act, who, Basis.HOST, speaker=speaker))
        return self.standing(room)

    async def write_notice(self, room: str, text: str, language: str, who: str) -> Standing:
        """From now on this is shown while monitoring runs; an empty text is the settings' again. Raises RoomUnknown,
        StoreFailed."""
        standing = self.standing(room)
        if (standing.notice, standing.language) == (text, language):
            return standing
        entry = ConsentEntry(room, self._clock(), Act.NOTICE, who, Basis.HOST, notice=text, language=language)
        await self._change(entry)
        return self.standing(room)

    async def shown(self, room: str, notice: str, way: str, to: tuple[Speaker, ...]) -> None:
        """The notice was shown in the room: to everybody, or to those who came later."""
        ids = tuple(speaker.id for speaker in to)
        language = self.standing(room).language or notices.DEFAULT
        entry = ConsentEntry(room, self._clock(), Act.ANNOUNCE, SYSTEM, Basis.ROOM, notice, language, way, ids)
        async with self._turn:
            await self._add(entry)

    async def _change(self, entry: ConsentEntry) -> None:
        if entry.act in _ENDING:
            self._pending.setdefault(entry.room, []).append(entry)
            self._take_effect(entry.room, _drop(entry))
        try:
            async with self._turn:
                await self._add(entry)
        finally:
            if entry.act in _ENDING:
                self._pending[entry.room].remove(entry)
        log.info("consent", room=entry.room, act=entry.act.value)
        self._take_effect(entry.room)
        if self.effects is not None:
            await self.effects.consent_told(entry.room)

    async def _add(self, entry: ConsentEntry) -> None:
        """Raises ConsentConflict where something that was said meanwhile leaves no room for it."""
        room = entry.room
        if not machine.accepts(self._standings[room].state, entry.act):
            raise ConsentConflict(f"Monitoring is {self._standings[room].state.value} meanwhile.")
        try:
            if entry.act is not Act.ANNOUNCE:  # a showing is a record of its own, and there are many
                detail = {"speaker": entry.speaker.id} if entry.speaker else {}
                await self._trail.note(entry.who, _ACTIONS[entry.act], room, room, basis=entry.basis.value, **detail)
            entry = await self._store.add_consent(entry)
        except StoreFailed:
            if entry.act in _ENDING:  # whoever said no must not be heard because a disk is full
                self._fold(entry)
            raise
        self._fold(entry)

    def _fold(self, entry: ConsentEntry) -> None:
        standing, required = self._standings[entry.room], self._required[entry.room]
        self._standings[entry.room] = after(standing, entry, required=required)

    def _take_effect(self, room: str, drop: Drop | None = None) -> None:
        if self.effects is not None:
            self.effects.consent_changed(room, drop)


class RoomConsent:
    """One room's, as its watch needs it: an `Agreed`."""

    def __init__(self, consents: Consents, room: str) -> None:
        self._consents = consents
        self._room = room

    @property
    def state(self) -> Consent:
        return self._consents.known(self._room).state

    def refusal(self, room: RoomState, speakers: Iterable[Speaker]) -> str:
        return self._consents.refusal(self._room, room, speakers)

    def opted_out(self, speaker: Speaker) -> bool:
        return opted_out(self._consents.known(self._room), [speaker])


def _drop(entry: ConsentEntry) -> Drop | None:
    """A pause is for what comes: what was said before it was agreed to."""
    return None if entry.act is Act.PAUSE else Drop(_ENDING[entry.act], entry.speaker)


def _is_so(standing: Standing, act: Act, basis: Basis) -> bool:
    """Whether it would say nothing new. A host's yes on top of the operator's own policy does."""
    wanted = {Act.GRANT: Consent.GRANTED, Act.PAUSE: Consent.PAUSED, Act.WITHDRAW: Consent.WITHDRAWN}[act]
    return standing.state is wanted and (act is not Act.GRANT or standing.basis is basis)
