"""Every hit that was evaluated, alerted or not, and what almost was one.

Hits and near misses hold words of a person: they are removed with the utterance. The tally counts them by the hour,
without words, and stays longer: it knows all of them, also where only the newest rows of a noisy rule are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Table, delete, func, insert, select, update

from monitor.model import Grade, KeywordHit, NearMiss, RuleState, Transcript
from monitor.store.records import HitCount, StoredHit, StoredMiss
from monitor.store.tables import HIT_TALLY, HITS, NEAR_MISSES
from monitor.store.writer import Tell
from monitor.store.writing import Writing

KEPT_HITS = 5_000
"""Hits without an alert kept of one rule, the newest; those with an alert stay as long as it does."""
KEPT_MISSES = 200
"""Near misses kept of one rule, the newest."""
KEPT_MISSES_IN_ALL = 100_000
HOUR = 3600

_HIT = TypeAdapter(KeywordHit)
_MISS = TypeAdapter(NearMiss)


class HitRecords(Writing):
    """The part of Store that knows hits and near misses."""

    async def add_hits(self, hits: Sequence[KeywordHit], transcript: Transcript, alert_ids: Sequence[str]) -> None:
        """All hits of one utterance, shadow ones and grade C too; for each the id of its alert, or ""."""
        if not hits:
            return
        now = self._clock()
        utterance = transcript.utterance
        common = {
            "at": now,
            "utterance": utterance.id,
            "room": utterance.room,
            "speaker_id": utterance.speaker.id,
            "language": transcript.language,
        }
        rows = [
            {**common, "alert": alert, "list": hit.list_name, "rule": hit.phrase, "hit": asdict(hit)}
            for hit, alert in zip(hits, alert_ids, strict=True)
        ]

        def work(db: Connection, _: Tell) -> None:
            db.execute(insert(HITS), rows)
            _count(db, int(now // HOUR), hits, alert_ids)
            for name, rule in {(hit.list_name, hit.phrase) for hit in hits}:
                _keep(db, HITS, name, rule, KEPT_HITS)

        await self._writer.write(work)

    async def change_hit(self, utterance: str, before: KeywordHit, after: KeywordHit, alert: str) -> None:
        """A stored hit after a second hearing, and the alert that it is in now, or "". The tally keeps what was found
        at first. Nothing happens where the hit is no longer kept.
        """
        t = HITS.c
        of_rule = (t.utterance == utterance, t.list == before.list_name, t.rule == before.phrase)

        def work(db: Connection, _: Tell) -> None:
            for row in db.execute(select(t.id, t.hit).where(*of_rule)).all():
                if _HIT.validate_python(row.hit) == before:
                    values = {"hit": asdict(after), "alert": alert}
                    db.execute(update(HITS).where(t.id == row.id).values(values))
                    return

        await self._writer.write(work)

    async def stored_hits(
        self,
        list_name: str | None = None,
        rule: str | None = None,
        *,
        utterance: str | None = None,
        state: RuleState | None = None,
        since: float = 0.0,
        limit: int = 100,
        before: int | None = None,
    ) -> list[StoredHit]:
        """Newest first. `before`: only ids below."""
        query = select(HITS).where(HITS.c.at >= since).order_by(HITS.c.id.desc()).limit(limit)
        for column, wanted in ((HITS.c.list, list_name), (HITS.c.rule, rule), (HITS.c.utterance, utterance)):
            if wanted is not None:
                query = query.where(column == wanted)
        if state is not None:
            query = query.where(HITS.c.hit["state"].as_string() == state.value)
        if before is not None:
            query = query.where(HITS.c.id < before)
        return [hit(row) for row in await self._rows(query)]

    async def hit_counts(self, since: float = 0.0, list_name: str | None = None) -> list[HitCount]:
        """By list, rule, state and grade, in that order; whole hours, from the one that `since` (wall time) is in."""
        t = HIT_TALLY.c
        key = (t.list, t.rule, t.state, t.grade)
        sums = func.sum(t.hits).label("hits"), func.sum(t.alerted).label("alerted")
        query = select(*key, *sums).where(t.hour >= int(since // HOUR)).group_by(*key).order_by(*key)
        if list_name is not None:
            query = query.where(t.list == list_name)
        return [
            HitCount(r["list"], r["rule"], RuleState(r["state"]), Grade(r["grade"]), r["hits"], r["alerted"])
            for r in await self._rows(query)
        ]

    async def add_near_misses(self, misses: Sequence[NearMiss], transcript: Transcript) -> None:
        """What almost was a hit in one utterance. Only the newest of each rule are kept."""
        if not misses:
            return
        common = {
            "at": self._clock(),
            "utterance": transcript.utterance.id,
            "room": transcript.utterance.room,
            "language": transcript.language,
        }
        rows = [{**common, "list": miss.list_name, "rule": miss.phrase, "miss": asdict(miss)} for miss in misses]

        def work(db: Connection, _: Tell) -> None:
            db.execute(insert(NEAR_MISSES), rows)
            for name, rule in {(miss.list_name, miss.phrase) for miss in misses}:
                _keep(db, NEAR_MISSES, name, rule, KEPT_MISSES)
            newest = select(func.max(NEAR_MISSES.c.id)).scalar_subquery()
            db.execute(delete(NEAR_MISSES).where(NEAR_MISSES.c.id <= newest - KEPT_MISSES_IN_ALL))

        await self._writer.write(work)

    async def near_misses(
        self, list_name: str | None = None, *, since: float = 0.0, limit: int = 100, before: int | None = None
    ) -> list[StoredMiss]:
        """Newest first. `before`: only ids below."""
        t = NEAR_MISSES.c
        query = select(NEAR_MISSES).where(t.at >= since).order_by(t.id.desc()).limit(limit)
        if list_name is not None:
            query = query.where(t.list == list_name)
        if before is not None:
            query = query.where(t.id < before)
        return [_miss(row) for row in await self._rows(query)]

    async def near_miss(self, miss_id: int) -> StoredMiss | None:
        rows = await self._rows(select(NEAR_MISSES).where(NEAR_MISSES.c.id == miss_id))
        return _miss(rows[0]) if rows else None


def hit(row: Any) -> StoredHit:
    common = (row["id"], row["at"], row["utterance"], row["alert"], row["room"], row["speaker_id"], row["language"])
    return StoredHit(*common, hit=_HIT.validate_python(row["hit"]))


def _miss(row: Any) -> StoredMiss:
    common = (row["id"], row["at"], row["utterance"], row["room"], row["language"])
    return StoredMiss(*common, miss=_MISS.validate_python(row["miss"]))


def _count(db: Connection, hour: int, hits: Iterable[KeywordHit], alert_ids: Iterable[str]) -> None:
    found: Counter[tuple[str, str, RuleState, Grade]] = Counter()
    alerted: Counter[tuple[str, str, RuleState, Grade]] = Counter()
    for one, alert in zip(hits, alert_ids, strict=True):
        key = one.list_name, one.phrase, one.state, one.grade
        found[key] += 1
        alerted[key] += bool(alert)
    t = HIT_TALLY.c
    for key, number in found.items():
        name, rule, state, grade = key[0], key[1], key[2].value, key[3].value
        place = (t.hour == hour, t.list == name, t.rule == rule, t.state == state, t.grade == grade)
        more = {"hits": t.hits + number, "alerted": t.alerted + alerted[key]}
        if db.execute(update(HIT_TALLY).where(*place).values(more)).rowcount == 0:
            row = {"hour": hour, "list": name, "rule": rule, "state": state, "grade": grade}
            db.execute(insert(HIT_TALLY).values({**row, "hits": number, "alerted": alerted[key]}))


def _keep(db: Connection, table: Table, name: str, rule: str, count: int) -> None:
    """Only the newest `count` rows of the rule, not counting hits that have an alert."""
    of_rule = [table.c.list == name, table.c.rule == rule]
    if "alert" in table.c:
        of_rule.append(table.c.alert == "")
    last = select(table.c.id).where(*of_rule).order_by(table.c.id.desc()).offset(count).limit(1).scalar_subquery()
    db.execute(delete(table).where(*of_rule, table.c.id <= last))
