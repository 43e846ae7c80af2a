"""Alternatives: where they lie in time, which are worth having, and that no ghost comes in by this door."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Word
from monitor.speech.alternatives import Hypothesis, aligned, alternatives, unsure
from monitor.speech.recogniser import Hints
from monitor.speech.whisper import WhisperRecogniser
from tests.helpers.speech import model_files, noises, package_clips, utterance

BEST = (
    Word(" Tell", 0.2, 0.5, 0.9),
    Word(" the", 0.5, 0.6, 0.99),
    Word(" unit,", 0.6, 1.1, 0.3),
    Word(" please.", 1.2, 1.6, 0.8),
)


def hypothesis(text: str, probability: float = 0.3, mean: float = -0.2, no_speech: float = 0.01) -> Hypothesis:
    words = tuple(f" {word}" for word in text.split())
    return Hypothesis(words, math.log(probability), mean, no_speech)


def texts(found: tuple[tuple[Word, ...], ...]) -> list[str]:
    return ["".join(word.text for word in words).strip() for words in found]


def find(*some: Hypothesis, seconds: float = 2.0, lead: float = 0.0) -> tuple[tuple[Word, ...], ...]:
    return alternatives(BEST, some, "en", seconds, None, lead)


def test_words_that_both_have_keep_their_place_and_the_others_share_the_time_between() -> None:
    words = aligned(BEST, (" Tell", " the", " Eunuch", " now,", " please."), 0.25)
    assert [w.text for w in words] == [" Tell", " the", " Eunuch", " now,", " please."]
    assert (words[1], words[4]) == (BEST[1], BEST[3])
    assert (words[2].start, words[3].end) == (0.6, 1.1)
    assert words[2].end == words[3].start == pytest.approx(0.6 + 0.5 * 6 / 9)
    assert words[2].probability == words[3].probability == 0.25


def test_what_differs_only_in_signs_and_capitals_is_no_alternative() -> None:
    found = find(
        hypothesis("tell the unit, please"), hypothesis("Tell the eunuch please."), hypothesis("tell: the unit")
    )
    assert texts(found) == ["Tell the eunuch please.", "tell: the unit"]


def test_the_likeliest_comes_first_and_noise_not_at_all() -> None:
    found = find(
        hypothesis("Tell the tunic please", 0.2),
        hypothesis("Tell the unit please", 0.5),
        hypothesis("Tell the eunuch please", 0.29),
        hypothesis("Tell the union please", 0.01),
    )
    assert texts(found) == ["Tell the eunuch please", "Tell the tunic please"]


def test_context_before_the_utterance_is_left_out_and_times_count_from_its_end() -> None:
    (found,) = find(hypothesis("Sell the eunuch please"), lead=0.55)
    assert [w.text for w in found] == [" the", " eunuch", " please"][-len(found) :]
    assert found[-1].start == pytest.approx(1.2 - 0.55)
    assert texts(find(hypothesis("Sell the unit please"), lead=0.65)) == [], "only the context differs"


@pytest.mark.parametrize(
    "ghost",
    [
        hypothesis("Tell the union please", mean=-1.9),
        hypothesis("[applause]"),
        hypothesis("Thanks for watching", mean=-1.2),
        hypothesis("go " * 60),
        hypothesis("Tell the union", mean=-1.2, no_speech=0.9),
    ],
)
def test_the_guards_judge_alternatives_like_the_best_text(ghost: Hypothesis) -> None:
    assert texts(find(ghost, hypothesis("Tell the eunuch please", 0.1))) == ["Tell the eunuch please"]


def test_mandarin_is_aligned_by_character_however_it_is_split() -> None:
    best = (
        Word("我们", 0.0, 0.4, 0.9),
        Word("去", 0.4, 0.6, 0.9),
        Word("机会", 0.6, 1.0, 0.4),
        Word("。", 1.0, 1.0, 0.9),
    )
    words = aligned(best, ("我", "们去", "集", "会"), 0.2)
    assert [w.start for w in words] == pytest.approx([0.0, 0.2, 0.6, 0.8])
    assert [w.end for w in words] == pytest.approx([0.2, 0.6, 0.8, 1.0])
    assert [w.probability for w in words] == [0.9, 0.9, 0.2, 0.4]


@given(
    st.lists(st.sampled_from([" a", " b,", " c", "机", "会", "。", " don't"]), max_size=12),
    st.lists(st.sampled_from([" a", " b", " d", "集", "会", "!", " don't", " x y"]), max_size=12),
)
def test_whatever_is_aligned_stays_in_order_and_within_the_best_text(old: list[str], new: list[str]) -> None:
    best = [Word(text, n * 0.5, n * 0.5 + 0.4, 0.9) for n, text in enumerate(old)]
    words = aligned(best, new, 0.1)
    lettered = [text for text in new if any(c.isalnum() for c in text)]
    assert len(words) == len(lettered)
    times = [t for word in words for t in (word.start, word.end)]
    assert times == sorted(times)
    assert all(0.0 <= t <= max(0.4, len(old) * 0.5) for t in times)


def test_only_unsure_words_are_worth_another_pass() -> None:
    assert unsure(BEST, 0.4)
    assert not unsure(BEST, 0.3)
    assert not unsure(BEST, 0.0)
    assert not unsure((), 0.9)


def test_a_real_model_finds_others_where_it_is_unsure_and_none_where_it_is_not() -> None:
    files = model_files("tiny.en")
    clip = next(c for c in package_clips() if c.name == "austen-0890")
    said = utterance(clip.samples, start=16000 * 100)
    (never,) = WhisperRecogniser(files.path, files.name).transcribe([(said, Hints(("en",)))])
    assert never.alternatives == ()
    (heard,) = WhisperRecogniser(files.path, files.name, unsure=1.0).transcribe([(said, Hints(("en",)))])
    assert heard.words == never.words
    assert heard.alternatives
    for words in heard.alternatives:
        assert "".join(w.text for w in words) != "".join(w.text for w in heard.words)
        times = [t for word in words for t in (word.start, word.end)]
        assert times == sorted(times)
        assert 100.0 <= times[0] <= times[-1] <= 100.0 + said.seconds
        assert abs(times[-1] - heard.words[-1].end) < 1.0


def test_sounds_without_speech_have_no_alternatives() -> None:
    files = model_files("tiny.en")
    recogniser = WhisperRecogniser(files.path, files.name, unsure=1.0)
    for name, sound in noises().items():
        (heard,) = recogniser.transcribe([(utterance(sound), Hints(("en",)))])
        assert heard.alternatives == (), name
