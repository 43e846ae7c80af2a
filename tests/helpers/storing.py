"""Things to put into a real database, and the database itself in a temporary file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from monitor.messages import RoomView, SpeakerView
from monitor.model import (
    RATE,
    Alert,
    AlertState,
    Cut,
    KeywordHit,
    Severity,
    Speaker,
    Transcript,
    Utterance,
    Word,
)
from monitor.store.schema import migrate

ANN = Speaker("s1", "Ann")


def database(directory: Path) -> Path:
    path = directory / "monitor.db"
    migrate(path)
    return path


def room(room_id: str = "lobby", state: str = "live") -> RoomView:
    return RoomView.model_validate({"id": room_id, "name": room_id.title(), "state": state})


def speaker(speaker_id: str = "s1", name: str = "Ann") -> SpeakerView:
    return SpeakerView(id=speaker_id, name=name)


def hit(phrase: str = "free money") -> KeywordHit:
    return KeywordHit(
        list_name="scam",
        list_version="abc123",
        phrase=phrase,
        severity=Severity.HIGH,
        matched=phrase,
        before="there is",
        after="for all",
        start=10.5,
        end=11.25,
        probability=0.8,
    )


def alert(alert_id: str, *, room_id: str = "lobby", severity: Severity = Severity.HIGH, **changes: object) -> Alert:
    values: dict[str, object] = {
        "id": alert_id,
        "room": room_id,
        "speaker": ANN,
        "utterance": f"u-{alert_id}",
        "severity": severity,
        "state": AlertState.OPEN,
        "hits": (hit(),),
        "count": 1,
        "language": "en",
        "spoken_at": 1000.0,
        "raised_at": 1002.5,
    }
    return Alert(**{**values, **changes})  # type: ignore[arg-type]


def transcript(utterance_id: str, *, room_id: str = "lobby", track: str = "t1", start: int = 10 * RATE) -> Transcript:
    """Two words, spoken in an utterance that begins ten seconds into the track."""
    utterance = Utterance(
        id=utterance_id,
        room=room_id,
        speaker=ANN,
        track=track,
        began=1000.0,
        start=start,
        audio=np.zeros(2 * RATE, np.int16),
        cut=Cut.SILENCE,
    )
    at = start / RATE
    words = (Word(" free", at + 0.5, at + 0.75, 0.9), Word(" money", at + 0.75, at + 1.25, 0.8))
    return Transcript(utterance, "en", words, "base", 0.4)
