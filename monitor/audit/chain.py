"""The hash chain of the audit log: what an entry is, and what is wrong with a row of them. Pure.

Each entry holds the SHA-256 of the one before it, and its own SHA-256 over all it says. So an entry can't be changed,
left out, put in or moved without every later hash being another one; that the *last* ones are still there, no chain
can show: monitor/audit/head.py anchors those.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from monitor.model import AuditEntry

Detail = str | int | float | bool | None | Sequence[str]
"""What an entry may say beside who, what and when. Never what somebody said in a room: entries are not erased."""

GENESIS = "0" * 64
"""What stands before the first entry."""
NEAR = 500
"""How far away the first place of an entry is looked for that was moved."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the log."""

    number: int  # the entry that it is about
    kind: str  # changed · missing · reordered · cut · head · noted
    what: str  # plain words


def canonical(value: object) -> str:
    """One text for one value: keys sorted, no space, UTF-8 left as it is. Raises ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def make(
    last: tuple[int, str] | None,
    at: float,
    who: str,
    action: str,
    subject: str,
    room: str,
    detail: Mapping[str, Detail],
) -> AuditEntry:
    """The entry after `last` (number and hash; None: the first)."""
    number, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    said = canonical(dict(detail))
    at = round(at, 3)
    bare = AuditEntry(number, at, _text(who), _text(action), _text(subject), _text(room), _text(said), previous, "")
    return replace(bare, hash=digest(bare))


def digest(entry: AuditEntry) -> str:
    """The hash that the entry should have, from all the rest of it."""
    said = asdict(entry)
    del said["hash"]
    said["at"] = round(entry.at * 1000)  # milliseconds: floats are written in more than one way
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def faults(entries: Iterable[AuditEntry], last: tuple[int, str] | None = None) -> Iterator[Fault]:
    """What is wrong with entries as they are read, in the order of their numbers.

    `last`: number and hash of the entry before the first of these, where these are a part of the log.
    """
    number, previous = last or (0, GENESIS)
    for entry in entries:
        if entry.number <= number:
            yield Fault(entry.number, "reordered", f"entry {entry.number} stands after entry {number}")
        elif entry.number > number + 1:
            yield Fault(number + 1, "missing", _missing(number + 1, entry.number - 1))
        own = digest(entry) if round(entry.at, 3) == entry.at else ""
        if own != entry.hash:
            yield _changed(entry)
        elif entry.number == number + 1 and entry.previous != previous:
            what = (
                f"entry {entry.number} doesn't continue entry {number}: it was moved, or what is before it was redone"
            )
            yield Fault(entry.number, "reordered", what)
        number, previous = entry.number, entry.hash


def _changed(entry: AuditEntry) -> Fault:
    for number in range(max(1, entry.number - NEAR), entry.number + NEAR):
        if digest(replace(entry, number=number)) == entry.hash:
            what = f"what stands as entry {entry.number} was written as entry {number}: it was moved"
            return Fault(entry.number, "reordered", what)
    return Fault(entry.number, "changed", f"entry {entry.number} is not what was written: its hash differs")


def _missing(first: int, last: int) -> str:
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"


def _text(word: str) -> str:
    """Without halves of characters, which no database stores."""
    return word.encode("utf-8", "replace").decode("utf-8")
