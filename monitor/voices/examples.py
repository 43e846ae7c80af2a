"""What training learns from: each recording through the chain some times over, as filterbanks, kept on disk.

The chain and the features cost far more than the network, so they are computed once. A kept file's name holds all that
it depends on: another seed, another chain or another recording under the same name, and it is made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.model import RATE
from monitor.voices.corpus.rows import Label, Row
from monitor.voices.features import FEATURES, Signal, speech_of

FRAMES = 100
"""Filterbank frames in a second of speech."""
VERSION = 1
"""Of what a kept file holds."""

Chain = Callable[[Signal, int], Signal]
"""A recording and a seed to what arrives in a room: noise, room, codec, loss, level."""
Load = Callable[[Path], Signal]
Bank = NDArray[np.float16]
"""Shape (frames, bands)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How recordings become examples."""

    features: str = "linear-filterbank-80"
    variants: int = 3  # times that each recording goes through the chain
    seed: int = 0
    chain: str = "none"  # name and version of the chain, for the kept files' names


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One recording as it arrived."""

    row: Row
    variant: int
    bank: Bank

    @property
    def synthetic(self) -> bool:
        return self.row.label is Label.SYNTHETIC


class Examples:
    """The kept files of one recipe."""

    def __init__(self, corpus: Path, kept: Path, recipe: Recipe, chain: Chain, load: Load) -> None:
        """`corpus`: the directory that rows' paths start from. `kept` is made where it isn't there."""
        self._corpus = corpus
        self._kept = kept
        self._recipe = recipe
        self._chain = chain
        self._load = load
        kept.mkdir(parents=True, exist_ok=True)

    def of(self, rows: Sequence[Row]) -> Iterator[Example]:
        """Every variant of each row, in order; made where it isn't kept. Raises OSError, and what `load` raises."""
        for row in rows:
            for variant in range(self._recipe.variants):
                yield Example(row, variant, self._bank(row, variant))

    def _bank(self, row: Row, variant: int) -> Bank:
        source = self._corpus / row.path
        stat = source.stat()
        recipe = self._recipe
        what = f"{VERSION}|{row.path}|{stat.st_size}|{recipe.features}|{recipe.chain}|{recipe.seed}|{variant}"
        path = self._kept / f"{hashlib.sha256(what.encode()).hexdigest()[:24]}.npy"
        if path.exists():
            return np.asarray(np.load(path, mmap_mode="r"))
        bank = bank_of(self._chain(self._load(source), seed_of(row, recipe.seed, variant)), recipe.features)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, bank)
        part.replace(path)
        return bank


def seed_of(row: Row, seed: int, variant: int) -> int:
    """For the chain: of the text alone, so that a person and the machines that say the same words get the same."""
    return int.from_bytes(hashlib.sha256(f"{seed}|{row.text_id}|{variant}".encode()).digest()[:4], "big")


def bank_of(heard: Signal, features: str) -> Bank:
    """Filterbanks of the speech in a recording, at the fixed level and without pauses."""
    speech = speech_of(heard).samples
    if len(speech) < RATE // 10:
        return np.zeros((0, 80), np.float16)
    return np.asarray(FEATURES[features](speech[None])[0], np.float16)


def crops(length: int, window: int, hop: int) -> list[int]:
    """First frames of the whole windows in `length` frames."""
    return list(range(0, length - window + 1, hop))
