"""Several detectors that vote: their likelihood ratios, each from its own calibration, added up by weight.

    name = "two"

    [[members]]
    model = "bundled"
    weight = 0.5

    [[members]]
    model = "another"           # a directory beside this file, or any name that `models.load` takes
    calibration = "rooms.json"  # beside this file; default: the one beside the member's manifest
    weight = 0.5

Weights that add up to 1 treat the members as saying the same thing in other words, which detectors mostly do; a sum
above 1 counts agreement as more. Either way the sum is only a score again: calibrate it as one (`voices calibrate`).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.errors import VoiceModelInvalid
from monitor.model import RATE
from monitor.voices.detector import Calibration, VoiceDetector
from monitor.voices.features import Signal


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Vote(_Part):
    model: str = Field(min_length=1)
    weight: float = Field(gt=0, le=1)
    calibration: str = ""

    def named(self, folder: Path) -> str:
        """The model's name, with a path counted from `folder`."""
        beside = folder / self.model
        return str(beside) if beside.exists() else self.model

    def set_in(self, folder: Path) -> Path | None:
        return folder / self.calibration if self.calibration else None


class Votes(_Part):
    """A fusion's file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    notes: str = ""
    members: tuple[Vote, ...] = Field(min_length=2)


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    detector: VoiceDetector
    calibration: Calibration
    weight: float


class Fusion:
    """Satisfies `detector.VoiceDetector`. A score is the weighted sum of the members' log-likelihood ratios."""

    def __init__(self, name: str, members: tuple[Member, ...]) -> None:
        self._name = name
        self.members = members

    @property
    def name(self) -> str:
        return self._name

    @property
    def digest(self) -> str:
        parts = [f"{m.detector.name}@{m.detector.digest} {_shape(m.calibration)} {m.weight!r}" for m in self.members]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

    @property
    def window(self) -> float:
        """The longest of the members': one that wants less gets several, and their mean counts."""
        return max(member.detector.window for member in self.members)

    def score(self, windows: Sequence[Signal]) -> NDArray[np.float64]:
        """Raises DetectorFailed where one of them fails: without its vote the sum would mean something else."""
        total = np.zeros(len(windows))
        for member in self.members:
            total += member.weight * _llrs(member, windows)
        return total

    def stop(self) -> None:
        """Of all members."""
        for member in self.members:
            member.detector.stop()


def is_one(table: Mapping[str, object]) -> bool:
    """Is this TOML a fusion, and not a detector's manifest?"""
    return "members" in table


def read(path: Path) -> Votes:
    """Raises VoiceModelInvalid with every field that is wrong."""
    try:
        return Votes.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise VoiceModelInvalid("\n".join([f"{path}: these votes can't be used:", *lines])) from error
    except (OSError, ValueError) as error:
        raise VoiceModelInvalid(f"{path}: {error}") from error


def _shape(calibration: Calibration) -> str:
    """What a calibration does to scores: two of the same name may differ in it."""
    return " ".join(f"{llr:.6g}" for llr in calibration.llrs(np.linspace(-20, 20, 9)))


def _llrs(member: Member, windows: Sequence[Signal]) -> NDArray[np.float64]:
    size = round(member.detector.window * RATE)
    cut = [_evenly(window, size) for window in windows]
    llrs = member.calibration.llrs(member.detector.score([part for parts in cut for part in parts]))
    ends = np.cumsum([len(parts) for parts in cut])
    return np.array([part.mean() for part in np.split(llrs, ends[:-1])]) if len(windows) else np.zeros(0)


def _evenly(window: Signal, size: int) -> list[Signal]:
    """Windows of `size` samples over the whole window, as few as cover it."""
    if len(window) <= size:
        return [window]
    count = -(-len(window) // size)
    starts = np.linspace(0, len(window) - size, count).round().astype(int)
    return [window[start : start + size] for start in starts]
