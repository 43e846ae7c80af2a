from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from monitor.evidence.clip import MAX_HOLE, assemble, wav
from monitor.evidence.ring import Part
from monitor.model import RATE


def part(start: int, length: int, value: int) -> Part:
    return Part(start, np.full(length, value, np.int16))


def test_holds_the_parts_with_silence_between() -> None:
    audio = assemble([part(5000, 100, 7), part(5300, 50, -9)])
    assert audio.tolist() == [7] * 100 + [0] * 200 + [-9] * 50
    with wave.open(io.BytesIO(wav(audio))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert np.frombuffer(file.readframes(file.getnframes()), "<i2").tolist() == audio.tolist()


def test_parts_in_any_order_and_overlapping() -> None:
    assert assemble([part(30, 20, 2), part(0, 40, 1)]).tolist() == [1] * 40 + [2] * 10
    assert assemble([part(0, 0, 9), part(10, 5, 3)]).tolist() == [3] * 5
    with pytest.raises(ValueError, match="no audio"):
        assemble([part(0, 0, 9)])


def test_what_is_far_before_the_newest_part_is_left_out() -> None:
    hole = round(MAX_HOLE * RATE)
    assert len(assemble([part(0, 10, 1), part(10 + hole, 10, 2)])) == 20 + hole
    assert assemble([part(0, 10, 1), part(11 + hole, 10, 2)]).tolist() == [2] * 10
