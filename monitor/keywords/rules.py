"""What a keyword list holds: rules of several kinds, each with its own severity, scope and life. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from monitor.model import RuleState, Severity


class Kind(StrEnum):
    """What a rule looks for."""

    PHRASE = "phrase"  # words, with `*` inside a word
    PATTERN = "pattern"  # an RE2 pattern, searched in the normalised text
    COMBINATION = "combination"  # several phrases together


class Reach(StrEnum):
    """Where the parts of a combination may be."""

    UTTERANCE = "utterance"
    SPEAKER = "speaker"  # the speaker's last minute
    ROOM = "room"  # the room's last minute, whoever speaks


@dataclass(frozen=True, slots=True)
class Combination:
    """AND, NEAR, sequence and NOT. All of `parts` must be found, none of `without`, within the reach."""

    parts: tuple[str, ...]  # at least two phrases, or one and a `without`
    without: tuple[str, ...] = ()
    ordered: bool = False  # in the order of `parts`
    words: int | None = None  # at most so many words between one part and the next; within an utterance
    seconds: float | None = None  # the whole of it within so many seconds
    reach: Reach = Reach.UTTERANCE


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `label` names it in alerts, verdicts and precision: the phrase or pattern as written, or a name."""

    label: str
    severity: Severity
    note: str = ""
    kind: Kind = Kind.PHRASE
    text: str = ""  # the phrase or the pattern; empty for a combination
    combination: Combination | None = None
    inflect: bool = False  # other forms of its words are hits, too (grade B)
    disguise: bool = False  # leet, look-alike letters and letters set apart are unfolded (grade B)
    sound: float | None = None  # likeness, 0 to 1, from which words that sound alike are hits (grade C); None: never
    cool_down: float | None = None  # seconds; None: the policy's
    languages: tuple[str, ...] = ()  # ISO 639-1; empty: the list's
    rooms: tuple[str, ...] = ()  # ids; empty: the list's
    expires: date | None = None  # the last day on which it counts
    owner: str = ""  # empty: the list's
    floor: float | None = None  # precision, 0 to 1, below which it demotes itself to shadow; None: the list's


@dataclass(frozen=True, slots=True)
class KeywordList:
    """A checked list. `version` is a short digest of all that matters for what it finds and how that is shown."""

    name: str
    title: str
    languages: tuple[str, ...]  # ISO 639-1; empty: all
    severity: Severity
    rules: tuple[Rule, ...]
    exceptions: tuple[str, ...]
    hits: tuple[str, ...]  # examples that must be found
    misses: tuple[str, ...]  # examples in which nothing may be found
    version: str
    state: RuleState = RuleState.LIVE
    rooms: tuple[str, ...] = ()  # ids; empty: all
    owner: str = ""
    note: str = ""
    expires: date | None = None
    floor: float | None = None

    @property
    def label(self) -> str:
        """name@version, as shown to people and stored with hits."""
        return f"{self.name}@{self.version}"
