"""The card's tables say what scores made for it hold, and scores are kept."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from monitor.voices.calibrate import Set
from monitor.voices.card import Table, between, markdown, percent
from monitor.voices.corpus.chain import CHAINS, Link, fixed
from monitor.voices.corpus.rows import Label, Row, Split
from monitor.voices.evaluate import (
    conditions_table,
    generators_table,
    lengths_table,
    pairs_table,
    people_table,
    sources_table,
    windows_table,
)
from monitor.voices.metrics import Interval
from monitor.voices.trial import Condition, Heard, Trial

SET = Set("toy", "toy@1", 2.0, "room", frozenset(), 1.0, 0.0, -3.0, 3.0, 9, 9, 0.1, 0.5, 0.4)
SEEN = frozenset({"formant-known"})


def row(label: Label, speaker: str, number: int, generator: str = "", pair: str = "", source: str = "books") -> Row:
    return Row(
        f"{generator or source}-{speaker}-{number}.wav", label, source, speaker, generator, f"text{number}", pair, "en",
        "none", True, Split.TEST, 5.0,
    )  # fmt: skip


def heard(row: Row, *scores: float, abstained: str = "") -> Heard:
    return Heard(row, np.array(scores), 2.0 * len(scores), abstained)


def corpus() -> list[Heard]:
    """Ten people at −1, a known generator at +1, an unknown one that is no different from people."""
    made = []
    for n in range(10):
        made.append(heard(row(Label.GENUINE, f"p{n}", n, pair=f"pair{n}"), -1.5, -1.0, -0.5, -1.0))
        made.append(heard(row(Label.SYNTHETIC, f"k{n}", n, "formant-known"), 0.5, 1.0, 1.5, 1.0))
        made.append(heard(row(Label.SYNTHETIC, f"p{n}", n, "neural-new", pair=f"pair{n}"), -1.5, -1.0, -0.5, -1.0))
    return made


def cells(table: Table, name: str) -> tuple[str, ...]:
    return next(r for r in table.rows if r[0] == name)


def test_known_and_new_generators_are_told_apart() -> None:
    table = windows_table(corpus(), SET, SEEN)
    assert cells(table, "generators of the training, other voices")[1:3] == ("10", "0 (0–0)")
    assert cells(table, "other generators")[2].startswith("50 ")
    assert cells(table, "all")[1] == "20"


def test_pairs_are_matched_by_name_and_ties_are_chance() -> None:
    table = pairs_table(corpus())
    assert cells(table, "neural-new")[1:4:2] == ("10", "50 (24–76)")
    better = [
        heard(h.row, *(h.scores + 1)) if h.row.generator == "neural-new" else h for h in corpus()
    ]  # the machine's twin scores higher in every pair
    assert cells(pairs_table(better), "neural-new")[3].startswith("100 ")
    assert "formant-known" not in [r[0] for r in table.rows]


def test_by_generator_with_people_of_the_same_texts() -> None:
    people = [*corpus(), heard(row(Label.GENUINE, "other", 77), 9.0, 9.0, 9.0, 9.0)]
    table = generators_table(people, SET, SEEN, {"formant": 0.31})
    known = cells(table, "formant-known")
    assert known[1] == "yes"
    assert known[4] == "0"  # those who say the same texts
    assert known[5] != "0"  # all
    assert known[-1] == "31"
    assert cells(table, "neural-new")[1] == "no"
    assert cells(table, "neural-new")[-1] == "–"


def test_by_source_counts_windows_people_and_abstentions() -> None:
    made = [*corpus(), heard(row(Label.GENUINE, "bad", 50, source="phone"), 2.5, 2.5)]
    made.append(heard(row(Label.GENUINE, "bad", 51, source="phone"), abstained="too quiet"))
    table = sources_table(made, SET)
    assert cells(table, "phone")[1:] == ("1", "2", "100", "100.0", "1 of 1", "50")
    assert cells(table, "books")[3:6] == ("0", "0.0", "0 of 10")
    assert cells(table, "language en")[5] == "1 of 11"


def test_conditions_without_enough_windows_give_no_figure() -> None:
    found = {"fine": corpus(), "hopeless": [heard(h.row, abstained="too noisy") for h in corpus()]}
    table = conditions_table("By noise", "", found, SET)
    assert cells(table, "fine")[3] == "0"
    assert cells(table, "hopeless") == ("hopeless", "–", "–", "–", "–", "100")


def test_lengths_use_the_first_windows_alone() -> None:
    known = [h for h in corpus() if h.row.generator != "neural-new"]
    turned = [Heard(h.row, np.concatenate((-h.scores[:1], h.scores[1:])), h.speech, "") for h in known]
    table = lengths_table(turned, 2.0, (1, 2, 5, 10))
    assert cells(table, "1")[1] == "abstains"
    assert cells(table, "2")[1] == "100"  # the first window is wrong for all
    assert cells(table, "5")[1] == "0"
    assert [r[0] for r in table.rows] == ["1", "2", "5"]


def test_speakers_are_counted_once() -> None:
    made = [heard(row(Label.GENUINE, "bad", n), 2.0, 2.0) for n in range(50)] + [h for h in corpus() if not h.synthetic]
    made += [h for h in corpus() if h.row.generator == "formant-known"]
    table = people_table(made, SET)
    assert cells(table, "0")[1].startswith("9 ")  # one of eleven
    assert cells(table, "0")[2].startswith("100 ")


def test_a_card_is_markdown() -> None:
    text = markdown("Card", ["Intro."], [Table("One", "Text.", ("a", "b"), (("x", "1"),))])
    assert text == "# Card\n\nIntro.\n\n## One\n\nText.\n\n| a | b |\n| --- | --: |\n| x | 1 |\n"
    assert percent(math.nan) == "–"
    assert between(Interval(0.5, 0.25, 0.75)) == "50 (25–75)"


class Loudness:
    """Scores a window by its first sample's sign: enough to see what reached it."""

    name, digest, window = "loudness", "0123", 1.0

    def __init__(self) -> None:
        self.windows = 0

    def score(self, windows: list[np.ndarray]) -> np.ndarray:
        self.windows += len(windows)
        return np.array([float(np.std(w)) for w in windows])


