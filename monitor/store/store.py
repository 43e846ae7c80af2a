"""The database: every event is stored, in one transaction with its own row, before anybody is told of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sqlalchemy import Connection, bindparam, insert, select, update

from monitor.messages import (
    AlertChanged,
    AlertRaised,
    Behind,
    CanaryRan,
    EffortChanged,
    GapNoted,
    HeardMessage,
    ModelChanged,
    RoomChanged,
    RoomView,
    SpeakerChanged,
    SpeakerView,
)
from monitor.model import Alert, Coverage, Gap, Speaker, Spoken, Transcript, Word
from monitor.review.incident import Grouping
from monitor.store import convert, placing, recovery, schema
from monitor.store.access_records import AccessRecords
from monitor.store.action_records import ActionRecords
from monitor.store.audit_records import AuditRecords
from monitor.store.consent_records import ConsentRecords
from monitor.store.engines import reading, writing
from monitor.store.evidence_records import EvidenceRecords
from monitor.store.hit_records import HitRecords
from monitor.store.host_records import HostRecords
from monitor.store.list_history import ListHistory
from monitor.store.outbox_records import OutboxRecords
from monitor.store.purging import Purging
from monitor.store.review_records import ReviewRecords
from monitor.store.tables import ALERTS, GAPS, LISTS, SESSIONS, SPOKEN, TRACKS, UTTERANCES
from monitor.store.timeline_records import TimelineRecords
from monitor.store.verdict_records import VerdictRecords
from monitor.store.voice_records import VoiceRecords
from monitor.store.writer import Tell, Writer
from monitor.store.writing import inserted, number
from monitor.views import alert_view, gap_message, heard_message


class Store(
    ListHistory,
    AccessRecords,
    HitRecords,
    VerdictRecords,
    VoiceRecords,
    AuditRecords,
    OutboxRecords,
    ConsentRecords,
    HostRecords,
    TimelineRecords,
    ReviewRecords,
    ActionRecords,
    EvidenceRecords,
    Purging,
):
    """`async with Store.open(path, told) as store:`. Leaving finishes the writes that wait.

    `told` is called with each event after its commit, in the order of the numbers, from the event loop. It must not
    raise. Methods that write raise StoreFailed when the database can't be written.
    """

    def __init__(self, path: Path, told: Tell, clock: Callable[[], float], grouping: Grouping | None = None) -> None:
        self._clock = clock
        self._grouping = grouping or Grouping()
        self._untold = asyncio.Event()
        self._untold.set()  # a run before this one may have ended before it told
        self._reads = reading(path)
        self._writes = writing(path)
        self._writer = Writer(self._writes, told)
        self._tasks = asyncio.TaskGroup()
        self._session: int | None = None
        super().__init__(self._reads)

    @classmethod
    def open(
        cls, path: Path, told: Tell, clock: Callable[[], float] = time.time, grouping: Grouping | None = None
    ) -> Store:
        """Raises SchemaOutdated, naming `room-monitor migrate`, unless the file has this program's schema.

        `grouping`: which alerts are one incident; None: as by default.
        """
        schema.check_schema(path)
        return cls(path, told, clock, grouping)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._tasks.create_task(self._writer.run(), name="store writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        try:
            # Without the error of the body: the group would wrap it, and would cancel what still waits to be written.
            await self._tasks.__aexit__(None, None, None)
        finally:
            self._writes.dispose()
            await self._reads.dispose()

    # events

    async def add_room(self, room: RoomView) -> RoomChanged:
        """The room as it is now."""
        return await self._add(RoomChanged(seq=0, at=self._clock(), room=room), room.id)

    async def add_speaker(self, room: str, speaker: SpeakerView, change: Literal["joined", "left"]) -> SpeakerChanged:
        message = SpeakerChanged(seq=0, at=self._clock(), room=room, speaker=speaker, change=change)
        return await self._add(message, room)

    async def add_heard(
        self, transcript: Transcript, shown: Sequence[Word], spoken: Spoken | None = None
    ) -> HeardMessage:
        """`shown`: the transcript's words without those that the utterance before has shown already.

        `spoken`: the shown words as lists are searched in; without it the first backtest makes it.
        """
        message = heard_message(transcript, shown, 0, self._clock())
        track = transcript.utterance.track

        def row(db: Connection, numbered: HeardMessage) -> None:
            db.execute(insert(UTTERANCES).values(convert.utterance_row(numbered, track)))
            db.execute(insert(SPOKEN).values(convert.spoken_row(numbered, spoken, transcript.biased)))

        return await self._add(message, message.room, row)

    async def add_alert(self, alert: Alert) -> AlertRaised:
        """A new alert, put into its incident. Its id must be new."""
        at = self._clock()

        def work(db: Connection, tell: Tell) -> AlertRaised:
            incident = placing.place(db, alert, self._grouping)
            message = AlertRaised(seq=0, at=at, alert=alert_view(replace(alert, incident=incident)))
            message = number(db, message, alert.room)
            db.execute(insert(ALERTS), {**convert.alert_row(alert), "seq": message.seq, "incident": incident})
            tell(message)
            return message

        message = await self._writer.write(work)
        self._untold.set()
        return message

    async def change_alert(self, alert: Alert) -> AlertChanged:
        """The alert with more hits, or escalated. It is made again when retention has removed it meanwhile."""

        at = self._clock()

        def work(db: Connection, tell: Tell) -> AlertChanged:
            placed, changes = placing.placed(db, alert)
            message = number(db, AlertChanged(seq=0, at=at, alert=alert_view(placed)), alert.room)
            values = convert.alert_row(alert)
            if db.execute(update(ALERTS).where(ALERTS.c.id == alert.id).values(values)).rowcount == 0:
                db.execute(insert(ALERTS).values({**values, "seq": message.seq}))
            if changes:
                placing.restate(db, placed.incident)
            tell(message)
            return message

        message = await self._writer.write(work)
        self._untold.set()
        return message

    async def add_behind(self, waiting_seconds: float, lost_seconds: float, recovered: bool = False) -> Behind:
        at = self._clock()
        message = Behind(seq=0, at=at, waiting_seconds=waiting_seconds, lost_seconds=lost_seconds, recovered=recovered)
        return await self._add(message, None)

    async def add_effort(self, effort: EffortChanged) -> EffortChanged:
        """Another step of effort; its number and time are given here."""
        return await self._add(effort.model_copy(update={"at": self._clock()}), None)

    async def add_model(self, changed: ModelChanged) -> ModelChanged:
        """Another model hears, or failed; its number and time are given here."""
        return await self._add(changed.model_copy(update={"at": self._clock()}), None)

    async def add_canary(self, ran: CanaryRan) -> CanaryRan:
        """What came of the canary's last try; its number and time are given here."""
        return await self._add(ran.model_copy(update={"at": self._clock()}), ran.room)

    async def add_gap(self, gap: Gap) -> GapNoted:
        return await self._writer.write(lambda db, tell: _gap(db, tell, gap, self._clock()))

    # the ledger

    async def open_track(self, track: str, room: str, speaker: Speaker, at: float) -> None:
        """A speaker's track begins. Needs `begin_session` before."""
        row = {
            "id": track,
            "session": self._running,
            "room": room,
            "speaker_id": speaker.id,
            "speaker_name": speaker.name,
            "opened_at": at,
            "seconds": {},
            "updated_at": at,
        }
        await self._writer.write(lambda db, _: db.execute(insert(TRACKS).values(row)))

    async def save_coverage(self, track: str, coverage: Coverage) -> None:
        await self.save_coverages({track: coverage})

    async def save_coverages(self, tracks: Mapping[str, Coverage]) -> None:
        """The ledger of several tracks as it is now, in one transaction; a sign of life as well."""
        now = self._clock()

        def work(db: Connection, _: Tell) -> None:
            rows = [
                {"track": track, "seconds": convert.seconds_row(coverage), "updated_at": now}
                for track, coverage in tracks.items()
            ]
            if rows:
                db.execute(_COVERAGE, rows)
            self._beat(db, now)

        await self._writer.write(work)

    async def close_track(self, track: str, coverage: Coverage, at: float) -> None:
        """The final ledger of a track."""
        values = {"seconds": convert.seconds_row(coverage), "updated_at": self._clock(), "closed_at": at}
        statement = update(TRACKS).where(TRACKS.c.id == track).values(values)
        await self._writer.write(lambda db, _: db.execute(statement))

    # runs of the process

    async def begin_session(self) -> int:
        """This run begins. Call `recover` too, or the last crash stays unnoticed."""
        now = self._clock()

        def work(db: Connection, _: Tell) -> int:
            return inserted(db, insert(SESSIONS).values(started_at=now, beat_at=now))

        self._session = await self._writer.write(work)
        return self._session

    async def beat(self, now: float | None = None) -> None:
        """A sign of life, for example every two seconds: after a crash the gap is counted from the last one."""
        at = self._clock() if now is None else now
        await self._writer.write(lambda db, _: self._beat(db, at))

    async def end_session(self, clean: bool) -> None:
        """This run ends. `clean`: all that was heard is settled and stored."""
        values = {"stopped_at": self._clock(), "clean": clean}
        statement = update(SESSIONS).where(SESSIONS.c.id == self._running).values(values)
        await self._writer.write(lambda db, _: db.execute(statement))

    async def recover(self, now: float) -> list[Gap]:
        """Close what a crash left open and put the unheard time on the record; nothing after a proper stop."""

        def work(db: Connection, tell: Tell) -> list[Gap]:
            gaps = recovery.recover(db, now, self._session)
            for gap in gaps:
                _gap(db, tell, gap, now)
            return gaps

        return await self._writer.write(work)

    async def add_list(self, named: str) -> None:
        """A keyword list, "name@version", is in force from now on. Known ones keep their first time."""
        name, _, version = named.partition("@")
        row = {"name": name, "version": version, "at": self._clock()}

        def work(db: Connection, _: Tell) -> None:
            known = select(LISTS.c.at).where(LISTS.c.name == name, LISTS.c.version == version)
            if db.scalar(known) is None:
                db.execute(insert(LISTS).values(row))

        await self._writer.write(work)

    @property
    def _running(self) -> int:
        if self._session is None:
            raise RuntimeError("begin_session comes first")
        return self._session

    def _beat(self, db: Connection, now: float) -> None:
        db.execute(update(SESSIONS).where(SESSIONS.c.id == self._session).values(beat_at=now))


_COVERAGE = (
    update(TRACKS)
    .where(TRACKS.c.id == bindparam("track"))
    .values(seconds=bindparam("seconds"), updated_at=bindparam("updated_at"))
)


def _gap(db: Connection, tell: Tell, gap: Gap, at: float) -> GapNoted:
    numbered = number(db, gap_message(gap, 0, at), gap.room)
    db.execute(insert(GAPS).values(convert.gap_row(numbered, gap.track)))
    tell(numbered)
    return numbered
