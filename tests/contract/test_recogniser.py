"""What every Recogniser must do, held against real Whisper on recordings of people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.model import RATE
from monitor.speech.recogniser import Hints, Recogniser, hear_one
from monitor.speech.wer import Errors, errors
from monitor.speech.whisper import WhisperRecogniser
from tests.helpers.speech import human_clips, model_files, noises, package_clips, utterance

ENGLISH = Hints(("en",))


@pytest.fixture(scope="module", params=[("base", False), ("tiny.en", False), ("base", True)], ids=str)
def recogniser(request: pytest.FixtureRequest) -> Recogniser:
    name, full = request.param
    files = model_files(name)
    return WhisperRecogniser(files.path, files.name, full=full)


def letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalpha())


def test_words_lie_on_the_speaker_s_track_in_order(recogniser: Recogniser) -> None:
    clip = next(c for c in package_clips() if c.name == "austen-0890")
    said = utterance(clip.samples, start=1000 * RATE)
    (heard,) = recogniser.transcribe([(said, ENGLISH)])
    assert heard.utterance is said
    assert heard.model == recogniser.model
    # Compounds come as one word or two: what counts is the sounds, so the letters are compared. ("ill-disposed" is
    # "old-asposed" to the smallest model.)
    assert letters(heard.text).startswith("unlesstoberathercold")
    assert letters(heard.text).endswith("sposed")
    times = [t for word in heard.words for t in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 1000.0
    assert times[-1] <= 1000.0 + said.seconds
    assert all(0.0 <= word.probability <= 1.0 for word in heard.words)
    assert "selfish" in next(w.text for w in heard.words if 1000 + 2.6 <= w.start <= 1000 + 4.2 and "self" in w.text)


def test_the_same_audio_is_heard_the_same(recogniser: Recogniser) -> None:
    """Also where the model is unsure: an alert that can't be repeated is no evidence."""
    noise = np.random.default_rng(7).normal(0, 600, 3 * RATE).astype(np.int16)
    heard = [recogniser.transcribe([(utterance(noise), ENGLISH)])[0] for _ in range(4)]
    assert len({(transcript.words, transcript.ghosts) for transcript in heard}) == 1
    assert heard[0].ghosts or heard[0].words, "nothing was claimed: the test needs other noise"


def test_a_batch_comes_back_in_order(recogniser: Recogniser) -> None:
    clips = [c for c in package_clips() if c.name in {"austen-0880", "austen-0930"}]
    asked = [(utterance(c.samples, name=c.name), ENGLISH) for c in clips]
    heard = [
        transcript or hear_one(recogniser, one, replace(hints, again=True))
        for transcript, (one, hints) in zip(recogniser.transcribe(asked), asked, strict=True)
    ]
    assert [t.utterance.id for t in heard] == [c.name for c in clips]
    for clip, transcript in zip(clips, heard, strict=True):
        others = [c for c in clips if c is not clip]
        own = errors(clip.transcript, transcript.text, "en").rate
        assert all(own < errors(other.transcript, transcript.text, "en").rate for other in others)


def test_what_was_said_before_is_context_and_not_transcribed_again(recogniser: Recogniser) -> None:
    clip = next(c for c in package_clips() if c.name == "kennedy").samples
    pause = int(4.9 * RATE)  # after "ask not"
    said = utterance(clip[pause:], start=100 * RATE)
    (alone,) = recogniser.transcribe([(said, ENGLISH)])
    (heard,) = recogniser.transcribe([(said, Hints(("en",), before=clip[:pause]))])
    assert "fellow" not in heard.text
    assert errors("what your country can do for you ask what you can do for your country", heard.text, "en").count <= 4
    assert heard.words[0].start >= 100.0
    for one, other in zip(heard.words[1:], alone.words[1:], strict=False):
        assert abs(one.end - other.end) < 0.5  # times count from the utterance, whatever came before it


def test_empty_and_tiny_audio_give_an_empty_transcript(recogniser: Recogniser) -> None:
    for samples in (0, 1, 100, 700):
        (heard,) = recogniser.transcribe([(utterance(np.zeros(samples, dtype=np.int16)), ENGLISH)])
        assert heard.text == ""


def test_sounds_without_speech_give_no_text_and_say_what_was_refused(recogniser: Recogniser) -> None:
    refused = 0
    for name, sound in noises().items():
        (heard,) = recogniser.transcribe([(utterance(sound), ENGLISH)])
        assert heard.text == "", name
        refused += len(heard.ghosts)
        assert all(": " in ghost for ghost in heard.ghosts)
    assert refused > 0


def test_english_only_models_say_english_whatever_is_asked() -> None:
    files = model_files("tiny.en")
    clip = package_clips()[1]
    recogniser = WhisperRecogniser(files.path, files.name)
    for hints in (Hints(), Hints(("zh",)), Hints(("zh", "fr"), "zh")):
        (heard,) = recogniser.transcribe([(utterance(clip.samples), hints)])
        assert heard.language == "en"
        assert "young man" in heard.text


def test_languages_are_heard_within_the_room_s_set() -> None:
    files = model_files("base")
    recogniser = WhisperRecogniser(files.path, files.name)
    english = utterance(package_clips()[0].samples)
    for hints in (Hints(), Hints(("zh", "en")), Hints(("en",)), Hints(("en", "zh"), "zh")):
        assert recogniser.transcribe([(english, hints)])[0].language == "en", hints
    assert recogniser.transcribe([(english, Hints(("zh",)))])[0].language == "zh"


def test_mandarin_is_heard() -> None:
    files = model_files("base")
    recogniser = WhisperRecogniser(files.path, files.name)
    total = Errors()
    for clip in [c for c in human_clips("zh") if c.speaker == "aishell1-S0150"][:4]:
        (heard,) = recogniser.transcribe([(utterance(clip.load()), Hints(("zh", "en")))])
        assert heard.language == "zh"
        total += errors(clip.transcript, heard.text, "zh")
    assert total.rate < 0.4
