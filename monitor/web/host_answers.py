"""What hosts, and staff who look after them, are told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from monitor.consent.notices import LANGUAGES, LONGEST, shown
from monitor.consent_model import Consent, ConsentEntry, HostLink
from monitor.messages import CoverageView
from monitor.web.answers import Answer

State = Literal["unasked", "announced", "granted", "paused", "withdrawn"]
Words = Annotated[str, Field(max_length=LONGEST)]


class ConsentSaid(Answer):
    """What the host wants from now on."""

    act: Literal["grant", "pause", "withdraw"] = Field(
        description="grant: listen; pause: not for a while; withdraw: not any more, and drop what waits"
    )


class NoticeSaid(Answer):
    text: Words = Field(
        description="What people in the room are shown while monitoring runs; empty: the standard words"
    )
    language: str = Field("en", pattern=r"^[a-z]{2,3}$", description="Its language (ISO 639-1)")


class SpeakerSaid(Answer):
    id: str = Field(min_length=1, max_length=200)
    name: str = Field(max_length=200)
    listen: bool = Field(description="False: nobody listens to them, and what waits of them is dropped")


class ErasureSaid(Answer):
    reason: str = Field("", max_length=500, description="For the receipt; may be empty")


class LinkSaid(Answer):
    note: str = Field("", max_length=200, description="For whom it is")
    days: float | None = Field(None, gt=0, le=366, description="Days that it is good for; null: as set")


class HostSpeaker(Answer):
    """Somebody in the room, or somebody who was opted out and is not there."""

    id: str
    name: str
    here: bool
    listen: bool = Field(description="False: opted out")


class NoticeView(Answer):
    text: str = Field(description="The host's own; empty: the standard words")
    language: str
    now: str = Field(description="What the room is to be told now")
    shown: str = Field(description="What it was told last; empty: nothing yet")
    shown_at: float = Field(description="Unix time; 0: never")
    way: str = Field(description="How people see it, in plain words; empty: the room has no way, so tell them yourself")


class LanguageView(Answer):
    code: str
    name: str
    on: str = Field(description="The standard words of this language while monitoring runs")


class HostRoom(Answer):
    """A room as its host sees it."""

    room: str
    name: str
    room_state: str = Field(description="Of the monitor's connection: live, waiting …; empty: no service runs")
    state: State
    basis: Literal["policy", "host", ""] = Field(
        description="On whose word: the operator's policy, or a host's; empty: nobody's yet"
    )
    since: float = Field(description="Unix time of the last change of the state; 0: none")
    required: bool = Field(description="True: without the host's yes nobody is listened to")
    listening: bool = Field(description="Whether anybody is listened to now")
    mixed: bool = Field(description="The room gives one mix: one speaker's opt-out silences all while they are there")
    notice: NoticeView
    languages: list[LanguageView]
    speakers: list[HostSpeaker]
    expires_at: float = Field(description="Unix time at which this link goes out of force")
    keep_days: float = Field(description="Days that transcripts are kept")


class ReceiptAlert(Answer):
    """An alert, as far as a host may know: that it was, not what was said."""

    id: str
    severity: Literal["info", "low", "medium", "high", "critical"]
    raised_at: float
    clip: bool = Field(description="Whether audio is kept with it")
    goes_at: float | None = Field(description="Unix time at which it is deleted; null: on legal hold, or not known")
    held: bool = Field(description="On legal hold")


class DeletionView(Answer):
    """That something was destroyed."""

    id: int
    at: float
    kind: str = Field(description="session: a visit's key; clip: one clip's key; erasure: what somebody asked for")
    why: str


class RoomAccount(Answer):
    """What came of a room: heard, kept, raised."""

    since: float = Field(description="Unix time of the oldest that is counted here; 0: nothing is")
    seconds: CoverageView = Field(description="Of all speakers together")
    utterances: int = Field(description="Transcripts that are kept")
    alerts: list[ReceiptAlert] = Field(description="Newest first, at most 200")
    alert_count: int
    clips: int = Field(description="Alerts with audio")
    deletions: list[DeletionView] = Field(description="Newest first, at most 100")


class EntryView(Answer):
    """One entry of consent."""

    id: int
    at: float
    act: Literal["announce", "grant", "pause", "withdraw", "notice", "opt-out", "opt-in"]
    who: str
    basis: Literal["policy", "host", "room"]
    notice: str
    language: str
    way: str
    told: int = Field(description="Of announce: how many who came later were told by themselves; 0: everybody was")
    speaker: str = Field(description="Name of the speaker of an opt-out or opt-in; else empty")


class EntryPage(Answer):
    entries: list[EntryView]
    before: int | None = Field(description="For the next page; null: there is none")


class RoomErasure(Answer):
    """What came of an erasure that was asked for."""

    state: Literal["erased", "held", "nothing"] = Field(
        description="erased; held: some of it is on legal hold, so nothing was; nothing: there was nothing"
    )
    receipt: int | None = Field(description="Number of the deletion receipt; null: nothing was erased")


class LinkView(Answer):
    """A host's link, without its token."""

    id: str
    room: str
    made_at: float
    made_by: str
    note: str
    expires_at: float
    revoked_at: float = Field(description="0: it is not")
    revoked_by: str
    used_at: float = Field(description="Of its last use, to the minute; 0: never")
    good: bool = Field(description="Whether it opens the room now")


class NewLink(Answer):
    link: LinkView
    path: str = Field(description="What to put behind this service's address. It is shown this once")


class LinkList(Answer):
    links: list[LinkView]


def entry_view(entry: ConsentEntry) -> EntryView:
    return EntryView(
        id=entry.id,
        at=entry.at,
        act=entry.act.value,
        who=entry.who,
        basis=entry.basis.value,
        notice=entry.notice,
        language=entry.language,
        way=entry.way,
        told=len(entry.to),
        speaker=entry.speaker.name if entry.speaker else "",
    )


def link_view(link: HostLink, now: float) -> LinkView:
    return LinkView(
        id=link.id,
        room=link.room,
        made_at=link.made_at,
        made_by=link.made_by,
        note=link.note,
        expires_at=link.expires_at,
        revoked_at=link.revoked_at,
        revoked_by=link.revoked_by,
        used_at=link.used_at,
        good=link.good(now),
    )


def languages() -> list[LanguageView]:
    return [LanguageView(code=code, name=name, on=shown(Consent.GRANTED, "", code)) for code, name in LANGUAGES.items()]
