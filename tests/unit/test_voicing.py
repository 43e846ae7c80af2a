"""From a detector's scores to what people are told, over a real database and the real ring of recent audio."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from monitor.evidence.ring import Ring
from monitor.messages import AlertChanged, AlertRaised, Numbered, VoiceChanged, VoiceNow
from monitor.model import RATE, Cut, Severity, Speaker, Transcript, Utterance, Word
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.vault import Vault
from monitor.voice_model import Abstained, VoiceLabel, VoiceScored, VoiceWindow
from monitor.voices.evidence import Rules, Thresholds
from monitor.voicing import REJOIN, Plan, Voicing
from tests.helpers.storing import database
from tests.helpers.trails import trail_of
from tests.helpers.vaults import keeping_of

LONG = 6.0
"""Seconds of each utterance; two windows of three seconds are in it."""
BEGAN = 1000.0


@dataclass
class Scene:
    """One speaker who says one utterance after the other."""

    voicing: Voicing
    store: Store
    ring: Ring
    vault: Vault
    metrics: Metrics
    told: list[Numbered]
    passed: list[VoiceNow]
    submitted: list[tuple[str, str]] = field(default_factory=list)
    said: int = 0

    async def say(
        self, *llrs: float | None, track: str = "t1", who: str = "", words: bool = True, mixed: bool = False
    ) -> None:
        """One utterance whose windows have these LLRs; None: too noisy. The n-th second is a tone of 100 + 40 n Hz."""
        start = round(self.said * LONG * RATE)
        pitches = np.repeat(100 + 40 * (np.arange(LONG) + self.said * LONG), RATE)
        audio = (8000 * np.sin(2 * np.pi * pitches * np.arange(LONG * RATE) / RATE)).astype(np.int16)
        began = BEGAN + self.said * LONG
        speaker = Speaker(who or f"s-{track}", "Ann")
        utterance = Utterance(f"u{self.said}", "lobby", speaker, track, began, start, audio, Cut.SILENCE, mixed=mixed)
        self.said += 1
        self.ring.add(utterance)
        spoken = (Word(" hi", start / RATE, start / RATE + 1, 0.9),) if words else ()
        before = len(self.submitted)
        self.voicing.hear(Transcript(utterance, "en", spoken, "base", 0.1))
        if len(self.submitted) > before:
            await self.voicing.settle(self.scored(utterance, llrs))

    def scored(self, utterance: Utterance, llrs: tuple[float | None, ...]) -> VoiceScored:
        each = utterance.seconds / max(1, len(llrs))
        begin = utterance.start / RATE
        windows = [
            VoiceWindow(begin + n * each, begin + (n + 1) * each, each, llr, llr, None if llr else Abstained.NOISY)
            for n, llr in enumerate(llrs)
        ]
        return VoiceScored(utterance, "net@1", "rooms", tuple(windows), 0.01)


def sounding(audio: np.ndarray, at: float) -> int:
    """Which second it is that sounds there."""
    piece = audio[round(at * RATE) : round((at + 0.4) * RATE)]
    return round((np.argmax(np.abs(np.fft.rfft(piece))) / 0.4 - 100) / 40)


@asynccontextmanager
async def scene(directory: Path, alert: float | None = 6.0, without: str = "") -> AsyncIterator[Scene]:
    told: list[Numbered] = []
    passed: list[VoiceNow] = []
    metrics, ring = Metrics(), Ring()
    async with Store.open(database(directory), told.append) as store:
        vault = keeping_of(store, directory, await trail_of(store, directory), ring).vault
        ids = iter(f"alert{n}" for n in range(99))
        voicing = Voicing(
            plan=Plan(Rules(), Thresholds(4.0, alert), Severity.MEDIUM),
            store=store,
            ring=ring,
            vault=vault,
            metrics=metrics,
            clock=lambda: BEGAN + 500.0,
            new_id=lambda: next(ids),
            passing=passed.append,
            without=frozenset({without}),
        )
        it = Scene(voicing, store, ring, vault, metrics, told, passed)
        voicing.submit = lambda utterance, language: it.submitted.append((utterance.id, language))
        yield it


async def test_states_are_told_when_they_change_and_pass_by_when_not(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await it.say(-1.0, None)
        await it.say(-1.0, -1.0)
        await it.say(-1.0, -1.0)
        changes = [m for m in it.told if isinstance(m, VoiceChanged)]
        assert [(m.before, m.voice.state) for m in changes] == [("not-enough-speech", "no-sign")]
        assert [now.voice.state for now in it.passed] == ["not-enough-speech", "no-sign"]
        assert it.passed[0].voice.abstained[0].reason == "too noisy"
        present = it.voicing.of("lobby", "s-t1")
        assert present is not None
        assert (present.state, present.windows, present.speech) == ("no-sign", 5, 15.0)
        (kept,) = await it.store.voices()
        assert (kept.windows, kept.abstained) == (5, {"too noisy": 3.0})


async def test_one_alert_with_a_clip_that_plays_what_it_cites(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await it.say(-0.1, -0.2)
        for _ in range(4):
            await it.say(3.0, 2.9)
        (raised,) = [m.alert for m in it.told if isinstance(m, AlertRaised)]
        assert (raised.severity, raised.state, raised.hits, raised.language) == ("medium", "open", [], "en")
        assert raised.voice is not None
        assert raised.voice.model == "net@1"
        assert raised.voice.llr >= 6.0
        with wave.open(io.BytesIO(await it.vault.wav(raised.id))) as clip:
            heard = np.frombuffer(clip.readframes(clip.getnframes()), "<i2")
        second = [sounding(heard, window.at + 0.3) for window in raised.voice.windows]
        # The strong windows begin with the second utterance, every three seconds.
        assert second == [6 + 3 * n for n in range(len(second))]
        assert len(second) > 2
        assert it.metrics.total("room_monitor_voice_alerts_total") == 1
        stored = await it.store.alert(raised.id)
        assert stored is not None
        assert stored.clip == f"{raised.id}.clip"


async def test_it_is_withdrawn_as_evidence_turns_and_stands_again_never_twice(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        for _ in range(4):
            await it.say(3.0, 3.0)
        await it.store.label_voice("alert0", VoiceLabel.POSSIBLE, "Bo")
        for _ in range(12):
            await it.say(-3.0, -3.0)
        for _ in range(12):
            await it.say(3.0, 3.0)
        assert [m.alert.id for m in it.told if isinstance(m, AlertRaised)] == ["alert0"]
        changed = [m.alert for m in it.told if isinstance(m, AlertChanged)]
        assert [(a.state, a.voice.withdrawn, a.voice.label) for a in changed if a.voice] == [
            ("open", False, "possible"),
            ("withdrawn", True, "possible"),
            ("open", False, "possible"),
        ]


async def test_each_visit_has_evidence_and_an_alert_of_its_own(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        for _ in range(3):
            await it.say(3.0, 3.0, track="machine")
            await it.say(-1.0, -1.0, track="person")
        await it.say(3.0, 3.0, track="machine")
        (raised,) = [m.alert for m in it.told if isinstance(m, AlertRaised)]
        assert raised.speaker.id == "s-machine"
        person = it.voicing.of("lobby", "s-person")
        assert person is not None
        assert person.state == "no-sign"


async def test_who_comes_back_on_another_track_soon_is_the_same_and_later_somebody_new(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        for _ in range(4):
            await it.say(3.0, 3.0)
        it.voicing.forget("t1")
        await it.say(3.0, 3.0, track="t2", who="s-t1")
        again = it.voicing.of("lobby", "s-t1")
        assert again is not None
        assert (again.state, again.windows) == ("alert", 10)
        it.said += 60  # six minutes pass
        for _ in range(4):
            await it.say(3.0, 3.0, track="t3", who="s-t1")
        assert [m.alert.id for m in it.told if isinstance(m, AlertRaised)] == ["alert0", "alert1"]


async def test_evidence_on_those_who_left_goes_once_they_would_be_somebody_new(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await it.say(-1.0, track="gone")
        await it.say(-1.0, track="silent")
        it.voicing.forget("gone")
        for _ in range(round(REJOIN / LONG) - 1):
            await it.say(track="talker")
            assert it.voicing.held == 3
        for _ in range(3):
            await it.say(track="talker")
        assert it.voicing.held == 2  # who is silent may go on talking
        assert it.voicing.of("lobby", "s-silent") is not None


async def test_a_detector_that_only_marks_raises_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, alert=None) as it:
        for _ in range(10):
            await it.say(9.0, 9.0)
        assert not [m for m in it.told if isinstance(m, AlertRaised)]
        marked = it.voicing.of("lobby", "s-t1")
        assert marked is not None
        assert (marked.state, marked.marks_only) == ("suspicious", True)


@pytest.mark.parametrize(("words", "mixed", "without"), [(False, False, ""), (True, True, ""), (True, False, "lobby")])
async def test_what_is_no_speech_or_of_no_one_person_is_not_scored(
    tmp_path: Path, words: bool, mixed: bool, without: str
) -> None:
    async with scene(tmp_path, without=without) as it:
        await it.say(9.0, words=words, mixed=mixed)
        assert it.submitted == []
        assert it.voicing.of("lobby", "s-t1") is None


async def test_a_score_that_comes_after_the_speaker_has_left_still_alerts_with_its_own_audio(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        for _ in range(2):
            await it.say(3.0, 3.0)
        late = it.submitted
        it.voicing.forget("t1")
        it.ring.forget("t1")
        assert it.voicing.of("lobby", "s-t1") is None
        audio = np.full(round(2 * LONG) * RATE, 7, np.int16)
        start = round(it.said * LONG * RATE)
        utterance = Utterance("late", "lobby", Speaker("s-t1", "Ann"), "t1", BEGAN, start, audio, Cut.LEFT)
        await it.voicing.settle(it.scored(utterance, (3.0,) * 4))
        assert late == [("u0", "en"), ("u1", "en")]
        (raised,) = [m.alert for m in it.told if isinstance(m, AlertRaised)]
        assert raised.voice is not None
        assert all(w.at >= 0 and w.at + w.seconds <= 12.01 for w in raised.voice.windows)
        assert raised.clip
