"""What goes in and out of the keywords part of the HTTP API."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from monitor.keywords.remarks import Weight
from monitor.messages import HitView
from monitor.model import RuleState, Severity
from monitor.web.answers import Answer

LONGEST = 16 * 1024 * 1024
"""Characters of a list."""
NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME, description="Name of a keyword list")]
Label = Annotated[str, Field(min_length=1, max_length=2000, description="A rule's label: its phrase as written")]
LINE = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
WHO = "Kept as given where nobody has an account; else it is the account that asks"
"""One line with something in it, and nothing that moves a terminal's cursor: it is printed by commands."""
Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


class Refusal(Answer):
    """Why a request can't be answered; `code` is one of docs/reference/errors.md."""

    detail: str
    code: str = ""
    problems: list[ProblemView] = Field([], description="What is wrong with a list: each with its place")


class ProblemView(Answer):
    """One thing that is wrong with a list."""

    line: int = Field(description="From 1")
    column: int = Field(description="From 1, in characters")
    reason: str
    mend: str = Field(description="What to write instead; may be empty")


class RemarkView(Answer):
    """What lint says of a list that can be used."""

    grade: Weight
    line: int = Field(description="From 1; 0: no line")
    rule: str = Field(description="Label of the rule; empty: the whole list")
    what: str
    mend: str


class Signed(Answer):
    """Who changes something, and why."""

    who: str = Field("", max_length=100, pattern=f"^$|{LINE}", description=WHO)
    why: str = Field(max_length=500, pattern=LINE, description="For whoever reads the history")


# lists


class CombinationView(Answer):
    parts: list[str]
    without: list[str]
    ordered: bool
    words: int | None
    seconds: float | None
    reach: Literal["utterance", "speaker", "room"]


class RuleView(Answer):
    """One rule as it is in force."""

    label: str
    kind: Literal["phrase", "pattern", "combination"]
    text: str = Field(description="The phrase or the pattern; empty for a combination")
    state: RuleState = Field(description="What it is now: its own state, or its list's")
    own_state: RuleState | None = Field(description="What was set for this rule alone; null: nothing")
    severity: Severity
    note: str
    inflect: bool
    disguise: bool
    sound: float | None
    cool_down: float | None
    languages: list[str]
    rooms: list[str]
    expires: date | None
    owner: str
    floor: float | None
    combination: CombinationView | None


class ListSummary(Answer):
    """One keyword list in force."""

    name: str
    title: str
    version: str
    state: RuleState
    severity: Severity
    languages: list[str]
    owner: str
    note: str
    expires: date | None
    floor: float | None
    rules: int
    exceptions: int


class ListPage(Answer):
    lists: list[ListSummary]
    problems: list[str] = Field(description="Why files are refused; the versions before them stay in force")


class OwnState(Answer):
    """A rule with a state of its own."""

    rule: str
    state: RuleState


class ListView(Answer):
    """A list with its rules and its file as it is."""

    summary: ListSummary
    rules: list[RuleView] = Field(description="From `offset` on, `limit` of them; the summary has their number")
    own_states: list[OwnState] = Field(description="Of all rules that have one")
    exceptions: list[str]
    hits: list[str] = Field(description="Examples that must be found")
    misses: list[str] = Field(description="Examples in which nothing may be found")
    content: str = Field(description="The file")
    etag: str = Field(description="Give it as `base` with a change, so that no other change is overwritten")
    problem: str = Field(description="Why the file can't be used as it is now; empty: it can")


class PutList(Signed):
    """A new list, or a new version of one."""

    content: str = Field(max_length=LONGEST, description="The whole file, TOML")
    base: str = Field("", max_length=64, description="etag of the content it was made from; empty for a new list")
    dry_run: bool = Field(False, description="Only say what it would do")


class ChangeView(Answer):
    rule: str = Field(description="Label; empty: a setting of the list")
    setting: str
    before: str
    after: str


