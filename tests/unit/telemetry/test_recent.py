"""Exact figures of the last minutes."""

from __future__ import annotations

from monitor.telemetry.recent import KEPT, MOST, Recent, Spread


def test_half_and_most_are_of_what_was_noted_lately() -> None:
    now = [0.0]
    recent = Recent(lambda: now[0])
    assert recent.spread("text") is None
    recent.note("text", 99.0)
    now[0] = KEPT - 1
    for value in range(100, 0, -1):
        recent.note("text", float(value))
    recent.note("other", 7.0)
    assert recent.spread("text", 30.0) == Spread(50.0, 95.0, 100)
    assert recent.spread("text") == Spread(51.0, 96.0, 101)
    now[0] += KEPT - 1
    assert recent.spread("text") == Spread(50.0, 95.0, 100)
    now[0] += 2
    assert recent.spread("text") is None


def test_no_more_than_so_many_are_kept() -> None:
    recent = Recent(lambda: 0.0)
    for value in range(MOST + 10):
        recent.note("text", float(value))
    found = recent.spread("text")
    assert found is not None
    assert found.count == MOST
