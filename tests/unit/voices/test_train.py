"""The network learns, is exported as it is, goes on where it stopped, and its examples are kept."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import jax
import numpy as np
import onnxruntime
import pytest

from monitor.voices import export, net
from monitor.voices.augment import Strength, augmented
from monitor.voices.corpus.rows import Label, Row, Split
from monitor.voices.examples import Example, Examples, Recipe, bank_of, seed_of
from monitor.voices.train import Plan, Pool, Trained, error_rate, scores, train

QUICK = Plan(epochs=2, steps=8, batch=16, window=0.6, average=0.5)


def row(label: Label, number: int, text: str = "") -> Row:
    generator = "toy-engine" if label is Label.SYNTHETIC else ""
    name = f"{label}-{number}"
    return Row(f"{name}.wav", label, "toy", name, generator, text or name, "", "en", "none", True, Split.TRAIN, 1.0)


def examples(count: int, seed: int) -> list[Example]:
    """Machines flicker every fourth frame in the upper bands, people don't: means and levels are the same."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label = Label.SYNTHETIC if number % 2 else Label.GENUINE
        bank = rng.normal(-5, 1.5, (150, net.BANDS))
        if label is Label.SYNTHETIC:
            bank[:, 40:] += 2.5 * np.where(np.arange(150) % 4 < 2, 1, -1)[:, None]
        made.append(Example(row(label, number), 0, bank.astype(np.float16)))
    return made


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(examples(24, 0), QUICK)


def test_it_learns_what_tells_the_classes_apart(trained: Trained) -> None:
    assert trained.losses[-1] < trained.losses[0]
    assert error_rate(trained, examples(24, 1), QUICK.frames) < 0.2


def test_the_exported_file_computes_the_same_for_any_length(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    plain = net.folded(trained.params, trained.running)
    export.write(path, plain, bands=net.BANDS, scale=net.SCALE, tiny=net.TINY, notes={"seed": "0"})
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rng, forward = np.random.default_rng(3), jax.jit(net.forward)
    for frames in (net.MINIMUM, 101):
        features = rng.normal(-5, 2, (3, frames, net.BANDS)).astype(np.float32)
        (logits,) = session.run(None, {"features": features})
        wanted = np.asarray(forward(trained.params, trained.running, features))
        assert logits == pytest.approx(wanted, abs=1e-3)
    assert path.stat().st_size < 1_000_000
    assert session.get_modelmeta().custom_metadata_map == {"seed": "0"}


def test_a_stopped_training_goes_on_to_the_same_weights(trained: Trained, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.npz"
    told: list[int] = []

    class Stopped(Exception):
        pass

    def stop_after_one(epoch: int, of: int, loss: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        train(examples(24, 0), QUICK, checkpoint, stop_after_one)
    again = train(examples(24, 0), QUICK, checkpoint, lambda epoch, of, loss: told.append(epoch))
    assert told == [2]
    assert again.losses == pytest.approx(trained.losses, rel=1e-4)
    other = dataclasses.replace(QUICK, seed=1)
    train(examples(24, 0), other, checkpoint, lambda epoch, of, loss: told.append(-epoch))
    assert told == [2, -1, -2]  # another plan begins anew


def test_scores_of_windows_that_overlap_by_half(trained: Trained) -> None:
    banks = [np.zeros((n, net.BANDS), np.float16) for n in (10, QUICK.frames, QUICK.frames * 2)]
    assert [len(s) for s in scores(trained, banks, QUICK.frames)] == [0, 1, 3]


def test_classes_are_drawn_alike_whatever_their_numbers() -> None:
    people = [e for e in examples(20, 0) if not e.synthetic]
    machine = next(e for e in examples(2, 0) if e.synthetic)
    windows, labels = Pool([*people, machine], 58).draw(10, np.random.default_rng(0))
    assert windows.shape == (10, 58, net.BANDS)
    assert labels.sum() == 5
    with pytest.raises(ValueError, match="no synthetic"):
        Pool(people, 58)
    with pytest.raises(ValueError, match="no genuine"):
        Pool([machine, *people], 10_000)


def test_augmentation_changes_every_window_otherwise_and_is_seeded() -> None:
    batch = np.random.default_rng(0).normal(-5, 1, (6, 58, 80)).astype(np.float32)
    kept = batch.copy()
    changed = augmented(batch, Strength(), np.random.default_rng(1))
    assert (batch == kept).all()
    assert np.isfinite(changed).all()
    assert changed == pytest.approx(augmented(batch, Strength(), np.random.default_rng(1)))
    assert all(np.abs(window - before).mean() > 0.1 for window, before in zip(changed, kept, strict=True))
    nothing = Strength(equaliser=0, noise=0, lowpass=0, holes=0)
    assert augmented(batch, nothing, np.random.default_rng(1)) == pytest.approx(batch)


def test_examples_are_made_once(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"1")
    passed: list[int] = []
    sound = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)

    def chain(signal: np.ndarray, seed: int) -> np.ndarray:
        passed.append(seed)
        return signal

    one = dataclasses.replace(row(Label.GENUINE, 0, "text"), path="a.wav")

    def run(recipe: Recipe) -> list[Example]:
        return list(Examples(tmp_path, tmp_path / "kept", recipe, chain, lambda _: sound).of([one]))

    first, again = run(Recipe(variants=2)), run(Recipe(variants=2))
    assert passed == [seed_of(one, 0, 0), seed_of(one, 0, 1)]
    assert first[0].bank.shape == (198, 80)
    assert all((a.bank == b.bank).all() for a, b in zip(first, again, strict=True))
    run(Recipe(variants=1, seed=1))
    (tmp_path / "a.wav").write_bytes(b"22")
    run(Recipe(variants=1))
    assert len(passed) == 4


def test_the_way_is_that_of_the_text() -> None:
    person, machine = row(Label.GENUINE, 0, "text"), row(Label.SYNTHETIC, 1, "text")
    assert seed_of(person, 0, 0) == seed_of(machine, 0, 0)
    assert len({seed_of(person, 0, 0), seed_of(person, 0, 1), seed_of(person, 1, 0)}) == 3


def test_no_speech_no_frames() -> None:
    assert bank_of(np.zeros(16_000, np.float32), "linear-filterbank-80").shape == (0, 80)
