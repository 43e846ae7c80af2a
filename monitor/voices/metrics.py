"""Figures of a detector from its scores. Pure numpy.

Scores and LLRs are 1-D, higher means more synthetic. "Genuine" is the class that must not be flagged: a false alarm is
a genuine score above the threshold, a miss is a synthetic score at or below it. Every function raises ValueError when a
class is empty or a score is NaN: a figure over nothing is no figure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Statistic = Callable[[Scores, Scores], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds between which 95 % of its bootstrap replicas lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cost:
    """An operating point: how common synthetic speech is held to be, and what each mistake costs."""

    prior: float = 0.01  # probability that a speaker is synthetic
    miss: float = 1.0
    false_alarm: float = 1.0

    @property
    def threshold(self) -> float:
        """The LLR above which a flag pays (Bayes)."""
        return float(np.log(self.false_alarm * (1 - self.prior)) - np.log(self.miss * self.prior))


def rates(genuine: Scores, synthetic: Scores) -> tuple[Scores, Scores, Scores]:
    """Thresholds, ascending from -inf, with the false-alarm and the miss rate of "flag what is above" at each."""
    genuine, synthetic = _checked(genuine, synthetic)
    thresholds = np.concatenate(([-np.inf], np.unique(np.concatenate((genuine, synthetic)))))
    false_alarms = (len(genuine) - np.searchsorted(np.sort(genuine), thresholds, side="right")) / len(genuine)
    misses = np.searchsorted(np.sort(synthetic), thresholds, side="right") / len(synthetic)
    return thresholds, false_alarms, misses


def eer(genuine: Scores, synthetic: Scores) -> float:
    """Equal error rate, 0 to 1, on the line between the two neighbouring points of the ROC. 0.5 is chance."""
    _, false_alarms, misses = rates(genuine, synthetic)
    after = int(np.argmax(misses >= false_alarms))  # both are monotonous, and at the last threshold misses = 1
    before = max(after - 1, 0)
    gap_before = false_alarms[before] - misses[before]
    gap_after = misses[after] - false_alarms[after]
    share = 0.0 if gap_before + gap_after == 0 else gap_before / (gap_before + gap_after)
    return float(false_alarms[before] + share * (false_alarms[after] - false_alarms[before]))


def found_at(genuine: Scores, synthetic: Scores, false_alarms: float) -> float:
    """Share of synthetic scores above the lowest threshold that flags at most this share of the genuine ones."""
    _, false_alarm, miss = rates(genuine, synthetic)
    return float(1 - miss[int(np.argmax(false_alarm <= false_alarms))])


def found_at_1_percent(genuine: Scores, synthetic: Scores) -> float:
    return found_at(genuine, synthetic, 0.01)


def found_at_1_in_1000(genuine: Scores, synthetic: Scores) -> float:
    """With fewer than 1,000 genuine scores this is what is found without a single false alarm."""
    return found_at(genuine, synthetic, 0.001)


def cllr(genuine: Scores, synthetic: Scores) -> float:
    """Cost of log-likelihood ratios, in bits: 0 is perfect, 1 says nothing, above 1 misleads.

    Brümmer & du Preez, "Application-independent evaluation of speaker detection", 2006. Takes LLRs in nats.
    """
    genuine, synthetic = _checked(genuine, synthetic)
    cost = np.mean(np.logaddexp(0, -synthetic)) + np.mean(np.logaddexp(0, genuine))
    return float(cost / (2 * np.log(2)))


def min_cllr(genuine: Scores, synthetic: Scores) -> float:
    """Cllr after the best monotonous calibration: what is lost by discrimination alone."""
    llr = pooled_llr(genuine, synthetic)
    return cllr(llr[: len(genuine)], llr[len(genuine) :])


def pooled_llr(genuine: Scores, synthetic: Scores) -> Scores:
    """The best monotonous LLR of each score, genuine ones first: pool adjacent violators over both classes.

    Finite: the ends are bounded at what half a sample of the other class would say.
    """
    genuine, synthetic = _checked(genuine, synthetic)
    scores = np.concatenate((genuine, synthetic))
    values, place = np.unique(scores, return_inverse=True)
    wrong = np.bincount(place[: len(genuine)], minlength=len(values))
    right = np.bincount(place[len(genuine) :], minlength=len(values))
    share = _isotonic(right / (wrong + right), (wrong + right).astype(np.float64))
    edge = 0.5 / len(scores)
    share = np.clip(share, edge, 1 - edge)
    llr: Scores = np.log(share / (1 - share)) - np.log(len(synthetic) / len(genuine))
    return llr[place]


def actual_cost(genuine: Scores, synthetic: Scores, cost: Cost) -> float:
    """Detection cost of LLRs at the Bayes threshold; 1 is as dear as never or always flagging, whichever is cheaper."""
    genuine, synthetic = _checked(genuine, synthetic)
    return _cost(float(np.mean(genuine > cost.threshold)), float(np.mean(synthetic <= cost.threshold)), cost)


def min_cost(genuine: Scores, synthetic: Scores, cost: Cost) -> float:
    """The same at the best threshold that these scores have."""
    _, false_alarms, misses = rates(genuine, synthetic)
    return min(_cost(float(f), float(m), cost) for f, m in zip(false_alarms, misses, strict=True))


def ordered(genuine: Scores, synthetic: Scores) -> float:
    """Share of pairs (a genuine and a synthetic reading of the same words) where the synthetic one scores higher.

    Both of one length, paired by place; a tie counts half. 0.5 is chance.
    """
    genuine, synthetic = _checked(genuine, synthetic)
    if len(genuine) != len(synthetic):
        raise ValueError("pairs need as many genuine as synthetic scores")
    return float(np.mean((synthetic > genuine) + 0.5 * (synthetic == genuine)))


def bootstrap(
    statistic: Statistic,
    genuine: Sequence[Scores],
    synthetic: Sequence[Scores],
    replicas: int = 500,
    seed: int = 0,
) -> Interval:
    """The statistic over all scores, and its interval when whole speakers (one array each) are drawn anew.

    Clips of one speaker err together, so drawing clips would give an interval that is far too small.
    """
    rng = np.random.default_rng(seed)
    value = statistic(np.concatenate(genuine), np.concatenate(synthetic))
    drawn = [statistic(_redrawn(genuine, rng), _redrawn(synthetic, rng)) for _ in range(replicas)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(value, float(low), float(high))


def wilson(hits: int, of: int) -> Interval:
    """A share with its 95 % Wilson interval: for counts of speakers, where a bootstrap of all-or-nothing says ± 0."""
    if of <= 0:
        raise ValueError("a share of nothing")
    z, share = 1.959964, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return Interval(share, max(0.0, float(middle - half)), min(1.0, float(middle + half)))


def _redrawn(groups: Sequence[Scores], rng: np.random.Generator) -> Scores:
    return np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])


def _cost(false_alarm: float, miss: float, cost: Cost) -> float:
    whole = cost.prior * cost.miss * miss + (1 - cost.prior) * cost.false_alarm * false_alarm
    return whole / min(cost.prior * cost.miss, (1 - cost.prior) * cost.false_alarm)


def _isotonic(values: Scores, weights: Scores) -> Scores:
    """The non-decreasing sequence nearest to `values` in weighted squares (pool adjacent violators)."""
    means: list[float] = []
    loads: list[float] = []
    sizes: list[int] = []
    for value, weight in zip(values, weights, strict=True):
        means.append(float(value))
        loads.append(float(weight))
        sizes.append(1)
        while len(means) > 1 and means[-2] >= means[-1]:
            load = loads[-2] + loads[-1]
            means[-2:] = [(means[-2] * loads[-2] + means[-1] * loads[-1]) / load]
            loads[-2:] = [load]
            sizes[-2:] = [sizes[-2] + sizes[-1]]
    return np.repeat(means, sizes)


def _checked(genuine: Scores, synthetic: Scores) -> tuple[Scores, Scores]:
    both = np.asarray(genuine, np.float64), np.asarray(synthetic, np.float64)
    for scores, name in zip(both, ("genuine", "synthetic"), strict=True):
        if scores.ndim != 1 or not len(scores):
            raise ValueError(f"no {name} scores")
        if np.isnan(scores).any():
            raise ValueError(f"a {name} score is NaN")
    return both
