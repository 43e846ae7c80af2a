"""How long evidence is kept, who keeps it longer, and how it is erased: with proof.

Each night's work is known beforehand (`tonight`), and `run` does just that. A legal hold stands above retention and
erasure. An erasure takes everything about its subject out of the database and the vault, then looks whether any of it
can still be opened or found, and writes what it saw into a receipt.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from monitor.audit.trail import SYSTEM, Trail
from monitor.errors import EvidenceHeld, EvidenceUnknown, EvidenceUnreadable
from monitor.evidence import keys
from monitor.evidence.files import Files
from monitor.evidence.retention import DAY, Due, Terms, covers, due, held_by
from monitor.evidence_model import Clip, Erased, Facts, Found, Hold, Kind, Receipt, Scope
from monitor.store.purging import ALERTS_AT_ONCE, batches
from monitor.store.store import Store
from monitor.vault import Vault

log = structlog.get_logger()

PROVEN = 200
"""Clips of an erasure that are tried to be opened afterwards, at most."""


@dataclass(frozen=True, slots=True)
class Going:
    """One alert whose time has come, or would have."""

    alert: Facts
    due: Due
    hold: Hold | None  # keeps it all the same


@dataclass(frozen=True, slots=True)
class Tonight:
    """What retention would do now."""

    going: Sequence[Going]  # alerts with their clips; those on hold, too
    before: float  # wall time: what was said earlier goes, but for what is on hold
    utterances: int
    events: int
    sessions: int  # whose keys would be destroyed


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A clip as it lay there before it was erased."""

    clip: Clip
    content: bytes


