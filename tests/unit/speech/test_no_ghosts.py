"""The gate and the guards together: no text where nobody speaks, all text where somebody does."""

from __future__ import annotations

import time

import numpy as np
import pytest

from monitor.hearing.veto import SpeechGate
from monitor.model import RATE, Heard, Samples
from monitor.speech.batcher import Batcher, GivenUp, Outcome, Transcribed
from monitor.speech.recogniser import Hints
from monitor.speech.wer import Errors, errors
from monitor.speech.whisper import WhisperRecogniser
from tests.helpers.speech import model_files, noises, package_clips, utterance

VETO = 0.5


@pytest.fixture(scope="module")
def recogniser() -> WhisperRecogniser:
    files = model_files("base")
    return WhisperRecogniser(files.path, files.name)


async def outcomes(recogniser: WhisperRecogniser, sounds: dict[str, Samples], hints: Hints) -> list[Outcome]:
    found: list[Outcome] = []

    async def done(outcome: Outcome) -> None:
        found.append(outcome)

    batcher = Batcher(recogniser, SpeechGate().examine, veto=VETO, backlog_seconds=600, done=done, clock=time.monotonic)
    for name, samples in sounds.items():
        batcher.submit(utterance(samples, name=name), hints)
    batcher.close()
    await batcher.run()
    return found


@pytest.mark.parametrize("hints", [Hints(), Hints(("en",)), Hints(("zh",))])
async def test_sounds_in_which_nobody_speaks_give_no_text(recogniser: WhisperRecogniser, hints: Hints) -> None:
    found = await outcomes(recogniser, noises(), hints)
    assert len(found) == len(noises())
    assert [o.transcript.text for o in found if isinstance(o, Transcribed) and o.transcript.text] == []
    assert not any(isinstance(o, GivenUp) for o in found)


async def test_people_are_heard_through_gate_and_guards(recogniser: WhisperRecogniser) -> None:
    clips = {c.name: c for c in package_clips() if c.name != "sonnet"}
    found = await outcomes(recogniser, {name: c.samples for name, c in clips.items()}, Hints(("en",)))
    total = Errors()
    for outcome in found:
        assert isinstance(outcome, Transcribed)
        assert outcome.transcript.ghosts == ()
        total += errors(clips[outcome.transcript.utterance.id].transcript, outcome.transcript.text, "en")
    assert total.rate < 0.1


async def test_speech_in_noise_is_not_refused_as_a_ghost(recogniser: WhisperRecogniser) -> None:
    """At 10 dB SNR words may be wrong; the guards still refuse nothing."""
    rng = np.random.default_rng(3)
    noisy: dict[str, Samples] = {}
    for clip in package_clips()[:6]:
        speech = clip.samples.astype(np.float64)
        noise = rng.normal(0, np.sqrt(np.mean(speech**2) / 10), len(speech))
        noisy[clip.name] = np.clip(speech + noise, -32768, 32767).astype(np.int16)
    found = await outcomes(recogniser, noisy, Hints(("en",)))
    assert [o.transcript.ghosts for o in found if isinstance(o, Transcribed)] == [()] * len(noisy)
    assert all(o.transcript.text for o in found if isinstance(o, Transcribed))


async def test_a_failing_gate_loses_that_utterance_aloud(recogniser: WhisperRecogniser) -> None:
    found: list[Outcome] = []

    async def done(outcome: Outcome) -> None:
        found.append(outcome)

    gate = SpeechGate()
    batcher = Batcher(recogniser, gate.examine, veto=VETO, backlog_seconds=60, done=done, clock=time.monotonic)
    batcher.submit(utterance(np.zeros((RATE, 2), dtype=np.int16) + 5), Hints())  # two channels: not what it takes
    batcher.close()
    await batcher.run()
    (outcome,) = found
    assert isinstance(outcome, GivenUp)
    assert outcome.state is Heard.LOST_ERROR
