"""What all windows of one speaker say together: a sequential decision, made on the speaker and not on the window. Pure.

Adding up the log-likelihood ratios of windows, as if each were news, is how such detectors fool their users: an error
about a speaker persists in every window of that speaker, so a sum grows without limit on a person whom the detector
misjudges. Here instead

- each ratio is clipped, so that one window can't decide, and downwards more than upwards: who was genuine for an hour
  hasn't earned an hour's credit against a voice that is switched on then;
- only speech that no window before had counts (windows overlap), in units of one window;
- the mean counts as much as n correlated windows do, n / (1 + (n − 1) ρ) (the design effect of cluster sampling:
  L. Kish, Survey Sampling, 1965, §5.4). With ρ > 0 this stays below 1/ρ however long somebody speaks, which is the cap
  on what one speaker can accumulate: `highest / correlation`;
- older speech is forgotten, by half in `half_life` seconds of *speech*: silence forgets nothing.

States have hysteresis: an alert stands until the evidence falls to where not even a suspicion would be left, and is
withdrawn then. The thresholds come from speaker-level errors (thresholds.py), not from a prior.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.voice_model import Abstained, VoiceScored, VoiceStanding, VoiceState, VoiceWindow

KEPT = 64
"""Windows kept for citing, the newest."""
OVERLAP = 0.5
"""Share of a window that is new at most where it shares time with those before: windows are cut every half window."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How windows add up. LLRs are natural logarithms. A change of these needs new thresholds."""

    unit: float = 3.0  # seconds of speech that count as one window
    highest: float = 3.0  # an LLR counts as at most this: e^3 is 20 times likelier
    lowest: float = -1.5  # and as at least this
    correlation: float = 0.2  # ρ between two windows of one speaker
    half_life: float = 60.0  # seconds of speech in which older speech comes to count half
    least: float = 6.0  # seconds of usable speech below which nothing is said

    def __post_init__(self) -> None:
        sizes = (self.unit, self.highest, self.half_life)
        if not (min(sizes) > 0 and self.lowest < 0 and 0 < self.correlation <= 1 and self.least >= 0):
            raise ValueError("rules of evidence: sizes above 0, lowest below 0, correlation in (0, 1]")

    @property
    def cap(self) -> float:
        """What the evidence about one speaker can never exceed."""
        return self.highest / self.correlation


