"""What happens to a voice between mouth and monitor: microphone, room, noise, level, Opus, loss and concealment.

Both classes go through it alike. What is drawn for a recording depends on its text alone, so a person and the machines
that say the same words get the same room, the same noise and the same lost packets: none of them can give the
machine away. Seeded: the same on every machine with the same libopus.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from monitor.model import RATE, Samples

_Signal = NDArray[np.float64]
NOISES = ("white", "pink", "brown", "speech", "hum")
"""White, −3 and −6 dB an octave; noise with the spectrum of much speech; mains hum with harmonics."""


@dataclass(frozen=True, slots=True)
class Link:
    """The way through the net."""

    bitrate: int = 0  # bit/s of Opus; 0: no codec at all
    rate: int = RATE  # what the sender encodes at: RATE, or 48,000 as browsers do
    loss: float = 0.0  # share of packets that never come
    burst: float = 1.0  # packets that are lost together, on average
    fec: bool = True  # copies of lost packets in later ones


Codec = Callable[[Samples, Link, np.random.Generator], Samples]
"""Sends speech over a link; gives as many samples as it got. monitor/room_codec.py has the real one."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Everything that was drawn for one recording."""

    level: float  # dBFS (RMS of the loud half) that leaves the microphone
    tilt: float  # dB an octave from 1 kHz: the microphone's colour
    low_cut: float  # Hz below which it hears little
    echo: float  # seconds until the room's sound has fallen by 60 dB; 0: no room
    snr: float  # dB; infinite: no noise is added
    noise: str  # one of NOISES
    link: Link


@dataclass(frozen=True, slots=True)
class Chain:
    """Ranges to draw from, evenly."""

    name: str
    level: tuple[float, float] = (-26.0, -26.0)
    tilt: tuple[float, float] = (0.0, 0.0)
    low_cut: tuple[float, float] = (0.0, 0.0)
    echo: tuple[float, float] = (0.0, 0.0)
    dry: float = 1.0  # share without any room
    snr: tuple[float, float] = (np.inf, np.inf)
    quiet: float = 1.0  # share without added noise
    bitrates: tuple[int, ...] = (0,)
    rates: tuple[int, ...] = (RATE,)
    loss: tuple[float, float] = (0.0, 0.0)
    whole: float = 1.0  # share without loss


_OPUS = (16_000, 20_000, 24_000, 28_000, 32_000, 40_000)
CHAINS: Mapping[str, Chain] = MappingProxyType(
    {
        chain.name: chain
        for chain in (
            Chain("clean"),
            Chain("opus", level=(-36.0, -18.0), bitrates=(24_000, 28_000, 32_000), rates=(48_000,)),
            Chain(
                "room",
                level=(-40.0, -14.0),
                tilt=(-3.0, 3.0),
                low_cut=(40.0, 160.0),
                echo=(0.1, 0.6),
                dry=0.5,
                snr=(8.0, 30.0),
                quiet=0.15,
                bitrates=_OPUS,
                rates=(RATE, 48_000),
                loss=(0.0, 0.08),
                whole=0.5,
            ),
            Chain(
                "harsh",
                level=(-44.0, -12.0),
                tilt=(-5.0, 5.0),
                low_cut=(80.0, 300.0),
                echo=(0.3, 1.0),
                dry=0.1,
                snr=(3.0, 15.0),
                quiet=0.0,
                bitrates=(10_000, 12_000, 16_000),
                rates=(RATE, 48_000),
                loss=(0.05, 0.2),
                whole=0.0,
            ),
        )
    }
)
"""`room` is what training, calibration and evaluation use; `opus` is the chain of earlier figures."""


def source(key: str, seed: int, copy: int = 0) -> np.random.Generator:
    """Chance that belongs to a key. `key`: a text's name; `copy`: to send the same recording another way."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{seed}:{copy}:{key}".encode()).digest()[:8], "big"))


def draw(chain: Chain, rng: np.random.Generator) -> Conditions:
    """One recording's conditions. Draws as often whatever comes out, so that chains with one seed stay comparable."""
    level, tilt, low_cut, echo, snr, loss = (
        float(rng.uniform(*ends)) if np.isfinite(ends[0]) else float(ends[0])
        for ends in (chain.level, chain.tilt, chain.low_cut, chain.echo, chain.snr, chain.loss)
    )
    dry, quiet, whole = rng.random(3) < (chain.dry, chain.quiet, chain.whole)
    noise, bitrate, rate = (str(rng.choice(NOISES)), int(rng.choice(chain.bitrates)), int(rng.choice(chain.rates)))
    lost = 0.0 if whole else loss
    return Conditions(
        level=level,
        tilt=tilt,
        low_cut=low_cut,
        echo=0.0 if dry else echo,
        snr=np.inf if quiet else snr,
        noise=noise,
        link=Link(bitrate, rate, lost, float(rng.uniform(1.0, 2.5)), bool(rng.random() < 0.8)),
    )


def send(samples: Samples, conditions: Conditions, rng: np.random.Generator, codec: Codec) -> Samples:
    """The recording as it arrives; as long as it was. Silence stays silence."""
    signal = samples.astype(np.float64) / 32768
    if not np.any(signal):
        return samples
    signal = _coloured(signal, conditions.tilt, conditions.low_cut)
    if conditions.echo > 0:
        signal = _echoed(signal, conditions.echo, rng)
    if np.isfinite(conditions.snr):
        noise = _noise(conditions.noise, len(signal), rng)
        signal = signal + noise * _loudness(signal) * 10 ** (-conditions.snr / 20)
    signal *= 10 ** (conditions.level / 20) / max(_loudness(signal), 1e-9)
    sent = np.clip(np.round(signal * 32768), -32768, 32767).astype(np.int16)
    return codec(sent, conditions.link, rng) if conditions.link.bitrate else sent


