from __future__ import annotations

import numpy as np
import pytest

from monitor.model import RATE, Samples
from monitor.room_codec import over
from monitor.voices.corpus.chain import (
    CHAINS,
    Chain,
    Conditions,
    Link,
    draw,
    fixed,
    lost_packets,
    send,
    source,
    through,
)

PLAIN = Conditions(-26.0, 0.0, 0.0, 0.0, np.inf, "white", Link())


def speechlike(seconds: float = 2.0, seed: int = 0) -> Samples:
    """Bursts of a buzz with pauses."""
    rng = np.random.default_rng(seed)
    at = np.arange(int(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 130 * k * at) / k for k in range(1, 30))
    gate = (np.sin(2 * np.pi * 2.3 * at) > -0.3) * (1 + 0.1 * rng.normal(0, 1, len(at)))
    return np.round(3000 * buzz * gate).astype(np.int16)


def decibels(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples / 32768))) + 1e-9))


@pytest.mark.parametrize("name", sorted(CHAINS))
def test_what_arrives_is_as_long_as_what_was_sent_and_the_same_each_time(name: str) -> None:
    sent = speechlike()
    once = through(sent, "text", CHAINS[name], over, seed=3)
    assert once.shape == sent.shape
    assert once.dtype == np.int16
    assert np.array_equal(once, through(sent, "text", CHAINS[name], over, seed=3))


def test_both_classes_with_the_same_text_meet_the_same_conditions() -> None:
    chain = CHAINS["room"]
    assert draw(chain, source("text", 1)) == draw(chain, source("text", 1))
    assert draw(chain, source("text", 1)) != draw(chain, source("other", 1))
    assert draw(chain, source("text", 1)) != draw(chain, source("text", 1, copy=1))


