"""Evidence as Opus: as long as it was, and sounding as it did, also where it was written in haste."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.evidence.sound import COMPLEXITY, HASTY, as_opus, decode, encode, plain
from tests.helpers.voicelike import voice


@pytest.mark.parametrize("complexity", [COMPLEXITY, HASTY])
@pytest.mark.parametrize("seconds", [0.02, 0.5, 3.01])
def test_it_sounds_as_it_did_and_is_as_long(complexity: int, seconds: float) -> None:
    said = voice(seconds)
    heard = decode(encode(said, complexity), len(said)).astype(float)
    assert len(heard) == len(said)
    likeness = np.dot(heard, said) / np.linalg.norm(heard) / np.linalg.norm(said.astype(float))
    assert likeness > 0.95


def test_a_minute_takes_a_seventh_of_its_samples() -> None:
    said = voice(10.0)
    assert len(encode(said)) < said.nbytes / 6
    assert len(encode(said, HASTY)) < said.nbytes / 6


def test_plain_samples_are_what_was_said_and_become_opus_when_asked_for() -> None:
    said = voice(1.5)
    assert (decode(plain(said), len(said)) == said).all()
    opus = as_opus(plain(said))
    assert opus.startswith(b"OggS")
    assert (decode(opus, len(said)) == decode(encode(said), len(said))).all()
    assert as_opus(opus) == opus
