"""The real model on generated sound. Real recordings were used to choose the rules: see the decision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ModelMissing
from monitor.hearing import veto
from monitor.hearing.veto import SpeechGate
from monitor.model import RATE, Samples
from tests.helpers.voicelike import room_noise, silence, voice


@pytest.fixture(scope="module")
def gate() -> SpeechGate:
    return SpeechGate()


def tones(seconds: float, *hertz: float) -> Samples:
    t = np.arange(round(seconds * RATE)) / RATE
    return (8000 * sum(np.sin(2 * np.pi * f * t) for f in hertz) / len(hertz)).astype(np.int16)


def clicks(seconds: float) -> Samples:
    audio = silence(seconds)
    audio[:: RATE // 3] = 20_000
    return audio


NOISES = {
    "silence": silence(2),
    "white noise": room_noise(3, level=-20),
    "quiet noise": room_noise(3, level=-60),
    "mains hum": tones(3, 50, 100, 150, 250),
    "dial tone": tones(3, 440, 480),
    "chord": tones(3, 261.6, 329.6, 392.0),
    "clicks": clicks(3),
    "a single window": room_noise(0.02, level=-20),
}


@pytest.mark.parametrize("name", NOISES)
def test_noise_is_refused(gate: SpeechGate, name: str) -> None:
    verdict = gate.examine(NOISES[name])
    assert verdict.probability < 0.5
    assert verdict.speech_seconds < 0.1


@pytest.mark.parametrize("level", [-10.0, -20.0, -40.0, -55.0])
def test_a_voice_passes_at_any_level(gate: SpeechGate, level: float) -> None:
    quiet = silence(0.5)
    verdict = gate.examine(np.concatenate([quiet, voice(2, level=level), quiet]))
    assert verdict.probability >= 0.5
    assert verdict.speech_seconds > 0.3


def test_spans_say_where_the_voice_is(gate: SpeechGate) -> None:
    quiet = room_noise(2, level=-70)
    verdict = gate.examine(np.concatenate([quiet, voice(2), quiet]))
    assert verdict.spans
    assert verdict.spans[0][0] >= 1.9 * RATE
    assert verdict.spans[-1][1] <= 4.3 * RATE
    assert verdict.speech_seconds == pytest.approx(sum(b - a for a, b in verdict.spans) / RATE)


def test_one_odd_window_counts_in_a_short_utterance_and_not_in_a_long_one() -> None:
    odd = np.zeros(30, np.float32)
    odd[10] = 0.9
    assert veto._strongest(odd) == pytest.approx(0.9)
    assert veto._strongest(np.pad(odd, (0, 200))) == pytest.approx(0.18)
    assert veto._strongest(odd[10:11]) == pytest.approx(0.9)


def test_the_audio_is_not_changed(gate: SpeechGate) -> None:
    audio = voice(1)
    before = audio.copy()
    gate.examine(audio)
    np.testing.assert_array_equal(audio, before)


def test_the_same_audio_gets_the_same_verdict(gate: SpeechGate) -> None:
    audio = voice(2)
    first = gate.examine(audio)
    gate.examine(NOISES["white noise"])
    assert gate.examine(audio) == first, "nothing is carried over from one utterance to the next"


def test_a_package_without_the_model_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(veto, "get_assets_path", lambda: str(tmp_path))
    with pytest.raises(ModelMissing, match="install faster-whisper"):
        SpeechGate()
