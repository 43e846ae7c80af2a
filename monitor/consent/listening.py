"""Whether somebody may be listened to: the one place that decides it. Pure.

may_listen = the room is LIVE × its consent is GRANTED × nobody whose voice it is has been opted out.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.consent.entries import Standing, same_person
from monitor.consent_model import Consent
from monitor.model import RoomState, Speaker

CAUSES = {
    Consent.UNASKED: "nobody in the room was asked yet",
    Consent.ANNOUNCED: "the host has not switched monitoring on",
    Consent.PAUSED: "the host has paused monitoring",
    Consent.WITHDRAWN: "the host has withdrawn consent",
}
OPTED_OUT = "the speaker is opted out"


def may_listen(room: RoomState, standing: Standing, speakers: Iterable[Speaker]) -> bool:
    """`room`: its state when the audio came; `speakers`: whose voice it is, or all who are there where it is a mix."""
    return not refusal(room, standing, speakers)


def refusal(room: RoomState, standing: Standing, speakers: Iterable[Speaker]) -> str:
    """Why not, in the ledger's plain words; empty: they may be listened to."""
    if room is not RoomState.LIVE:
        return "the monitor is not in the room"
    if standing.state is not Consent.GRANTED:
        return CAUSES[standing.state]
    if opted_out(standing, speakers):
        return OPTED_OUT
    return ""


def opted_out(standing: Standing, speakers: Iterable[Speaker]) -> bool:
    """Whether one of them is."""
    return any(same_person(one, speaker) for speaker in speakers for one in standing.out)
