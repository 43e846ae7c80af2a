"""Entries of consent, which are only ever added, and what they come to. Pure.

Nothing is stored but the entries: where a room stands is folded from them, here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.consent.machine import accepts
from monitor.consent.machine import after as state_after
from monitor.consent_model import Act, Basis, Consent, ConsentEntry
from monitor.model import Speaker


@dataclass(frozen=True, slots=True)
class Standing:
    """What a room's entries come to."""

    state: Consent = Consent.UNASKED
    basis: Basis | None = None  # of the last grant, pause or withdrawal; None: there was none
    who: str = ""  # of the same
    since: float = 0.0  # wall time of the same; 0: there was none
    notice: str = ""  # the host's own; empty: the room's settings have it
    language: str = ""  # of the host's own notice
    shown: str = ""  # the text that was shown in the room last
    shown_at: float = 0.0
    way: str = ""  # how it was shown
    out: tuple[Speaker, ...] = ()  # who is opted out


def after(standing: Standing, entry: ConsentEntry, *, required: bool) -> Standing:
    """One entry more. `required`: the room must have its host's own yes, so that the operator's policy counts for
    nothing. Entries that the table doesn't take (another setting was in force when they were made) change no state.
    """
    match entry.act:
        case Act.NOTICE:
            return replace(standing, notice=entry.notice, language=entry.language)
        case Act.OPT_OUT | Act.OPT_IN:
            others = tuple(one for one in standing.out if entry.speaker is None or not same_person(one, entry.speaker))
            more = (entry.speaker,) if entry.act is Act.OPT_OUT and entry.speaker is not None else ()
            return replace(standing, out=(*others, *more))
        case Act.ANNOUNCE:
            told = replace(standing, state=state_after(standing.state, entry.act))
            return told if entry.to else replace(told, shown=entry.notice, shown_at=entry.at, way=entry.way)
    if (required and entry.basis is Basis.POLICY) or not accepts(standing.state, entry.act):
        return standing
    state = state_after(standing.state, entry.act)
    return replace(standing, state=state, basis=entry.basis, who=entry.who, since=entry.at)


def fold(entries: Iterable[ConsentEntry], *, required: bool) -> Standing:
    """Where a room stands. `entries`: oldest first."""
    standing = Standing()
    for entry in entries:
        standing = after(standing, entry, required=required)
    return standing


def same_person(one: Speaker, other: Speaker) -> bool:
    """As far as a room can tell: an id is new with each visit, so the name counts as well. Two people of one name are
    then both left out: to hear too little is the lesser wrong."""
    return one.id == other.id or one.name.strip().casefold() == other.name.strip().casefold()
