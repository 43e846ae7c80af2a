"""How much arithmetic Whisper can't do without, and how fast one core of this machine can do it.

The bound is what the matrix products of an utterance take at the highest rate that this core reaches on any 8-bit
product: the encoder over the audio and its second of silence, the keys and values that the decoder looks into, and each
token once. Nothing can be below it with these weights; softmax, normalisation, mel spectrum, alignment, memory traffic
and the conversion to 8 bits are left out.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SIZES = ((250, 512, 2048), (250, 2048, 512), (1024, 1024, 1024))
"""Rows, inner and columns of the products with which the rate is measured: the encoder's own, and a big one."""
REPEATS, TIMES = 20, 10
BANDS = 80
"""Mel bands; Whisper large has 128, which is a thousandth of its work."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A Whisper model's dimensions."""

    width: int
    encoder: int  # layers
    decoder: int
    vocabulary: int

    def operations(self, frames: int, tokens: int) -> float:
        """Multiplications and additions for so many mel frames and so many tokens, prompt and end among them."""
        width, places = self.width, frames / 2
        layer = 12 * width * width  # weights: four projections, and a hidden layer of four times the width
        front = 3 * width * (BANDS * frames + width * places)  # two convolutions over three frames
        encoder = front + self.encoder * (layer * places + 2 * places * places * width)
        looked_into = self.decoder * 2 * width * width * places
        token = self.decoder * (14 * width * width + 2 * places * width) + width * self.vocabulary
        return 2 * (encoder + looked_into + tokens * token)


def shape_of(path: Path, width: int, vocabulary: int) -> Shape:
    """Of the model in a directory: layers are counted by the names of its weights."""
    content = (path / "model.bin").read_bytes()
    layers = [len(set(re.findall(kind + rb"/layer_(\d+)/", content))) for kind in (b"encoder", b"decoder")]
    return Shape(width, layers[0], layers[1], vocabulary)


def peak() -> float:
    """Operations a second on 8-bit integers, one thread, the fastest of several sizes and tries.

    By ONNX Runtime, which is no part of what is measured. Raises ImportError where `onnx` isn't there.
    """
    return max(_rate(*size) for size in SIZES)


def _rate(rows: int, inner: int, columns: int) -> float:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    chance = np.random.default_rng(0)
    weights = numpy_helper.from_array(chance.integers(-127, 127, (inner, columns), dtype=np.int8), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "w"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [rows, inner])],
        [helper.make_tensor_value_info("c", TensorProto.INT32, [rows, columns])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    given = {"a": chance.integers(0, 255, (rows, inner), dtype=np.uint8)}
    best = float("inf")
    for _ in range(REPEATS):
        began = time.process_time()
        for _ in range(TIMES):
            session.run(None, given)
        best = min(best, (time.process_time() - began) / TIMES)
    return 2 * rows * inner * columns / best
