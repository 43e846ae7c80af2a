"""The arithmetic that a Whisper model can't do without, and the rate of the core that does it."""

from pathlib import Path

import pytest

from monitor.bench import gemm

BASE = gemm.Shape(width=512, encoder=6, decoder=6, vocabulary=51865)


def test_a_short_window_of_base_by_hand() -> None:
    # Four seconds and one of silence: 500 mel frames, 250 places. A layer of the encoder has 4 · 512² + 2 · 512 · 2048
    # weights, each of which every place meets once; beside it the products of places with places.
    encoder = 6 * (250 * (4 * 512**2 + 2 * 512 * 2048) + 2 * 250**2 * 512)
    front = 3 * 80 * 512 * 500 + 3 * 512 * 512 * 250
    looked_into = 6 * 2 * 512**2 * 250
    token = 6 * (6 * 512**2 + 2 * 512 * 2048 + 2 * 250 * 512) + 512 * 51865
    assert BASE.operations(500, 20) == pytest.approx(2 * (encoder + front + looked_into + 20 * token), rel=1e-9)


def test_thirty_seconds_are_more_than_six_times_the_work_of_five() -> None:
    assert BASE.operations(3000, 20) > 6 * BASE.operations(500, 20)


def test_layers_are_counted_by_the_names_of_weights(tmp_path: Path) -> None:
    names = [f"{part}/layer_{n}/self_attention/weight" for part, n in (("encoder", 0), ("encoder", 1), ("decoder", 0))]
    (tmp_path / "model.bin").write_bytes(b"\0".join(name.encode() + bytes(8) for name in [*names, names[0]]))
    assert gemm.shape_of(tmp_path, 384, 51864) == gemm.Shape(384, 2, 1, 51864)


def test_the_rate_of_this_core_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemm, "SIZES", ((64, 256, 256),))
    monkeypatch.setattr(gemm, "REPEATS", 3)
    assert gemm.peak() > 1e8
