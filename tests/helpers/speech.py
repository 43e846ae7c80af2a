"""Human speech with transcripts for tests, and the model that hears it. Skips say what is missing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from monitor.errors import DownloadFailed
from monitor.fetch.recordings import Recording, recordings
from monitor.model import RATE, Cut, Samples, Speaker, Utterance
from monitor.speech.weights import ModelFiles, obtain

_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "human"


@dataclass(frozen=True, slots=True)
class Clip:
    """A corpus clip; `load` reads its samples."""

    path: Path
    language: str
    speaker: str
    transcript: str

    def load(self) -> Samples:
        return read_audio(self.path)


def human_clips(language: str | None = None, reference_only: bool = True) -> list[Clip]:
    """Corpus clips beside the checkout. `reference_only`: those whose transcript doesn't come from a recogniser."""
    manifest = _DATA / "manifest.tsv"
    if not manifest.is_file():
        pytest.skip(f"no corpus of human speech in {_DATA}")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        Clip(_DATA / row["file"], row["language"], row["speaker"], row["transcript"])
        for row in rows
        if (language is None or row["language"] == language)
        and not (reference_only and row["reference"].startswith("whisper"))
    ]


@cache
def package_clips() -> tuple[Recording, ...]:
    """The demo's recordings, cached after the first run."""
    try:
        return tuple(recordings())
    except DownloadFailed as error:
        pytest.skip(f"the demo's recordings can't be had: {error}")


@cache
def model_files(name: str) -> ModelFiles:
    """A model's files, cached after the first run."""
    try:
        return obtain(name)
    except DownloadFailed as error:
        pytest.skip(f"the model {name} can't be had: {error}")


def read_audio(path: Path) -> Samples:
    """16 kHz mono of any file that FFmpeg reads."""

    def blocks() -> Iterator[Samples]:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler("s16", "mono", RATE)
            for frame in [*container.decode(audio=0), None]:
                for out in resampler.resample(frame):
                    yield out.to_ndarray().reshape(-1)

    return np.concatenate(list(blocks())).astype(np.int16)


def utterance(audio: Samples, start: int = 0, name: str = "u1") -> Utterance:
    """One utterance with these samples."""
    return Utterance(name, "room", Speaker("s1", "Speaker"), "track", 0.0, start, audio, Cut.SILENCE)


def noises() -> dict[str, Samples]:
    """Sounds in which nobody speaks, made here: silence, noise, hum, chords and a melody. A few seconds each."""
    rng = np.random.default_rng(20)

    def at(seconds: float) -> np.ndarray:
        return np.arange(int(seconds * RATE)) / RATE

    melody = np.concatenate(
        [
            sum(np.sin(2 * np.pi * 220 * 2 ** (step / 12) * k * at(0.4)) / k for k in range(1, 6))
            * np.exp(-3 * at(0.4))
            * 4000
            for step in rng.choice([0, 2, 4, 5, 7, 9, 11, 12], 10)
        ]
    )
    sounds = {
        "silence": np.zeros(3 * RATE),
        "white noise": rng.normal(0, 1500, 4 * RATE),
        "low noise": np.convolve(rng.normal(0, 1, 4 * RATE), np.ones(30) / 30, "same") * 9000,
        "hum": sum(np.sin(2 * np.pi * f * at(4.0)) for f in (50, 100, 150)) * 1500,
        "chord": sum(np.sin(2 * np.pi * f * at(4.0)) for f in (262, 330, 392)) * 1500,
        "melody": melody,
    }
    return {name: np.clip(sound, -32768, 32767).astype(np.int16) for name, sound in sounds.items()}
