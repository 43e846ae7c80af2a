"""The whole evaluation of a detector on a corpus's test part: what is run, and in which order it goes into the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitor.voices import evaluate as figures
from monitor.voices.calibrate import Set
from monitor.voices.card import Table
from monitor.voices.corpus.chain import CHAINS, Chain, fixed
from monitor.voices.corpus.rows import Label, Row, Split
from monitor.voices.corpus.splits import check_fold, leave_one_out
from monitor.voices.develop import CHAIN, COPIES, Place, Told, capped, examples, trainable
from monitor.voices.examples import Recipe
from monitor.voices.metrics import eer
from monitor.voices.models import Loaded
from monitor.voices.train import Plan, scores, train
from monitor.voices.trial import Condition, Heard, Trial
from monitor.voices.tricks import TRICKS

MOST = 20
"""Recordings of one voice by one generator in the main figures."""
FEW = 2
"""The same under each other condition, and for families left out."""
SNRS = (20.0, 10.0, 5.0)
LOSSES = (0.0, 0.05, 0.2)
BITRATES = (10_000, 16_000, 32_000)
LEVELS = (-18.0, -30.0, -42.0)
SECONDS = (1, 2, 3, 4, 6, 8, 10)


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """Everything that an evaluation works with."""

    place: Place
    rows: tuple[Row, ...]  # of the whole corpus
    loaded: Loaded
    calibration: Set
    seen: frozenset[str]  # generators that the detector was trained on
    told: Told

    def test(self, most: int) -> list[Row]:
        """The test part, at most so many recordings of a voice by a generator."""
        return capped([row for row in self.rows if row.split is Split.TEST], most)

    def heard(self, rows: Sequence[Row], condition: Condition) -> list[Heard]:
        trial = Trial(
            self.place.corpus, self.place.kept / "scores", self.loaded.detector, self.place.codec, self.place.load
        )
        return trial.heard(rows, condition, lambda done, of: self.told(condition.name, done, of))


def main_tables(proof: Proof, without: Mapping[str, float]) -> list[Table]:
    """Pairs, windows, generators, sources, speakers, lengths: all from the same scores.

    `without`: family → EER of a network trained without it, as `left_out` measures it.
    """
    heard = proof.heard(proof.test(MOST), Condition(f"{CHAIN}-test", CHAINS[CHAIN]))
    known = [h for h in heard if not h.synthetic or h.row.generator in proof.seen]
    return [
        figures.pairs_table(heard),
        figures.windows_table(heard, proof.calibration, proof.seen),
        figures.generators_table(heard, proof.calibration, proof.seen, without),
        figures.sources_table(heard, proof.calibration),
        figures.people_table(heard, proof.calibration),
        figures.lengths_table(known, proof.calibration.window, SECONDS),
    ]


def condition_tables(proof: Proof) -> list[Table]:
    """By chain, noise, loss, bit rate, level, and with tricks: people against the generators of the training."""
    rows = [r for r in proof.test(FEW) if r.label is Label.GENUINE or r.generator in proof.seen]
    still = fixed(CHAINS["opus"], level=-26.0)
    groups: list[tuple[str, str, dict[str, Condition]]] = [
        ("By chain", "As `voices data` names them.", {name: _of(name, CHAINS[name]) for name in CHAINS}),
        ("By noise", "Noise of five kinds at one ratio, then Opus.", {f"{s:g} dB": _at(still, snr=s) for s in SNRS}),
        ("By loss", "Packets that never come, in bursts.", {f"{s:.0%}": _at(still, loss=s) for s in LOSSES}),
        ("By bit rate", "Of Opus.", {f"{b // 1000} kbit/s": _at(still, bitrate=b) for b in BITRATES}),
        ("By level", "Of the speech as it is sent.", {f"{v:g} dBFS": _at(still, level=v) for v in LEVELS}),
        (
            "Simple tricks",
            "Done to both classes before the `opus` chain; nobody tried hard.",
            {name: Condition(f"trick {name}".replace("%", "percent"), still, trick=do) for name, do in TRICKS.items()},
        ),
    ]
    return [
        figures.conditions_table(
            title, text, {name: proof.heard(rows, one) for name, one in of.items()}, proof.calibration
        )
        for title, text, of in groups
    ]


def left_out(proof: Proof, plan: Plan, recipe: Recipe) -> dict[str, float]:
    """Family → EER of windows of a network that never heard it in training, against people of the test part."""
    found = {}
    trained_families = {name.partition("-")[0] for name in proof.seen}
    if len(trained_families) < 2:
        return {}  # nothing would be left to train on
    for fold in leave_one_out([r for r in proof.rows if r.family != COPIES]):
        if fold.left_out not in trained_families:
            continue  # what the card says of it already is without it
        check_fold(fold)
        rows = [
            r for r in trainable(proof.rows, fold.left_out) if r.label is Label.GENUINE or r.generator in proof.seen
        ]
        checkpoint = proof.place.kept / f"without-{fold.left_out}.npz"
        network = train(
            examples(proof.place, rows, recipe, proof.told),
            plan,
            checkpoint,
            lambda epoch, of, loss, name=fold.left_out: proof.told(f"without {name}", epoch, of),  # type: ignore[misc]
        )
        test = examples(
            proof.place, capped(fold.test, FEW), replace(recipe, variants=1, seed=recipe.seed + 1), proof.told
        )
        judged = scores(network, [e.bank for e in test], plan.frames)
        sides = [
            np.concatenate([s for s, e in zip(judged, test, strict=True) if e.synthetic is side])
            for side in (False, True)
        ]
        found[fold.left_out] = eer(*sides)
    return found


def _of(name: str, chain: Chain) -> Condition:
    return Condition(f"{name}-test" if name == CHAIN else f"{name}-few", chain)


def _at(chain: Chain, **held: float) -> Condition:
    (name, value), *_ = held.items()
    return Condition(f"{name}-{value:g}", fixed(chain, **held))
