"""What a host sees of a room, put together. For the routes of hosts (host.py) and of staff (host_links.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.consent.entries import same_person
from monitor.consent.listening import may_listen, opted_out
from monitor.consenting import Consents
from monitor.errors import RoomUnknown
from monitor.hosting import HostLinks
from monitor.model import RoomState, Speaker
from monitor.store.store import Store
from monitor.views import coverage_view
from monitor.web.host_answers import (
    DeletionView,
    HostRoom,
    HostSpeaker,
    NoticeView,
    ReceiptAlert,
    RoomAccount,
    RoomErasure,
    languages,
)


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """A room as the monitor has it now."""

    name: str
    notice: str  # the settings' text
    state: RoomState
    speakers: tuple[Speaker, ...] = ()
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """When an alert and its clip go."""

    goes_at: float | None  # wall time; None: not known
    held: bool = False  # on legal hold


class Custody(Protocol):
    """Who keeps the evidence."""

    async def fates(self, room: str, alerts: Sequence[str]) -> Mapping[str, Fate]: ...

    async def deletions(self, room: str, limit: int) -> list[DeletionView]:
        """Newest first."""
        ...

    async def erase_room(self, room: str, who: str, why: str) -> RoomErasure:
        """All of it but what is on legal hold: audio, transcripts, alerts, events."""
        ...


@dataclass(frozen=True, slots=True)
class Hosts:
    """What the routes need. `seen`: None where there is no such room."""

    consents: Consents
    links: HostLinks
    store: Store
    seen: Callable[[str], RoomSeen | None]
    clock: Callable[[], float]
    keep_days: float
    custody: Custody | None = None  # None: nothing can be erased here

    def room(self, room: str) -> RoomSeen:
        """Raises RoomUnknown."""
        found = self.seen(room)
        if found is None:
            raise RoomUnknown("There is no such room, or it is no longer monitored.")
        return found


def room_view(hosts: Hosts, room: str, expires_at: float = 0.0) -> HostRoom:
    """Raises RoomUnknown."""
    seen, standing = hosts.room(room), hosts.consents.standing(room)
    now = hosts.consents.notice(room, seen.notice)
    return HostRoom(
        room=room,
        name=seen.name,
        room_state=seen.state.value,
        state=standing.state.value,
        basis=standing.basis.value if standing.basis else "",
        since=standing.since,
        required=hosts.consents.required(room),
        listening=may_listen(seen.state, standing, seen.speakers if seen.mixed else ()),
        mixed=seen.mixed,
        notice=NoticeView(
            text=standing.notice,
            language=standing.language or "en",
            now=now,
            shown=standing.shown,
            shown_at=standing.shown_at,
            way=standing.way,
        ),
        languages=languages(),
        speakers=[
            HostSpeaker(id=one.id, name=one.name, here=True, listen=not opted_out(standing, [one]))
            for one in seen.speakers
        ]
        + [
            HostSpeaker(id=one.id, name=one.name, here=False, listen=False)
            for one in standing.out
            if not any(same_person(one, other) for other in seen.speakers)
        ],
        expires_at=expires_at,
        keep_days=hosts.keep_days,
    )


async def account(hosts: Hosts, room: str) -> RoomAccount:
    """What was heard, kept, raised. Raises StoreFailed."""
    tally = await hosts.store.room_tally(room)
    fates: Mapping[str, Fate] = {}
    deletions: list[DeletionView] = []
    if hosts.custody is not None:
        fates = await hosts.custody.fates(room, [alert.id for alert in tally.alerts])
        deletions = await hosts.custody.deletions(room, 100)
    unknown = Fate(None)
    return RoomAccount(
        since=tally.since,
        seconds=coverage_view(tally.heard),
        utterances=tally.utterances,
        alerts=[
            ReceiptAlert(
                id=alert.id,
                severity=alert.severity.value,
                raised_at=alert.raised_at,
                clip=alert.clip,
                goes_at=fates.get(alert.id, unknown).goes_at,
                held=fates.get(alert.id, unknown).held,
            )
            for alert in tally.alerts
        ],
        alert_count=tally.alert_count,
        clips=tally.clips,
        deletions=deletions,
    )
