"""What a legal hold keeps, as conditions of queries; and lists of ids of any length in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, Select, false, func, or_, select

from monitor.evidence_model import Hold, Kind
from monitor.store.tables import HITS, UTTERANCES
from monitor.store.tables_evidence import SESSION_TRACKS


def among(ids: Iterable[str | int]) -> Select[Any]:
    """For `column.in_(…)`: one bound value, however many ids."""
    return select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value)


def spared(table: FromClause, holds: Sequence[Hold]) -> ColumnElement[bool]:
    """Rows of a table with room and speaker_id, and maybe track or utterance, that a standing hold keeps."""
    return or_(false(), *(_spared(table, hold) for hold in holds))


def _spared(table: FromClause, hold: Hold) -> ColumnElement[bool]:
    c = table.c
    match hold.kind:
        case Kind.ROOM:
            return c.room == hold.subject
        case Kind.SPEAKER:
            same = c.speaker_id == hold.subject
            return same & (c.room == hold.room) if hold.room else same
        case Kind.SESSION:
            tracks = select(SESSION_TRACKS.c.track).where(SESSION_TRACKS.c.session == hold.subject)
            return _of(table, "track", tracks)
        case Kind.ALERT:
            return _of(table, "utterance", of_alert(hold.subject))


def _of(table: FromClause, column: str, wanted: Select[Any]) -> ColumnElement[bool]:
    if table is UTTERANCES and column == "utterance":
        return UTTERANCES.c.id.in_(wanted)
    return table.c[column].in_(wanted) if column in table.c else false()


def of_alert(alert: str) -> Select[Any]:
    """Utterances with hits of an alert."""
    return select(HITS.c.utterance).where(HITS.c.alert == alert)


def spared_utterances(holds: Sequence[Hold]) -> ScalarSelect[Any]:
    """Their ids."""
    return select(UTTERANCES.c.id).where(spared(UTTERANCES, holds)).scalar_subquery()
