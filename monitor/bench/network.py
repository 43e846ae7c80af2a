"""What a room does to speech: noise around the speaker, Opus at a low rate, packets that get lost. Made from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.bench.sounds import pink
from monitor.model import FRAME, RATE, Samples
from monitor.rooms.opus import Decoder, Encoder, fec_samples

BITRATE = 24_000
"""Bits a second."""
_SPEECH = 0.1
"""A frame counts as speech from this share of the loudest frames' level on."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a clip is heard."""

    name: str
    loss: float  # share of packets, each lost by itself
    snr: float | None  # dB of speech above pink noise; None: no noise is added


CONDITIONS = (
    Condition("Opus", 0.0, None),
    Condition("Opus, 3 % loss", 0.03, None),
    Condition("noise at 15 dB, Opus", 0.0, 15.0),
)


def heard(samples: Samples, condition: Condition, seed: int) -> Samples:
    """The clip at the other end of a room: same start, length rounded up to whole 20 ms. Needs libopus."""
    chance = np.random.default_rng(seed)
    noisy = samples if condition.snr is None else _with_noise(samples, condition.snr, chance)
    return _through_opus(noisy, condition.loss, chance)


def _with_noise(samples: Samples, snr: float, chance: np.random.Generator) -> Samples:
    noise = pink(len(samples), chance)
    level = _speech_level(samples) / 10 ** (snr / 20)
    noise *= level / max(float(np.sqrt(np.mean(noise**2))), 1e-9)
    return np.clip(np.round(samples + noise), -32768, 32767).astype(np.int16)


def _speech_level(samples: Samples) -> float:
    """RMS of the frames in which somebody speaks: pauses would make the noise too soft."""
    whole = samples[: len(samples) // FRAME * FRAME].astype(np.float64).reshape(-1, FRAME)
    levels = np.sqrt(np.mean(whole**2, axis=1))
    loud = levels[levels >= _SPEECH * np.percentile(levels, 95)]
    return float(np.sqrt(np.mean(loud**2))) if len(loud) else 0.0


def _through_opus(samples: Samples, loss: float, chance: np.random.Generator) -> Samples:
    encoder, decoder = Encoder(RATE, bitrate=BITRATE), Decoder()
    frames = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
    packets = [encoder.encode(frame) for frame in frames]
    lost = chance.random(len(packets)) < loss
    out = []
    for number, packet in enumerate(packets):
        if not lost[number]:
            out.append(decoder.decode(packet))
        elif number + 1 < len(packets) and not lost[number + 1] and fec_samples(packets[number + 1]) >= FRAME:
            out.append(decoder.decode_fec(packets[number + 1], FRAME))
        else:
            out.append(decoder.conceal(FRAME))
    return np.concatenate(out)
