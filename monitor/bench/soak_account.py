"""The ledger beside the truth: what each speaker sent, and what the database says became of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from monitor.bench.crowd_voice import Truth
from monitor.model import Heard

TALK = (Heard.EXAMINED, Heard.VETOED, Heard.LOST_NETWORK, Heard.LOST_OVERLOAD, Heard.LOST_ERROR, Heard.PENDING)
"""States that say that somebody talked."""
Who = tuple[str, str]
"""Room and name; a name is used for one visit only."""
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Account:
    """One visit of one speaker, or the sum of all. Seconds."""

    said: float  # that were sent, lost packets included
    booked: float  # as talk on the speaker's tracks, without the pauses around it that utterances keep
    absent: float  # said while the monitor was not in the room, which is on the record
    short: float = 0.0  # said, and nowhere on the record
    over: float = 0.0  # on the record as talk, and not said


@dataclass(slots=True)
class Books:
    """What the database has."""

    tracks: dict[Who, Counter[str]] = field(default_factory=dict)  # seconds by state
    absences: dict[str, list[Span]] = field(default_factory=dict)  # by room: when the monitor was not there
    causes: Counter[tuple[str, str]] = field(default_factory=Counter)  # seconds by state and cause


def read(database: Path) -> Books:
    books = Books()
    with closing(sqlite3.connect(database)) as db:
        for room, name, seconds in db.execute("SELECT room, speaker_name, seconds FROM tracks"):
            books.tracks.setdefault((room, name), Counter()).update(json.loads(seconds))
        for room, speaker, began, seconds, state, cause in db.execute(
            "SELECT room, speaker_id, began, seconds, state, cause FROM gaps"
        ):
            if speaker is None:
                books.absences.setdefault(room, []).append((began, began + seconds))
            else:
                books.causes[state, _kind(cause)] += seconds
    return books


def accounts(truths: Iterable[Truth], books: Books, pauses: Mapping[Who, float]) -> dict[Who, Account]:
    """`pauses`: seconds of silence that were examined along with each speaker's talk."""
    found: dict[Who, Account] = {}
    for truth in truths:
        who = truth.room, truth.name
        states = books.tracks.get(who, Counter())
        booked = sum(states[state.value] for state in TALK) - pauses.get(who, 0.0)
        absent = sum(_common((began, ended), books.absences.get(truth.room, [])) for began, ended in truth.spans)
        rest = truth.seconds - booked - absent
        found[who] = Account(truth.seconds, booked, absent, max(0.0, rest), max(0.0, -rest))
    return found


def total(each: Sequence[Account]) -> Account:
    names = ("said", "booked", "absent", "short", "over")
    return Account(**{name: sum(getattr(one, name) for one in each) for name in names})


def strangers_of(known: Iterable[Who], books: Books) -> list[Who]:
    """Speakers in the ledger who never were: somebody was put down to a wrong name."""
    return sorted(set(books.tracks) - set(known))


def _common(span: Span, others: Iterable[Span]) -> float:
    return sum(max(0.0, min(span[1], ended) - max(span[0], began)) for began, ended in others)


def _kind(cause: str) -> str:
    """The cause without what differs from gap to gap."""
    return cause.split(" short holes over the whole visit: ")[-1]
