"""What a second of speech costs with each model, beside the cheapest."""

from __future__ import annotations

import pytest

from monitor.speech.costs import Costs


def test_it_is_counted_beside_the_cheapest() -> None:
    costs = Costs()
    assert costs.of("base") == 1.0
    costs.note("base", 10.0, 0.5)
    assert costs.of("base") == 1.0
    costs.note("small", 10.0, 2.0)
    assert (costs.of("base"), costs.of("small")) == (1.0, pytest.approx(4.0))
    assert costs.of("unheard") == 1.0
    costs.note("tiny", 10.0, 0.25)
    assert costs.of("small") == pytest.approx(8.0)


def test_it_follows_what_was_heard_lately() -> None:
    costs = Costs()
    costs.note("base", 1.0, 0.1)
    for _ in range(50):
        costs.note("small", 1.0, 0.2)
    for _ in range(50):
        costs.note("small", 1.0, 0.8)
    assert costs.of("small") == pytest.approx(8.0, rel=0.02)
    costs.note("small", 0.0, 5.0)  # nothing was said: it says nothing
    assert costs.of("small") == pytest.approx(8.0, rel=0.02)
