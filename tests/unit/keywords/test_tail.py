"""A phrase at a cut is reported once, whatever the recogniser makes of the words that the cut goes through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.keywords.lists import parse
from monitor.keywords.match import Matcher
from monitor.keywords.tail import Joined, Seen, Tails
from monitor.model import RATE, Cut, KeywordHit, Speaker, Transcript, Utterance, Word

OPENING = ["the", "other", "day", "we", "went", "down", "to", "a", "small", "shop", "near"]
FILLER = [*OPENING, "our", "old", "house", "and", "bought", "some", "fresh", "bread", "for", "lunch"]


def transcript(start: float, end: float, words: list[Word], overlap: float = 0.0) -> Transcript:
    first, last = round(start * RATE), round(end * RATE)
    utterance = Utterance(
        id=f"u{first}",
        room="r",
        speaker=Speaker("s", "S"),
        track="t",
        began=start,
        start=first,
        audio=np.zeros(last - first, np.int16),
        cut=Cut.LENGTH,
        overlap=round(overlap * RATE),
    )
    return Transcript(utterance, "en", tuple(words), "m", 0.1)


def said(text: list[str], length: float = 0.4, start: float = 0.0) -> list[Word]:
    return [Word(f" {w}", start + i * length, start + (i + 1) * length, 0.9) for i, w in enumerate(text)]


def heard(words: list[Word], start: float, end: float, shift: float = 0.0, garble: str = "half") -> list[Word]:
    """What a recogniser makes of [start, end): words that an edge cuts come out in part, changed, or not at all."""
    out = []
    for word in words:
        if word.end <= start + 1e-9 or word.start >= end - 1e-9:
            continue
        if word.start >= start - 1e-9 and word.end <= end + 1e-9:
            a, b = max(start, word.start + shift), min(end, word.end + shift)
            out.append(Word(word.text, a, b, word.probability))
            continue
        if garble == "none":
            continue
        letters = word.text.strip()
        part = letters[: len(letters) // 2] if word.start >= start else letters[len(letters) // 2 :]
        text = {"half": part, "other": "um", "whole": letters}[garble]
        out.append(Word(f" {text}", max(start, word.start), min(end, word.end), 0.3))
    return out


def matcher(*phrases: str) -> Matcher:
    return Matcher([parse(f'name = "l"\nphrases = {list(phrases)!r}', "l.toml")])


def run(parts: list[Transcript], search: Matcher) -> list[KeywordHit]:
    tails, seen, hits = Tails(), Seen(), []
    for part in parts:
        joined = tails.join("t", part)
        found = search.find(joined.words, joined.fresh_from, "en")
        hits += seen.fresh("t", found, joined)
    return hits


@settings(max_examples=400, deadline=None)
@given(
    place=st.integers(0, 14),
    phrase=st.sampled_from(["send money", "wire transfer fee now", "password", "kill you"]),
    cut=st.integers(100, 620),
    overlap=st.sampled_from([1.2, 1.5, 2.0]),
    shift=st.sampled_from([-0.12, -0.05, 0.0, 0.06, 0.12]),
    first=st.sampled_from(["half", "other", "none"]),
    second=st.sampled_from(["half", "other", "none"]),
    length=st.sampled_from([0.25, 0.4, 0.55]),
)
def test_phrase_anywhere_around_a_cut_is_found_exactly_once(
    place: int, phrase: str, cut: int, overlap: float, shift: float, first: str, second: str, length: float
) -> None:
    words = said(FILLER[:place] + phrase.split() + FILLER[place:], length)
    end, cut_at = words[-1].end, max(overlap + 0.1, cut / 100 * length / 0.4)
    parts = [
        transcript(0.0, cut_at, heard(words, 0.0, cut_at, garble=first)),
        transcript(cut_at - overlap, end, heard(words, cut_at - overlap, end, shift, second), overlap),
    ]
    hits = run(parts, matcher(phrase))
    assert [hit.phrase for hit in hits] == [phrase]
    assert hits[0].start == pytest.approx(words[place].start, abs=0.31)


@settings(max_examples=200, deadline=None)
@given(
    place=st.integers(0, 14),
    count=st.integers(1, 5),
    cut=st.integers(160, 700),
    shift=st.sampled_from([-0.1, 0.0, 0.1]),
    garble=st.sampled_from(["half", "none"]),
)
def test_repetitions_are_counted_as_often_as_they_are_said(
    place: int, count: int, cut: int, shift: float, garble: str
) -> None:
    words = said(FILLER[:place] + ["five"] * count + FILLER[place:])
    end, cut_at = words[-1].end, cut / 100
    parts = [
        transcript(0.0, cut_at, heard(words, 0.0, cut_at, garble=garble)),
        transcript(cut_at - 1.5, end, heard(words, cut_at - 1.5, end, shift, garble), 1.5),
    ]
    assert len(run(parts, matcher("five"))) == count


@settings(max_examples=150, deadline=None)
@given(cut=st.integers(160, 700), shift=st.sampled_from([-0.1, 0.0, 0.1]), garble=st.sampled_from(["other", "none"]))
def test_whole_words_are_all_in_the_joined_text_in_order(cut: int, shift: float, garble: str) -> None:
    words = said(FILLER)
    end, cut_at = words[-1].end, cut / 100
    tails = Tails(seconds=60)
    tails.join("t", transcript(0.0, cut_at, heard(words, 0.0, cut_at, garble=garble)))
    joined = tails.join("t", transcript(cut_at - 1.5, end, heard(words, cut_at - 1.5, end, shift, garble), 1.5))
    assert [w.text.strip() for w in joined.words] == FILLER


@settings(max_examples=150, deadline=None)
@given(cut=st.integers(160, 700), shift=st.sampled_from([-0.1, 0.0, 0.1]))
def test_shown_words_add_up_to_what_was_said(cut: int, shift: float) -> None:
    words = said(FILLER)
    end, cut_at = words[-1].end, cut / 100
    tails = Tails()
    first = tails.join("t", transcript(0.0, cut_at, heard(words, 0.0, cut_at, garble="none")))
    second = tails.join("t", transcript(cut_at - 1.5, end, heard(words, cut_at - 1.5, end, shift, "none"), 1.5))
    assert [w.text.strip() for w in (*first.shown, *second.shown)] == FILLER


def test_three_cuts_in_a_row() -> None:
    words = said([*FILLER, "please", "send", "money", *FILLER, "send", "money", *FILLER])
    end, parts, start = words[-1].end, [], 0.0
    while start + 1.5 < end:
        stop = min(start + 5.3, end)
        parts.append(transcript(start, stop, heard(words, start, stop), 1.5 if start else 0.0))
        start = stop - 1.5
    assert len(parts) > 3
    assert len(run(parts, matcher("send money"))) == 2


def test_phrase_across_an_ordinary_pause_and_not_across_a_long_one() -> None:
    for pause, expected in ((0.8, 1), (1.9, 1), (2.1, 0)):
        first = said(["send"], start=1.0)
        second = said(["money"], start=1.4 + pause)
        parts = [transcript(0, 1.6, first), transcript(1.2 + pause, 3 + pause, second)]
        assert len(run(parts, matcher("send money"))) == expected, pause


def test_same_phrase_said_again_after_a_pause_counts_again() -> None:
    parts = [transcript(0, 1, said(["five"], start=0.6)), transcript(1.0, 2, said(["five"], start=1.05))]
    assert len(run(parts, matcher("five"))) == 2


def test_what_began_after_the_repeated_audio_is_no_repetition() -> None:
    search, seen = matcher("five"), Seen()
    first, second = tuple(said(["five"], start=1.2)), tuple(said(["five"], start=1.65))
    assert len(seen.fresh("t", search.find(first), Joined(first, 0, first, 0.0))) == 1
    assert len(seen.fresh("t", search.find(second), Joined(second, 0, second, 1.6))) == 1
    again = tuple(said(["five"], start=1.59))
    assert seen.fresh("t", search.find(again), Joined(again, 0, again, 1.6)) == []


def test_seen_tracks_are_apart_bounded_and_forgotten() -> None:
    search, words = matcher("five"), tuple(said(["five"], start=1.0))
    seen, joined = Seen(max_speakers=1), Joined(words, 0, words, 2.0)
    hits = search.find(words)
    assert seen.fresh("a", hits, joined) == hits
    assert seen.fresh("a", hits, joined) == []
    assert seen.fresh("b", hits, joined) == hits
    assert seen.fresh("a", hits, joined) == hits, "forgotten for b"
    seen.forget("a")
    assert seen.fresh("a", hits, joined) == hits


def test_texts_recognised_apart_are_not_glued_into_one_word() -> None:
    parts = [
        transcript(0, 1, [Word(" pass", 0.5, 0.9, 0.9)]),
        transcript(1.0, 2, [Word("word", 1.1, 1.4, 0.9)]),
    ]
    assert run(parts, matcher("password")) == []
    assert len(run(parts, matcher("pass word"))) == 1


def test_chinese_across_a_cut() -> None:
    def chars(text: str, start: float) -> list[Word]:
        return [Word(c, start + i * 0.2, start + (i + 1) * 0.2, 0.9) for i, c in enumerate(text)]

    words = chars("请你把钱转到安全账户里面去", 0.0)
    cut_at, end = 1.5, words[-1].end
    parts = [
        transcript(0, cut_at, heard(words, 0, cut_at, garble="none")),
        transcript(cut_at - 0.7, end, heard(words, cut_at - 0.7, end, 0.05, "none"), 0.7),
    ]
    assert len(run(parts, matcher("转到安全账户"))) == 1


def test_overlap_counts_only_where_the_utterance_before_was_heard() -> None:
    words = said(FILLER)
    tails = Tails()
    tails.join("t", transcript(0, 1.2, words[:3]))  # what came between was given up
    joined = tails.join("t", transcript(3.2, 8.0, words[8:], 1.5))
    assert joined.shown == tuple(words[8:])
    assert joined.words[joined.fresh_from :] == tuple(words[8:])
    assert joined.repeated_until == 0.0


def test_moment_heard_differently_is_not_shown_again() -> None:
    tails = Tails()
    tails.join("t", transcript(0, 2.0, said(["we", "saw", "the", "bank", "there"])))
    second = transcript(0.8, 3.2, said(["a", "bench", "their", "and", "left"], start=0.82), 1.2)
    assert [w.text for w in tails.join("t", second).shown] == [" and", " left"]


def test_nothing_recognised_in_the_second_keeps_the_first() -> None:
    words = said(["send", "money", "now"])
    tails = Tails()
    tails.join("t", transcript(0, 1.2, words))
    joined = tails.join("t", transcript(0.2, 2.0, [], 1.0))
    assert joined.words == tuple(words)
    assert joined.fresh_from == 3
    assert joined.shown == ()


def test_tracks_are_apart_and_old_words_and_speakers_are_forgotten() -> None:
    tails = Tails(seconds=1.0, max_speakers=2)
    tails.join("a", transcript(0, 4, said(["one", "two", "three", "four"], 1.0)))
    tails.join("b", transcript(0, 1, said(["other"])))
    assert [w.text for w in tails.join("a", transcript(4, 5, said(["five"], start=4.0))).words] == [
        " three",
        " four",
        " five",
    ]
    tails.join("c", transcript(0, 1, said(["new"])))  # b was unheard for longest
    assert tails.join("b", transcript(1, 2, said(["again"], start=1.0))).fresh_from == 0
    tails.forget("c")
    assert tails.join("c", transcript(1, 2, said(["again"], start=1.0))).fresh_from == 0


def test_late_transcript_does_not_spoil_the_memory() -> None:
    tails = Tails()
    tails.join("t", transcript(10, 12, said(["send"], start=11.5)))
    late = tails.join("t", transcript(2, 4, said(["old"], start=2.5)))
    assert late.fresh_from == 0
    assert len(late.words) == 1
    following = tails.join("t", transcript(12, 13, said(["money"], start=12.1)))
    assert [w.text for w in following.words] == [" send", " money"]