class DifferenceView(Answer):
    """`lines` is a unified diff of the files; the rest compares what they mean."""

    lines: str
    settings: list[ChangeView]
    added: list[str] = Field(description="Labels of rules")
    removed: list[str]
    changed: list[ChangeView]
    exceptions_added: list[str]
    exceptions_removed: list[str]


class WrittenView(Answer):
    """What a change did, or with `dry_run`, would do."""

    name: str
    before: str = Field(description="The version before; empty: there was none")
    version: str
    etag: str
    state: RuleState
    difference: DifferenceView
    remarks: list[RemarkView]


class SetState(Signed):
    """draft: not evaluated; shadow: evaluated and counted, no alert; live; retired: kept for the record."""

    state: RuleState


class SetRuleState(Signed):
    """For one rule, whatever versions of its list come. A list that is draft or retired silences its rules."""

    rule: Label
    state: RuleState | None = Field(description="null: again as the list says")


class RuleStateView(Answer):
    list_name: str
    rule: str
    state: RuleState = Field(description="What it is now")


class RuleStateEntry(Answer):
    """One change of a state; newest first."""

    rule: str = Field(description="Empty: the whole list")
    state: RuleState | None = Field(description="null: as the list says")
    who: str
    why: str
    at: float


class VersionView(Answer):
    """One entry of a list's history."""

    version: str
    who: str = Field(description="`file`: changed by hand")
    why: str
    at: float = Field(description="Unix time")


class History(Answer):
    """Newest first."""

    versions: list[VersionView]
    states: list[RuleStateEntry]


class VersionText(Answer):
    name: str
    version: str
    content: str


class RollBack(Signed):
    to: str = Field("", max_length=64, description="Version; empty: the one before the present one")


class AddException(Signed):
    text: Text


class AddRule(Signed):
    """A rule as in a list file: `text` for a phrase, or `label` with `pattern`, `all`, `near` or `sequence`."""

    rule: RuleTable


class RuleTable(Answer):
    """Left out or null: as the list says."""

    text: Text | None = None
    label: Text | None = None
    pattern: Text | None = None
    all: list[Text] | None = None
    near: list[Text] | None = None
    sequence: list[Text] | None = None
    not_: list[Text] | None = Field(None, alias="not")
    words: int | None = Field(None, ge=0, le=1000)
    seconds: float | None = Field(None, gt=0, le=3600)
    reach: Literal["utterance", "speaker", "room"] | None = None
    severity: Severity | None = None
    note: str | None = Field(None, max_length=2000)
    inflect: bool | None = None
    disguise: bool | None = None
    sound: bool | float | None = None
    cool_down: float | None = Field(None, ge=0, le=86400)
    languages: list[str] | None = None
    rooms: list[str] | None = None
    expires: date | None = None
    owner: Text | None = None
    floor: float | None = Field(None, ge=0, le=1)


class Import(Signed):
    """Rules from a file of another program, or of this one. All of it or nothing."""

    format: Literal["csv", "toml"]
    content: str = Field(max_length=LONGEST)
    base: str = Field("", max_length=64, description="etag of the present content; empty for a new list")
    dry_run: bool = Field(False, description="Only say what it would do")


class LintRequest(Answer):
    content: str = Field(max_length=LONGEST)


class LintReport(Answer):
    """`problems`: why it can't be used; `remarks`: what could be better where it can."""

    name: str
    version: str
    rules: int
    problems: list[ProblemView]
    remarks: list[RemarkView]


class TestRequest(Answer):
    """A sentence, looked at with a list that need not be in force."""

    __test__ = False  # not for pytest
    text: str = Field(max_length=5000)
    language: str = Field("", pattern=r"^([a-z]{2,3})?$", description="ISO 639-1; empty: any")
    content: str | None = Field(None, max_length=LONGEST, description="A list, TOML; null: all lists in force")


class TestHit(Answer):
    __test__ = False
    state: RuleState = Field(description="Of the rule: only live ones raise alerts")
    hit: HitView


class TestReport(Answer):
    __test__ = False
    hits: list[TestHit]
