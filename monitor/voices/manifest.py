"""What a voice detector's manifest says: the file, what goes in, what comes out, whose it is and what is known of it.

    name = "example"
    licence = "MIT"
    source = "https://example.org/model"
    claims = ["formant synthesis"]

    [file]
    path = "model.onnx"     # beside the manifest
    sha256 = "0123…"        # of that file

    [input]
    layout = "samples"      # (windows, samples); see Layout
    window = 4.0            # seconds of speech

    [output]
    kind = "logits"         # see Kind
    genuine = 1             # which of the outputs says "a person"

A manifest is written by people from a paper or a repository, and such papers and repositories get it wrong: so every
field is checked here as far as it can be without the model, and by the self-test (selftest.py) with it.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from monitor.errors import ModelMissing, VoiceModelInvalid
from monitor.model import RATE
from monitor.voices.features import FEATURES, LEVEL

NAME = "manifest.toml"
"""File that is looked for in a model's directory."""


class Layout(StrEnum):
    """Shape of the model's input."""

    SAMPLES = "samples"  # (windows, samples)
    CHANNEL_SAMPLES = "channel-samples"  # (windows, 1, samples)
    FRAMES = "frames"  # (windows, frames, bands)
    CHANNEL_FRAMES = "channel-frames"  # (windows, 1, frames, bands)
    BANDS = "bands"  # (windows, bands, frames)
    CHANNEL_BANDS = "channel-bands"  # (windows, 1, bands, frames)

    @property
    def waveform(self) -> bool:
        return self in (Layout.SAMPLES, Layout.CHANNEL_SAMPLES)


class Padding(StrEnum):
    """What fills a model's input that is longer than the window."""

    REPEAT = "repeat"
    ZEROS = "zeros"


class Normalise(StrEnum):
    """What is done to a window's samples."""

    LEVEL = "level"  # the speech at `level` dBFS
    STANDARD = "standard"  # mean 0, variance 1, as the usual front end of wav2vec 2.0 does
    PEAK = "peak"  # the loudest sample at full scale


class Kind(StrEnum):
    """What a score is."""

    LOGITS = "logits"
    LOG_PROBABILITIES = "log-probabilities"
    PROBABILITIES = "probabilities"
    SINGLE = "single"  # one number a window, on any scale


class Higher(StrEnum):
    """What a higher number means, where there is only one."""

    SYNTHETIC = "synthetic"
    GENUINE = "genuine"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class File(_Part):
    path: str = Field("model.onnx", min_length=1, pattern=r"^[^/\\]+$", description="Name of the ONNX file")
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64}|)$")] = ""  # of the file; "": only with `trust`
    hub: Annotated[str, Field(pattern=r"^([\w.-]+/[\w.-]+|)$")] = ""  # owner/name at the model hub that has the file
    revision: str = ""  # commit there


class Input(_Part):
    name: str = ""  # the graph's input; "": its only one
    layout: Layout
    features: str = ""  # one of features.FEATURES, where the layout is not of samples
    rate: int = Field(RATE, ge=4000, le=96_000)  # Hz that the model was trained at
    window: float = Field(gt=0.5, le=30)  # seconds of speech that it is given
    samples: int = Field(0, ge=0)  # that it must be given; 0: as many as a window has
    padding: Padding = Padding.REPEAT
    normalise: Normalise = Normalise.LEVEL
    level: float = Field(LEVEL, ge=-60, le=-3)  # dBFS

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.layout.waveform == bool(self.features):
            known = ", ".join(sorted(FEATURES))
            raise ValueError(
                f"layout {self.layout.value} takes samples: leave `features` out"
                if self.features
                else f"layout {self.layout.value} needs `features`, one of: {known}"
            )
        if self.features and self.features not in FEATURES:
            raise ValueError(f"`features` must be one of: {', '.join(sorted(FEATURES))}")
        if self.features and (self.rate != RATE or self.normalise is not Normalise.LEVEL):
            raise ValueError(f'features are made at {RATE} Hz with normalise = "level": leave `rate` and `normalise`')
        if self.samples and self.samples < round(self.window * self.rate):
            fits = self.samples / self.rate
            raise ValueError(f"{self.samples} samples are {fits:.4f} s, less than the window: set window = {fits:.3f}")
        return self


class Output(_Part):
    name: str = ""  # the graph's output; "": its first
    kind: Kind
    genuine: int | None = Field(None, ge=0)  # index of the class "a person", where there are several
    higher: Higher | None = None  # where there is one number

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind is Kind.SINGLE and self.genuine is not None:
            raise ValueError('kind "single" has no classes: leave `genuine` out and set `higher`')
        if self.kind is not Kind.SINGLE and self.genuine is None and self.higher is None:
            raise ValueError('set `genuine` to the index of the output that says "a person" (models differ in it)')
        if self.kind is Kind.SINGLE and self.higher is None:
            raise ValueError('set `higher` to "synthetic" or "genuine": what a higher score means')
        if self.genuine is not None and self.higher is not None:
            raise ValueError("`genuine` is for several outputs, `higher` for one: leave one of them out")
        return self


class Manifest(_Part):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    licence: str = Field(min_length=1)
    source: str = Field(min_length=1)  # where it comes from, for people
    notes: str = ""  # what is known of it
    claims: tuple[str, ...] = ()  # what it is claimed to find; empty: it marks and never alerts
    file: File = File()
    input: Input
    output: Output
    polarity: bool = True  # False: it may fail the self-test's pairs; then nothing but calibration vouches for it


def read(path: Path) -> Manifest:
    """The manifest in a file. Raises ModelMissing, and VoiceModelInvalid with every field that is wrong."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelMissing(f"{path}: no manifest of a voice detector there ({error.strerror})") from error
    return parse(content, str(path))


def parse(content: bytes, where: str) -> Manifest:
    """Raises VoiceModelInvalid; `where` names the source in its message."""
    try:
        return Manifest.model_validate(tomllib.loads(content.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise VoiceModelInvalid(f"{where}: not TOML: {error}") from error
    except ValidationError as error:
        lines = [f"  {_place(item['loc'])}: {item['msg'].removeprefix('Value error, ')}" for item in error.errors()]
        raise VoiceModelInvalid("\n".join([f"{where}: this manifest can't be used:", *lines])) from error


def _place(loc: tuple[int | str, ...]) -> str:
    *tables, key = [str(part) for part in loc] or ["manifest"]
    return f"[{'.'.join(tables)}] {key}" if tables else key
