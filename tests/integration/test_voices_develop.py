"""From a corpus to a detector and to its card, on voices made by formula: every step runs, and the card is whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor import room_codec
from monitor.bench.voicelike import voice
from monitor.model import Samples
from monitor.voices import prove, prove_live
from monitor.voices.bundle import CALIBRATION, MODEL, Words, unseen
from monitor.voices.calibrate import Set, load
from monitor.voices.card import markdown
from monitor.voices.corpus.rows import CorpusInvalid, Label, Row, Split
from monitor.voices.corpus.wav import read_wav, write_wav
from monitor.voices.develop import Place, develop
from monitor.voices.evidence import rules_for
from monitor.voices.examples import Recipe
from monitor.voices.manifest import NAME, read
from monitor.voices.models import Loaded
from monitor.voices.onnx import OnnxDetector
from monitor.voices.proof import generators, intro, tables, trained_on
from monitor.voices.prove import Proof
from monitor.voices.prove_live import Live
from monitor.voices.thresholds import choose
from monitor.voices.train import Plan

PLAN = Plan(epochs=1, steps=3, batch=8, window=2.0, average=0.1)
WORDS = Words("toy", "none", "here", "A toy.", claims=("toys",), chance=("everything else",))
SECTIONS = (
    "Matched pairs: the headline", "Single windows", "By generator, and with its family left out of training",
    "By genuine source", "Speakers", "By length", "False alerts", "Delay", "By chain", "By noise", "By loss",
    "By bit rate", "By level", "Simple tricks", "Confounds", "CPU", "Data",
)  # fmt: skip


def spoken(seed: int, machine: bool) -> Samples:
    pause = np.zeros(9600, np.int16)  # without one, a recording counts as noisy
    samples = np.concatenate([piece for n in range(3) for piece in (voice(2.5, seed=10 * seed + n), pause)])
    if machine:  # as if through a vocoder that knows no noise: every second sample repeated
        samples = np.repeat(samples[::4], 4)[: len(samples)]
    return samples


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    place, rows, seed = tmp_path_factory.mktemp("corpus"), [], 0
    for split in (Split.TRAIN, Split.DEV, Split.TEST):
        for person in range(4):
            for label in Label:
                seed += 1
                machine = label is Label.SYNTHETIC
                name = f"{split}-{label}-{person}"
                write_wav(place / f"{name}.wav", spoken(seed, machine))
                rows.append(
                    Row(
                        path=f"{name}.wav", label=label, source="toys", speaker=name,
                        generator=("formant-toy", "diphone-toy")[person % 2] if machine else "",
                        text_id=f"{split}-{person}",
                        pair_id="", language="en", licence="none", weights_ok=True, split=split, seconds=9.3,
                    )
                )  # fmt: skip
    return place, rows


def silent(what: str, done: int, of: int) -> None:
    assert 0 <= done <= of


@pytest.fixture(scope="module")
def made(corpus: tuple[Path, list[Row]], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Set]:
    out = tmp_path_factory.mktemp("model")
    place = Place(corpus[0], corpus[0] / "work", read_wav, room_codec.over)
    return out, develop(place, corpus[1], PLAN, Recipe(variants=1, chain="room-1"), WORDS, out, silent)


def test_what_was_developed_goes_live_by_its_manifest(made: tuple[Path, Set]) -> None:
    out, calibration = made
    detector = OnnxDetector(read(out / NAME), out / MODEL)
    assert calibration.fits(f"{detector.name}@{detector.digest}", detector.window) is None
    assert load(out / CALIBRATION) == calibration
    assert 2 <= calibration.genuine <= 4  # who came through the chain
    assert calibration.tail is None  # four people are too few for a threshold
    assert (calibration.claims, calibration.chance) == (WORDS.claims, WORDS.chance)


def test_the_card_has_every_section_and_says_where_it_comes_from(
    corpus: tuple[Path, list[Row]], made: tuple[Path, Set], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, rows = corpus
    out, calibration = made
    monkeypatch.setattr(prove, "TRICKS", {"re-recorded": prove.TRICKS["re-recorded"]})
    monkeypatch.setattr(prove, "SNRS", (10.0,))
    monkeypatch.setattr(prove, "LOSSES", (0.05,))
    monkeypatch.setattr(prove, "BITRATES", (16_000,))
    monkeypatch.setattr(prove_live, "ROOMS", 1)
    detector = OnnxDetector(read(out / NAME), out / MODEL)
    loaded = Loaded(detector, calibration, WORDS.claims, "none", "here", "", None, out / NAME)
    facts = trained_on(loaded)
    assert generators(facts) == {"formant-toy", "diphone-toy"}
    at = Place(place, place / "work", read_wav, room_codec.over)
    proof = Proof(at, tuple(rows), loaded, calibration, generators(facts), silent)
    rules = rules_for(calibration.window)
    live = Live(rules, choose(calibration.tail, rules, alerts=1.0, marks=10.0), hours=1.0, seed=0)
    found = tables(proof, live, PLAN)
    assert tuple(table.title for table in found) == SECTIONS
    by_title = {table.title: table for table in found}
    of_generators = by_title["By generator, and with its family left out of training"].rows
    assert [cells[:3] for cells in of_generators] == [("diphone-toy", "yes", "2"), ("formant-toy", "yes", "2")]
    assert all(cells[-1] != "–" for cells in of_generators)
    assert len(by_title["By chain"].rows) == 4
    text = markdown("Card", intro(proof, facts, "the command"), found)
    assert "toys" in text
    assert "everything else" in text
    assert "4 recordings of 4 voices" in text


def test_a_corpus_dealt_otherwise_is_refused(corpus: tuple[Path, list[Row]], made: tuple[Path, Set]) -> None:
    detector = OnnxDetector(read(made[0] / NAME), made[0] / MODEL)
    facts = trained_on(Loaded(detector, made[1], (), "", "", "", None, made[0] / NAME))
    unseen(facts, [row for row in corpus[1] if row.split is not Split.TRAIN])
    with pytest.raises(CorpusInvalid, match="trained on its speaker"):
        unseen(facts, corpus[1])
