"""Models and manifests that don't fit each other: refused before anything goes live, with what to change."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from monitor.errors import ModelMissing, ModelUntrusted, VoiceModelInvalid
from monitor.voices import models
from tests.helpers import voice_models as tiny

SAMPLES = 'layout = "samples"\nwindow = 2.0'
FRAMES = f'layout = "frames"\nfeatures = "{tiny.BANDS}"\nwindow = 2.0'
SINGLE = 'kind = "single"\nhigher = "synthetic"'
LOGITS = 'kind = "logits"\ngenuine = 1'


def said(given: str, made: str) -> str:
    return f"[input]\n{given}\n[output]\n{made}\n"


def refused(folder: Path, model: ModelProto, given: str, made: str) -> str:
    with pytest.raises(VoiceModelInvalid) as caught:
        models.load(str(tiny.write(folder, model, said(given, made))))
    return str(caught.value)


def of_samples(head: str = "single", genuine: int = 1, **how: Any) -> ModelProto:
    return tiny.of_samples(head, genuine, **how)


@pytest.mark.parametrize(
    ("model", "given", "made", "advice"),
    [
        (lambda: of_samples(channel=True), SAMPLES, SINGLE, 'set [input] layout to "channel-samples"'),
        (of_samples, 'layout = "channel-samples"\nwindow = 2.0', SINGLE, 'set [input] layout to "samples"'),
        (lambda: of_samples(samples=64600), SAMPLES, SINGLE, "set [input] samples = 64600"),
        (
            lambda: of_samples(samples=24000),
            SAMPLES,
            SINGLE,
            "set [input] samples = 24000 and window = 1.500",
        ),
        (lambda: of_samples(batch=8), SAMPLES, SINGLE, "export it with a free or single batch"),
        (tiny.of_features, FRAMES.replace("80", "60"), LOGITS, "takes 80 bands: set [input] features to linear-filt"),
        (
            lambda: tiny.of_features(turned=True),
            FRAMES,
            LOGITS,
            'the other way round: set [input] layout = "bands"',
        ),
        (tiny.of_features, FRAMES, 'name = "logit"\n' + LOGITS, 'no output "logit": set [output] name to one of "lin'),
        (tiny.of_features, 'name = "x"\n' + FRAMES, LOGITS, 'no input "x": set [input] name to one of "features"'),
        (of_samples, SAMPLES, LOGITS, 'leave [output] genuine out and set higher = "synthetic" or "genuine"'),
        (lambda: of_samples("logits"), SAMPLES, SINGLE, "the model gives 2 numbers a window"),
        (lambda: of_samples("logits"), SAMPLES, 'kind = "logits"\ngenuine = 2', "has outputs 0 to 1 only"),
        (lambda: of_samples("logits"), SAMPLES, 'kind = "probabilities"\ngenuine = 1', 'Set [output] kind = "logits"'),
        (
            lambda: of_samples("log-probabilities"),
            SAMPLES,
            'kind = "probabilities"\ngenuine = 1',
            'Set [output] kind = "log-probabilities"',
        ),
        (
            lambda: of_samples("logits"),
            SAMPLES,
            'kind = "log-probabilities"\ngenuine = 1',
            'Set [output] kind = "logits"',
        ),
        (lambda: of_samples("probabilities"), SAMPLES, LOGITS, 'Set [output] kind = "probabilities"'),
        (of_samples, SAMPLES, 'kind = "probabilities"\nhigher = "synthetic"', 'Set [output] kind = "single"'),
        (of_samples, SAMPLES, 'kind = "single"\nhigher = "genuine"', 'higher = "genuine" is the other way round'),
        (lambda: of_samples("logits"), SAMPLES, 'kind = "logits"\ngenuine = 0', "genuine = 0 is the other one"),
        (lambda: of_samples("logits", 0), SAMPLES, LOGITS, "genuine = 1 is the other one"),
        (lambda: tiny.broken("nan"), SAMPLES, SINGLE, "scores that are no numbers"),
        (lambda: tiny.broken("crash"), SAMPLES, SINGLE, "failed: [ONNXRuntimeError]"),
        (lambda: tiny.broken("constant"), SAMPLES, SINGLE, "whatever it hears: [input] level"),
    ],
)
def test_what_does_not_fit_is_refused_with_advice(
    model: Any, given: str, made: str, advice: str, tmp_path: Path
) -> None:
    message = refused(tmp_path, model(), given, made)
    assert advice in message, message


def test_doubles_can_not_be_given(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["wave"], ["score"], axes=[1], keepdims=1)],
        "doubles",
        [helper.make_tensor_value_info("wave", TensorProto.DOUBLE, ["n", "samples"])],
        [helper.make_tensor_value_info("score", TensorProto.DOUBLE, ["n", 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert "only 32-bit floats" in refused(tmp_path, model, SAMPLES, SINGLE)


def test_windows_that_leak_into_each_other_are_refused(tmp_path: Path) -> None:
    """As with batch normalisation that was exported in training mode."""
    graph = tiny.Graph()
    own = graph.add("ReduceMax", ["wave"], "own", axes=[1], keepdims=1)
    mean = graph.add("ReduceMean", [own], "mean", axes=[0], keepdims=1)
    graph.add("Sub", [own, mean], "score")
    model = graph.model(("wave", ["n", "samples"]), ("score", ["n", 1]))
    assert "depends on the others in its batch" in refused(tmp_path, model, SAMPLES, SINGLE)


def test_chance_in_a_model_is_refused(tmp_path: Path) -> None:
    graph = tiny.Graph()
    largest = graph.add("ReduceMax", ["wave"], "largest", axes=[1], keepdims=1)
    noise = graph.add("RandomUniformLike", [largest], "noise")
    graph.add("Add", [largest, noise], "score")
    model = graph.model(("wave", ["n", "samples"]), ("score", ["n", 1]))
    assert "a second time: export it in evaluation mode" in refused(tmp_path, model, SAMPLES, SINGLE)


def test_what_is_no_model_at_all(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path, of_samples(), said(SAMPLES, SINGLE), digest=False)
    (folder / "model.onnx").write_bytes(b"<html>not found</html>")
    with pytest.raises(VoiceModelInvalid, match="ONNX Runtime can't load it"):
        models.load(str(folder), trust=True)


def test_another_file_than_the_manifest_means(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path, of_samples(), said(SAMPLES, SINGLE))
    other = of_samples("logits").SerializeToString()
    (folder / "model.onnx").write_bytes(other)
    with pytest.raises(ModelUntrusted) as caught:
        models.load(str(folder), trust=True)
    assert f'set [file] sha256 = "{hashlib.sha256(other).hexdigest()}"' in str(caught.value)


def test_a_file_that_nobody_vouches_for_needs_trust(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path, of_samples(), said(SAMPLES, SINGLE), digest=False)
    with pytest.raises(ModelUntrusted, match="doesn't say which file it means"):
        models.load(str(folder))
    assert models.load(str(folder), trust=True).report is not None


def test_a_manifest_that_is_right_though_the_recordings_are_beyond_the_model(tmp_path: Path) -> None:
    turned = said(SAMPLES, 'kind = "single"\nhigher = "genuine"')
    loaded = models.load(str(tiny.write(tmp_path, of_samples(), turned, extra="polarity = false")))
    assert loaded.report is not None
    assert loaded.report.ordered < 0.5


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        ("rate = 8000", True),
        ('normalise = "peak"', True),
        ('normalise = "standard"', True),
        ("level = -40.0", True),
        ('samples = 40000\npadding = "zeros"', True),
        ("samples = 32000", False),
    ],
)
def test_the_manifest_decides_what_the_model_is_given(change: str, moves: bool, tmp_path: Path) -> None:
    from monitor.voices.manifest import read
    from monitor.voices.onnx import OnnxDetector

    window = np.random.default_rng(0).normal(0, 0.05, 32000).astype(np.float32)
    one, other = tmp_path / "one", tmp_path / "other"
    tiny.write(one, of_samples(), said(SAMPLES, SINGLE))
    tiny.write(other, of_samples(), said(f"{SAMPLES}\n{change}", SINGLE))
    plain, changed = (OnnxDetector(read(f / "manifest.toml"), f / "model.onnx") for f in (one, other))
    apart = abs(float(plain.score([window])[0]) - float(changed.score([window])[0]))
    assert (apart > 0.01) is moves
    assert plain.digest != changed.digest, "the contract is part of what decides a score"


def test_padding_repeats_the_window(tmp_path: Path) -> None:
    from monitor.voices.manifest import read
    from monitor.voices.onnx import OnnxDetector

    folder = tiny.write(tmp_path, of_samples(samples=64600), said(f"{SAMPLES}\nsamples = 64600", SINGLE))
    detector = OnnxDetector(read(folder / "manifest.toml"), folder / "model.onnx")
    window = np.arange(32000, dtype=np.float32) / 32000
    given = detector.prepared([window])
    assert given.shape == (1, 64600)
    np.testing.assert_array_equal(given[0, 32000:64000], window)
    np.testing.assert_array_equal(given[0, 64000:], window[:600])


def test_nothing_of_the_name_is_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no directory with a manifest\.toml"):
        models.load(str(tmp_path / "nowhere"))
    with pytest.raises(ModelMissing, match="no such file"):
        models.load(str(tmp_path / "no.toml"))
    with pytest.raises(ModelMissing, match="room-monitor voices fetch someone/something"):
        models.load("someone/something", cache=tmp_path)
