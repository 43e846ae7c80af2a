"""How much is done for each utterance, in steps that follow the queue: less when it grows, more when it is short again.

Nothing of a step costs a word that was said clearly; each gives up something that helps with unclear ones, the cheapest
first. Pure: the caller brings the clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from monitor.model import RATE
from monitor.speech.recogniser import Hints


@dataclass(frozen=True, slots=True)
class Effort:
    """One step."""

    words: str  # what is done less, in plain words
    enter: float  # seconds for which an utterance waits, from which this step is taken
    looks: bool = False  # at utterances that aren't over, in pauses
    glances: bool = False  # and while the speaker goes on
    context: float | None = None  # seconds of what was said before, at most; None: all that there is
    alternatives: bool = True  # other readings of unsure words
    smaller: bool = False  # the smaller model, where there is one
    patience: float = 0.0  # seconds for which an utterance waits for others, while a thread is at work

    def hints(self, hints: Hints) -> Hints:
        """What the recogniser is told."""
        before = hints.before
        if before is not None and self.context is not None:
            before = before[max(0, len(before) - round(self.context * RATE)) :]
        return replace(hints, before=before, quick=not self.alternatives)


_PATIENCE = 0.1  # a third of the time that one utterance takes by itself; only where company pays (company.py)
STEPS = (
    Effort("everything is done", 0.0, looks=True, glances=True),
    Effort("no looks at sentences that go on: alerts come at their ends", 0.3, looks=True),
    Effort(
        "no other readings of unsure words, and improbable text isn't heard again",
        0.5,
        alternatives=False,
        patience=_PATIENCE,
    ),
    Effort(
        "each sentence is heard without what was said before it",
        0.7,
        context=0.0,
        alternatives=False,
        patience=_PATIENCE,
    ),
    Effort("a smaller model where one is set", 4.0, context=0.0, alternatives=False, smaller=True, patience=_PATIENCE),
)
"""An alert should come within 2 s of the speech's end, of which 0.6 s are spent waiting for that end: what waits for
0.7 s is at half of the rest."""
CALM = 5.0
"""Seconds for which the queue must have been short before a step is taken back."""
_LEAVE = 0.5  # of `enter`: what counts as short


class Steps:
    """Which step the queue is at. Down to less at once, and several steps if need be; back up one by one."""

    def __init__(self) -> None:
        self._step = 0
        self._calm_since: float | None = None

    @property
    def effort(self) -> Effort:
        return STEPS[self._step]

    @property
    def step(self) -> int:
        return self._step

    def follow(self, oldest: float, now: float) -> None:
        """`oldest`: seconds for which the oldest utterance waits that nobody is at work on; `now`: steady seconds."""
        wanted = max(n for n, effort in enumerate(STEPS) if oldest >= effort.enter)
        if wanted > self._step:
            self._step, self._calm_since = wanted, None
        elif not self._step or oldest >= _LEAVE * self.effort.enter:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        elif now - self._calm_since >= CALM:
            self._step, self._calm_since = self._step - 1, now
