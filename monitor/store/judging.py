"""What somebody says of one alert or hit, inside a transaction: the one path of all verdicts.

Alerts about words get a verdict, from which the precision of their rule follows; alerts about a voice get a label, from
which the detector's does.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from monitor.model import Alert, KeywordHit
from monitor.review.decisions import Decision
from monitor.review.incident import Judgement
from monitor.store import convert
from monitor.store.hit_records import hit as stored_hit
from monitor.store.records import Verdict
from monitor.store.tables import ALERTS, HITS, VERDICTS, VOICE_LABELS
from monitor.store.voice_records import label_alert, relabel
from monitor.store.writer import Tell
from monitor.store.writing import inserted
from monitor.voice_model import VoiceLabel

LABELS = {
    Judgement.RIGHT: VoiceLabel.CONFIRMED,
    Judgement.WRONG: VoiceLabel.DISMISSED,
    Judgement.UNSURE: VoiceLabel.POSSIBLE,
}
"""A verdict on an incident, as said of its alerts about a voice."""


def about(db: Connection, subject: str) -> KeywordHit | None:
    """The hit that raised the alert, or the hit itself; None: there is none, or it is about a voice."""
    found = alert(db, subject)
    if found is not None:
        return next(iter(found.hits), None)
    kind, _, number = subject.partition("-")
    if kind != "hit" or not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    row = db.execute(select(HITS).where(HITS.c.id == int(number))).mappings().first()
    return stored_hit(row).hit if row is not None else None


def alert(db: Connection, alert_id: str) -> Alert | None:
    row = db.execute(select(ALERTS).where(ALERTS.c.id == alert_id)).mappings().first()
    return convert.alert(row) if row is not None else None


def judge(
    db: Connection, subject: str, hit: KeywordHit, verdict: Judgement, who: str, note: str, at: float, decision: int = 0
) -> Verdict:
    """`hit`: from `about`; `decision`: the one that it is part of, 0: of none."""
    row = {
        "subject": subject,
        "list": hit.list_name,
        "version": hit.list_version,
        "rule": hit.phrase,
        "grade": hit.grade.value,
        "verdict": verdict.value,
        "who": who,
        "note": note,
        "at": at,
    }
    made = inserted(db, insert(VERDICTS).values({**row, "decision": decision or None}))
    named = (hit.list_name, hit.list_version, hit.phrase, hit.grade)
    return Verdict(made, subject, *named, verdict, who, note, at)


def judge_as(db: Connection, tell: Tell, one: Alert, decision: Decision) -> None:
    """A verdict that is a decision, on one alert."""
    assert decision.verdict is not None  # noqa: S101 - only verdicts come here
    if one.voice is not None:
        said = LABELS[decision.verdict]
        label_alert(db, tell, one, said, decision.who, decision.note, decision.at, decision.id)
    elif one.hits:
        judge(db, one.id, one.hits[0], decision.verdict, decision.who, decision.note, decision.at, decision.id)


def take_back(db: Connection, tell: Tell, decision: int, at: float) -> None:
    """What was said with this decision counts no longer."""
    db.execute(update(VERDICTS).where(VERDICTS.c.decision == decision).values(undone=True))
    labels = VOICE_LABELS.c
    of_voices = list(db.scalars(select(labels.alert).where(labels.decision == decision)))
    db.execute(update(VOICE_LABELS).where(labels.decision == decision).values(undone=True))
    for alert_id in of_voices:
        if (known := alert(db, alert_id)) is not None:
            relabel(db, tell, known, at)
