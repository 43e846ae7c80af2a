"""Combinations over the last minute of a speaker or a room."""

from __future__ import annotations

import pytest

from monitor.keywords.combine import MEMORY, MOST, Windows
from monitor.keywords.match import Matcher
from monitor.keywords.rules import Combination, KeywordList, Kind, Reach, Rule
from monitor.model import Grade, KeywordHit, Severity, Word


class Talk:
    """Speakers of rooms, one utterance after the other."""

    def __init__(self, *parts: str, reach: Reach, windows: Windows | None = None, **options: object) -> None:
        combination = Combination(parts, reach=reach, **options)  # type: ignore[arg-type]
        rule = Rule("c", Severity.HIGH, kind=Kind.COMBINATION, combination=combination)
        self.matcher = Matcher([KeywordList("l", "l", (), Severity.HIGH, (rule,), (), (), (), "v1")])
        self.windows = windows or Windows()

    def say(
        self, text: str, now: float, track: str = "t", room: str = "r", media: float | None = None, sure: float = 0.9
    ) -> list[KeywordHit]:
        start = now if media is None else media
        words = [Word(f" {word}", start + i, start + i + 1.0, sure) for i, word in enumerate(text.split())]
        return self.windows.note(room, track, self.matcher.examine(words).parts, now)


def test_parts_of_one_speaker_in_two_utterances() -> None:
    talk = Talk("gun", "school", reach=Reach.SPEAKER)
    assert talk.say("I have a gun here", 100.0) == []
    (hit,) = talk.say("see you at school then", 130.0)
    assert (hit.phrase, hit.matched, hit.before, hit.after) == ("c", "gun … school", "I have a ", " then")
    assert (hit.start, hit.end, hit.grade) == (133.0, 134.0, Grade.A)
    assert talk.say("school", 140.0) == [], "the gun is used up"


def test_other_speakers_and_rooms_are_apart() -> None:
    talk = Talk("gun", "school", reach=Reach.SPEAKER)
    talk.say("gun", 100.0, track="a")
    assert talk.say("school", 101.0, track="b") == []
    assert talk.say("school", 102.0, track="a", room="other") == []
    assert len(talk.say("school", 103.0, track="a")) == 1


def test_across_the_speakers_of_a_room() -> None:
    talk = Talk("gun", "school", reach=Reach.ROOM)
    talk.say("gun", 100.0, track="a", media=3.0)
    assert len(talk.say("school", 101.0, track="b", media=900.0)) == 1


def test_in_order_across_speakers() -> None:
    talk = Talk("want some", "how much", reach=Reach.ROOM, ordered=True)
    talk.say("how much", 100.0, track="b")
    assert talk.say("want some", 110.0, track="a") == []
    assert len(talk.say("how much", 120.0, track="b")) == 1


@pytest.mark.parametrize(("gap", "count"), [(MEMORY - 1, 1), (MEMORY + 1, 0)])
def test_a_minute_is_remembered(gap: float, count: int) -> None:
    talk = Talk("gun", "school", reach=Reach.SPEAKER)
    talk.say("gun", 100.0)
    assert len(talk.say("school", 100.0 + gap)) == count


@pytest.mark.parametrize(("gap", "count"), [(8.0, 1), (10.0, 0)])
def test_within_seconds(gap: float, count: int) -> None:
    talk = Talk("gun", "school", reach=Reach.ROOM, seconds=10.0)
    talk.say("gun", 100.0)
    assert len(talk.say("school", 100.0 + gap)) == count


def test_what_must_be_absent_is_looked_for_in_the_same_reach() -> None:
    talk = Talk("shoot", "tonight", reach=Reach.SPEAKER, without=("photo",))
    talk.say("photo", 90.0, track="other")
    talk.say("shoot", 100.0)
    assert len(talk.say("tonight", 101.0)) == 1
    talk.say("photo", 102.0)
    talk.say("shoot", 103.0)
    assert talk.say("tonight", 104.0) == []
    talk.say("shoot", 103.0 + MEMORY)
    assert len(talk.say("tonight", 104.0 + MEMORY)) == 1, "the photo is forgotten"


def test_words_recognised_twice_count_once() -> None:
    talk = Talk("five", "five", "five", reach=Reach.SPEAKER)
    for now in (100.0, 101.0, 102.0):
        assert talk.say("five", now, media=7.0) == []


def test_as_weak_as_the_weakest_part() -> None:
    talk = Talk("gun", "school", reach=Reach.SPEAKER)
    talk.say("gun", 100.0, sure=0.2)
    (hit,) = talk.say("school", 105.0)
    assert (hit.grade, hit.probability) == (Grade.B, 0.2)


def test_a_reload_that_leaves_the_rule_loses_nothing() -> None:
    windows = Windows()
    Talk("gun", "school", reach=Reach.SPEAKER, windows=windows).say("gun", 100.0)
    assert len(Talk("gun", "school", reach=Reach.SPEAKER, windows=windows).say("school", 101.0)) == 1
    Talk("gun", "school", reach=Reach.SPEAKER, windows=windows).say("gun", 110.0)
    assert Talk("gun", "school", reach=Reach.SPEAKER, seconds=30.0, windows=windows).say("school", 111.0) == []


def test_forgotten_with_the_speaker_or_the_room() -> None:
    talk = Talk("gun", "school", reach=Reach.ROOM)
    talk.say("gun", 100.0, track="a")
    talk.windows.forget("r", "a")
    assert talk.say("school", 101.0, track="b") == []
    talk.windows.forget("r")
    assert talk.say("gun", 102.0, track="b") == [], "and so is the school"
    talk.windows.forget("never seen")


def test_memory_is_bounded() -> None:
    talk = Talk("gun", "school", reach=Reach.SPEAKER, windows=Windows(max_rooms=2))
    for room in ("a", "b", "c"):
        talk.say("gun", 100.0, room=room)
    assert talk.say("school", 101.0, room="a") == []
    assert len(talk.say("school", 101.0, room="c")) == 1
    busy = Talk("gun", "school", reach=Reach.SPEAKER)
    for i in range(3 * MOST):
        busy.say("gun", 100.0 + i / 100, media=2.0 * i)
    assert len(busy.say("school", 110.0, media=9000.0)) == 1


def test_parts_go_by_the_time_they_were_spoken() -> None:
    """Utterances of two speakers may be recognised in another order than they were said."""
    talk = Talk("want some", "how much", reach=Reach.ROOM, ordered=True)
    talk.say("how much", 105.0, track="b")
    assert len(talk.say("want some", 100.0, track="a")) == 1
