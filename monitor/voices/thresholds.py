"""Thresholds from the false alerts that somebody is ready to have, counted on speakers and not on windows. Pure.

Known is one number for each genuine speaker: the highest evidence that the speaker ever reached (`evidence.peak`). The
rare ones matter and there are few of them, so above the level that a tenth of the speakers exceed the tail is taken to
fall off exponentially (peaks over threshold: J. Pickands, Ann. Statist. 3, 1975, with shape 0):

    rate(x) = rate(over) · exp(−(x − over) / excess)

A detector that misjudges some people all along has a long tail: the threshold that it would need lies beyond what the
evidence about one speaker can reach, and then it must not alert at all. That is meant so. A rate asked for far below
one in the hours that were measured is an extrapolation; `Tail.seen` says from where on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.voices.evidence import Rules, Thresholds

FEWEST = 30
"""Genuine speakers below which no threshold is set: nobody knows what the next one is like."""
TAIL = 0.1
"""Share of the speakers that the tail is fitted to, but at least LEAST of them."""
LEAST = 5
NARROWEST = 0.1
"""The mean excess is taken to be at least this, or a lucky sample would promise anything."""
UNTESTED = math.log(100)
"""Evidence from which a voice is marked where nothing was measured on speakers: a hundred times likelier."""


@dataclass(frozen=True, slots=True)
class Tail:
    """How high the evidence about genuine speakers goes, measured."""

    speakers: int
    hours: float  # of their speech, all together
    over: float  # evidence that `exceeding` of them exceeded
    exceeding: int
    excess: float  # by how much, on average

    @property
    def seen(self) -> float:
        """The lowest rate that the measured hours can show at all: one in all of them, per 1,000 speaker-hours."""
        return 1000 / self.hours

    def rate(self, threshold: float) -> float:
        """False alerts per 1,000 speaker-hours to expect at a threshold; below the tail, that of the tail."""
        return 1000 * self.exceeding / self.hours * math.exp(-max(0.0, threshold - self.over) / self.excess)

    def threshold(self, rate: float) -> float:
        """The evidence that is exceeded `rate` times per 1,000 speaker-hours; never below the tail. Inf for rate 0."""
        if rate <= 0:
            return math.inf
        return self.over + self.excess * max(0.0, math.log(1000 * self.exceeding / self.hours / rate))


def fit(peaks: Sequence[float], hours: float) -> Tail | None:
    """The tail of genuine speakers. `peaks`: one each; −∞ for who didn't speak enough, and such don't count.

    `hours`: of speech, of all of them. None where there are too few.
    """
    known = sorted((p for p in peaks if p > -math.inf), reverse=True)
    if len(known) < FEWEST or hours <= 0:
        return None
    exceeding = max(LEAST, round(TAIL * len(known)))
    over = known[exceeding]
    excess = sum(p - over for p in known[:exceeding]) / exceeding
    return Tail(len(known), hours, over, exceeding, max(NARROWEST, excess))


def choose(tail: Tail | None, rules: Rules, *, alerts: float, marks: float, may_alert: bool = True) -> Thresholds:
    """The thresholds for so many false alerts, and false marks, per 1,000 speaker-hours.

    No alert threshold (the detector only marks) without a tail, for 0 alerts, where no speaker's evidence can reach it,
    or where it may not alert anyway.
    """
    if tail is None:
        return Thresholds(UNTESTED, None)
    suspicious = min(max(math.log(3), tail.threshold(marks)), rules.cap)
    alert = max(suspicious, tail.threshold(alerts))
    return Thresholds(suspicious, alert if may_alert and alert <= reach(rules) else None)


def reach(rules: Rules) -> float:
    """The evidence that somebody reaches who speaks for ever and whose every window is as strong as one can be."""
    units = 1 / (1 - math.exp(-math.log(2) * rules.unit / rules.half_life))
    return rules.highest * units / (1 + (units - 1) * rules.correlation)
