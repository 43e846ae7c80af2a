"""Where a model runs: what is left open is chosen, what isn't there is refused in words."""

from __future__ import annotations

import pytest

from monitor.errors import ModelMissing
from monitor.speech import device as devices
from monitor.speech.device import Device, device


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with one. CTranslate2 is asked what it can do; no model is loaded."""
    monkeypatch.setattr(devices, "_gpus", lambda: 1)
    monkeypatch.setattr(
        devices.ctranslate2, "get_supported_compute_types", lambda kind: {"float32", "float16", "int8_float16", "int8"}
    )


def test_a_processor_computes_in_8_bits() -> None:
    assert device("cpu", "auto") == Device("cpu", "int8")
    assert device("auto", "float32") == Device(device("auto", "auto").kind, "float32")


def test_a_gpu_computes_in_16_bits_and_larger_batches(gpus: None) -> None:
    assert device("cuda", "auto") == device("auto", "auto") == Device("cuda", "float16")
    assert device("cuda", "int8_float16").compute_type == "int8_float16"
    assert device("cuda", "auto").together > device("cpu", "auto").together


def test_what_is_not_there_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_gpus", lambda: 0)
    with pytest.raises(ModelMissing, match="sees no CUDA device"):
        device("cuda", "float16")
    with pytest.raises(ModelMissing, match=r"compute_type is int3; on cpu there is: .*int8"):
        device("cpu", "int3")
