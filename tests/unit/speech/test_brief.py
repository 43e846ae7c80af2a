"""A short context ends where the model says that the audio does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import RATE, Word
from monitor.speech import brief
from monitor.speech.brief import max_length, said
from monitor.speech.ghosts import Claim
from monitor.speech.recogniser import ALIKE, Hints, alike, context, hear_one
from monitor.speech.wer import errors
from monitor.speech.whisper import WhisperRecogniser
from tests.helpers.speech import model_files, package_clips, utterance

END, STAMPS = 100, 200


def stamp(seconds: float) -> int:
    return STAMPS + round(seconds / 0.02)


def test_what_follows_the_end_stamp_near_the_end_is_not_said() -> None:
    written = [stamp(0), 1, 2, 3, stamp(3.8), stamp(3.8), 1, 2, 3, stamp(4.9)]
    assert said(written, STAMPS, END, 4.0) == ([1, 2, 3], True)


def test_stamps_before_the_end_only_part_sentences() -> None:
    written = [stamp(0), 5, 5, stamp(2.0), stamp(2.2), 5, 5, stamp(4.0)]
    assert said(written, STAMPS, END, 4.2) == ([5, 5, 5, 5], True), "a repetition that was spoken stays"


def test_a_text_said_again_faster_than_anybody_speaks_was_said_once() -> None:
    looped = [stamp(0), 1, 2, 3, 4, stamp(3.6), stamp(3.6), 1, 2, 3, 4, stamp(4.6), stamp(4.6), 1, 2]
    assert said(looped, STAMPS, END, 4.3) == ([1, 2, 3, 4], True)
    assert said(looped[:10], STAMPS, END, 4.3) == ([1, 2, 3, 4], True), "also where the decoder was stopped in it"
    assert said(looped[:13], STAMPS, END, 7.6)[0] == [1, 2, 3, 4, 1, 2, 3, 4], "there was time to say it twice"
    other = [stamp(0), 1, 2, 3, 4, stamp(3.6), stamp(3.6), 1, 2, 9, 4, stamp(4.2)]
    assert said(other, STAMPS, END, 4.3) == ([1, 2, 3, 4, 1, 2, 9, 4], True), "not the same"
    five = [stamp(0), 5, stamp(1.0), stamp(1.0), 5, stamp(1.4)]
    assert said(five, STAMPS, END, 1.6) == ([5, 5], True), "one word can be said twice in no time"


def test_a_stamp_before_any_word_ends_nothing() -> None:
    assert said([stamp(3.9), 7, stamp(4.0)], STAMPS, END, 4.0) == ([7], True)


def test_without_an_end_stamp_all_of_it_counts_and_the_end_is_not_known() -> None:
    assert said([stamp(0), 7, 8, END], STAMPS, END, 9.0) == ([7, 8], False)
    assert said([], STAMPS, END, 1.0) == ([], False)


@given(st.lists(st.integers(0, 450)), st.floats(0.1, 24))
def test_only_text_comes_out_in_its_order(written: list[int], seconds: float) -> None:
    text, ended = said(written, STAMPS, END, seconds)
    spoken = [token for token in written if token < END]
    assert text == spoken[: len(text)]
    assert ended or text == spoken


def test_what_looks_wrong_is_asked_again_and_what_is_no_speech_is_not() -> None:
    def read(whole: bool = True, no_speech: float = 0.0, log: float = -0.2, compression: float = 1.0) -> brief.Read:
        return brief.Read(Claim((), no_speech, log, compression), whole)

    assert not read().doubtful
    assert read(whole=False).doubtful
    assert read(compression=3.0).doubtful
    assert read(log=-1.6).doubtful
    assert not read(log=-1.4).doubtful
    assert not read(log=-1.6, no_speech=0.9).doubtful


def test_little_text_for_much_voice_is_asked_again() -> None:
    def words(text: str) -> list[Word]:
        return [Word(text, 0.0, 1.0, 0.9)]

    assert brief.sparse(words("that the"), 4.0)
    assert brief.sparse([], 1.0)
    assert not brief.sparse(words("that the once the week"), 4.0)
    assert not brief.sparse(words("请把验证码告诉我"), 4.0), "a character is more than a letter"
    assert not brief.sparse(words("no"), 0.3)
    assert not brief.sparse([], None), "how much voice there is isn't known"


def test_real_speech_is_heard_short_and_what_is_too_long_is_not() -> None:
    files = model_files("base")
    recogniser = WhisperRecogniser(files.path, files.name)
    clip = next(c for c in package_clips() if "your country can do" in c.transcript).samples
    hints = Hints(("en",))
    (short,) = recogniser.transcribe([(utterance(clip[: 8 * RATE]), hints)])
    assert not short.full
    (asked,) = recogniser.transcribe([(utterance(clip[: 8 * RATE]), Hints(("en",), speech=60.0))])
    assert asked.full, "so little text for a minute of voice"
    (long,) = recogniser.transcribe([(utterance(np.tile(clip, 4)[: 25 * RATE]), hints)])
    assert long.full
    (asked,) = WhisperRecogniser(files.path, files.name, full=True).transcribe([(utterance(clip[: 8 * RATE]), hints)])
    assert asked.full


def test_a_long_context_gives_up_its_head_so_that_several_can_be_heard_together() -> None:
    said = utterance(np.ones(3 * RATE + 77, np.int16))
    before = np.arange(5 * RATE + 1234, dtype=np.int32).astype(np.int16)
    kept = context(said, Hints(before=before))
    assert (len(kept) + len(said.audio)) % ALIKE == 0
    assert len(before) - len(kept) < ALIKE
    assert (kept == before[-len(kept) :]).all(), "what is next to the utterance stays"
    short = before[: ALIKE // 2]
    assert len(context(said, Hints(before=short))) == len(short), "a short one is no use without its head"
    assert len(context(said, Hints())) == 0


def test_audio_is_filled_up_with_silence_to_a_length_that_others_have() -> None:
    assert [alike(n) for n in (1, RATE, RATE + 1)] == [RATE, RATE, 2 * RATE]
    files = model_files("base")
    whisper = WhisperRecogniser(files.path, files.name)._whisper
    clip = next(c for c in package_clips() if c.name == "kennedy").samples.astype(np.float32) / 32768
    short, long, more = (brief.encode(whisper, clip[: round(seconds * RATE)]) for seconds in (3.1, 3.9, 4.1))
    assert short.encoded.shape == long.encoded.shape != more.encoded.shape
    assert short.seconds == 3.1, "the silence is none of the audio"


def test_improbable_text_is_doubtful_and_endless_text_is_broken() -> None:
    improbable = brief.Read(Claim((), no_speech=0.0, log_probability=-2.0, compression=1.0), whole=True)
    assert (improbable.doubtful, improbable.broken) == (True, False)
    for read in (replace(improbable, whole=False), replace(improbable, claim=replace(improbable.claim, compression=9))):
        assert (read.doubtful, read.broken) == (True, True)


def test_the_decoder_writes_as_many_tokens_as_it_may() -> None:
    """CTranslate2 stops at half of its max_length: what it is told must make up for that."""
    files = model_files("base")
    whisper = WhisperRecogniser(files.path, files.name)._whisper
    clip = next(c for c in package_clips() if c.name == "kennedy")
    heard = brief.encode(whisper, clip.samples.astype(np.float32) / 32768)
    start = [whisper.hf_tokenizer.token_to_id(token) for token in ("<|startoftranscript|>", "<|en|>", "<|transcribe|>")]
    for tokens in (6, 15):
        told = max_length(len(start), tokens)
        (result,) = whisper.model.generate(brief.storage(heard.encoded), [start], beam_size=1, max_length=told)
        assert len(result.sequences_ids[0]) == tokens


def test_several_at_once_are_heard_as_one_by_one() -> None:
    files = model_files("base")
    recogniser = WhisperRecogniser(files.path, files.name)
    clips = [c.samples for c in package_clips() if len(c.samples) < 12 * RATE][:5]
    cut = min(len(samples) for samples in clips)
    asked = [(utterance(samples[:cut], name=f"u{n}"), Hints(("en",))) for n, samples in enumerate(clips)]
    together = recogniser.transcribe(asked)
    alone = [recogniser.transcribe([one])[0] for one in asked]
    assert [t and t.text for t in together] == [t and t.text for t in alone]
    assert len({t and t.text for t in together}) > 1


def windows(recogniser: WhisperRecogniser, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collects the seconds that its encoder hears in each pass, with the silence."""
    heard: list[float] = []
    encode = brief.encode

    def noted(*args: Any) -> brief.Heard:
        found = encode(*args)
        heard.append(found.encoded.shape[1] / 50)
        return found

    monkeypatch.setattr(brief, "encode", noted)
    return heard


