"""What a detector sees of a recording: neither its level nor its pauses, and energies where they belong."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.model import RATE
from monitor.voices.features import FADE, FEATURES, LEVEL, Filterbank, Signal, speech_of, windows
from tests.helpers.voicelike import voice


def recording(level: float = -20.0, noise: float = -70.0) -> Signal:
    """1 s of pause, 2 s of voice, 1 s of pause, 1 s of voice, half a second of pause."""
    rng = np.random.default_rng(4)
    out = rng.normal(0, 10 ** (noise / 20), int(5.5 * RATE))
    said = voice(3.0).astype(np.float64)
    said -= said.mean()
    said = said / np.sqrt(np.mean(said**2)) * 10 ** (level / 20)
    out[RATE : 3 * RATE] += said[: 2 * RATE]
    out[4 * RATE : 5 * RATE] += said[2 * RATE :]
    return out.astype(np.float32)


def decibels(signal: Signal) -> float:
    return float(10 * np.log10(np.mean(np.square(signal, dtype=np.float64))))


@pytest.mark.parametrize("level", [-45.0, -30.0, -6.0])
def test_the_level_of_the_speech_is_fixed_whatever_came(level: float) -> None:
    speech = speech_of(recording(level, noise=level - 40))
    assert speech.level == pytest.approx(level, abs=1.5)
    assert decibels(speech.samples) == pytest.approx(LEVEL, abs=1.0)
    assert speech.snr == pytest.approx(40, abs=3)


def test_noise_is_not_raised_without_end() -> None:
    speech = speech_of(recording(-85.0, noise=-110.0))
    assert decibels(speech.samples) == pytest.approx(-45.0, abs=2.0)


def test_edges_and_long_pauses_are_cut_and_places_are_kept() -> None:
    speech = speech_of(recording())
    assert speech.seconds == pytest.approx(3.0 + 4 * 0.06, abs=0.1)
    assert speech.at(0) / RATE == pytest.approx(1.0 - 0.06, abs=0.05)
    first = speech.spans[0][1] - speech.spans[0][0]
    assert speech.at(first - 1) / RATE == pytest.approx(3.06, abs=0.05)
    assert speech.at(first) / RATE == pytest.approx(3.94, abs=0.05)
    assert speech.at(len(speech.samples)) == speech.spans[-1][1]


def test_integers_and_floats_give_the_same_and_a_constant_part_does_not_count() -> None:
    signal = recording()
    as_int = np.round(signal * 32768).astype(np.int16)
    one, other, shifted = (speech_of(a).samples for a in (signal, as_int, signal + np.float32(0.05)))
    assert len(one) == len(other) == len(shifted)
    np.testing.assert_allclose(one, other, atol=1e-3)
    np.testing.assert_allclose(one, shifted, atol=1e-4)


def test_nothing_said_is_no_speech() -> None:
    for silence in (np.zeros(0, np.int16), np.zeros(100, np.int16), np.zeros(RATE, np.int16)):
        speech = speech_of(silence)
        assert (len(speech.samples), speech.spans, speech.at(0)) == (0, (), 0)


def test_a_click_is_not_speech() -> None:
    clicked = recording()
    clicked[int(3.5 * RATE) : int(3.5 * RATE) + 200] = 0.5
    assert len(speech_of(clicked).spans) == 2


def test_a_cut_pause_does_not_click() -> None:
    loud = np.ones(3 * RATE, np.float32) * np.sin(np.arange(3 * RATE) * 0.7).astype(np.float32) * 0.3
    loud[RATE : 2 * RATE] = 0
    speech = speech_of(loud)
    for start in np.cumsum([0] + [end - start for start, end in speech.spans])[:-1]:
        assert abs(speech.samples[start]) < 1e-6
        assert np.abs(speech.samples[start : start + FADE // 4]).max() < 0.1


def test_windows_overlap_and_only_whole_ones_count() -> None:
    assert windows(5 * RATE, 2.0, 1.0) == [(s * RATE, (s + 2) * RATE) for s in range(4)]
    assert windows(2 * RATE - 1, 2.0, 1.0) == []


def test_a_tone_is_in_its_band_and_the_bands_add_up_to_the_power() -> None:
    bank = Filterbank()
    tone = (0.1 * np.sin(2 * np.pi * 2963 * np.arange(RATE) / RATE)).astype(np.float32)  # middle of band 29: 30 × 98.8
    energies = bank(tone[None])
    assert energies.shape == (1, bank.frames(RATE), 80)
    assert energies.dtype == np.float32
    assert set(energies[0].argmax(axis=1)) == {29}
    noise = np.random.default_rng(0).normal(0, 0.05, RATE).astype(np.float32)
    total = np.exp(bank(noise[None])[0]).sum(axis=1).mean()
    assert 10 * np.log10(total / 0.05**2) == pytest.approx(0, abs=0.5)


def test_what_lies_far_below_speech_is_hidden() -> None:
    faint = np.random.default_rng(0).normal(0, 1e-5, (1, RATE)).astype(np.float32)
    np.testing.assert_array_equal(Filterbank()(faint), Filterbank()(np.zeros_like(faint)))


def test_each_named_feature_takes_a_batch_row_by_row() -> None:
    batch = np.stack([recording()[:RATE], recording()[RATE : 2 * RATE]])
    for name, features in FEATURES.items():
        together = features(batch)
        np.testing.assert_allclose(together[1:], features(batch[1:]), rtol=1e-5, err_msg=name)
