"""The short way through ASCII gives what the long way gives, positions too."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from monitor.keywords.normalise import _build, normalise


def test_all_short_texts_of_all_kinds_of_signs() -> None:
    for length in range(6):
        for signs in product("aZ5',` ", repeat=length):
            text = "".join(signs)
            assert normalise(text) == _build(text, wildcards=False), repr(text)


def test_every_ascii_sign_by_itself_and_between_letters() -> None:
    for code in range(128):
        for text in (chr(code), f"a{chr(code)}b", f"1{chr(code)}2", f"a{chr(code)}", f"{chr(code)}{chr(code)}b"):
            assert normalise(text) == _build(text, wildcards=False), repr(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_any_ascii_text(text: str) -> None:
    assert normalise(text) == _build(text, wildcards=False)
