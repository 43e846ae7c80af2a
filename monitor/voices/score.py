"""A recording scored as a live speaker would be: its windows, and how the evidence goes with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from monitor.model import Utterance
from monitor.voice_model import VoiceStanding, VoiceState, VoiceWindow
from monitor.voices.evidence import Evidence, Rules, Thresholds
from monitor.voices.judge import Judge
from monitor.voices.models import Loaded


@dataclass(frozen=True, slots=True)
class Moment:
    """One window, and where the evidence stands after it."""

    window: VoiceWindow
    evidence: float
    state: VoiceState


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a detector makes of one speaker in one recording."""

    moments: tuple[Moment, ...]
    standing: VoiceStanding  # at the end

    @property
    def alert_at(self) -> float | None:
        """Seconds into the recording at which a live room would have been alerted; None: never."""
        return next((m.window.end for m in self.moments if m.state is VoiceState.ALERT), None)


def timeline(
    loaded: Loaded, rules: Rules, thresholds: Thresholds, utterances: Iterable[Utterance], language: str = ""
) -> Timeline:
    """Score one track's utterances. Raises DetectorFailed."""
    judge = Judge(loaded.detector, loaded.calibration)
    evidence = Evidence(rules, thresholds)
    moments: list[Moment] = []
    track = ""

    def note(windows: Iterable[VoiceWindow]) -> None:
        for window in windows:
            state = evidence.note(window)
            moments.append(Moment(window, evidence.llr, state))

    for utterance in utterances:
        track = utterance.track
        (windows,) = judge.judge([(utterance, language)])
        note(windows)
    note(judge.left(track))
    return Timeline(tuple(moments), evidence.standing())


def as_dict(line: Timeline, loaded: Loaded) -> dict[str, Any]:
    """For JSON."""
    standing = line.standing
    return {
        "state": standing.state.value,
        "evidence": round(standing.llr, 3),
        "usable_seconds": round(standing.speech, 2),
        "usable_windows": standing.windows,
        "alert_at": line.alert_at,
        "abstained": {reason.value: round(seconds, 2) for reason, seconds in standing.abstained},
        "marks_only": standing.marks_only,
        "model": loaded.model,
        "calibration": loaded.calibration.name if loaded.calibration else "",
        "windows": [
            {
                "start": round(m.window.start, 3),
                "end": round(m.window.end, 3),
                "speech": round(m.window.speech, 2),
                "score": m.window.score,
                "llr": m.window.llr,
                "abstained": m.window.abstained.value if m.window.abstained else None,
                "evidence": round(m.evidence, 3),
                "state": m.state.value,
            }
            for m in line.moments
        ],
    }
