"""Who is in which half, and what is in two collections."""

from __future__ import annotations

from pathlib import Path

from monitor.bench.clips import DEMO, PROMPTS, Clip, Half, half, unlike
from monitor.bench.wer import Plan, chosen


def clip(speaker: str, text: str = "said", source: str = "manifest") -> Clip:
    return Clip(Path(f"{speaker}-{text}.wav"), "en", speaker, text, source)


CLIPS = [
    *(clip(name, text) for name in ("d", "b", "a", "c") for text in ("one", "two")),
    clip("aa", source=DEMO),
    clip("y", source=PROMPTS),
]


def test_nobody_is_in_both_halves() -> None:
    dev, held = half(CLIPS, Half.DEV), half(CLIPS, Half.HELD)
    assert {one.speaker for one in dev} == {"a", "aa", "c"}
    assert {one.speaker for one in held} == {"b", "d", "y"}
    assert sorted(map(str, (one.path for one in dev + held))) == sorted(str(one.path) for one in CLIPS)
    assert half(CLIPS, Half.ALL) == CLIPS


def test_the_halves_do_not_depend_on_the_order_or_on_what_else_is_there() -> None:
    alone = [one for one in reversed(CLIPS) if one.source == "manifest"]
    assert {one.speaker for one in half(alone, Half.DEV)} == {"a", "c"}


def test_the_same_words_twice_are_one_recording() -> None:
    known = [clip("a", "He was not an ill-disposed young man.")]
    again = clip("reader", "he was not an ill disposed young man", DEMO)
    assert unlike([again, clip("b", "another")], known) == [clip("b", "another")]


def test_an_end_before_the_last_one_leaves_a_fair_sample() -> None:
    many = [clip("much", str(n)) for n in range(80)] + [clip("less", str(n)) for n in range(20)]
    some = chosen(many, Plan(("base",), limit=20))
    assert some == chosen(many, Plan(("base",)))[:20]
    assert abs(sum(one.speaker == "less" for one in some) - 4) <= 1
    assert [one.transcript for one in some if one.speaker == "much"] != [
        str(n) for n in range(16)
    ]  # not the first ones
    assert sorted(map(str, chosen(many, Plan(("base",))))) == sorted(map(str, many))
