"""Tiny voice detectors in ONNX files, of different contracts: they tell the product's four recordings apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from monitor.model import RATE
from monitor.voices import calibrate, models, selftest
from monitor.voices.features import FEATURES

BANDS = "linear-filterbank-80"
WINDOW = 2.0
_RNG = np.random.default_rng(11)
_CONVOLUTION = (
    np.cos(2 * np.pi * np.linspace(200, 6500, 24)[:, None] * np.arange(200) / RATE) * np.hanning(200) * np.sqrt(2 / 200)
).astype(np.float32)


class Graph:
    """Nodes and constants of an ONNX graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def model(self, given: tuple[str, Sequence[Any]], made: tuple[str, Sequence[Any]]) -> ModelProto:
        ports = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, list(shape))] for n, shape in (given, made)]
        graph = helper.make_graph(self.nodes, "voices", ports[0], ports[1], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def of_features(head: str = "logits", genuine: int = 1, *, turned: bool = False) -> ModelProto:
    """(n, frames, bands), `turned` (n, bands, frames), to two numbers a window."""
    graph = Graph()
    mean = graph.add("ReduceMean", ["features"], "mean", axes=[2 if turned else 1], keepdims=0)
    w, b = _fitted(_means)
    out = _head(graph, mean, w, b, head, genuine)
    return graph.model(("features", ["n", 80, "frames"] if turned else ["n", "frames", 80]), out)


def of_samples(
    head: str = "single", genuine: int = 1, *, samples: Any = "samples", batch: Any = "n", channel: bool = False
) -> ModelProto:
    """(n, samples) or (n, 1, samples) to one or two numbers a window, from the energies of 24 filters."""
    graph = Graph()
    trunk = _trunk(graph, channel)
    w, b = _fitted(_energies)
    out = _head(graph, trunk, w, b, head, genuine)
    shape = [batch, 1, samples] if channel else [batch, samples]
    return graph.model(("wave", shape), (out[0], [batch, out[1][1]]))


def broken(how: str) -> ModelProto:
    """(n, samples) to one number: "nan", "crash" (a node fails), "stall" (runs for hours) or "constant"."""
    graph = Graph()
    mean = graph.add("ReduceMean", ["wave"], "mean", axes=[1], keepdims=1)
    if how == "nan":
        below = graph.add("Sub", [graph.add("Mul", [mean, mean], "square"), graph.constant("one", 1.0)], "below")
        graph.add("Log", [below], "score")
    elif how == "crash":
        far = graph.constant("far", [99], np.int64)
        graph.add("Gather", [mean, graph.add("Add", [far, _length(graph)], "index")], "score", axis=1)
    elif how == "constant":
        graph.add("Mul", [mean, graph.constant("nothing", 0.0)], "score")
    else:
        _endless(graph, mean)
    return graph.model(("wave", ["n", "samples"]), ("score", ["n", 1]))


def write(
    folder: Path, model: ModelProto, said: str, *, name: str = "tiny", digest: bool = True, extra: str = ""
) -> Path:
    """The model and a manifest with these [input] and [output] tables in a directory; returns the directory."""
    folder.mkdir(parents=True, exist_ok=True)
    content = model.SerializeToString(deterministic=True)
    (folder / "model.onnx").write_bytes(content)
    sha = f'sha256 = "{hashlib.sha256(content).hexdigest()}"' if digest else ""
    (folder / "manifest.toml").write_text(
        f'name = "{name}"\nlicence = "MIT"\nsource = "made by the tests"\n{extra}\n[file]\n{sha}\n{said}\n', "utf-8"
    )
    return folder


SINGLE = """
[input]
layout = "samples"
window = 2.0
[output]
kind = "single"
higher = "synthetic"
"""


def calibrated(folder: Path, *, claims: Sequence[str] = ("formant synthesis",), languages: Sequence[str] = ()) -> Path:
    """A directory with a tiny detector of single scores and a calibration for it, made of thin air."""
    quoted = ", ".join(f'"{claim}"' for claim in claims)
    write(folder, of_samples(), SINGLE, extra=f"claims = [{quoted}]")
    loaded = models.load(str(folder))
    chance = np.random.default_rng(5)
    groups = [tuple(chance.normal(mean, 0.6, 20) for _ in range(40)) for mean in (-1.0, 1.0)]
    about = calibrate.About("thin-air", loaded.model, loaded.detector.window, "none", frozenset(languages))
    (folder / models.CALIBRATION).write_text(
        calibrate.to_json(calibrate.fit(about, calibrate.Labelled(*groups))), "utf-8"
    )
    return folder


def _trunk(graph: Graph, channel: bool) -> str:
    wave = "wave"
    if not channel:
        wave = graph.add("Unsqueeze", [wave, graph.constant("axis", [1], np.int64)], "channelled")
    filters = graph.constant("filters", _CONVOLUTION[:, None])
    filtered = graph.add("Conv", [wave, filters], "filtered", strides=[100])
    power = graph.add("Mul", [filtered, filtered], "power")
    mean = graph.add("ReduceMean", [power], "mean_power", axes=[2], keepdims=0)
    return graph.add("Log", [graph.add("Add", [mean, graph.constant("tiny", 1e-9)], "above")], "energies")


def _energies(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    graph = Graph()
    model = graph.model(("wave", ["n", "samples"]), (_trunk(graph, channel=False), ["n", 24]))
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"wave": windows})[0]


def _means(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    return FEATURES[BANDS](windows).mean(axis=1)


@cache
def _fitted(measure: Any) -> tuple[NDArray[np.float32], float]:
    """Weights and offset of a linear score: about 1 for the machines' windows, -1 for the people's."""
    people, machines = selftest.material(WINDOW)
    x = measure(np.stack([*people, *machines])).astype(np.float64)
    y = np.array([-1.0] * len(people) + [1.0] * len(machines))
    middle = x.mean(axis=0)
    centred = x - middle
    w = np.linalg.solve(centred.T @ centred + 0.1 * np.eye(x.shape[1]), centred.T @ (y - y.mean()))
    return w.astype(np.float32), float(y.mean() - middle @ w)


def _head(graph: Graph, x: str, w: Any, b: float, head: str, genuine: int) -> tuple[str, list[Any]]:
    """`head`: single, sigmoid (one number); logits, log-probabilities, probabilities (two)."""
    single = head in ("single", "sigmoid")
    sign = np.array([1.0]) if single else np.array([-1.0, 1.0] if genuine == 0 else [1.0, -1.0])
    weights = graph.constant("weights", w[:, None] * sign)
    linear = graph.add("Gemm", [x, weights, graph.constant("offset", b * sign)], "linear")
    after = {"log-probabilities": "LogSoftmax", "probabilities": "Softmax", "sigmoid": "Sigmoid"}.get(head)
    if after is None:
        return linear, ["n", len(sign)]
    attributes = {} if after == "Sigmoid" else {"axis": 1}
    return graph.add(after, [linear], "scores", **attributes), ["n", len(sign)]


def _length(graph: Graph) -> str:
    return graph.add("Shape", ["wave"], "length", start=1, end=2)


def _endless(graph: Graph, mean: str) -> None:
    """A loop of 10^12 turns over a small sum."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Cos", ["carried"], ["out"]),
        ],
        "turn",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("out", TensorProto.FLOAT, None),
        ],
    )
    turns = graph.constant("turns", 10**12, np.int64)
    graph.add("Loop", [turns, graph.constant("yes", True, bool), mean], "score", body=body)
