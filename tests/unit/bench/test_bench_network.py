"""What a room does to a clip: the same for the same seed, and as much of it as is said."""

from __future__ import annotations

import numpy as np

from monitor.bench.network import CONDITIONS, Condition, heard
from monitor.model import FRAME, RATE, Samples
from tests.helpers.speech import package_clips

CLEAN = Condition("clean", 0.0, None)


def clip() -> Samples:
    return package_clips()[0].samples[: 4 * RATE]


def off(one: Samples, other: Samples) -> float:
    return float(np.mean((one.astype(float) - other.astype(float)) ** 2))


def test_the_length_stays_and_the_seed_decides() -> None:
    for condition in CONDITIONS:
        once = heard(clip(), condition, 1)
        assert len(once) == -(-len(clip()) // FRAME) * FRAME
        assert np.array_equal(once, heard(clip(), condition, 1))
    assert not np.array_equal(heard(clip(), CONDITIONS[1], 1), heard(clip(), CONDITIONS[1], 2))


def test_loss_costs_something_and_fec_wins_some_back() -> None:
    clean = heard(clip(), CLEAN, 1)
    some, much = (off(heard(clip(), Condition("", loss, None), 1), clean) for loss in (0.03, 0.3))
    assert 0 < some < much
    silence = clean.copy()
    rng = np.random.default_rng(1)
    for frame in np.flatnonzero(rng.random(len(clean) // FRAME) < 0.3):
        silence[frame * FRAME : (frame + 1) * FRAME] = 0
    assert much < off(silence, clean)


def test_noise_is_as_loud_as_is_said() -> None:
    speech = clip()
    noisy = heard(speech, Condition("", 0.0, 15.0), 1).astype(float)[: len(speech)]
    clean = heard(speech, CLEAN, 1).astype(float)[: len(speech)]
    loud = np.abs(clean) > 0.1 * np.abs(clean).max()
    quiet = np.sqrt(np.mean(noisy[: RATE // 10] ** 2))
    level = np.sqrt(np.mean(clean[loud] ** 2))
    assert 8 < 20 * np.log10(level / quiet) < 25
