"""Core types ↔ rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from monitor.messages import (
    AlertChanged,
    AlertRaised,
    Behind,
    CanaryRan,
    EffortChanged,
    EvidenceErased,
    GapNoted,
    HeardMessage,
    IncidentsChanged,
    ModelChanged,
    Numbered,
    RoomActionChanged,
    RoomChanged,
    RuleStateChanged,
    SpeakerChanged,
    SpeakerView,
    VoiceChanged,
    VoiceDetectorChanged,
)
from monitor.model import Alert, AlertState, Coverage, Heard, KeywordHit, Severity, Speaker, Spoken
from monitor.review.incident import opened_by
from monitor.voice_model import SyntheticVoice

Row = dict[str, Any]

_KINDS: dict[str, type[Numbered]] = {
    str(kind.model_fields["type"].default): kind
    for kind in (
        RoomChanged,
        SpeakerChanged,
        HeardMessage,
        AlertRaised,
        AlertChanged,
        IncidentsChanged,
        RoomActionChanged,
        Behind,
        EffortChanged,
        GapNoted,
        RuleStateChanged,
        CanaryRan,
        VoiceChanged,
        VoiceDetectorChanged,
        ModelChanged,
        EvidenceErased,
    )
}
_HITS = TypeAdapter(tuple[KeywordHit, ...])
_VOICE = TypeAdapter(SyntheticVoice)


def event_row(message: Numbered, room: str | None) -> Row:
    """Without seq: the database gives it."""
    return {
        "at": message.at,
        "type": type(message).model_fields["type"].default,
        "room": room,
        "payload": message.model_dump_json(exclude={"seq", "at"}),
    }


def event(row: RowMapping) -> Numbered:
    kind = _KINDS[row["type"]]
    values = _JSON.validate_json(row["payload"])
    return kind.model_validate({**values, "seq": row["seq"], "at": row["at"]})


_JSON = TypeAdapter(dict[str, Any])


def alert_row(alert: Alert) -> Row:
    """Without seq, and without the incident, which is given when it is stored first."""
    name, rule = opened_by(alert)
    return {
        "id": alert.id,
        "room": alert.room,
        "speaker_id": alert.speaker.id,
        "speaker_name": alert.speaker.name,
        "utterance": alert.utterance,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "hits": [asdict(hit) for hit in alert.hits],
        "count": alert.count,
        "language": alert.language,
        "spoken_at": alert.spoken_at,
        "raised_at": alert.raised_at,
        "clip": alert.clip,
        "voice": _VOICE.dump_python(alert.voice, mode="json") if alert.voice else None,
        "list": name,
        "rule": rule,
    }


def alert(row: RowMapping) -> Alert:
    return Alert(
        id=row["id"],
        room=row["room"],
        speaker=Speaker(row["speaker_id"], row["speaker_name"]),
        utterance=row["utterance"],
        severity=Severity(row["severity"]),
        state=AlertState(row["state"]),
        hits=_HITS.validate_python(row["hits"]),
        count=row["count"],
        language=row["language"],
        spoken_at=row["spoken_at"],
        raised_at=row["raised_at"],
        clip=row["clip"],
        voice=_VOICE.validate_python(row["voice"]) if row["voice"] else None,
        incident=row["incident"],
    )


def utterance_row(message: HeardMessage, track: str) -> Row:
    values = message.model_dump(exclude={"type", "speaker", "utterance", "masked"})
    return values | {
        "id": message.utterance,
        "track": track,
        "speaker_id": message.speaker.id,
        "speaker_name": message.speaker.name,
    }


def utterance(row: RowMapping) -> HeardMessage:
    values = {k: v for k, v in row.items() if k not in ("id", "track", "speaker_id", "speaker_name")}
    speaker = SpeakerView(id=row["speaker_id"], name=row["speaker_name"])
    return HeardMessage.model_validate({**values, "utterance": row["id"], "speaker": speaker})


def spoken_row(message: HeardMessage, spoken: Spoken | None, biased: bool) -> Row:
    return {
        "seq": message.seq,
        "form": spoken.form if spoken else None,
        "language": message.language,
        "seconds": message.seconds,
        "biased": biased,
        "normal": spoken.normal if spoken else "",
        "unfolded": spoken.unfolded if spoken else "",
    }


def gap_row(message: GapNoted, track: str) -> Row:
    values = message.model_dump(exclude={"type", "speaker"})
    speaker = message.speaker
    return values | {
        "track": track,
        "speaker_id": speaker.id if speaker else None,
        "speaker_name": speaker.name if speaker else None,
    }


def gap(row: RowMapping) -> GapNoted:
    values = {k: v for k, v in row.items() if k not in ("track", "speaker_id", "speaker_name")}
    known = row["speaker_id"] is not None
    speaker = SpeakerView(id=row["speaker_id"], name=row["speaker_name"]) if known else None
    return GapNoted.model_validate({**values, "speaker": speaker})


def seconds_row(coverage: Coverage) -> dict[str, float]:
    return {state.value: seconds for state, seconds in coverage.seconds.items()}


def coverage(rows: list[dict[str, float]]) -> Coverage:
    """The sum of several tracks."""
    total: dict[Heard, float] = {}
    for row in rows:
        for state, seconds in row.items():
            total[Heard(state)] = total.get(Heard(state), 0.0) + seconds
    return Coverage(total)
