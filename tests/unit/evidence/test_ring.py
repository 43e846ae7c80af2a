from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.evidence.ring import Ring
from monitor.model import RATE, Cut, Speaker, Utterance


def utterance(start: int, length: int, overlap: int = 0, track: str = "t") -> Utterance:
    """Audio in which each sample tells its own media time."""
    audio = (np.arange(start, start + length) % 30_000).astype(np.int16)
    return Utterance(f"u{start}", "r", Speaker("s", "S"), track, 0.0, start, audio, Cut.LENGTH, overlap)


def test_pieces_between_two_times() -> None:
    ring = Ring(seconds=10)
    ring.add(utterance(1000, 500))
    ring.add(utterance(2000, 500))
    assert [(p.start, p.end) for p in ring.between("t", 0, 9999)] == [(1000, 1500), (2000, 2500)]
    assert [(p.start, p.end) for p in ring.between("t", 1200, 2100)] == [(1200, 1500), (2000, 2100)]
    assert ring.between("t", 1500, 2000) == ()
    assert ring.between("other", 0, 9999) == ()


def test_tracks_are_bounded_and_forgotten() -> None:
    ring = Ring(seconds=1, max_tracks=2)
    for track in ("a", "b", "a", "c"):
        ring.add(utterance(0 if track != "a" else 100, 50, track=track))
    assert len(ring) == 2
    assert ring.between("b", 0, 999) == (), "unheard for longest"
    ring.forget("a")
    assert ring.between("a", 0, 999) == ()
    assert len(ring) == 1


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="ring"):
        Ring(seconds=0)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 20_000), st.integers(0, 6000)), min_size=1, max_size=15),
    st.sampled_from([0.25, 1.0, 3.0]),
)
def test_holds_each_sample_once_true_to_its_time_and_no_more_than_asked(
    pieces: list[tuple[int, int, int]], seconds: float
) -> None:
    ring, end, heard = Ring(seconds=seconds), 0, set()
    before = 0  # length of the utterance before: an overlap repeats no more than that
    for gap, length, overlap in pieces:
        repeated = min(overlap, before)
        before = repeated + length
        start = end - repeated if repeated else end + gap
        one = utterance(start, before, repeated)
        ring.add(one)
        heard |= set(range(start, one.end))
        end = max(end, one.end)
    parts = ring.between("t", 0, end)
    held = [t for part in parts for t in range(part.start, part.end)]
    assert held == sorted(set(held))
    assert set(held) == {t for t in heard if t >= end - round(seconds * RATE)}
    for part in parts:
        assert np.array_equal(part.audio, (np.arange(part.start, part.end) % 30_000).astype(np.int16))


def test_what_was_said_just_before_ends_exactly_where_the_next_begins() -> None:
    ring = Ring()
    ring.add(utterance(100, RATE))
    ring.add(utterance(2 * RATE, RATE))
    before = ring.before("t", 4 * RATE, longest=8.0, pause=1.5)
    assert len(before) == 4 * RATE - 100
    at = [100, RATE, RATE + 200, 3 * RATE - 1, 3 * RATE]  # said, said, hole, said, hole
    assert [int(before[sample - 100]) for sample in at] == [100, RATE, 0, (3 * RATE - 1) % 30_000, 0]
    assert len(ring.before("t", 4 * RATE, longest=1.5, pause=1.5)) == 3 * RATE // 2
    assert len(ring.before("t", 4 * RATE, longest=8.0, pause=0.9)) == 0  # too long a pause: another matter
    assert len(ring.before("nobody", 4 * RATE, longest=8.0, pause=1.5)) == 0