def test_a_text_without_an_end_is_heard_with_more_silence_before_30_s_are_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = model_files("base")
    recogniser = WhisperRecogniser(files.path, files.name)
    clip = next(c for c in package_clips() if c.name == "austen-0930")
    monkeypatch.setattr(brief, "_FIRST_TOKENS", 3)
    monkeypatch.setattr(brief, "_FIRST_TOKENS_A_SECOND", 0)
    heard = windows(recogniser, monkeypatch)
    (found,) = recogniser.transcribe([(utterance(clip.samples), Hints(("en",)))])
    assert not found.full
    assert errors(clip.transcript, found.text, "en").rate < 0.2
    assert len(heard) == 2
    assert heard[0] + 2.5 <= heard[1] < 30


def test_improbable_text_is_heard_with_more_silence_unless_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    files = model_files("base")
    recogniser = WhisperRecogniser(files.path, files.name)
    clip = next(c for c in package_clips() if c.name == "austen-0930")
    monkeypatch.setattr(brief, "IMPROBABLE", 0.0)  # no text is as probable as that
    heard = windows(recogniser, monkeypatch)
    said = utterance(clip.samples[: 3 * RATE])
    for quick, lengths in ((True, [4.0]), (False, [4.0, 10.0])):
        heard.clear()
        assert not hear_one(recogniser, said, Hints(("en",), quick=quick)).full
        assert heard == lengths


def test_what_is_too_little_for_the_speech_is_heard_with_more_silence_and_then_over_30_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = model_files("base")
    recogniser = WhisperRecogniser(files.path, files.name)
    clip = next(c for c in package_clips() if c.name == "austen-0930")
    heard = windows(recogniser, monkeypatch)
    assert hear_one(recogniser, utterance(clip.samples[: 3 * RATE]), Hints(("en",), speech=60.0)).full
    assert heard == [4.0, 10.0]


def test_what_takes_more_is_left_for_later_in_company_and_while_it_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    files = model_files("base")
    recogniser = WhisperRecogniser(files.path, files.name)
    clip = next(c for c in package_clips() if c.name == "austen-0930")
    monkeypatch.setattr(brief, "_FIRST_TOKENS", 3)
    monkeypatch.setattr(brief, "_FIRST_TOKENS_A_SECOND", 0)
    said, hints = utterance(clip.samples), Hints(("en",))
    assert recogniser.transcribe([(said, hints), (said, hints)]) == [None, None]
    assert recogniser.transcribe([(replace(said, open=True), hints)]) == [None]
    again = hear_one(recogniser, said, replace(hints, again=True))
    assert errors(clip.transcript, again.text, "en").rate < 0.2
