"""Core types → what is shown and stored. Below the layers: store, web and pipeline need the same picture."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.messages import (
    AbstainedView,
    AlertView,
    CoverageView,
    GapNoted,
    HeardMessage,
    HitView,
    IncidentView,
    PersonView,
    RoomActionView,
    SecondView,
    SpeakerView,
    VoiceSignView,
    VoiceView,
    VoiceWindowView,
    WordView,
)
from monitor.model import RATE, Alert, Coverage, Gap, Heard, KeywordHit, Speaker, Transcript, Word
from monitor.review.actions import RoomAction
from monitor.review.incident import Incident
from monitor.voice_model import SyntheticVoice, VoiceStanding


def speaker_view(
    speaker: Speaker, talking: bool = False, voice: VoiceView | None = None, opted_out: bool = False
) -> SpeakerView:
    return SpeakerView(id=speaker.id, name=speaker.name, talking=talking, voice=voice, opted_out=opted_out)


def voice_view(standing: VoiceStanding) -> VoiceView:
    return VoiceView(
        state=standing.state.value,
        llr=round(standing.llr, 3),
        speech=round(standing.speech, 2),
        windows=standing.windows,
        abstained=[AbstainedView(reason=why.value, seconds=round(s, 2)) for why, s in standing.abstained],
        model=standing.model,
        calibration=standing.calibration,
        marks_only=standing.marks_only,
    )


def sign_view(sign: SyntheticVoice) -> VoiceSignView:
    return VoiceSignView(
        llr=round(sign.llr, 3),
        speech=round(sign.speech, 2),
        model=sign.model,
        calibration=sign.calibration,
        windows=[
            VoiceWindowView(
                at=round(window.start - sign.clip_start, 3),
                seconds=round(window.end - window.start, 3),
                llr=round(window.llr or 0.0, 3),
            )
            for window in sign.windows
        ],
        withdrawn=sign.withdrawn,
        label=sign.label.value if sign.label else None,
    )


def coverage_view(coverage: Coverage) -> CoverageView:
    seconds = {state.value.replace("-", "_"): round(coverage.seconds.get(state, 0.0), 3) for state in Heard}
    return CoverageView(**seconds, total=round(coverage.total, 3), share=coverage.share)


def hit_view(hit: KeywordHit) -> HitView:
    return HitView(
        list_name=hit.list_name,
        list_version=hit.list_version,
        phrase=hit.phrase,
        severity=hit.severity.value,
        matched=hit.matched,
        before=hit.before,
        after=hit.after,
        probability=round(hit.probability, 4),
        spoken_at=hit.spoken_at,
        grade=hit.grade.value,
        way=hit.way.value,
        likeness=round(hit.likeness, 4),
        tentative=hit.tentative,
        second=SecondView(model=hit.second.model, text=hit.second.text, outcome=hit.second.outcome.value)
        if hit.second
        else None,
    )


def clip_path(alert: Alert) -> str:
    """Path of the evidence clip on the web server, empty where there is none."""
    return clip_address(alert.id) if alert.clip else ""


def clip_address(alert_id: str) -> str:
    """Path of the clip of an alert that has one."""
    return f"/api/clips/{alert_id}.wav"


def alert_view(alert: Alert) -> AlertView:
    return AlertView(
        id=alert.id,
        room=alert.room,
        speaker=speaker_view(alert.speaker),
        utterance=alert.utterance,
        severity=alert.severity.value,
        state=alert.state.value,
        hits=[hit_view(hit) for hit in alert.hits],
        count=alert.count,
        language=alert.language,
        spoken_at=alert.spoken_at,
        raised_at=alert.raised_at,
        delay=round(alert.raised_at - alert.spoken_at, 3),
        clip=clip_path(alert),
        voice=sign_view(alert.voice) if alert.voice else None,
        incident=alert.incident,
    )


def incident_view(incident: Incident) -> IncidentView:
    standing = incident.standing
    return IncidentView(
        id=incident.id,
        status=standing.status.value,
        severity=incident.severity.value,
        room=incident.room,
        speaker=PersonView(id=incident.speaker.id, name=incident.speaker.name),
        list_name=incident.list_name,
        phrase=incident.rule,
        phrases=list(incident.phrases),
        rooms=list(incident.rooms),
        room_count=incident.room_count,
        alerts=incident.alerts,
        withdrawn=incident.withdrawn,
        opened_at=incident.opened_at,
        last_at=incident.last_at,
        last_alert=incident.last_alert,
        claimed_by=standing.claimed_by,
        claimed_until=standing.claimed_until,
        escalated_to=standing.escalated_to,
        verdict=standing.verdict.value if standing.verdict else None,
        reason=standing.reason,
        taken=standing.taken,
        decided_by=standing.decided_by,
        decided_at=standing.decided_at,
    )


def action_view(action: RoomAction) -> RoomActionView:
    return RoomActionView(
        id=action.id,
        room=action.room,
        speaker=PersonView(id=action.speaker.id, name=action.speaker.name),
        action=action.act.value,
        who=action.who,
        why=action.why,
        incident=action.incident,
        asked_at=action.asked_at,
        due_at=action.due_at,
        state=action.state.value,
        detail=action.detail,
        ended_at=action.ended_at,
    )


def word_views(transcript: Transcript, shown: Sequence[Word]) -> list[WordView]:
    """Words with times counted from the start of the utterance instead of the track."""
    began = transcript.utterance.start / RATE
    return [
        WordView(
            text=word.text,
            start=round(word.start - began, 3),
            end=round(word.end - began, 3),
            probability=round(word.probability, 4),
        )
        for word in shown
    ]


def heard_message(transcript: Transcript, shown: Sequence[Word], seq: int, at: float) -> HeardMessage:
    """`shown`: the words without those that the utterance before has shown already (see Utterance.overlap)."""
    utterance = transcript.utterance
    return HeardMessage(
        seq=seq,
        at=at,
        room=utterance.room,
        speaker=speaker_view(utterance.speaker),
        utterance=utterance.id,
        began=utterance.began,
        seconds=round(utterance.seconds, 3),
        language=transcript.language,
        text="".join(word.text for word in shown).strip(),
        words=word_views(transcript, shown),
        cut=utterance.cut.value,
        model=transcript.model,
        took=round(transcript.took, 3),
        ghosts=list(transcript.ghosts),
    )


def gap_message(gap: Gap, seq: int, at: float) -> GapNoted:
    """Raises pydantic.ValidationError for a state that is no gap (for example EXAMINED)."""
    return GapNoted.model_validate(
        {
            "seq": seq,
            "at": at,
            "room": gap.room,
            "speaker": speaker_view(gap.speaker) if gap.speaker else None,
            "began": gap.began,
            "seconds": round(gap.seconds, 3),
            "state": gap.state.value,
            "cause": gap.cause,
        }
    )
