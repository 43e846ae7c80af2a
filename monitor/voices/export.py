"""Writes a trained network as an ONNX file: input "features" (n, frames, bands), output "logits" (n, 2).

Needs the extra `train` (the `onnx` package), not JAX: what comes in are plain arrays (`net.folded`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR = 8
"""Old enough for every ONNX Runtime of these years."""

Plain = Mapping[str, Mapping[str, NDArray[np.float32]]]


class Graph:
    """Nodes and constants in the order of computation."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def larger(self, of: str, axis: int, name: str) -> str:
        halves = [f"{name}_first", f"{name}_second"]
        self.nodes.append(helper.make_node("Split", [of], halves, name=f"{name}_split", axis=axis))
        return self.add("Max", halves, name)


def write(path: Path, layers: Plain, *, bands: int, scale: float, tiny: float, notes: Mapping[str, str]) -> None:
    """Layers as `net.folded` gives them, convolutions named c1, c2, … in order. Raises OSError."""
    graph = Graph()
    mean = graph.add("ReduceMean", ["features"], "band_means", axes=[1], keepdims=1)
    x = graph.add("Sub", ["features", mean], "centred")
    x = graph.add("Mul", [x, graph.constant("scale", np.array(scale, np.float32))], "scaled")
    x = graph.add("Unsqueeze", [x, graph.constant("maps_axis", np.array([1], np.int64))], "one_map")
    for name in sorted(n for n in layers if n.startswith("c")):
        x = _convolution(graph, x, name, layers[name])
    x = _pooled(graph, x, tiny)
    x = _dense(graph, x, "hidden", layers["hidden"])
    x = graph.larger(x, 1, "hidden_larger")
    _dense(graph, x, "logits", layers["out"])
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])]
    inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", "frames", bands])]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "voices", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="room-monitor",
    )
    helper.set_model_props(model, dict(notes))
    onnx.checker.check_model(model, full_check=True)
    part = path.with_suffix(".part")
    part.write_bytes(model.SerializeToString(deterministic=True))
    part.replace(path)


def _convolution(graph: Graph, x: str, name: str, layer: Mapping[str, NDArray[np.float32]]) -> str:
    kernel = layer["kernel"]  # (height, width, in, out) to (out, in, height, width)
    weights = graph.constant(f"{name}_kernel", kernel.transpose(3, 2, 0, 1))
    bias = graph.constant(f"{name}_bias", layer["bias"])
    stride = 2 if name == "c1" else 1
    x = graph.add("Conv", [x, weights, bias], name, strides=[stride, stride], auto_pad="SAME_UPPER")
    x = graph.larger(x, 1, f"{name}_larger")
    if name in ("c1", "c3", "c5"):
        x = graph.add("MaxPool", [x], f"{name}_halved", kernel_shape=[2, 2], strides=[2, 2])
    return x


def _pooled(graph: Graph, x: str, tiny: float) -> str:
    """(n, maps, frames, width) to mean and deviation over frames, (n, 2 · width · maps), in JAX's order."""
    x = graph.add("Transpose", [x], "maps_last", perm=[0, 2, 3, 1])
    mean = graph.add("ReduceMean", [x], "mean", axes=[1], keepdims=1)
    apart = graph.add("Sub", [x, mean], "apart")
    squared = graph.add("Mul", [apart, apart], "squared")
    variance = graph.add("ReduceMean", [squared], "variance", axes=[1], keepdims=1)
    variance = graph.add("Add", [variance, graph.constant("tiny", np.array(tiny, np.float32))], "variance_above_0")
    deviation = graph.add("Sqrt", [variance], "deviation")
    both = graph.add("Concat", [mean, deviation], "statistics", axis=1)
    return graph.add("Flatten", [both], "flat", axis=1)


def _dense(graph: Graph, x: str, name: str, layer: Mapping[str, NDArray[np.float32]]) -> str:
    kernel = graph.constant(f"{name}_kernel", layer["kernel"])
    return graph.add("Gemm", [x, kernel, graph.constant(f"{name}_bias", layer["bias"])], name)