def rules_for(window: float) -> Rules:
    """The rules for a detector whose windows have so many seconds of speech. Thresholds are measured with these, and
    hold for these alone: the live service, `voices calibrate` and `voices evaluate` all take them from here.
    """
    return Rules(unit=window)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which evidence on a speaker is suspicious, and an alert. `alert` None: the detector only marks."""

    suspicious: float
    alert: float | None

    def __post_init__(self) -> None:
        if not self.suspicious > 0 or (self.alert is not None and self.alert < self.suspicious):
            raise ValueError("thresholds: 0 < suspicious ≤ alert")

    @property
    def leave(self) -> float:
        """Evidence below which neither is left."""
        return self.suspicious / 2


class Evidence:
    """The evidence about one speaker in one visit."""

    def __init__(self, rules: Rules, thresholds: Thresholds) -> None:
        self._rules = rules
        self._thresholds = thresholds
        self._sum = 0.0  # of clipped LLRs by the share of a unit that each brought
        self._units = 0.0  # of speech, forgotten like the sum
        self._covered = 0.0  # media time up to which speech has counted, seconds
        self._speech = 0.0
        self._windows = 0
        self._abstained: dict[Abstained, float] = defaultdict(float)
        self._recent: deque[VoiceWindow] = deque(maxlen=KEPT)
        self._state = VoiceState.SHORT
        self._model = self._calibration = ""

    @property
    def llr(self) -> float:
        """The evidence: log of the likelihood ratio synthetic : genuine, as far as the rules let it count."""
        return self._sum / (1 + max(0.0, self._units - 1) * self._rules.correlation)

    def add(self, scored: VoiceScored) -> VoiceStanding:
        """One more utterance of the speaker; where the evidence stands after it."""
        self._model, self._calibration = scored.model, scored.calibration
        for window in scored.windows:
            self.note(window)
        return self.standing()

    def note(self, window: VoiceWindow) -> VoiceState:
        """One more window, in the order of media time; what of it lies before the end of those noted is not news."""
        fresh = self._fresh(window)
        reason = _abstained(window)
        if reason is not None:
            self._abstained[reason] += fresh
        elif window.llr is not None and fresh > 0:
            self._count(window.llr, fresh)
            self._windows += 1
            self._recent.append(window)
        self._state = self._next()
        return self._state

    def begin_track(self) -> None:
        """The speaker goes on in another track, whose media time begins anew. What was noted counts, and is cited no
        more: its places mean nothing there.
        """
        self._covered = 0.0
        self._recent.clear()

    def standing(self) -> VoiceStanding:
        return VoiceStanding(
            state=self._state,
            llr=self.llr,
            speech=self._speech,
            windows=self._windows,
            abstained=tuple(sorted(((a, s) for a, s in self._abstained.items() if s > 0), key=lambda pair: -pair[1])),
            model=self._model,
            calibration=self._calibration,
            marks_only=self._thresholds.alert is None,
        )

    def strongest(self, count: int, since: float = 0.0) -> tuple[VoiceWindow, ...]:
        """Up to `count` windows with the highest LLRs that begin at `since` (media time) or later, in order of time.

        Only those that speak for a synthetic voice; of windows that share speech the stronger one.
        """
        chosen: list[VoiceWindow] = []
        speaking = [w for w in self._recent if w.start >= since and (w.llr or 0.0) > 0]
        for window in sorted(speaking, key=lambda w: -(w.llr or 0.0)):
            if len(chosen) < count and all(window.end <= w.start or w.end <= window.start for w in chosen):
                chosen.append(window)
        return tuple(sorted(chosen, key=lambda w: w.start))

    def _fresh(self, window: VoiceWindow) -> float:
        """Seconds of the window's speech that were in none before, or less: pauses in it may be anywhere."""
        length = window.end - window.start
        new = window.end - max(window.start, self._covered)
        most = 1.0 if window.start >= self._covered else OVERLAP
        self._covered = max(self._covered, window.end)
        return window.speech * min(most, max(0.0, new / length)) if length > 0 else 0.0

    def _count(self, llr: float, fresh: float) -> None:
        rules = self._rules
        kept = 0.5 ** (fresh / rules.half_life)
        share = fresh / rules.unit
        self._units = self._units * kept + share
        self._sum = self._sum * kept + share * min(rules.highest, max(rules.lowest, llr))
        self._speech += fresh

    def _next(self) -> VoiceState:
        """The table of states; a cell is the evidence that leads there.

        | from \\ to            | CLEAR           | SUSPICIOUS   | ALERT   |
        |-----------------------|-----------------|--------------|---------|
        | SHORT (enough speech) | otherwise       | ≥ suspicious | ≥ alert |
        | CLEAR                 | otherwise       | ≥ suspicious | ≥ alert |
        | SUSPICIOUS            | < suspicious/2  | otherwise    | ≥ alert |
        | ALERT                 | < suspicious/2  | –            | otherwise |
        """
        llr, limits = self.llr, self._thresholds
        if self._speech < self._rules.least:
            return VoiceState.SHORT
        if limits.alert is not None and llr >= limits.alert:
            return VoiceState.ALERT
        if self._state is VoiceState.ALERT and llr >= limits.leave:
            return VoiceState.ALERT
        enough = limits.leave if self._state is VoiceState.SUSPICIOUS else limits.suspicious
        return VoiceState.SUSPICIOUS if llr >= enough else VoiceState.CLEAR


def peak(windows: Iterable[VoiceWindow], rules: Rules) -> float:
    """The highest evidence that a speaker's windows ever add up to, once there is enough speech; −∞ if there never is.

    What thresholds are set from, one number for each genuine speaker.
    """
    evidence, highest = Evidence(rules, _NEVER), -math.inf
    for window in windows:
        if evidence.note(window) is not VoiceState.SHORT:
            highest = max(highest, evidence.llr)
    return highest


_NEVER = Thresholds(suspicious=math.inf, alert=None)


def _abstained(window: VoiceWindow) -> Abstained | None:
    if window.llr is not None and not math.isfinite(window.llr):
        return Abstained.FAILED
    return window.abstained
