"""What was said, read for backtests: in ranges, by any number of processes, beside the service that goes on writing.

Plain sqlite3, as a million rows go by here. An Archive is only a path, so it can be sent to another process. Every
method opens what it needs and closes it; reading connections can't write. Raises StoreFailed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import StoreFailed
from monitor.model import Recorded, Spoken, Word
from monitor.store.engines import BUSY

TextRow = tuple[int, str, str, float, str, str]
"""seq, form, language, seconds, normal, unfolded."""

_TIMES = "SELECT began, began + seconds FROM utterances WHERE seq IN (?, ?) ORDER BY seq"
_TEXTS = """
SELECT seq, form, language, seconds, normal, unfolded FROM spoken
WHERE seq BETWEEN ? AND ? AND form IS NOT NULL ORDER BY seq
"""
# By the index alone: the utterances themselves, with all their words, are ten times as big as their texts.
_WITHOUT = """
SELECT seq FROM utterances WHERE seq BETWEEN ?1 AND ?2
EXCEPT SELECT seq FROM spoken WHERE seq BETWEEN ?1 AND ?2 AND form IS NOT NULL
"""
_WHOLE = """
SELECT u.seq, u.id, u.room, u.speaker_id, u.track, u.began, u.seconds, u.language, coalesce(s.biased, 0), u.words
FROM utterances u LEFT JOIN spoken s ON s.seq = u.seq
WHERE u.seq IN (SELECT value FROM json_each(?)) ORDER BY u.seq
"""
# Only beside its utterance: text that retention has removed meanwhile must not come back.
_FILL = """
INSERT INTO spoken (seq, form, language, seconds, biased, normal, unfolded)
SELECT seq, ?, language, seconds, 0, ?, ? FROM utterances WHERE seq = ?
ON CONFLICT (seq) DO UPDATE SET form = excluded.form, normal = excluded.normal, unfolded = excluded.unfolded
"""
_ALERTS = """
SELECT h.utterance, a.id, a.clip FROM hits h JOIN alerts a ON a.id = h.alert
WHERE h.utterance IN (SELECT value FROM json_each(?1))
UNION SELECT utterance, id, clip FROM alerts WHERE utterance IN (SELECT value FROM json_each(?1))
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """The utterances in a database file of this program's schema."""

    path: Path

    def spans(self, since: float, until: float, size: int) -> list[tuple[int, int, int]]:
        """(first seq, last seq, utterances), with at most `size` utterances each, oldest first.

        `since`, `until`: wall time at which they were stored.
        """
        found: list[tuple[int, int, int]] = []
        with self._reading() as db:
            first = _seq(db, "SELECT seq FROM utterances WHERE at >= ? ORDER BY at LIMIT 1", since)
            last = _seq(db, "SELECT seq FROM utterances WHERE at < ? ORDER BY at DESC LIMIT 1", until)
            while first is not None and last is not None and first <= last:
                here = "SELECT seq FROM utterances WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT 1 OFFSET ?"
                after = _seq(db, here, first, last, size)
                end = last if after is None else after - 1
                (count,) = db.execute(
                    "SELECT count(*) FROM utterances WHERE seq BETWEEN ? AND ?", (first, end)
                ).fetchone()
                found.append((first, end, count))
                first = after
        return found

    def times(self, first: int, last: int) -> tuple[float, float]:
        """Wall time at which the first of these two utterances began and the last one ended."""
        with self._reading() as db:
            rows = db.execute(_TIMES, (first, last)).fetchall()
        return (rows[0][0], rows[-1][1]) if rows else (0.0, 0.0)

    def before(self, first: int, seconds: float) -> int:
        """The first seq of the utterances that were stored less than so many seconds before the one with this seq."""
        with self._reading() as db:
            row = db.execute("SELECT at FROM utterances WHERE seq >= ? ORDER BY seq LIMIT 1", (first,)).fetchone()
            if row is None:
                return first
            found = _seq(db, "SELECT seq FROM utterances WHERE at >= ? ORDER BY at LIMIT 1", row[0] - seconds)
        return first if found is None else min(first, found)

    def texts(self, first: int, last: int) -> list[TextRow]:
        """Those of the range that have a text, whatever form it is in."""
        with self._reading() as db:
            return db.execute(_TEXTS, (first, last)).fetchall()

    def without_text(self, first: int, last: int) -> list[int]:
        """The other seqs of the range."""
        with self._reading() as db:
            return [seq for (seq,) in db.execute(_WITHOUT, (first, last))]

    def whole(self, seqs: Iterable[int]) -> list[Recorded]:
        """These utterances in the order of their numbers; those that are gone are left out."""
        with self._reading() as db:
            return [_recorded(row) for row in db.execute(_WHOLE, (json.dumps(list(seqs)),))]

    def fill(self, made: Sequence[tuple[int, Spoken]]) -> bool:
        """Keep texts that had to be made; False where the file can't be written now: the next one makes them again."""
        rows = [(spoken.form, spoken.normal, spoken.unfolded, seq) for seq, spoken in made]
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY / 1000, isolation_level=None)) as db:
                db.execute("PRAGMA synchronous=NORMAL")
                db.execute("BEGIN IMMEDIATE")
                db.executemany(_FILL, rows)
                db.execute("COMMIT")
        except sqlite3.OperationalError:
            return False
        return True

    def alerts(self, utterances: Iterable[str]) -> dict[str, tuple[str, str]]:
        """utterance → (alert, name of its clip or "") for those with an alert; of several, one with a clip."""
        with self._reading() as db:
            rows = db.execute(_ALERTS, (json.dumps(list(utterances)),)).fetchall()
        return {utterance: (alert, clip) for utterance, alert, clip in sorted(rows, key=lambda row: bool(row[2]))}

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as db:
                db.execute(f"PRAGMA busy_timeout={BUSY}")
                yield db
        except sqlite3.OperationalError as error:
            raise StoreFailed(f"the database can't be read: {error}") from error


def _seq(db: sqlite3.Connection, query: str, *values: float) -> int | None:
    row = db.execute(query, values).fetchone()
    return int(row[0]) if row else None


def _recorded(row: tuple[Any, ...]) -> Recorded:
    seq, utterance, room, speaker, track, began, seconds, language, biased, heard = row
    words = tuple(Word(w["text"], began + w["start"], began + w["end"], w["probability"]) for w in json.loads(heard))
    return Recorded(seq, utterance, room, speaker, track, began, seconds, language, bool(biased), words)
