"""What goes in and out of the review part of the HTTP API."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from monitor.messages import AlertView, HeardMessage, IncidentView
from monitor.web.answers import Answer
from monitor.web.keyword_answers import LINE

OneLine = Annotated[str, Field(max_length=200, pattern=f"^$|{LINE}")]
Note = Annotated[str, Field(max_length=2000, pattern=f"^$|{LINE}", description="One line; goes with the alerts")]
Who = Annotated[
    str, Field(max_length=100, pattern=f"^$|{LINE}", description="Counts only where nobody has an account; else yours")
]


class IncidentPage(Answer):
    """In the order asked for."""

    incidents: list[IncidentView]
    alerts: list[AlertView] = Field(description="The newest alert of each, where it is still kept")
    after: str | None = Field(description="Ask for ?after= this to get the next page; null: no more")


class IncidentCount(Answer):
    status: Literal["open", "escalated", "done"]
    severity: Literal["info", "low", "medium", "high", "critical"]
    count: int


class IncidentCounts(Answer):
    """Of what nobody is done with."""

    counts: list[IncidentCount]


class DecisionView(Answer):
    """One entry of an incident's history. None is ever changed."""

    id: int
    act: Literal["claim", "release", "hand", "escalate", "verdict", "note", "undo"]
    who: str
    at: float = Field(description="Unix time")
    alert: str = Field(description="Id of the one alert that it is about; empty: the whole incident")
    until: float = Field(description="Of a claim or hand-over: Unix time at which it is over")
    to: str = Field(description="Of a hand-over or an escalation")
    verdict: Literal["right", "wrong", "unsure"] | None
    reason: str
    taken: str
    note: str
    undoes: int = Field(description="Of an undo: the decision; else 0")
    undone: bool = Field(description="True: it was taken back")


class IncidentDetail(Answer):
    """One incident with all that belongs to it."""

    incident: IncidentView
    alerts: list[AlertView] = Field(description="Oldest first, at most 200")
    decisions: list[DecisionView] = Field(description="Oldest first")


class Decided(Answer):
    """What was decided, and the incident after it."""

    incident: IncidentView
    decision: DecisionView


class ByWhom(Answer):
    who: Who = ""


class HandOver(ByWhom):
    to: str = Field(max_length=100, pattern=LINE, description="Name of the account")
    note: Note = ""


class Escalate(ByWhom):
    to: OneLine = Field("", description="A person, a team; empty: anybody")
    note: Note = ""


class GiveNote(ByWhom):
    note: str = Field(max_length=2000, pattern=LINE, description="One line; goes with the alerts")


class Decide(ByWhom):
    verdict: Literal["right", "wrong", "unsure"]
    alert: str = Field("", max_length=64, description="Id of one of its alerts; empty: all of them, and it is done")
    reason: OneLine = Field("", description="Of your policy, see /api/review/plan")
    taken: OneLine = Field("", description="What was done about it")
    note: Note = ""


class Undo(ByWhom):
    decision: int = Field(ge=1, le=2**63 - 1)


class PlanView(Answer):
    """What the console offers, from the settings."""

    claim: float = Field(description="Seconds that a claim holds")
    undo: float = Field(description="Seconds in which an action in a room can be undone")
    reasons: list[str]
    taken: list[str]


class RevisionView(Answer):
    """What another model heard in an utterance; the first hearing stays as it was."""

    utterance: str
    at: float = Field(description="Unix time")
    model: str
    language: str
    began: float = Field(description="Unix time of what was heard again: it may begin before the utterance")
    seconds: float
    text: str


class Around(Answer):
    """What was said in the room around an alert, personal data masked."""

    alert: str
    since: float = Field(description="Unix time")
    until: float = Field(description="Unix time")
    utterances: list[HeardMessage] = Field(description="In the order in which they began; first hearings")
    revisions: list[RevisionView] = Field(description="Oldest first")


class SavedViewView(Answer):
    """A filter that somebody keeps."""

    name: str
    query: str = Field(description="What follows the ? in the console's address")
    at: float = Field(description="Unix time")


class SavedViews(Answer):
    """In order of their names."""

    views: list[SavedViewView]


class SaveView(Answer):
    query: str = Field(max_length=2000, pattern=r"^[\x21-\x7e]*$", description="What follows the ? in the address")
