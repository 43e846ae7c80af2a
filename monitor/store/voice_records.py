"""Where the evidence on each speaker's voice stands, alerts about a voice, and what people said of them.

A label outlives its alert, without its note: which share of a detector's alerts people confirm is a matter of the
detector and not of a person in the room.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from monitor.messages import AlertChanged, VoiceChanged, VoiceDetectorChanged, VoiceDetectorView
from monitor.model import Alert, Speaker
from monitor.store import convert
from monitor.store.placing import restate
from monitor.store.records import StoredVoice, VoiceJudgement
from monitor.store.tables import ALERTS, VOICE_LABELS, VOICES
from monitor.store.writer import Tell
from monitor.store.writing import Writing, inserted, number
from monitor.views import alert_view, speaker_view, voice_view
from monitor.voice_model import VoiceLabel, VoiceStanding, VoiceState


class VoiceRecords(Writing):
    """The part of Store that knows voices."""

    async def add_voice(self, voice: StoredVoice, standing: VoiceStanding, before: VoiceState) -> VoiceChanged:
        """A speaker's voice has another state: told, and kept."""
        message = VoiceChanged(
            seq=0,
            at=self._clock(),
            room=voice.room,
            speaker=speaker_view(voice.speaker),
            voice=voice_view(standing),
            before=before.value,
        )
        return await self._add(message, voice.room, lambda db, told: _keep(db, voice, standing, told.at))

    async def keep_voice(self, voice: StoredVoice, standing: VoiceStanding) -> None:
        """Where it stands, for the record, told to nobody."""
        now = self._clock()
        await self._writer.write(lambda db, _: _keep(db, voice, standing, now))

    async def add_voice_detector(self, detector: VoiceDetectorView) -> VoiceDetectorChanged:
        return await self._add(VoiceDetectorChanged(seq=0, at=self._clock(), detector=detector), None)

    async def voices(self, room: str | None = None, limit: int = 100) -> list[StoredVoice]:
        """Where each speaker's voice stood when it was kept last, newest first."""
        query = select(VOICES).order_by(VOICES.c.at.desc(), VOICES.c.track).limit(limit)
        if room is not None:
            query = query.where(VOICES.c.room == room)
        return [_stored(row) for row in await self._rows(query)]

    # alerts

    async def change_voice_alert(self, alert: Alert) -> AlertChanged | None:
        """The alert as its evidence turned. What a reviewer said of it meanwhile stays; None: it is no longer kept."""

        def work(db: Connection, tell: Tell) -> AlertChanged | None:
            known = _alert(db, alert.id)
            if known is None or known.voice is None or alert.voice is None:
                return None
            voice = replace(alert.voice, label=known.voice.label)
            message = _change(db, tell, replace(alert, voice=voice, incident=known.incident), now)
            restate(db, known.incident)
            return message

        now = self._clock()
        return await self._writer.write(work)

    async def label_voice(self, alert_id: str, label: VoiceLabel, who: str, note: str = "") -> VoiceJudgement | None:
        """What somebody says of an alert about a voice; the alert changes with it. None: there is no such alert."""

        def work(db: Connection, tell: Tell) -> VoiceJudgement | None:
            known = _alert(db, alert_id)
            if known is None or known.voice is None:
                return None
            return label_alert(db, tell, known, label, who, note, now)

        now = self._clock()
        return await self._writer.write(work)

    async def voice_labels(self, alert_id: str | None = None, limit: int = 1000) -> list[VoiceJudgement]:
        """All that was said and not taken back, replaced ones too, newest first."""
        t = VOICE_LABELS.c
        query = select(t.id, t.alert, t.label, t.model, t.calibration, t.llr, t.who, t.note, t.at)
        query = query.where(t.undone.is_(False)).order_by(t.id.desc()).limit(limit)
        if alert_id is not None:
            query = query.where(t.alert == alert_id)
        return [VoiceJudgement(**{**row, "label": VoiceLabel(row["label"])}) for row in await self._rows(query)]


def label_alert(
    db: Connection, tell: Tell, known: Alert, said: VoiceLabel, who: str, note: str, at: float, decision: int = 0
) -> VoiceJudgement:
    """What somebody says of an alert about a voice. `decision`: the one that it is part of, 0: of none."""
    sign = known.voice
    assert sign is not None  # noqa: S101 - the caller has looked
    row = {
        "alert": known.id,
        "label": said.value,
        "model": sign.model,
        "calibration": sign.calibration,
        "llr": sign.llr,
        "who": who,
        "note": note,
        "at": at,
    }
    made = inserted(db, insert(VOICE_LABELS).values({**row, "decision": decision or None}))
    _change(db, tell, replace(known, voice=replace(sign, label=said)), at)
    return VoiceJudgement(made, known.id, said, sign.model, sign.calibration, sign.llr, who, note, at)


def relabel(db: Connection, tell: Tell, known: Alert, at: float) -> None:
    """A label was taken back: the newest of those that stand is the alert's again."""
    t = VOICE_LABELS.c
    stands = select(t.label).where(t.alert == known.id, t.undone.is_(False)).order_by(t.id.desc()).limit(1)
    said = db.scalar(stands)
    if known.voice is not None:
        _change(db, tell, replace(known, voice=replace(known.voice, label=VoiceLabel(said) if said else None)), at)


def _alert(db: Connection, alert_id: str) -> Alert | None:
    row = db.execute(select(ALERTS).where(ALERTS.c.id == alert_id)).mappings().first()
    return convert.alert(row) if row is not None else None


def _change(db: Connection, tell: Tell, alert: Alert, at: float) -> AlertChanged:
    db.execute(update(ALERTS).where(ALERTS.c.id == alert.id).values(convert.alert_row(alert)))
    message = number(db, AlertChanged(seq=0, at=at, alert=alert_view(alert)), alert.room)
    tell(message)
    return message


def _keep(db: Connection, voice: StoredVoice, standing: VoiceStanding, at: float) -> None:
    row = {
        "track": voice.track,
        "room": voice.room,
        "speaker_id": voice.speaker.id,
        "speaker_name": voice.speaker.name,
        "state": standing.state.value,
        "llr": standing.llr,
        "highest": voice.highest,
        "speech": standing.speech,
        "windows": standing.windows,
        "abstained": {why.value: seconds for why, seconds in standing.abstained},
        "model": standing.model,
        "calibration": standing.calibration,
        "at": at,
    }
    db.execute(delete(VOICES).where(VOICES.c.track == voice.track))
    db.execute(insert(VOICES).values(row))


def _stored(row: RowMapping) -> StoredVoice:
    return StoredVoice(
        track=row["track"],
        room=row["room"],
        speaker=Speaker(row["speaker_id"], row["speaker_name"]),
        highest=row["highest"],
        state=VoiceState(row["state"]),
        llr=row["llr"],
        speech=row["speech"],
        windows=row["windows"],
        abstained=row["abstained"],
        model=row["model"],
        calibration=row["calibration"],
        at=row["at"],
    )
