"""Before a voice detector goes live: does the model take and give what its manifest says, and is the right side up?

Users of public detectors mix up which output is the genuine one, give probabilities for logits, or forget the length
that a model was trained at; nothing crashes then, and every figure is wrong. Each check here says what to change.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from monitor.errors import DetectorFailed, VoiceModelInvalid
from monitor.model import RATE, Samples
from monitor.voices.features import FEATURES, Signal, speech_of, windows
from monitor.voices.manifest import Kind, Layout
from monitor.voices.onnx import OnnxDetector, Port

SAMPLES = Path(__file__).parent / "samples"
"""Where the recordings are; their README says whose."""
SAME = 1e-3
"""By which two scores of the same window may differ, as a share of the scores' spread: float32 in another order."""

_RANKS = {
    Layout.SAMPLES: 2,
    Layout.CHANNEL_SAMPLES: 3,
    Layout.FRAMES: 3,
    Layout.BANDS: 3,
    Layout.CHANNEL_FRAMES: 4,
    Layout.CHANNEL_BANDS: 4,
}
_SWAPPED = {
    Layout.FRAMES: "bands",
    Layout.BANDS: "frames",
    Layout.CHANNEL_FRAMES: "channel-bands",
    Layout.CHANNEL_BANDS: "channel-frames",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What the self-test found in a detector that passed."""

    genuine: float  # mean score of the windows of people
    synthetic: float  # mean score of the windows of machines
    ordered: float  # share of pairs of windows in which the machine scored higher
    windows: int
    cpu: float  # seconds of CPU time a window, features included


def check(detector: OnnxDetector) -> Report:
    """Raises VoiceModelInvalid, which says what to change in the manifest."""
    try:
        return _checked(detector)
    except DetectorFailed as error:
        raise VoiceModelInvalid(f"The voice detector {detector.name} fails its self-test: {error}") from error


def _checked(detector: OnnxDetector) -> Report:
    _check_input(detector)
    people, machines = material(detector.window)
    _check_output(detector, [people[0], machines[0]])
    begun = time.thread_time()
    genuine, synthetic = detector.score(people), detector.score(machines)
    cpu = (time.thread_time() - begun) / (len(people) + len(machines))
    scores = np.concatenate([genuine, synthetic])
    _check_steady(detector, people, machines, scores)
    ordered = float(np.mean(synthetic[:, None] > genuine[None]))
    if ordered < 0.5 and detector.manifest.polarity:
        raise VoiceModelInvalid(_reversed(detector, ordered))
    return Report(float(genuine.mean()), float(synthetic.mean()), ordered, len(scores), cpu)


def _check_input(detector: OnnxDetector) -> None:
    """The graph's input against the manifest's layout: rank, type, and whatever sizes are fixed."""
    port = detector.input
    layout = detector.manifest.input.layout
    if port.kind != "tensor(float)":
        raise DetectorFailed(f'input "{port.name}" is a {port.kind}; only 32-bit floats can be given')
    if len(port.shape) != _RANKS[layout]:
        fitting = ", ".join(f'"{one.value}"' for one, rank in _RANKS.items() if rank == len(port.shape))
        raise DetectorFailed(
            f'input "{port.name}" has {len(port.shape)} dimensions {_shape(port)}, layout "{layout.value}" gives '
            f"{_RANKS[layout]}: set [input] layout to {fitting or 'none of the known ones fits: export it anew'}"
        )
    given = detector.prepared([np.zeros(round(detector.window * RATE), np.float32)]).shape
    if isinstance(port.shape[0], int) and port.shape[0] != 1:
        raise DetectorFailed(
            f"it takes {port.shape[0]} windows at a time and no other number: export it with a free or single batch"
        )
    for axis in range(1, len(port.shape)):
        fixed = port.shape[axis]
        if isinstance(fixed, int) and fixed != given[axis]:
            raise DetectorFailed(_wrong_size(detector, port, axis, given))


def _wrong_size(detector: OnnxDetector, port: Port, axis: int, given: tuple[int, ...]) -> str:
    wanted, fixed = detector.manifest.input, port.shape[axis]
    assert isinstance(fixed, int)  # noqa: S101  the caller asked
    start = f'input "{port.name}" is {_shape(port)}, and {given} would be given: '
    if len(given) - axis > (1 if wanted.layout.waveform else 2):
        return start + "it has several channels: export it for one"
    if wanted.layout.waveform:
        longest = fixed / wanted.rate
        also = f" and window = {longest:.3f}" if wanted.window > longest else ""
        return start + f"set [input] samples = {fixed}{also}"
    if fixed == given[-2 if axis == len(given) - 1 else -1]:
        return start + f'frames and bands are the other way round: set [input] layout = "{_SWAPPED[wanted.layout]}"'
    if (axis == len(given) - 1) is (wanted.layout in (Layout.BANDS, Layout.CHANNEL_BANDS)):
        seconds = wanted.window * fixed / given[axis]
        return start + f"it takes {fixed} frames: set [input] window = {seconds:.3f} or near it"
    fitting = [name for name, make in FEATURES.items() if make(np.zeros((1, RATE), np.float32)).shape[2] == fixed]
    return start + f"it takes {fixed} bands: set [input] features to {' or '.join(fitting) or 'features of that size'}"


def _check_output(detector: OnnxDetector, sample: Sequence[Signal]) -> None:
    """What comes out against the kind of score that the manifest promises."""
    table = np.concatenate([detector.table([window]) for window in sample])
    kind = detector.manifest.output.kind
    in_unit = bool(((table >= -1e-4) & (table <= 1 + 1e-4)).all())
    several = table.shape[1] > 1
    sums = bool(np.allclose(table.sum(axis=1), 1, atol=1e-3))
    if kind is Kind.PROBABILITIES and not (in_unit and (sums or not several)):
        raise DetectorFailed(f'it gives {_numbers(table)}: no probabilities. Set [output] kind = "{_kind(table)}"')
    if kind is Kind.LOG_PROBABILITIES and not np.allclose(np.exp(table).sum(axis=1), 1, atol=1e-3):
        raise DetectorFailed(f'it gives {_numbers(table)}: no log-probabilities. Set [output] kind = "{_kind(table)}"')
    if kind is Kind.LOGITS and several and in_unit and sums:
        raise DetectorFailed(
            f'it gives {_numbers(table)}: these are probabilities. Set [output] kind = "probabilities"'
        )
    detector.scores_of(table)


def _kind(table: NDArray[np.float64]) -> str:
    """Which kind the numbers look like."""
    if ((table >= 0) & (table <= 1)).all() and (table.shape[1] == 1 or np.allclose(table.sum(axis=1), 1, atol=1e-3)):
        return Kind.PROBABILITIES.value
    if table.shape[1] > 1 and np.allclose(np.exp(np.minimum(table, 50)).sum(axis=1), 1, atol=1e-3):
        return Kind.LOG_PROBABILITIES.value
    return Kind.LOGITS.value if table.shape[1] > 1 else Kind.SINGLE.value


def _check_steady(
    detector: OnnxDetector, people: Sequence[Signal], machines: Sequence[Signal], scores: NDArray[np.float64]
) -> None:
    """The score of a window depends on that window, and on nothing else."""
    spread = float(scores.std())
    if spread <= 1e-6 * max(1.0, float(np.abs(scores).max())):
        raise DetectorFailed(
            f"it gives {scores[0]:.4g} whatever it hears: [input] level, normalise, rate or layout must be wrong, or "
            "[output] name is not the scores"
        )
    again = np.concatenate([detector.score(people), detector.score(machines)])
    if np.abs(again - scores).max() > SAME * spread:
        raise DetectorFailed(
            "it gives the same windows other scores a second time: export it in evaluation mode (without dropout)"
        )
    if np.abs(detector.score([*people[:1], *machines[:1]]) - scores[[0, len(people)]]).max() > SAME * spread:
        raise DetectorFailed(
            "the score of a window depends on the others in its batch: export it in evaluation mode (with stored "
            "batch statistics), or with a batch of 1"
        )


def _reversed(detector: OnnxDetector, ordered: float) -> str:
    said = detector.manifest.output
    change = (
        f"[output] genuine = {said.genuine} is the other one"
        if said.genuine is not None
        else f'[output] higher = "{said.higher.value if said.higher else ""}" is the other way round'
    )
    return (
        f"The voice detector {detector.name} fails its self-test: it takes the people in the product's own recordings "
        f"for machines and the machines for people (only {ordered:.0%} of the pairs in order). Most likely "
        f"{change}. If the manifest is right and the model can't hear these two synthesisers, set polarity = false; "
        "then calibrate it before you believe it."
    )


@cache
def _recordings() -> tuple[tuple[Signal, ...], tuple[Signal, ...]]:
    """Speech of people, and of machines: without pauses, at the usual level."""
    people, machines = (sorted(SAMPLES.glob(f"{kind}-*.opus")) for kind in ("genuine", "synthetic"))
    return tuple(_speech(path) for path in people), tuple(_speech(path) for path in machines)


def material(seconds: float) -> tuple[list[Signal], list[Signal]]:
    """Windows of `seconds`; recordings that are shorter are repeated."""
    size = round(seconds * RATE)

    def cut(speech: Signal) -> list[Signal]:
        whole = speech if len(speech) >= size else np.resize(speech, size)
        return [whole[start:end] for start, end in windows(len(whole), seconds, seconds / 2)]

    people, machines = _recordings()
    return [w for speech in people for w in cut(speech)], [w for speech in machines for w in cut(speech)]


def _speech(path: Path) -> Signal:
    parts: list[Samples] = []
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("s16", "mono", RATE)
        for frame in [*container.decode(audio=0), None]:
            parts += [out.to_ndarray().reshape(-1).astype(np.int16) for out in resampler.resample(frame)]
    return speech_of(np.concatenate(parts)).samples


def _shape(port: Port) -> str:
    return "(" + ", ".join(str(size) if isinstance(size, int) else "any" for size in port.shape) + ")"


def _numbers(table: NDArray[np.float64]) -> str:
    return " and ".join("(" + ", ".join(f"{value:.3g}" for value in row) + ")" for row in table)
