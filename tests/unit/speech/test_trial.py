"""A model has to hear something before it is let at people's speech."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from monitor.errors import ModelUnfit
from monitor.model import RATE, Transcript, Utterance, Word
from monitor.speech.recogniser import Hints
from monitor.speech.trial import Sample, try_out

SAID = Sample(np.ones(2 * RATE, np.int16), "ask not what your country can do for you")


class Model:
    model = "one"

    def __init__(self, says: Callable[[Utterance], Sequence[Word]]) -> None:
        self._says = says

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        return [Transcript(u, "en", tuple(self._says(u)), self.model, 0.0) for u, _ in batch]


def words(text: str, probability: float = 0.9) -> Callable[[Utterance], list[Word]]:
    return lambda heard: (
        [Word(f" {word}", 0.0, 1.0, probability) for word in text.split()] if heard.audio[0] == 1 else []
    )


def test_one_that_finds_the_words_is_fit() -> None:
    said = try_out(Model(words("ask not what you country can do for you")), SAID)
    assert "8 of 9 words" in said
    assert "no recording" in try_out(Model(words("")), None)


def test_one_that_hears_something_else_is_not_unless_nobody_knows_its_languages() -> None:
    with pytest.raises(ModelUnfit, match="3 of 9"):
        try_out(Model(words("ask ask can you zzz")), SAID)
    assert "0 of 9" in try_out(Model(words("")), SAID, strict=False)


def test_one_that_computes_no_numbers_is_not() -> None:
    with pytest.raises(ModelUnfit, match="no number"):
        try_out(Model(words(SAID.words, math.nan)), SAID)


def test_one_whose_engine_fails_is_not() -> None:
    def fails(_: Utterance) -> Sequence[Word]:
        raise RuntimeError("cuBLAS failed")

    with pytest.raises(ModelUnfit, match="cuBLAS failed"):
        try_out(Model(fails), None)
