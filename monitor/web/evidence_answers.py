"""What goes in and out of the API about how good rules are: hits, verdicts, near misses, suggestions, backtests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from monitor.messages import HitView
from monitor.model import Grade, RuleState, Severity
from monitor.web.answers import Answer
from monitor.web.keyword_answers import LINE, LONGEST, WHO, Name, Signed, Text


class PrecisionView(Answer):
    """Verdicts on what a rule found. `value` is right ÷ (right + wrong); unsure ones don't count."""

    list_name: str
    rule: str
    right: int
    wrong: int
    unsure: int
    value: float | None = Field(description="null: no verdict yet")
    low: float = Field(description="Lower end of the Wilson 95 % interval")
    high: float = Field(description="Upper end")
    floor: float | None = Field(description="Below it for long enough, the rule demotes itself to shadow")
    state: RuleState | None = Field(description="null: the list has no such rule now")


class PrecisionPage(Answer):
    rules: list[PrecisionView]


class HitCountView(Answer):
    list_name: str
    rule: str
    state: RuleState
    grade: Grade
    hits: int
    alerted: int = Field(description="Of them, how many are in an alert")


class HitCountPage(Answer):
    since: float = Field(description="Unix time")
    counts: list[HitCountView]


class StoredHitView(Answer):
    """One hit, with or without an alert."""

    id: int
    at: float
    alert: str = Field(description="Id of its alert; empty: none was raised")
    subject: str = Field(description="What a verdict on it is about")
    room: str
    utterance: str
    language: str
    state: RuleState = Field(description="Of the rule at the time")
    hit: HitView


class StoredHitPage(Answer):
    """Newest first."""

    hits: list[StoredHitView]
    before: int | None = Field(description="Ask for ?before= this to get the next, older page; null: no more")


class NearMissView(Answer):
    """What almost was a hit, and why it was none."""

    id: int
    at: float
    room: str
    utterance: str
    language: str
    list_name: str
    list_version: str
    rule: str
    matched: str
    before: str
    after: str
    likeness: float
    wanted: float
    cause: str


class NearMissPage(Answer):
    """Newest first."""

    near_misses: list[NearMissView]
    before: int | None = Field(description="Ask for ?before= this to get the next, older page; null: no more")


class FromNearMiss(Signed):
    """Makes a phrase, or an exception, of a near miss."""

    text: Text | None = Field(None, description="null: the words as they were recognised")
    severity: Severity | None = Field(None, description="Of a phrase; null: that of the rule it nearly was")


class SuggestionView(Answer):
    """An exception that would have spared wrong hits."""

    rule: str
    exception: str
    wrong: int = Field(description="Wrong hits that it would have cancelled; it would have cancelled no right one")
    share: float = Field(description="Of all wrong hits of the rule, 0 to 1")
    examples: list[str]


class SuggestionPage(Answer):
    suggestions: list[SuggestionView]


class GiveVerdict(Answer):
    verdict: Literal["right", "wrong", "unsure"]
    who: str = Field("", max_length=100, pattern=f"^$|{LINE}", description=WHO)
    note: str = Field("", max_length=2000, pattern=f"^$|{LINE}", description="One line")


class VerdictView(Answer):
    subject: str = Field(description="Id of the alert, or `hit-` and the number of a hit without one")
    list_name: str
    version: str
    rule: str
    grade: Grade
    verdict: Literal["right", "wrong", "unsure"]
    who: str
    note: str
    at: float


class VerdictPage(Answer):
    """Newest first; of one person the newest counts."""

    verdicts: list[VerdictView]


# backtest


class StartTrial(Answer):
    """What a list would have found in what is stored, next to what the list in force finds."""

    name: Name
    content: str | None = Field(None, max_length=LONGEST, description="A draft, TOML; null: the version named")
    version: str = Field("", max_length=64, description="A stored version; empty: the one in force")
    against: str = Field("", max_length=64, description="Compare with this version; empty: the one in force")
    since: float = Field(ge=0, le=1e11, description="Unix time")
    until: float | None = Field(None, ge=0, le=1e11)


class TrialHit(Answer):
    """One hit that is gained, lost, or has another grade or severity."""

    change: Literal["gained", "lost", "regraded"]
    rule: str
    utterance: str
    room: str
    spoken_at: float
    before: str
    matched: str
    after: str
    old: Grade | None = Field(description="null: not found before")
    new: Grade | None = Field(description="null: not found now")
    alert: str = Field(description="Id of an alert of that utterance, or empty")
    clip: str = Field(description="Path of its clip to listen to, or empty")


class TrialRule(Answer):
    """One rule in both versions."""

    rule: str
    hits_before: int
    hits: int
    gained: int
    lost: int
    regraded: int
    alerts_before: int
    alerts: int


class TrialReport(Answer):
    """Counts are of all; `examples` are the newest few of each rule and kind of change."""

    utterances: int
    hours: float = Field(description="From the first utterance to the end of the last")
    speech_hours: float
    gained: int
    lost: int
    regraded: int
    alerts_an_hour: float
    alerts_an_hour_before: float
    rules: list[TrialRule] = Field(description="That hit anything; those with most changes first")
    examples: list[TrialHit]
    took: float = Field(description="Seconds")


class TrialView(Answer):
    """A backtest. One runs at a time; the last few are kept until the service stops."""

    id: str
    name: str
    state: Literal["running", "done", "cancelled", "failed"]
    done: int = Field(description="Utterances looked at")
    total: int
    began: float
    took: float = Field(description="Seconds so far")
    detail: str = Field(description="Why it failed; else empty")
    report: TrialReport | None


class TrialPage(Answer):
    """Newest first."""

    trials: list[TrialView]
