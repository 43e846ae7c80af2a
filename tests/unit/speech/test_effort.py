"""How much is done for each utterance follows the queue: less at once, more step by step."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.model import RATE
from monitor.speech.effort import CALM, STEPS, Steps
from monitor.speech.recogniser import Hints


def test_each_step_is_entered_later_and_does_less() -> None:
    enters = [effort.enter for effort in STEPS]
    assert enters == sorted(set(enters))
    assert [effort.glances for effort in STEPS] == [True, False, False, False, False]
    assert [effort.looks for effort in STEPS] == [True, True, False, False, False]
    assert [effort.alternatives for effort in STEPS] == [True, True, False, False, False]
    assert [effort.context for effort in STEPS] == [None, None, None, 0.0, 0.0]
    assert [effort.patience > 0 for effort in STEPS] == [False, False, True, True, True]
    assert [effort.smaller for effort in STEPS] == [False, False, False, False, True]


@pytest.mark.parametrize(("oldest", "step"), [(0.0, 0), (0.29, 0), (0.3, 1), (0.51, 2), (0.8, 3), (60.0, 4)])
def test_a_longer_wait_is_a_further_step_at_once(oldest: float, step: int) -> None:
    steps = Steps()
    steps.follow(oldest, 0.0)
    assert steps.step == step


def test_back_it_goes_one_by_one_and_only_after_a_calm_time() -> None:
    steps = Steps()
    steps.follow(60.0, 0.0)
    seen = []
    for second in range(60):
        steps.follow(0.0, float(second))
        seen.append(steps.step)
    assert [seen.index(step) for step in (3, 2, 1, 0)] == [CALM, 2 * CALM, 3 * CALM, 4 * CALM]


def test_a_wait_in_between_begins_the_calm_time_anew() -> None:
    steps = Steps()
    steps.follow(0.4, 0.0)
    steps.follow(0.0, 1.0)
    steps.follow(0.2, 4.0)  # less than what entered it, and no calm
    steps.follow(0.0, 5.0)
    steps.follow(0.0, 7.0)
    assert steps.step == 1
    steps.follow(0.0, 5.0 + CALM)
    assert steps.step == 0


def test_what_the_recogniser_is_told() -> None:
    hints = Hints(("en",), "en", before=np.arange(8 * RATE).astype(np.int16))
    assert STEPS[0].hints(hints).before is not None
    assert len(STEPS[0].hints(hints).before) == 8 * RATE  # type: ignore[arg-type]
    assert not STEPS[1].hints(hints).quick
    brief = STEPS[3].hints(hints)
    assert (brief.languages, brief.likely, brief.quick) == (("en",), "en", True)
    assert brief.before is not None
    assert len(brief.before) == 0
    assert STEPS[3].hints(Hints()).before is None
