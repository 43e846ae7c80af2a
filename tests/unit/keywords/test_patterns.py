from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from monitor.keywords.normalise import normalise, normalise_phrase
from monitor.keywords.patterns import compiled, matches_empty, objection, size, strange_signs
from monitor.keywords.phrases import forms


def found(pattern: str, spoken: str) -> list[str]:
    text = normalise(spoken).text
    return [text[match.start() : match.end()] for match in compiled(pattern).finditer(text)]


@pytest.mark.parametrize(
    ("pattern", "spoken", "matched"),
    [
        (r"\bKill(ing)? you\b", "I'm KILLING, you!", ["killing you"]),
        (r"\bkill\b", "skills", []),
        (r"pay .{0,12}bitcoin", "Pay me all in Bitcoin.", ["pay me all in bitcoin"]),
        (r"殺.{0,3}全家", "他说要杀了你全家", ["杀了你全家"]),
        (r"café (au )?lait", "CAFÉ au lait", ["cafe au lait"]),
        (r"\d{4}", "code 5,000 or 12 34", ["5000"]),
        (r"加 ?V ?信", "加 V 信", ["加v信"]),
    ],
)
def test_patterns_are_searched_in_normalised_text(pattern: str, spoken: str, matched: list[str]) -> None:
    assert found(pattern, spoken) == matched


@pytest.mark.parametrize(
    "pattern", ["", "a*", "(ab)?", r"\b", "^", "$", "x*|y", r"\B", "a|", "(?i)a{0,3}", r"\bx*\b", "()"]
)
def test_what_can_match_nothing(pattern: str) -> None:
    assert matches_empty(pattern)
    assert objection(pattern)


@pytest.mark.parametrize("pattern", ["a+b", r"\bab\b", "^ab", r"(a|b)(c|d)", "a*b+c"])
def test_what_can_not_match_nothing(pattern: str) -> None:
    assert not matches_empty(pattern)
    assert objection(pattern) is None


_pieces = st.sampled_from(["a", "b", "(a|)", "a*", r"\b", r"\B", "^", "$", "b?", "(ab)+", "|", "[ab]", "a{0,2}"])
_spoken = st.text(st.sampled_from("ab "), max_size=4)


@given(st.lists(_pieces, max_size=4).map("".join), _spoken)
def test_what_is_let_through_never_matches_nothing(pattern: str, text: str) -> None:
    if not matches_empty(pattern):
        assert all(match.end() > match.start() for match in re2.finditer(pattern, text))


def test_costs() -> None:
    assert size("ab") < size("(ab|cd){5}") < 200
    assert "costly" in (objection(r"(\pL{1,30} ){1,3}xy") or ("", ""))[0]
    assert "costly" in (objection(r"(\pL{1,50} ){1,9}xy") or ("", ""))[0]
    assert "501 characters" in (objection("ab" * 250 + "c") or ("", ""))[0]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(\w)\1", "no RE2 pattern"),
        (r"\Qa.b", r"has `\Q`"),
        (r"a\Cb", r"has `\C`"),
        ("a)(b", "no RE2 pattern"),
        ("[a-z]", "single sign"),
        (r"\bx\b", "single sign"),
        (".", "single sign"),
        (r"\p{Han}", "single sign"),
        ("a{2000}", "no RE2 pattern"),
    ],
)
def test_refused(pattern: str, reason: str) -> None:
    assert reason in (objection(pattern) or ("", ""))[0]


def test_a_backslash_before_q_is_no_quoting() -> None:
    assert objection(r"ab\\Qc") is None


@pytest.mark.parametrize(
    ("pattern", "signs"),
    [
        (r"don't", "'"),
        (r"pay, now!", ",!"),
        (r"(?P<who>you|i)\s+[^ ]{1,3}\d\.?", ""),
        (r"殺|é|Ä", ""),
        (r"straße", "ß"),
        (r"[[:alpha:]]+\p{Han}\x{4e00}", ""),
        ("a_b", "_"),
    ],
)
def test_signs_that_speech_never_has(pattern: str, signs: str) -> None:
    assert strange_signs(pattern) == signs


@given(st.text(st.sampled_from("aZ09 "), max_size=12))
def test_the_short_way_of_plain_phrases_is_the_long_one(text: str) -> None:
    assert forms(text) == (normalise_phrase(text),)
