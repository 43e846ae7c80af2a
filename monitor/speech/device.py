"""Where a model runs and in which number format: what the settings leave open, and what this machine has.

On a GPU the weights are float16 and batches are the main lever. That path is CTranslate2's own, chosen here; nobody has
run this service on one.
"""

from __future__ import annotations

from dataclasses import dataclass

import ctranslate2

from monitor.errors import ModelMissing

_PREFERRED = {"cpu": ("int8", "int8_float32", "float32"), "cuda": ("float16", "int8_float16", "float32")}
TOGETHER = {"cpu": 3, "cuda": 16}
"""Utterances in one call, at most. On a processor the longest of more costs what is saved, and all wait for it."""
WORKERS_ON_GPU = 2
"""While one batch is decoded, the other's features are computed. The weights are there once."""


@dataclass(frozen=True, slots=True)
class Device:
    kind: str  # cpu or cuda
    compute_type: str

    @property
    def together(self) -> int:
        return TOGETHER[self.kind]


def device(kind: str, compute_type: str) -> Device:
    """`kind`: cpu, cuda, or auto: a GPU where there is one; `compute_type`: CTranslate2's, or auto. Raises ModelMissing
    for what this machine hasn't got."""
    gpus = _gpus()
    if kind == "cuda" and not gpus:
        raise ModelMissing(
            "speech.device is cuda, and CTranslate2 sees no CUDA device here: it needs an NVIDIA driver, cuBLAS and "
            'cuDNN. Set it to "cpu", or to "auto" for machines of both kinds.'
        )
    kind = ("cuda" if gpus else "cpu") if kind == "auto" else kind
    able = ctranslate2.get_supported_compute_types(kind)
    if compute_type == "auto":
        compute_type = next((each for each in _PREFERRED[kind] if each in able), "default")
    elif compute_type not in able and compute_type not in ("default", "auto"):
        raise ModelMissing(f"speech.compute_type is {compute_type}; on {kind} there is: {', '.join(sorted(able))}.")
    return Device(kind, compute_type)


def _gpus() -> int:
    try:
        return int(ctranslate2.get_cuda_device_count())
    except RuntimeError:  # a library without CUDA, or a driver that doesn't fit it
        return 0
