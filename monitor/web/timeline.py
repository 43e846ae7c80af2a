"""Time lines: what became of each room's and each speaker's time, and when the monitor was there at all.

Made of the record and of what is under way. Nothing that was said is in here: labels of rules, times and causes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field

from monitor.access.roles import Permission, Person
from monitor.hearing.coverage import Unfinished
from monitor.messages import CoverageView
from monitor.model import Coverage, Heard, Severity
from monitor.store.timeline_records import Past, PastAlert, PastState, PastStretch, PastVisit
from monitor.views import coverage_view
from monitor.web.answers import Answer, Trouble
from monitor.web.deps import WebDeps
from monitor.web.permits import needs

LONGEST = 86_400.0
"""Seconds of the longest time line."""
USUAL = 900.0
DOTS = 2_000
"""How finely a line can be drawn: shorter pauses than its length ÷ DOTS are not kept apart."""
THERE = {"live": "live", "joining": "away", "waiting": "away", "failed": "failed"}


class SpanView(Answer):
    """A stretch of one state. `examined` is speech that was transcribed and searched; what has no span was silence."""

    at: float = Field(description="Unix time")
    seconds: float
    state: Heard
    cause: str = Field(description="Why it was lost; may be empty")


class MarkView(Answer):
    """An alert, at the time of its words."""

    alert: str
    at: float
    severity: Severity
    state: str
    phrase: str = Field(description="Label of the first rule; empty: it is about a voice")


class PresenceView(Answer):
    """From coming to leaving."""

    at: float
    seconds: float
    open: bool = Field(description="True: still there")


class SpeakerLane(Answer):
    """One name in one room; visits one after another are on one line."""

    speaker: str = Field(description="Id in the newest visit")
    name: str
    talking: bool
    present: list[PresenceView]
    spans: list[SpanView]
    alerts: list[MarkView]
    coverage: CoverageView = Field(description="Of these visits as a whole, also what lies before `since`")


class StateView(Answer):
    """What the monitor was in the room: `live`, `away` (it joins or waits), `failed`, `off`."""

    at: float
    seconds: float
    state: Literal["live", "away", "failed", "off"]
    detail: str = Field(description="Why, in plain words; the newest reason")


class RoomLane(Answer):
    room: str
    name: str
    state: str = Field(description="Now; empty: it is no longer monitored")
    canary: bool
    states: list[StateView]
    lost: list[SpanView] = Field(description="Of the whole room: nobody was heard")
    speakers: list[SpeakerLane] = Field(description="Who came first is first")


class Timeline(Answer):
    since: float
    until: float
    rooms: list[RoomLane]
    whole: bool = Field(description="False: there is more than could be read; the oldest is missing")


Since = Annotated[float | None, Query(ge=0, le=1e11, description="Unix time; the last quarter of an hour by default")]
Until = Annotated[float | None, Query(ge=0, le=1e11, description="Unix time; now by default")]
OfRoom = Annotated[str | None, Query(max_length=64, description="Only this room")]


def timelines(deps: WebDeps) -> APIRouter:
    router = APIRouter(tags=["rooms"])

    @router.get("/api/timeline", responses={400: {"model": Trouble, "description": "No such stretch of time"}})
    async def timeline(
        _: Annotated[Person, needs(Permission.SEE)], since: Since = None, until: Until = None, room: OfRoom = None
    ) -> Timeline:
        """Who was there, talked, was examined, waits or was lost (and why), and what was alerted: at most a day."""
        now = time.time()
        end = min(now, until) if until is not None else now
        begin = since if since is not None else end - USUAL
        if not 0 < end - begin <= LONGEST:
            raise HTTPException(400, "A time line begins before it ends, in the past, and is no longer than a day.")
        past = await deps.store.past(begin, end, room)
        return _Drawing(past, deps.unfinished(), begin, end).draw(deps, room)

    return router


class _Drawing:
    """One answer in the making."""

    def __init__(self, past: Past, unfinished: Sequence[Unfinished], since: float, until: float) -> None:
        self._past = past
        self._open = {one.track: one for one in unfinished}
        self._since = since
        self._until = until
        self._apart = (until - since) / DOTS
        self._stretches: dict[str, list[PastStretch]] = defaultdict(list)
        for stretch in past.stretches:
            self._stretches[stretch.track].append(stretch)
        for one in unfinished:
            for gap in one.stretches:
                self._stretches[one.track].append(
                    PastStretch(one.room, one.track, gap.began, gap.seconds, gap.state, gap.cause)
                )

    def draw(self, deps: WebDeps, only: str | None) -> Timeline:
        now = {room.id: room for room in deps.hello().rooms if only is None or room.id == only}
        past = self._past
        seen = {one.room for part in (past.visits, past.stretches, past.alerts) for one in part}
        rooms = [
            RoomLane(
                room=room,
                name=now[room].name or room if room in now else room,
                state=now[room].state if room in now else "",
                canary=room in now and now[room].canary,
                states=self._states(room),
                lost=self._spans(one for one in self._stretches[""] if one.room == room),
                speakers=self._speakers(room),
            )
            for room in [*now, *sorted(seen - set(now))]
        ]
        return Timeline(since=self._since, until=self._until, rooms=rooms, whole=self._past.whole)

    def _speakers(self, room: str) -> list[SpeakerLane]:
        lanes: list[list[PastVisit]] = []
        for visit in sorted((one for one in self._past.visits if one.room == room), key=lambda one: one.opened):
            same = (lane for lane in lanes if lane[-1].name == visit.name and _before(lane[-1], visit))
            if (lane := next(same, None)) is not None:
                lane.append(visit)
            else:
                lanes.append([visit])
        return [self._speaker(lane) for lane in lanes]

    def _speaker(self, visits: list[PastVisit]) -> SpeakerLane:
        last = visits[-1]
        ids = {visit.speaker for visit in visits}
        alerts = [one for one in self._past.alerts if one.room == last.room and one.speaker in ids]
        stretches = (one for visit in visits for one in self._stretches[visit.track])
        return SpeakerLane(
            speaker=last.speaker,
            name=last.name,
            talking=last.track in self._open and self._open[last.track].talking,
            present=[self._presence(visit) for visit in visits],
            spans=self._spans(stretches),
            alerts=[_mark(one) for one in alerts],
            coverage=coverage_view(_sum(visit.coverage for visit in visits)),
        )

    def _presence(self, visit: PastVisit) -> PresenceView:
        at = max(self._since, visit.opened)
        end = self._until if visit.closed is None else min(self._until, visit.closed)
        return PresenceView(at=at, seconds=round(max(0.0, end - at), 3), open=visit.closed is None)

    def _spans(self, stretches: Iterable[PastStretch]) -> list[SpanView]:
        """Clipped to the line; those of one state and cause that can't be drawn apart are one."""
        made: dict[tuple[Heard, str], list[tuple[float, float]]] = defaultdict(list)
        for one in sorted(stretches, key=lambda each: each.began):
            begin, end = max(self._since, one.began), min(self._until, one.began + one.seconds)
            if end <= begin:
                continue
            same = made[one.state, one.cause]
            if same and begin - same[-1][1] <= self._apart:
                same[-1] = (same[-1][0], max(same[-1][1], end))
            else:
                same.append((begin, end))
        spans = [
            SpanView(at=begin, seconds=round(end - begin, 3), state=state, cause=cause)
            for (state, cause), parts in made.items()
            for begin, end in parts
        ]
        return sorted(spans, key=lambda span: span.at)

    def _states(self, room: str) -> list[StateView]:
        made: list[tuple[float, str, str]] = []
        for one in self._past.states:
            if one.room != room:
                continue
            state = _there(one)
            if made and made[-1][1] == state:
                made[-1] = (made[-1][0], state, one.detail or made[-1][2])
            else:
                made.append((max(self._since, one.at), state, one.detail))
        ends = [*(at for at, _, _ in made[1:]), self._until][: len(made)]
        return [
            StateView.model_validate({"at": at, "seconds": round(end - at, 3), "state": state, "detail": detail})
            for (at, state, detail), end in zip(made, ends, strict=True)
            if end > at
        ]


def _there(state: PastState) -> str:
    return THERE.get(state.state, "off")


def _before(one: PastVisit, other: PastVisit) -> bool:
    return one.closed is not None and one.closed <= other.opened


def _mark(alert: PastAlert) -> MarkView:
    return MarkView(
        alert=alert.id,
        at=alert.spoken_at,
        severity=Severity(alert.severity),
        state=alert.state,
        phrase=alert.phrase,
    )


def _sum(coverages: Iterable[Coverage]) -> Coverage:
    total: dict[Heard, float] = defaultdict(float)
    for coverage in coverages:
        for state, seconds in coverage.seconds.items():
            total[state] += seconds
    return Coverage(dict(total))