def test_scores_are_kept_by_condition(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tone = np.sin(np.arange(48_000) * 0.2) * (1 + np.sin(np.arange(48_000) * 0.002))
    speech = (4000 * tone + 500 * rng.normal(0, 1, 48_000)).astype(np.int16)
    detector = Loudness()

    def codec(samples: np.ndarray, link: Link, rng: np.random.Generator) -> np.ndarray:
        return samples

    rows = [row(Label.GENUINE, "p", n) for n in range(3)]
    clean = Condition("clean", CHAINS["clean"])
    first = Trial(tmp_path, tmp_path / "kept", detector, codec, lambda path: speech).heard(rows[:2], clean)
    assert len(first[0].scores) == 5  # 3 s in windows of 1 s that overlap by half
    assert detector.windows == 10
    kept = next((tmp_path / "kept").glob("*.jsonl"))
    kept.write_text(kept.read_text() + '{"path": "cut o')  # the process died while writing
    told: list[int] = []
    trial = Trial(tmp_path, tmp_path / "kept", detector, codec, lambda path: speech)
    again = trial.heard(rows, clean, lambda done, of: told.append(done))
    assert detector.windows == 15
    assert told == [1, 2, 3]
    assert again[0].scores == pytest.approx(first[0].scores, abs=1e-4)
    trial.heard(rows, clean)
    assert detector.windows == 15  # what was written after the broken line is found
    tricked: list[int] = []

    def trick(samples: np.ndarray) -> np.ndarray:
        tricked.append(len(samples))
        return samples

    quiet = trial.heard(rows[:1], Condition("quiet", fixed(CHAINS["clean"], level=-60.0), trick=trick))
    assert tricked == [48_000]
    assert quiet[0].abstained == "too quiet"
    assert len(quiet[0].scores) == 0
