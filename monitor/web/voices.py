"""The voices' part of the API: the detector, who is marked, and what reviewers say of alerts about a voice."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field

from monitor.access.roles import Permission, Person
from monitor.messages import VoiceDetectorView, VoiceReason, VoiceView
from monitor.store.records import StoredVoice, VoiceJudgement
from monitor.voice_model import VoiceLabel, VoiceState
from monitor.web.answers import Answer, Trouble
from monitor.web.deps import WebDeps
from monitor.web.keyword_answers import LINE, WHO
from monitor.web.permits import needs

TROUBLES: dict[int | str, dict[str, Any]] = {
    400: {"model": Trouble, "description": "The request is no JSON"},
    404: {"model": Trouble, "description": "There is no such alert, or it is about words"},
}
NONE = "There is no alert {!r} about a voice; it may be older than alerts are kept, or about words."
Reviewer = Annotated[Person, needs(Permission.REVIEW)]


class VoiceNowView(Answer):
    """Somebody who is in a room now, and of whose voice something was scored."""

    room: str
    speaker: str = Field(description="Id")
    name: str
    voice: VoiceView


class VoicesNow(Answer):
    """The detector, and the voices of those who are in the rooms."""

    detector: VoiceDetectorView | None = Field(description="null: there is none")
    voices: list[VoiceNowView]


class KeptVoice(Answer):
    """Where the evidence on one speaker stood when it was kept last."""

    track: str = Field(description="One speaker in one visit")
    room: str
    speaker: str = Field(description="Id")
    name: str
    state: VoiceState
    llr: float = Field(description="Natural log of the likelihood ratio synthetic : genuine")
    highest: float = Field(description="The highest LLR of the visit")
    speech: float = Field(description="Seconds of usable speech")
    windows: int
    abstained: dict[VoiceReason, float] = Field(description="Seconds of speech of which nothing is said, by reason")
    model: str
    calibration: str
    at: float


class KeptVoices(Answer):
    """Newest first."""

    voices: list[KeptVoice]


class GiveLabel(Answer):
    """What a person says after listening. The first three are the words of labelling rules."""

    label: VoiceLabel
    who: str = Field("", max_length=100, pattern=f"^$|{LINE}", description=WHO)
    note: str = Field("", max_length=2000, pattern=f"^$|{LINE}", description="One line")


class LabelView(Answer):
    alert: str
    label: VoiceLabel
    model: str = Field(description="name@digest of the detector that the alert came from")
    calibration: str
    llr: float = Field(description="Of the alert at that time")
    who: str
    note: str
    at: float


class LabelPage(Answer):
    """Newest first; the newest counts."""

    labels: list[LabelView]


def voices(deps: WebDeps) -> APIRouter:
    router = APIRouter(tags=["voices"])

    @router.get("/api/voices", dependencies=[needs(Permission.SEE)])
    async def now() -> VoicesNow:
        """The synthetic-voice detector, and the voice of each speaker who is there."""
        hello = deps.hello()
        people = [
            VoiceNowView(room=room.id, speaker=speaker.id, name=speaker.name, voice=speaker.voice)
            for room in hello.rooms
            for speaker in room.speakers
            if speaker.voice is not None
        ]
        return VoicesNow(detector=hello.voices, voices=people)

    @router.get("/api/voices/kept", dependencies=[needs(Permission.SEE)])
    async def kept(
        room: Annotated[str | None, Query(description="Only this room")] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="How many at most")] = 100,
    ) -> KeptVoices:
        """Where the voice of each speaker stood, also of those who have left."""
        return KeptVoices(voices=[_kept(voice) for voice in await deps.store.voices(room, limit)])

    @router.post("/api/alerts/{alert}/voice-label", responses=TROUBLES)
    async def label(alert: str, given: GiveLabel, who: Reviewer) -> LabelView:
        """Say what a synthetic-voice signature is, after listening. A newer word stands in the older one's place."""
        known = await deps.store.alert(alert)
        if known is not None and known.voice is not None:
            said = who.signed(given.who)
            await deps.trail.note(said, "alert.labelled", alert, known.room, label=given.label.value)
        made = await deps.store.label_voice(alert, given.label, who.signed(given.who), given.note)
        if made is None:
            raise HTTPException(404, NONE.format(alert))
        return _label(made)

    @router.get("/api/alerts/{alert}/voice-labels", dependencies=[needs(Permission.SEE)])
    async def labels(alert: str) -> LabelPage:
        """All that was said of an alert about a voice, also what was replaced since."""
        return LabelPage(labels=[_label(each) for each in await deps.store.voice_labels(alert)])

    return router


def _kept(voice: StoredVoice) -> KeptVoice:
    return KeptVoice.model_validate(
        {
            "track": voice.track,
            "room": voice.room,
            "speaker": voice.speaker.id,
            "name": voice.speaker.name,
            "state": voice.state,
            "llr": round(voice.llr, 3),
            "highest": round(voice.highest, 3),
            "speech": round(voice.speech, 2),
            "windows": voice.windows,
            "abstained": voice.abstained,
            "model": voice.model,
            "calibration": voice.calibration,
            "at": voice.at,
        }
    )


def _label(made: VoiceJudgement) -> LabelView:
    return LabelView(
        alert=made.alert,
        label=made.label,
        model=made.model,
        calibration=made.calibration,
        llr=made.llr,
        who=made.who,
        note=made.note,
        at=made.at,
    )
