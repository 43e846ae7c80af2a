from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.keywords.disguise import MAX_READINGS, closed, readings, unfold
from monitor.keywords.normalise import normalise


@pytest.mark.parametrize(
    ("text", "unfolded"),
    [
        ("I will k1ll you", "i will kill you"),
        ("$h!t he11o c1ick", "shit hello click"),
        ("g!ft c@rd!!", "gift card"),
        ("ki11 1nvest !nside rad1o", "kill invest inside radio"),
        ("a b0mb, a t3rr0r!st", "a bomb a terrorist"),
        ("k i l l him", "kill him"),
        ("k-i-l-l y-o-u", "kill you"),
        ("k i l l  y o u", "kill you"),
        ("k i l l y o u now", "killyou now"),
        ("K.I.L.L.", "kill"),
        ("k 1 l l", "kill"),
        ("killlll yooou", "kill yoou"),
        ("kіll уоu", "kill you"),  # Cyrillic і, у, о
        ("сосо is here", "coco is here"),  # a whole word of Cyrillic letters among Latin ones
        ("он kіll", "он kill"),
    ],
)
def test_disguises_are_unfolded(text: str, unfolded: str) -> None:
    assert unfold(text).text == unfolded


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I will kill you!",
        "buy 5 or 6!",
        "1 2 3 4 5",
        "café naïve",
        "я тебя убью",
        "加 V 信",
        "I am a man",
        "50% off?",
    ],
)
def test_plain_text_has_no_readings(text: str) -> None:
    assert readings(text) == ()
    assert unfold(text) == normalise(text)


def test_a_sign_for_two_letters_and_a_stretched_letter_have_several_readings() -> None:
    assert {"die", "dle"} <= {one.text for one in readings("d1e")}
    assert "investigation" in {one.text for one in readings("1nv3st1gati0n")}
    assert [one.text for one in readings("freeee")] == ["free", "fre"]
    assert [one.text for one in readings("kiiill")] == ["kill"], "no English word doubles an i"


def test_unfolded_letters_lead_back_to_what_was_recognised() -> None:
    text = "so, k-1-l-l  y-o-u now"
    normal = unfold(text)
    start = normal.text.index("kill you")
    end = start + len("kill you") - 1
    assert text[normal.starts[start] : normal.ends[end]] == "k-1-l-l  y-o-u"
    stretched = unfold("he killlled")
    assert stretched.text == "he killed"
    assert (stretched.starts[5], stretched.ends[6]) == (5, 9)


def test_phrase_without_its_spaces() -> None:
    assert closed("Kill you!") == "killyou"


@given(st.text(alphabet=st.sampled_from("k1l!Lіа杀 .-@x's5éｋ\u200b,_³ﬁ"), max_size=30) | st.text(max_size=30))
def test_map_leads_back_and_grows(text: str) -> None:
    found = readings(text)
    assert len(found) <= MAX_READINGS
    for normal in (unfold(text), *found):
        assert len(normal.text) == len(normal.starts) == len(normal.ends)
        assert all(0 <= a <= b <= len(text) for a, b in zip(normal.starts, normal.ends, strict=True))
        assert list(normal.starts) == sorted(normal.starts)
        assert normal.text == normal.text.strip(" ")


@given(st.text(max_size=30))
def test_same_text_same_readings(text: str) -> None:
    assert readings(text) == readings(text)
    assert all(one.text != normalise(text).text for one in readings(text))
