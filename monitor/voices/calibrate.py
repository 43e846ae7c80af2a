"""From raw scores to log-likelihood ratios: logistic regression, one set per model, window length and chain.

A threshold on raw scores holds for the data that it was read from. An LLR says what a score is worth, and how well it
does so can be measured elsewhere (`metrics.cllr`). What a set may say is bounded by what it was made from: with ninety
genuine speakers nobody can know that something is a thousand times likelier (`Set.low`, `Set.high`).

Method: affine calibration by logistic regression (Brümmer & du Preez, "Application-independent evaluation of speaker
detection", 2006), classes and, within them, speakers weighing alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import OperatorError
from monitor.voices.metrics import Scores, cllr, eer, min_cllr
from monitor.voices.thresholds import Tail

FEWEST = 10
"""Scores of each class below which nothing is fitted."""
KEPT = 99
"""Quantiles of the synthetic scores that a set keeps, for whoever calibrates anew with genuine speech alone."""
RIDGE = 1e-3
"""Pull of the standardised slope towards 0: keeps it finite where the classes don't overlap."""


class CalibrationInvalid(OperatorError):
    """A calibration set that can't be read, or can't be made from what was given."""

    code = "calibration-invalid"


@dataclass(frozen=True, slots=True)
class Set:
    """A calibration set. Satisfies `detector.Calibration`."""

    name: str
    model: str  # name@digest: of another model it says nothing
    window: float  # seconds of speech in a window
    chain: str  # what the speech went through, in words
    languages: frozenset[str]  # ISO 639-1 that it was made on; empty: any
    slope: float  # LLR a unit of score, > 0
    offset: float
    low: float  # bounds of what it may say, nats
    high: float
    genuine: int  # speakers
    synthetic: int  # voices
    eer: float  # of the windows that it was made from: flattering, elsewhere it is worse
    cllr: float
    min_cllr: float
    quantiles: tuple[float, ...] = ()  # of the synthetic scores, evenly spread from low to high
    tail: Tail | None = None  # how high the evidence about genuine speakers goes; None: never measured
    claims: tuple[str, ...] = ()  # what the model finds, as measured: names of generators
    chance: tuple[str, ...] = ()  # where it is no better than chance, for people to read

    def llrs(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Natural logarithms of synthetic : genuine, shape (n,)."""
        return np.clip(self.slope * np.asarray(scores, np.float64) + self.offset, self.low, self.high)

    def fits(self, model: str, window: float) -> str | None:
        """Why this set may not be used with a detector; None: it may."""
        if model != self.model:
            return f"calibration {self.name} was made for {self.model}, not for {model}: run `voices calibrate`"
        if abs(window - self.window) > 1e-6:
            return f"calibration {self.name} was made for windows of {self.window:g} s, not of {window:g} s"
        return None


@dataclass(frozen=True, slots=True)
class Labelled:
    """Scores of windows by who spoke: one array for each genuine speaker, and for each synthetic voice."""

    genuine: tuple[Scores, ...]
    synthetic: tuple[Scores, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What a set is for."""

    name: str
    model: str
    window: float
    chain: str
    languages: frozenset[str] = frozenset()


def fit(about: About, labelled: Labelled) -> Set:
    """A set from labelled scores.

    Raises CalibrationInvalid with too few of them, or where the detector doesn't tell the classes apart at all.
    """
    genuine, synthetic = _joined(labelled.genuine, "genuine"), _joined(labelled.synthetic, "synthetic")
    weights = np.concatenate((_weights(labelled.genuine), _weights(labelled.synthetic)))
    slope, offset = _regression(np.concatenate((genuine, synthetic)), weights, len(genuine))
    if slope <= 0:
        raise CalibrationInvalid(
            "the detector doesn't tell these apart: synthetic speech scores no higher. Is the "
            "manifest's `genuine` output the right one?"
        )
    made = Set(
        name=about.name,
        model=about.model,
        window=about.window,
        chain=about.chain,
        languages=about.languages,
        slope=slope,
        offset=offset,
        low=-float(np.log1p(len(labelled.synthetic))),
        high=float(np.log1p(len(labelled.genuine))),
        genuine=len(labelled.genuine),
        synthetic=len(labelled.synthetic),
        eer=eer(genuine, synthetic),
        cllr=0.0,
        min_cllr=min_cllr(genuine, synthetic),
        quantiles=tuple(float(q) for q in np.quantile(synthetic, np.linspace(0.005, 0.995, KEPT))),
    )
    return replace(made, cllr=cllr(made.llrs(genuine), made.llrs(synthetic)))


def adapted(base: Set, name: str, genuine: Sequence[Scores], chain: str, languages: frozenset[str]) -> Set:
    """A set for other rooms from their genuine speech alone: synthetic scores are taken to be as `base` knew them.

    Raises CalibrationInvalid with too few scores.
    """
    if len(base.quantiles) < FEWEST:
        raise CalibrationInvalid(f"calibration {base.name} kept no synthetic scores: give --synthetic, too")
    voices = tuple(np.array([q]) for q in base.quantiles)
    made = fit(About(name, base.model, base.window, chain, languages), Labelled(tuple(genuine), voices))
    low = -float(np.log1p(base.synthetic))
    return replace(made, synthetic=base.synthetic, low=low, claims=base.claims, chance=base.chance)


def named(made: Set, claims: tuple[str, ...], chance: tuple[str, ...]) -> Set:
    """The set with what people are told of its model."""
    return replace(made, claims=claims, chance=chance)


def to_json(made: Set) -> str:
    fields = asdict(made) | {"languages": sorted(made.languages)}
    return json.dumps(fields, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str, where: str = "calibration") -> Set:
    """Raises CalibrationInvalid, which names what is wrong."""
    try:
        fields: Mapping[str, Any] = json.loads(text)
        tail = fields.get("tail")
        made = Set(
            **{
                **fields,
                "languages": frozenset(fields["languages"]),
                "quantiles": tuple(float(q) for q in fields.get("quantiles", ())),
                "claims": tuple(fields.get("claims", ())),
                "chance": tuple(fields.get("chance", ())),
                "tail": None if tail is None else Tail(**tail),
            }
        )
        numbers = np.array([made.slope, made.offset, made.low, made.high, made.window], np.float64)
    except KeyError as error:
        raise CalibrationInvalid(f"{where}: {error} is missing") from error
    except (ValueError, TypeError) as error:
        raise CalibrationInvalid(f"{where}: {error}") from error
    if not (np.isfinite(numbers).all() and made.slope > 0 and made.low < 0 < made.high and made.window > 0):
        raise CalibrationInvalid(f"{where}: slope and window must be above 0, low below 0 and high above, all finite")
    return made


def load(path: Path) -> Set:
    """Raises CalibrationInvalid."""
    try:
        return from_json(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise CalibrationInvalid(f"{path}: {error.strerror}") from error


def _joined(groups: Sequence[Scores], name: str) -> Scores:
    scores = np.concatenate([np.zeros(0), *groups])
    if len(scores) < FEWEST:
        raise CalibrationInvalid(f"{len(scores)} windows of {name} speech: a calibration needs at least {FEWEST}")
    if not np.isfinite(scores).all():
        raise CalibrationInvalid(f"a score of {name} speech is not a finite number")
    return scores


def _weights(groups: Sequence[Scores]) -> Scores:
    """Each score's weight: all of a class sum to 1, and so does each speaker to the same share."""
    present = [g for g in groups if len(g)]
    return np.concatenate([np.full(len(g), 1 / (len(g) * len(present))) for g in present])


def _regression(scores: Scores, weights: Scores, genuine: int) -> tuple[float, float]:
    """Slope and offset of the weighted logistic regression, the first `genuine` scores being of class 0 (Newton)."""
    middle, spread = float(np.average(scores, weights=weights)), float(np.std(scores)) or 1.0
    inputs = np.stack(((scores - middle) / spread, np.ones_like(scores)))
    wanted = (np.arange(len(scores)) >= genuine).astype(np.float64)
    ridge = np.diag([RIDGE, 1e-9])
    found = np.zeros(2)
    for _ in range(100):
        guess = 1 / (1 + np.exp(-np.clip(found @ inputs, -500, 500)))
        gradient = inputs @ (weights * (guess - wanted)) + ridge @ found
        curvature = (inputs * (weights * guess * (1 - guess))) @ inputs.T + ridge
        step = np.linalg.solve(curvature, gradient)
        found = found - step * min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
        if float(np.abs(step).max()) < 1e-9:
            break
    slope = float(found[0]) / spread
    return slope, float(found[1]) - slope * middle