class Keeping:
    """Over store and vault; one for a data directory."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        files: Files,
        trail: Trail,
        terms: Terms,
        clock: Callable[[], float],
        forget: Callable[[Found], None] = lambda _: None,
    ) -> None:
        """`forget`, which the composition root may set later: what else has parts of it in memory."""
        self.vault = vault
        self.store = store
        self.files = files
        self._trail = trail
        self._terms = terms
        self._clock = clock
        self.forget = forget

    # retention

    async def tonight(self) -> Tonight:
        now = self._clock()
        holds = await self.store.holds(standing_at=now)
        facts = await self.store.alert_facts(raised_before=now - self._terms.shortest * DAY)
        going = [Going(each, end, held_by(each, holds)) for each in facts if (end := due(each, self._terms)).at <= now]
        before = now - self._terms.record * DAY
        gone = [each.alert.id for each in going if each.hold is None]
        return Tonight(going, before, *await self.store.old(before, holds, gone))

    async def fates(self, alerts: Sequence[str]) -> dict[str, tuple[Due, Hold | None]]:
        """By alert: when it goes, and what keeps it all the same."""
        holds = await self.store.holds(standing_at=self._clock())
        facts = await self.store.alert_facts(alerts)
        return {each.id: (due(each, self._terms), held_by(each, holds)) for each in facts}

    async def run(self) -> Tonight:
        """Do it. Every key that goes leaves a receipt."""
        found = await self.tonight()
        gone = [each for each in found.going if each.hold is None]
        if gone:
            await self._trail.note(SYSTEM, "evidence.expired", "", alerts=len(gone), sessions=found.sessions)
        events = await self.store.events_of([each.alert.id for each in gone])
        for some in batches(gone, ALERTS_AT_ONCE):  # in between, clips are begun and others write
            await self._let_go(some, events)
        holds = await self.store.holds(standing_at=self._clock())
        await self.store.purge_old(found.before, holds)
        async with self.vault.still():
            await self.store.purge_rest(found.before, holds)
        if not await self.store.forget_bytes():
            log.warning("the write-ahead log could not be emptied: somebody reads the database all the time")
        return found

    async def _let_go(self, some: Sequence[Going], events: Mapping[str, Sequence[int]]) -> None:
        """Of these, what no hold keeps that was made meanwhile."""
        async with self.vault.still():
            holds = await self.store.holds(standing_at=self._clock())
            gone = [(each.alert.id, each.due.why) for each in some if held_by(each.alert, holds) is None]
            alerts = [alert for alert, _ in gone]
            await self.store.purge_alerts(gone, events)
            self.vault.discard(alerts, (), ())
            await asyncio.to_thread(self.files.drop_clips, alerts)
        self.forget(Found(alerts=tuple(alerts)))

    # holds

    async def hold(self, scope: Scope, until: float, reason: str, who: str) -> Hold:
        """Keep it until then, whatever retention says. Raises EvidenceUnknown where there is nothing of it."""
        now = self._clock()
        if until <= now:
            raise EvidenceUnknown("A hold must end in the future.")
        if not (await self.store.found(scope)).anything:
            raise EvidenceUnknown(f"There is nothing of {_named(scope)} to hold.")
        await self._trail.note(who, "evidence.held", subject(scope), _room(scope), reason=reason, until=until)
        return await self.store.add_hold(Hold(0, scope.kind, scope.subject, scope.room, reason, who, now, until))

    async def release(self, number: int, reason: str, who: str) -> None:
        """Raises EvidenceUnknown."""
        if number not in [hold.id for hold in await self.store.holds() if hold.released_at is None]:
            raise EvidenceUnknown(f"There is no hold {number} that stands.")
        await self._trail.note(who, "evidence.released", f"hold {number}", reason=reason)
        await self.store.release_hold(number, self._clock(), who, reason)

    # erasure

    async def erase(self, scope: Scope, reason: str, who: str) -> Receipt:
        """Everything about it, for good. Raises EvidenceUnknown where there is nothing, EvidenceHeld."""
        found = await self.store.found(scope)
        if not found.anything:
            raise EvidenceUnknown(f"There is nothing of {_named(scope)}: it was erased before, or never was.")
        await self._not_held(scope, found)
        await self._trail.note(who, "evidence.erased", subject(scope), _room(scope), reason=reason)
        async with self.vault.still():
            before = await self._sealed(found)
            self.forget(found)  # what is examined meanwhile would be stored behind us
            done = await self.store.erase(scope, who, reason)
            self.forget(done.found)
            self.vault.discard(done.found.alerts, done.found.sessions, done.found.tracks)
            await asyncio.to_thread(self._drop, done.found)
        detail = {
            "rows": dict(done.rows),
            "sessions": list(done.found.sessions),
            "alerts": list(done.found.alerts),
            **await self._proof(before, done),
        }
        return await self.store.add_receipt(
            self._clock(), "erasure", who, reason, room=_room(scope), subject=subject(scope), detail=detail
        )

    async def _not_held(self, scope: Scope, found: Found) -> None:
        holds = await self.store.holds(standing_at=self._clock())
        facts = await self.store.alert_facts(found.alerts)
        hit = [hold for hold in holds if _touches(hold, found) or any(covers(hold, each) for each in facts)]
        if hit:
            first = hit[0]
            raise EvidenceHeld(
                f"Hold {first.id} keeps it ({first.reason}, by {first.who}). Release it first: "
                f"room-monitor hold release {first.id}"
            )

    def _drop(self, found: Found) -> None:
        """Files. Blocking."""
        self.files.drop_clips(list(found.alerts))
        for session in found.sessions:
            self.files.drop_ring(session)
        for session in self.files.all_rings():
            for track in found.tracks:
                self.files.drop_segments(session, self.files.segments(session, track))

    async def _sealed(self, found: Found) -> list[_Sealed]:
        """The clips as they are, to try them afterwards."""
        sealed = []
        for alert in found.alerts[:PROVEN]:
            clip = await self.store.clip(alert)
            content = await asyncio.to_thread(self.files.read_clip, alert) if clip else None
            if clip is not None and content is not None:
                sealed.append(_Sealed(clip, content))
        return sealed

    async def _proof(self, before: Sequence[_Sealed], done: Erased) -> dict[str, Any]:
        """Look whether anything of it can still be opened or found."""
        opened = [each.clip.alert for each in before if await self._opens(each)]
        files = [each for each in done.found.alerts if self.files.has_clip(each)]
        emptied = await self.store.forget_bytes()
        left = await self.store.still_in_file([*done.found.utterances, *(each.clip.key for each in before)])
        if opened or files or left or not emptied:
            log.error("an erasure left something", opened=opened, files=files, left=left, log_emptied=emptied)
        return {
            "tried": len(before),
            "opened": len(opened),
            "files_left": len(files),
            "log_emptied": emptied,
            "found_in_database_file": left,
        }

    async def _opens(self, sealed: _Sealed) -> bool:
        """Whether a copy of the clip, made before, opens with any key that there is now."""
        alert, session = sealed.clip.alert, sealed.clip.session
        try:
            found = await self.store.room_session(session)
            now = await self.store.clip(alert)
            if found is None or now is None:
                return False
            key = keys.unseal(await self.vault.sessions.unwrap(found), now.key, keys.of_clip_key(session, alert))
            keys.unseal(key, sealed.content, keys.of_clip(session, alert))
        except EvidenceUnreadable:
            return False
        return True

    # receipts

    async def check_receipt(self, number: int) -> list[str]:
        """What is wrong with a receipt, in plain words; empty: it holds. Raises EvidenceUnknown."""
        receipt = await self.store.receipt(number)
        if receipt is None:
            raise EvidenceUnknown(f"There is no receipt {number}.")
        wrong = []
        if number in await self.store.broken_receipts():
            wrong.append("it was changed since it was written, or one before it is missing")
        sessions = [receipt.session] if receipt.kind == "session" else list(receipt.detail.get("sessions", ()))
        alerts = [receipt.subject] if receipt.kind == "clip" else list(receipt.detail.get("alerts", ()))
        for session in sessions:
            wrong += await self._session_gone(session)
        for alert in alerts:
            if await self.store.clip(alert) is not None or self.files.has_clip(alert):
                wrong.append(f"there is a clip of alert {alert}")
        return wrong

    async def _session_gone(self, session: str) -> list[str]:
        found = await self.store.room_session(session)
        if found is None:
            return []
        wrong = [f"session {session} has its key"] if found.key is not None else []
        if await asyncio.to_thread(self.files.segments, session):
            wrong.append(f"there is recent audio of session {session}")
        for other in await self.store.room_sessions(found.room, 1000, keyed=True):
            try:
                keys.unseal(await self.vault.sessions.unwrap(other), found.witness, keys.of_witness(session))
            except EvidenceUnreadable:
                continue
            wrong.append(f"the key of session {other.id} opens what session {session} sealed")
        return wrong


def subject(scope: Scope) -> str:
    """What a receipt and the audit log say of it. They are kept for good, so a speaker's id is in neither: whoever
    knows it can compute the same.
    """
    if scope.kind is Kind.SPEAKER:
        return "speaker " + hashlib.sha256(f"{scope.room}\n{scope.subject}".encode()).hexdigest()[:16]
    return f"{scope.kind.value} {scope.subject}"


def _named(scope: Scope) -> str:
    return f"{scope.kind.value} {scope.subject!r}" + (f" in {scope.room!r}" if scope.room else "")


def _room(scope: Scope) -> str:
    return scope.subject if scope.kind is Kind.ROOM else scope.room


def _touches(hold: Hold, found: Found) -> bool:
    """Whether a hold keeps something of what is to be erased that is no alert."""
    match hold.kind:
        case Kind.ROOM:
            return hold.subject in found.where
        case Kind.SESSION:
            return hold.subject in found.sessions
        case Kind.SPEAKER:
            mine = {(hold.room, hold.subject)} if hold.room else {(room, hold.subject) for room in found.where}
            whole = bool(found.rooms) and (not hold.room or hold.room in found.rooms)
            return bool(mine & found.speakers) or whole
        case Kind.ALERT:
            return hold.subject in found.alerts
