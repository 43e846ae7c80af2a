"""What staff say of alerts and hits, and the precision of rules that follows from it.

A verdict outlives its alert, without its note: precision is a matter of the rule and not of a person in the room.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, RowMapping, func, select

from monitor.errors import IncidentTaken
from monitor.model import Grade, Judged
from monitor.review.decisions import Act, Decision
from monitor.store import deciding, judging
from monitor.store.records import Judgement, Verdict
from monitor.store.tables import ALERTS, VERDICTS
from monitor.store.writer import Tell
from monitor.store.writing import Writing


class VerdictRecords(Writing):
    """The part of Store that knows verdicts."""

    async def add_verdict(self, subject: str, verdict: Judgement, who: str, note: str = "") -> Verdict | None:
        """What somebody says of an alert (its id) or a hit without one (StoredHit.subject); None: there is none.

        Of an alert it is a decision about its incident, too. Raises IncidentTaken where somebody else works on that.
        """
        now = self._clock()

        def work(db: Connection, tell: Tell) -> Verdict | IncidentTaken | None:
            about = judging.about(db, subject)
            if about is None:
                return None
            incident = db.scalar(select(ALERTS.c.incident).where(ALERTS.c.id == subject))
            if incident is None:
                return judging.judge(db, subject, about, verdict, who, note, now)
            asked = Decision(incident, Act.VERDICT, who, now, alert=subject, verdict=verdict, note=note)
            try:
                _, made = deciding.decide(db, tell, asked)
            except IncidentTaken as taken:
                return taken
            row = db.execute(select(VERDICTS).where(VERDICTS.c.decision == made.id)).mappings().one()
            return _verdict(row)

        answer = await self._writer.write(work)
        if isinstance(answer, IncidentTaken):
            raise answer
        return answer

    async def verdicts(
        self, subject: str | None = None, *, list_name: str | None = None, rule: str | None = None, limit: int = 1000
    ) -> list[Verdict]:
        """All that were given and not taken back, replaced ones too, newest first."""
        query = select(VERDICTS).where(VERDICTS.c.undone.is_(False)).order_by(VERDICTS.c.id.desc()).limit(limit)
        for column, wanted in ((VERDICTS.c.subject, subject), (VERDICTS.c.list, list_name), (VERDICTS.c.rule, rule)):
            if wanted is not None:
                query = query.where(column == wanted)
        return [_verdict(row) for row in await self._rows(query)]

    async def precision(
        self, list_name: str | None = None, *, since: float = 0.0, rule: str | None = None
    ) -> list[Judged]:
        """For each rule that has verdicts, in order of list and rule. `since`: only verdicts from then on (wall time).

        Each alert counts once: the newest word of each person, and where two disagree it is unsure.
        """
        t = VERDICTS.c
        newest = select(func.max(t.id)).where(t.undone.is_(False)).group_by(t.subject, t.who)
        query = select(t.list, t.rule, t.subject, t.verdict, t.at).where(t.id.in_(newest), t.at >= since)
        if list_name is not None:
            query = query.where(t.list == list_name)
        if rule is not None:
            query = query.where(t.rule == rule)
        rules: dict[tuple[str, str], _Said] = {}
        for row in await self._rows(query.order_by(t.list, t.rule, t.id)):
            said = rules.setdefault((row["list"], row["rule"]), _Said())
            said.subjects.setdefault(row["subject"], set()).add(Judgement(row["verdict"]))
            said.times.append(row["at"])
        return [said.judged(*key) for key, said in rules.items()]


@dataclass(slots=True)
class _Said:
    """The words that count, of one rule."""

    subjects: dict[str, set[Judgement]] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    def judged(self, list_name: str, rule: str) -> Judged:
        decided = [said - {Judgement.UNSURE} for said in self.subjects.values()]
        right = sum(said == {Judgement.RIGHT} for said in decided)
        wrong = sum(said == {Judgement.WRONG} for said in decided)
        unsure = len(decided) - right - wrong
        return Judged(list_name, rule, right, wrong, unsure, min(self.times), max(self.times))


def _verdict(row: RowMapping) -> Verdict:
    return Verdict(
        id=row["id"],
        subject=row["subject"],
        list_name=row["list"],
        version=row["version"],
        rule=row["rule"],
        grade=Grade(row["grade"]),
        verdict=Judgement(row["verdict"]),
        who=row["who"],
        note=row["note"],
        at=row["at"],
    )
