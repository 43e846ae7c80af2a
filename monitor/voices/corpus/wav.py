"""The corpus's files: 16 kHz mono WAV, read fast and written whole or not at all."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from monitor.model import RATE, Samples
from monitor.voices.corpus.rows import CorpusInvalid


def write_wav(target: Path, samples: Samples) -> None:
    """Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with wave.open(str(part), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.ascontiguousarray(samples, "<i2").tobytes())
    part.replace(target)


def read_wav(path: Path) -> Samples:
    """Raises CorpusInvalid for anything but 16 kHz mono 16 bit."""
    try:
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
                raise CorpusInvalid(f"{path} is not 16 kHz mono 16 bit: not a file of the corpus")
            return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
    except (OSError, wave.Error, EOFError) as error:
        raise CorpusInvalid(
            f"{path} can't be read ({error}). Make the corpus anew: room-monitor voices data"
        ) from error


def seconds_of(path: Path) -> float:
    """Length, 0 where there is no such file."""
    if not path.is_file():
        return 0.0
    with wave.open(str(path)) as file:
        return float(file.getnframes() / file.getframerate())
