"""A voice detector in an ONNX file, run as its manifest says. One thread of ONNX Runtime each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as engine

from monitor.errors import DetectorFailed, ModelMissing, ModelUntrusted, VoiceModelInvalid
from monitor.model import RATE
from monitor.voices.features import FEATURES, LEVEL, Signal
from monitor.voices.manifest import Higher, Kind, Layout, Manifest, Normalise, Padding

TINY = 1e-7
"""Probabilities nearer to 0 or 1 than this are taken as this near: their logarithms stay finite."""
BATCH = 32
"""Windows run at once at most: bounds the memory."""

ENGINE_FAILURES: tuple[type[Exception], ...] = (
    engine.Fail,
    engine.InvalidArgument,
    engine.InvalidGraph,
    engine.InvalidProtobuf,
    engine.NoSuchFile,
    engine.NotImplemented,
    engine.RuntimeException,
    engine.EPFail,
    RuntimeError,
    ValueError,
    MemoryError,
)
"""What ONNX Runtime raises; its own derive from Exception alone."""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of the graph."""

    name: str
    kind: str  # "tensor(float)"
    shape: tuple[int | str | None, ...]  # a number where it is fixed


class OnnxDetector:
    """Satisfies `detector.VoiceDetector`. Safe to call from one thread at a time; `stop` from any."""

    def __init__(self, manifest: Manifest, path: Path, *, trust: bool = False) -> None:
        """`path`: the ONNX file. Not tested yet: `models.load` does that.

        Raises ModelMissing, ModelUntrusted where the file is another than the manifest's (or, without `trust`, where
        the manifest doesn't say), VoiceModelInvalid where it can't be loaded or doesn't fit.
        """
        self.manifest = manifest
        content = _content(path, manifest)
        self._sha256 = _checked(content, manifest, path, trust)
        self._session = _session(content, path)
        self.inputs = tuple(Port(p.name, p.type, tuple(p.shape)) for p in self._session.get_inputs())
        self.outputs = tuple(Port(p.name, p.type, tuple(p.shape)) for p in self._session.get_outputs())
        self.input = _port(self.inputs, manifest.input.name, "input")
        self.output = _port(self.outputs, manifest.output.name, "output")
        self._alone = bool(self.input.shape) and self.input.shape[0] == 1  # takes one window at a time
        self._running: Any = None
        self._stopped = False

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def digest(self) -> str:
        """Of the file and of what the manifest does with it: both decide the scores.

        What is at its default isn't counted, so that a new field doesn't make all calibrations another model's.
        """
        contract = self.manifest.model_dump_json(include={"input", "output"}, exclude_defaults=True)
        return hashlib.sha256(f"{self._sha256} {contract}".encode()).hexdigest()[:12]

    @property
    def sha256(self) -> str:
        """Of the ONNX file."""
        return self._sha256

    @property
    def window(self) -> float:
        return self.manifest.input.window

    @property
    def claims(self) -> tuple[str, ...]:
        return self.manifest.claims

    def score(self, windows: Sequence[Signal]) -> NDArray[np.float64]:
        """See the protocol. Raises DetectorFailed where the model fails, is stopped or gives what is no number."""
        step = 1 if self._alone else BATCH
        parts = [self._batch(windows[at : at + step]) for at in range(0, len(windows), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def stop(self) -> None:
        """Ends a run that takes too long, as soon as the engine looks (between two nodes), and all later ones."""
        self._stopped = True
        if self._running is not None:
            self._running.terminate = True

    def prepared(self, windows: Sequence[Signal]) -> NDArray[np.float32]:
        """What the graph is given for these windows, in the manifest's layout."""
        wanted = self.manifest.input
        batch = np.stack([_fitted(window, self.manifest) for window in windows])
        if wanted.layout.waveform:
            return batch if wanted.layout is Layout.SAMPLES else batch[:, None]
        frames = FEATURES[wanted.features](batch)
        if wanted.layout in (Layout.BANDS, Layout.CHANNEL_BANDS):
            frames = frames.transpose(0, 2, 1)
        return frames[:, None] if wanted.layout in (Layout.CHANNEL_FRAMES, Layout.CHANNEL_BANDS) else frames

    def raw(self, given: NDArray[np.float32]) -> NDArray[np.float64]:
        """What the graph's output holds, as it is. Raises DetectorFailed."""
        options = onnxruntime.RunOptions()
        options.log_severity_level = 4  # what fails is raised
        options.terminate = self._stopped
        self._running = options
        try:
            (found,) = self._session.run([self.output.name], {self.input.name: given}, options)
        except ENGINE_FAILURES as error:
            raise DetectorFailed(f"{self.name} failed: {_first_line(error)}") from error
        finally:
            self._running = None
        return np.asarray(found, np.float64)

    def _batch(self, windows: Sequence[Signal]) -> NDArray[np.float64]:
        return self.scores_of(self.table(windows))

    def scores_of(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """One score a window from what the graph gave, shape (windows, outputs). Raises DetectorFailed."""
        return SCORES[self.manifest.output.kind](table, self.manifest)

    def table(self, windows: Sequence[Signal]) -> NDArray[np.float64]:
        """What the graph gives for at most BATCH windows, shape (windows, outputs). Raises DetectorFailed."""
        found = self.raw(np.ascontiguousarray(self.prepared(windows)))
        if not found.size or found.size % len(windows) or (found.ndim and found.shape[0] not in (1, len(windows))):
            raise DetectorFailed(f"{self.name} gave an answer of shape {found.shape} to {len(windows)} windows")
        table = found.reshape(len(windows), -1)
        zero = self.manifest.output.kind is Kind.LOG_PROBABILITIES  # the logarithm of 0 is none to complain of
        if np.isnan(table).any() or np.isposinf(table).any() or (np.isneginf(table).any() and not zero):
            raise DetectorFailed(f"{self.name} gave scores that are no numbers")
        return table


def _content(path: Path, manifest: Manifest) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelMissing(
            f"{path}: the ONNX file of the voice detector {manifest.name} isn't there ({error.strerror}). "
            f"It comes from {manifest.source} (licence: {manifest.licence})."
        ) from error


def _checked(content: bytes, manifest: Manifest, path: Path, trust: bool) -> str:
    found = hashlib.sha256(content).hexdigest()
    if manifest.file.sha256 and manifest.file.sha256 != found:
        raise ModelUntrusted(
            f"{path} is another file than its manifest means: its SHA-256 is {found}, the manifest has "
            f'{manifest.file.sha256}. If this is the file you want, set [file] sha256 = "{found}".'
        )
    if not manifest.file.sha256 and not trust:
        raise ModelUntrusted(
            f"The manifest of {manifest.name} doesn't say which file it means. If {path} is the one that you want, "
            f'set [file] sha256 = "{found}".'
        )
    return found


def _session(content: bytes, path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1  # the recogniser has the cores
    options.enable_cpu_mem_arena = False  # or one large batch would hold its memory for ever
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"], sess_options=options)
    except ENGINE_FAILURES as error:
        raise VoiceModelInvalid(f"{path}: ONNX Runtime can't load it: {_first_line(error)}") from error


def _port(ports: Sequence[Port], name: str, what: str) -> Port:
    names = ", ".join(f'"{port.name}"' for port in ports)
    if name:
        found = next((port for port in ports if port.name == name), None)
        if found is None:
            raise VoiceModelInvalid(f'The model has no {what} "{name}": set [{what}] name to one of {names}.')
        return found
    if len(ports) > 1:
        raise VoiceModelInvalid(f"The model has several {what}s: set [{what}] name to one of {names}.")
    return ports[0]


def _fitted(window: Signal, manifest: Manifest) -> Signal:
    """The window at the model's rate, of its length, at its level."""
    wanted = manifest.input
    samples = _resampled(window, wanted.rate) if wanted.rate != RATE else window
    size = wanted.samples or round(wanted.window * wanted.rate)
    if len(samples) < size:
        more = size - len(samples)
        repeat = wanted.padding is Padding.REPEAT and len(samples)
        samples = np.resize(samples, size) if repeat else np.pad(samples, (0, more))
    return _normalised(samples[:size], wanted.normalise, wanted.level)


def _normalised(samples: Signal, way: Normalise, level: float) -> Signal:
    if way is Normalise.LEVEL:
        return samples * np.float32(10 ** ((level - LEVEL) / 20))
    if way is Normalise.PEAK:
        return samples / np.float32(max(float(np.abs(samples).max(initial=0)), TINY))
    return np.asarray((samples - samples.mean()) / np.float32(max(float(samples.std()), TINY)), np.float32)


def _resampled(samples: Signal, rate: int) -> Signal:
    """By Fourier transform: exact for a window, whose ends are faded or cut anyway."""
    size = round(len(samples) * rate / RATE)
    spectrum = np.fft.rfft(samples)
    fitted = np.zeros(size // 2 + 1, spectrum.dtype)
    kept = min(len(spectrum), len(fitted))
    fitted[:kept] = spectrum[:kept]
    return np.asarray(np.fft.irfft(fitted, size) * (size / len(samples)), np.float32)


# from outputs to one score a window, higher = more synthetic

Table = NDArray[np.float64]
"""Shape (windows, outputs)."""


def _of_logits(table: Table, manifest: Manifest) -> Table:
    """log-odds of "not the genuine class": with two classes the difference of the logits."""
    said = manifest.output
    if said.genuine is None or table.shape[1] == 1:
        return _of_single(table, manifest)
    if said.genuine >= table.shape[1]:
        raise DetectorFailed(
            f"[output] genuine = {said.genuine}, and the model has outputs 0 to {table.shape[1] - 1} only"
        )
    others = np.delete(table, said.genuine, axis=1)
    top = others.max(axis=1)
    return np.asarray(top + np.log(np.exp(others - top[:, None]).sum(axis=1)) - table[:, said.genuine])


def _of_log_probabilities(table: Table, manifest: Manifest) -> Table:
    return _of_probabilities(np.exp(table), manifest)


def _of_probabilities(table: Table, manifest: Manifest) -> Table:
    near = np.clip(table, TINY, 1 - TINY)
    if table.shape[1] == 1:
        return _of_single(np.log(near) - np.log1p(-near), manifest)
    return _of_logits(np.log(near), manifest)


def _of_single(table: Table, manifest: Manifest) -> Table:
    said = manifest.output
    if table.shape[1] != 1:
        raise DetectorFailed(
            f"the model gives {table.shape[1]} numbers a window, and the manifest speaks of one: set [output] genuine "
            'to the index of the one that says "a person", and kind to what they are'
        )
    if said.higher is None:
        raise DetectorFailed(
            "the model gives one number a window, and the manifest speaks of several: leave [output] genuine out and "
            'set higher = "synthetic" or "genuine"'
        )
    return table[:, 0] if said.higher is Higher.SYNTHETIC else -table[:, 0]


SCORES: dict[Kind, Callable[[Table, Manifest], Table]] = {
    Kind.LOGITS: _of_logits,
    Kind.LOG_PROBABILITIES: _of_log_probabilities,
    Kind.PROBABILITIES: _of_probabilities,
    Kind.SINGLE: _of_single,
}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