def test_the_level_is_the_one_asked_for_whatever_came() -> None:
    for gain in (0.05, 1.0):
        loud = send((speechlike() * gain).astype(np.int16), PLAIN, source("x", 0), over)
        active = np.sort(np.mean(np.square(loud.reshape(-1, 320) / 32768), axis=1))
        assert 10 * np.log10(np.mean(active[len(active) // 2 :])) == pytest.approx(-26, abs=0.5)


@pytest.mark.parametrize("noise", ["white", "pink", "brown", "speech", "hum"])
def test_noise_fills_the_pauses_at_the_ratio_asked_for(noise: str) -> None:
    sent = np.concatenate([speechlike(), np.zeros(2 * RATE, np.int16)])
    heard = send(sent, Conditions(-26.0, 0.0, 0.0, 0.0, 12.0, noise, Link()), source("x", 0), over)
    assert decibels(heard[3 * RATE :]) == pytest.approx(-26 - 12, abs=2)


def test_a_room_rings_on_and_a_dry_one_does_not() -> None:
    click = np.zeros(RATE, np.int16)
    click[:800] = speechlike()[:800]
    ringing = send(click, Conditions(-20.0, 0.0, 0.0, 0.5, np.inf, "white", Link()), source("x", 0), over)
    dry = send(click, PLAIN, source("x", 0), over)
    assert decibels(ringing[2000:4000]) > decibels(dry[2000:4000]) + 20


def test_the_microphone_colours_the_spectrum() -> None:
    def high(tilt: float) -> float:
        heard = send(speechlike(), Conditions(-26.0, tilt, 0.0, 0.0, np.inf, "white", Link()), source("x", 0), over)
        power = np.abs(np.fft.rfft(heard.astype(float))) ** 2
        return float(10 * np.log10(power[len(power) // 2 :].sum() / power.sum()))

    assert high(3.0) > high(0.0) + 4 > high(-3.0) + 8


def test_silence_stays_silence() -> None:
    assert not through(np.zeros(RATE, np.int16), "x", CHAINS["room"], over).any()


def test_packets_are_lost_in_the_share_and_bursts_asked_for() -> None:
    lost = lost_packets(40_000, Link(loss=0.1, burst=3.0), np.random.default_rng(0))
    starts = np.count_nonzero(lost[1:] & ~lost[:-1])
    assert lost.mean() == pytest.approx(0.1, abs=0.01)
    assert lost.sum() / starts == pytest.approx(3.0, abs=0.3)
    assert not lost_packets(1000, Link(loss=0.0), np.random.default_rng(0)).any()


def test_one_condition_can_be_held() -> None:
    held = fixed(CHAINS["room"], snr=10.0, loss=0.05, bitrate=16_000)
    for key in range(20):
        drawn = draw(held, source(str(key), 0))
        assert (drawn.snr, drawn.link.loss, drawn.link.bitrate) == (10.0, 0.05, 16_000)
    with pytest.raises(ValueError, match="no colour"):
        fixed(CHAINS["room"], colour=1.0)


def melody(seconds: float) -> Samples:
    """A buzz whose pitch jumps every 60 ms: nothing that a concealment could guess."""
    steps = np.random.default_rng(3).uniform(100, 300, int(seconds / 0.06) + 1)
    pitch = np.repeat(steps, int(0.06 * RATE))[: int(seconds * RATE)]
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return np.round(3000 * sum(np.sin(k * phase) / k for k in range(1, 12))).astype(np.int16)


def test_the_codec_keeps_the_speech_and_lost_packets_hurt_it() -> None:
    sent = melody(4.0)
    whole = over(sent, Link(28_000), np.random.default_rng(0))
    broken = over(sent, Link(28_000, loss=0.3, burst=4.0, fec=False), np.random.default_rng(1))
    assert _likeness(sent, whole) > 0.85
    assert _likeness(sent, broken) < _likeness(sent, whole) - 0.05


def test_the_codec_takes_speech_at_the_rate_of_browsers() -> None:
    sent = speechlike(1.0)
    heard = over(sent, Link(32_000, rate=48_000), np.random.default_rng(0))
    assert len(heard) == len(sent)
    assert decibels(heard) == pytest.approx(decibels(sent), abs=1.5)


def test_copies_of_lost_packets_help() -> None:
    sent = melody(6.0)
    with_copies = over(sent, Link(32_000, loss=0.15, fec=True), np.random.default_rng(5))
    without = over(sent, Link(32_000, loss=0.15, fec=False), np.random.default_rng(5))
    assert _distance(sent, with_copies) < 0.8 * _distance(sent, without)


def test_chains_draw_within_their_ranges() -> None:
    chain = CHAINS["harsh"]
    drawn = [draw(chain, source(str(n), 0)) for n in range(200)]
    assert all(chain.snr[0] <= c.snr <= chain.snr[1] for c in drawn)
    assert all(chain.loss[0] <= c.link.loss <= chain.loss[1] for c in drawn)
    assert 0.0 < np.mean([c.echo == 0 for c in drawn]) < 0.3


def _likeness(first: Samples, second: Samples) -> float:
    """The best correlation over the codec's possible delays."""
    return max(float(np.corrcoef(first[: -lag or None], second[lag:])[0, 1]) for lag in range(0, 400, 2))


def _distance(first: Samples, second: Samples) -> float:
    """Mean distance of log spectra in dB, frame by frame."""

    def spectra(samples: Samples) -> np.ndarray:
        frames = samples[: len(samples) // 640 * 640].reshape(-1, 640) / 32768
        return 10 * np.log10(np.abs(np.fft.rfft(frames * np.hanning(640), axis=1))[:, :160] ** 2 + 1e-3)

    return float(np.mean(np.abs(spectra(first) - spectra(second))))


def test_a_chain_that_does_nothing_is_exact() -> None:
    sent = speechlike()
    heard = send(sent, draw(Chain("none"), source("x", 0)), source("x", 0), over)
    assert np.corrcoef(sent, heard)[0, 1] > 0.9999
