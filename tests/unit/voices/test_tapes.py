from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.model import RATE, Samples
from monitor.room_codec import over
from monitor.voices.corpus.chain import CHAINS
from monitor.voices.corpus.rows import Label, Row, Split
from monitor.voices.corpus.wav import write_wav
from monitor.voices.features import Signal
from monitor.voices.judge import Judge
from monitor.voices.simulate import Load
from monitor.voices.tapes import in_rooms, taped


class Steady:
    """A detector that counts how often it is asked."""

    name, digest, window = "steady", "0" * 12, 2.0

    def __init__(self) -> None:
        self.asked = 0

    def score(self, windows: Sequence[Signal]) -> NDArray[np.float64]:
        self.asked += len(windows)
        return np.array([float(np.mean(np.abs(w))) for w in windows])


def row(speaker: str, number: int) -> Row:
    path = f"{speaker}-{number}.wav"
    return Row(path, Label.GENUINE, "read", speaker, "", f"t{number}", "", "en", "CC0", True, Split.TEST, 4.0)


def sound(number: int) -> Samples:
    rng = np.random.default_rng(number)
    bursts = np.maximum(np.sin(np.arange(4 * RATE) / 900) + 0.4, 0.0)
    return np.round(np.convolve(rng.normal(0, 3000, 4 * RATE), np.ones(6) / 3, "same") * bursts).astype(np.int16)


def corpus(folder: Path) -> tuple[list[Row], Load]:
    rows = [row(speaker, n) for speaker in ("a", "b") for n in range(2)]
    for number, one in enumerate(rows):
        write_wav(folder / one.path, sound(number))
    return rows, in_rooms(folder, CHAINS["room"], over)


def test_what_is_kept_is_not_judged_again_and_comes_back_the_same(tmp_path: Path) -> None:
    rows, load = corpus(tmp_path)
    detector = Steady()

    def again(made_with: str = "x") -> object:
        judge = lambda: Judge(detector, None)  # noqa: E731
        return taped(rows, judge, load, rooms=2, kept=tmp_path / "kept" / "tapes.jsonl", made_with=made_with)

    first = again()
    asked = detector.asked
    assert asked > 0
    assert again() == first
    assert detector.asked == asked
    again("another calibration")
    assert detector.asked == 2 * asked


def test_a_line_that_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    rows, load = corpus(tmp_path)
    kept = tmp_path / "tapes.jsonl"
    judge = lambda: Judge(Steady(), None)  # noqa: E731
    first = taped(rows, judge, load, rooms=1, kept=kept, made_with="x")
    kept.write_text(kept.read_text("utf-8")[:-40], "utf-8")
    assert taped(rows, judge, load, rooms=1, kept=kept, made_with="x") == first


def test_a_speaker_is_in_one_room_at_a_time_and_another_room_sounds_otherwise(tmp_path: Path) -> None:
    rows, load = corpus(tmp_path)
    tapes = taped(rows, lambda: Judge(Steady(), None), load, rooms=2, kept=tmp_path / "t", made_with="x")
    assert [(t.speaker, t.room) for t in tapes] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert np.array_equal(load(rows[0], 0), load(rows[0], 0))
    assert not np.array_equal(load(rows[0], 0), load(rows[0], 1))
    loud = [np.percentile(np.abs(load(one, 0).astype(float)), 95) for one in rows[:2]]
    assert abs(20 * np.log10(loud[0] / loud[1])) < 3  # same level in one room