def through(samples: Samples, key: str, chain: Chain, codec: Codec, seed: int = 0, copy: int = 0) -> Samples:
    """`send` with what `chain` draws for this key (a text's name, so that both classes get the same)."""
    rng = source(key, seed, copy)
    return send(samples, draw(chain, rng), rng, codec)


def seeded(chain: Chain, codec: Codec) -> Callable[[NDArray[np.float32], int], NDArray[np.float32]]:
    """The chain for speech as floats with full scale 1, and a number in place of a key."""

    def heard(signal: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
        samples = np.clip(np.round(signal * 32768), -32768, 32767).astype(np.int16)
        return through(samples, str(seed), chain, codec).astype(np.float32) / np.float32(32768)

    return heard


def fixed(chain: Chain, **ends: float) -> Chain:
    """The chain with some of level, tilt, snr, loss, bitrate held at one value: for figures by condition."""
    held: dict[str, object] = {}
    for name, value in ends.items():
        if name == "bitrate":
            held["bitrates"] = (int(value),)
        elif name in ("level", "tilt", "low_cut", "echo", "snr", "loss"):
            held[name] = (value, value)
            held |= {"echo": {"dry": 0.0}, "snr": {"quiet": 0.0}, "loss": {"whole": 0.0}}.get(name, {})
        else:
            raise ValueError(f"a chain has no {name}")
    return replace(chain, **held)  # type: ignore[arg-type]


def lost_packets(count: int, link: Link, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which of `count` packets never come: two states (Gilbert 1960), with the link's share and mean burst."""
    if link.loss <= 0:
        return np.zeros(count, bool)
    leave = 1 / max(1.0, link.burst)
    enter = min(1.0, leave * link.loss / max(1e-9, 1 - link.loss))
    chances = rng.random(count + 1)
    lost = np.zeros(count, bool)
    bad = bool(chances[count] < link.loss)
    for index in range(count):
        lost[index] = bad
        bad = bool(chances[index] < (1 - leave if bad else enter))
    return lost


def _loudness(signal: _Signal) -> float:
    """RMS of the louder half of the 20 ms frames: pauses don't count."""
    frames = signal[: len(signal) // 320 * 320].reshape(-1, 320) if len(signal) >= 320 else signal[None, :]
    energy = np.sort(np.mean(frames**2, axis=1))
    return float(np.sqrt(np.mean(energy[len(energy) // 2 :])))


def _shaped(signal: _Signal, gains: Callable[[NDArray[np.floating]], _Signal]) -> _Signal:
    """Filtered in the frequency domain; `gains` of frequencies in Hz. Ends are padded so that nothing wraps around."""
    padded = np.pad(signal, (0, RATE // 4))
    size = _fast(len(padded))
    spectrum = np.fft.rfft(padded, size) * gains(np.fft.rfftfreq(size, 1 / RATE))
    return np.fft.irfft(spectrum, size)[: len(signal)]


def _fast(length: int) -> int:
    return 1 << (length - 1).bit_length()


def _coloured(signal: _Signal, tilt: float, low_cut: float) -> _Signal:
    if tilt == 0 and low_cut == 0:
        return signal

    def gains(frequencies: NDArray[np.floating]) -> _Signal:
        octaves = np.log2(np.maximum(frequencies, 60.0) / 1000)
        cut = 1 / np.sqrt(1 + (low_cut / np.maximum(frequencies, 1.0)) ** 4) if low_cut else 1.0
        return np.asarray(10 ** (tilt * octaves / 20) * cut)

    return _shaped(signal, gains)


def _echoed(signal: _Signal, seconds: float, rng: np.random.Generator) -> _Signal:
    """Noise that dies away (Polack 1988) behind the direct sound, which stays 3–12 dB louder than all of it."""
    length = int(min(seconds, 1.2) * RATE)
    at = np.arange(length) / RATE
    tail = rng.normal(0, 1, length) * np.exp(-6.9 * at / seconds)
    tail[: int(0.002 * RATE)] = 0
    tail *= 10 ** (-rng.uniform(3, 12) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = _fast(len(signal) + length)
    return np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(tail, size), size)[: len(signal)]


def _noise(kind: str, length: int, rng: np.random.Generator) -> _Signal:
    """Of RMS 1."""
    if kind == "hum":
        at, base = np.arange(length) / RATE, float(rng.choice([50.0, 60.0]))
        sound = sum(np.sin(2 * np.pi * (base * n * at + rng.random())) / n for n in range(1, 9))
        sound = sound + 0.3 * rng.normal(0, 1, length)
    else:
        slopes = {"white": 0.0, "pink": -3.0, "brown": -6.0, "speech": 0.0}
        sound = _shaped(rng.normal(0, 1, length), lambda f: _spectrum(f, slopes[kind], kind == "speech"))
    return np.asarray(sound / max(float(np.sqrt(np.mean(np.square(sound)))), 1e-9))


def _spectrum(frequencies: NDArray[np.floating], slope: float, speech: bool) -> _Signal:
    octaves = np.log2(np.maximum(frequencies, 50.0) / 500)
    if speech:  # long-term spectrum of speech: even to 500 Hz, then 9 dB an octave down (Byrne et al. 1994, roughly)
        return np.asarray(10 ** (-9.0 * np.maximum(octaves, 0.0) / 20) * (frequencies > 80))
    return np.asarray(10 ** (slope * octaves / 20))
