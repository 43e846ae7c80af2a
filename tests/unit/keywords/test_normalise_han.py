"""The short way for Chinese characters is the long one's equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.keywords import normalise as module
from monitor.keywords.normalise import normalise, normalise_phrase

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=20)


@given(HAN)
def test_characters_alone(text: str) -> None:
    assert normalise(text) == module._build(text, wildcards=False)
    assert normalise_phrase(text) == module._build(text, wildcards=True).text


def test_every_character() -> None:
    every = "".join(map(chr, range(0x4E00, 0xA000)))
    assert normalise(every) == module._build(every, wildcards=False)


@pytest.mark.parametrize("text", ["驗證碼", "发髮發", "杀*全家", "don't e-mail", "5,000", "k*ll you"])
def test_phrases(text: str) -> None:
    assert normalise_phrase(text) == module._build(text, wildcards=True).text
