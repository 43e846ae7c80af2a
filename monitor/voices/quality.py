"""Why a stretch of speech can't be judged: too quiet, too noisy, over music, or through a codec of telephone quality.

Rough on purpose, on energies and spectra alone. What the measures say on recordings of people with noise added
(24 clips, by hand): clean speech 20 dB or more; white noise, babble or music at 10 dB read 12 to 17, at 0 dB 3 to 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.model import FRAME, RATE, Samples
from monitor.voice_model import Abstained
from monitor.voices.features import Signal, Speech, as_signal, frame_levels

_EDGE = 4000.0
"""Hz: telephone codecs, and Opus at its lowest rates, have nothing above."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Outside of them a detector's score means nothing."""

    quietest: float = -50.0  # dBFS of the speech
    noisiest: float = 8.0  # dB from the quiet parts to the speech
    music_below: float = 15.0  # dB, likewise: quieter music than that is let pass
    tonal: float = -15.0  # dB of spectral flatness of the quiet parts, below which they are music and not noise
    narrow: float = -42.0  # dB of the energy above 4 kHz to that below: less is telephone quality
    even: float = (
        2.5  # dB by which the frames of a window vary at least: noise 0.3, speech in noise of 8 dB 3.5 or more
    )


def unfit(audio: Samples | Signal, speech: Speech, limits: Limits) -> Abstained | None:
    """Why the speech (made from `audio` by `speech_of`) can't be judged, or None."""
    if speech.level < limits.quietest:
        return Abstained.QUIET
    if speech.snr < limits.music_below and quiet_flatness(audio) < limits.tonal:
        return Abstained.MUSIC
    if speech.snr < limits.noisiest:
        return Abstained.NOISY
    if brightness(speech.samples) < limits.narrow:
        return Abstained.CODEC
    return None


def unfit_window(samples: Signal, limits: Limits) -> Abstained | None:
    """Why one window can't be judged though the utterance can: sound that began in the middle of it, say."""
    return Abstained.NOISY if float(np.std(frame_levels(samples))) < limits.even else None


def quiet_flatness(audio: Samples | Signal) -> float:
    """Spectral flatness, 125 to 4000 Hz, of the quietest tenth of the frames, dB: noise -2 to -5, tones far less.

    Median of the frames' ratios of geometric to arithmetic mean (J. D. Johnston, IEEE J. Sel. Areas Commun. 6, 1988).
    """
    signal = as_signal(audio)
    frames = signal[: len(signal) // FRAME * FRAME].reshape(-1, FRAME)
    if not len(frames):
        return 0.0
    quiet = np.argsort(np.mean(np.square(frames), axis=1))[: max(4, len(frames) // 10)]
    spectrum = np.fft.rfft(frames[quiet] * np.hanning(FRAME).astype(np.float32), 512, axis=1)
    power = np.square(np.abs(spectrum))[:, 4:128] + 1e-12
    ratios = np.exp(np.mean(np.log(power), axis=1)) / np.mean(power, axis=1)
    return float(10 * np.log10(np.median(ratios)))


def brightness(speech: Signal) -> float:
    """Energy from 4.2 to 7 kHz against that below 4 kHz, dB."""
    if len(speech) < 512:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(speech, 512)[::512]
    power = np.mean(np.square(np.abs(np.fft.rfft(frames * np.hanning(512).astype(np.float32), axis=1))), axis=0)
    hertz = np.fft.rfftfreq(512, 1 / RATE)
    high = float(np.sum(power[(hertz >= _EDGE + 200) & (hertz <= 7000)]))
    low = float(np.sum(power[(hertz >= 300) & (hertz < _EDGE)]))
    return float(10 * np.log10((high + 1e-12) / (low + 1e-12)))
