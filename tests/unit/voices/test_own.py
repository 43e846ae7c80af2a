"""Calibration on one's own recordings, and what may be trained and judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.errors import MediaUnreadable
from monitor.voice_model import VoiceWindow
from monitor.voices.bundle import labelled, material, unseen
from monitor.voices.calibrate import About, CalibrationInvalid, Labelled, fit
from monitor.voices.corpus.rows import CorpusInvalid, Label, Row, Split
from monitor.voices.develop import MOST, tail, trainable
from monitor.voices.models import Loaded
from monitor.voices.own import Own, Voice, own_set, recordings
from monitor.voices.simulate import Block, Tape
from monitor.voices.trial import Heard


class Loudness:
    """Scores a window by how much its level varies."""

    name, digest, window = "loudness", "0123", 1.0

    def score(self, windows: list[np.ndarray]) -> np.ndarray:
        return np.array([float(np.std(np.abs(w))) for w in windows])


def speech(seconds: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    at = np.arange(round(seconds * 16_000)) / 16_000
    return np.round(4000 * np.sin(1500 * at) * (1.2 + np.sin(9 * at)) + rng.normal(0, 200, len(at))).astype(np.int16)


def loaded(calibration: object) -> Loaded:
    return Loaded(Loudness(), calibration, ("toys",), "none", "here", "", None, Path("manifest.toml"))  # type: ignore[arg-type]


def row(label: Label = Label.GENUINE, **cells: object) -> Row:
    values = {
        "path": "a.wav", "label": label, "source": "books", "speaker": "ann", "generator": "", "text_id": "t1",
        "pair_id": "", "language": "en", "licence": "none", "weights_ok": True, "split": Split.TRAIN, "seconds": 3.0,
    }  # fmt: skip
    return Row(**(values | cells))  # type: ignore[arg-type]


def base_set(mean: float = 0.0):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    people = tuple(rng.normal(mean - 1, 1, 20) for _ in range(40))
    machines = tuple(rng.normal(mean + 1, 1, 20) for _ in range(40))
    return fit(About("base", "loudness@0123", 1.0, "room"), Labelled(people, machines))


def voices(count: int, mean: float, seed: int, windows: int = 20) -> list[Voice]:
    rng = np.random.default_rng(seed)
    return [Voice(f"v{n}", (rng.normal(mean, 1, windows),), windows / 2 + 0.5) for n in range(count)]


def test_a_directory_is_a_speaker_and_so_is_a_file(tmp_path: Path) -> None:
    for name in ("ann/1.wav", "ann/2.wav", "bob.wav", "broken.wav", "short.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    def load(path: Path) -> np.ndarray:
        if path.stem == "broken":
            raise MediaUnreadable(f"{path}: damaged")
        return speech(0.5 if path.stem == "short" else 3.0, 1)

    told: list[int] = []
    found = recordings(tmp_path, Loudness(), load, lambda done, of: told.append(of))
    assert {v.name: len(v.scores) for v in found} == {"ann": 2, "bob.wav": 1}
    assert found[0].speech == pytest.approx(6.0, abs=0.5)
    assert told == [4] * 4
    (tmp_path / "empty").mkdir()
    with pytest.raises(CalibrationInvalid, match="no recordings"):
        recordings(tmp_path / "empty", Loudness(), load, lambda done, of: None)


def test_from_people_alone_and_with_machines() -> None:
    people = voices(40, 0.0, 1)
    alone = own_set(loaded(base_set()), Own("mine", people, None, frozenset({"de"})))
    assert alone.name == "mine"
    assert alone.model == "loudness@0123"
    assert alone.tail is not None
    assert alone.tail.speakers == 40
    both = own_set(loaded(None), Own("mine", people, voices(20, 3.0, 2), frozenset()))
    assert both.synthetic == 20
    assert both.eer < alone.eer
    with pytest.raises(CalibrationInvalid, match="--synthetic"):
        own_set(loaded(None), Own("mine", people, None, frozenset()))


def test_few_people_give_no_threshold() -> None:
    assert own_set(loaded(base_set()), Own("mine", voices(20, 0.0, 1), None, frozenset())).tail is None
    short = voices(40, 0.0, 1, windows=3)  # two seconds of speech each
    assert own_set(loaded(base_set()), Own("mine", short, None, frozenset())).tail is None


def test_what_may_train() -> None:
    rows = [
        row(path="ok.wav"),
        row(path="licence.wav", weights_ok=False),
        row(path="test.wav", split=Split.TEST),
        row(Label.SYNTHETIC, path="copy.wav", generator="copy-world"),
        row(Label.SYNTHETIC, path="formant.wav", generator="formant-x"),
        *(row(path=f"many{n:03}.wav", speaker="bob") for n in range(MOST + 5)),
    ]
    kept = {r.path for r in trainable(rows)}
    assert {"ok.wav", "formant.wav"} <= kept
    assert not kept & {"licence.wav", "test.wav", "copy.wav"}
    assert len(kept) == 2 + MOST
    assert "formant.wav" not in {r.path for r in trainable(rows, without="formant")}
    assert "formant.wav" not in {r.path for r in trainable(rows, leave_out=["formant-x"])}


def test_figures_on_what_was_trained_on_are_refused() -> None:
    made = material([row(), row(Label.SYNTHETIC, speaker="robot", generator="formant-x", text_id="t2")])
    assert made["generators"] == "formant-x"
    assert made["genuine"].startswith("1 recordings of 1 voices")
    unseen(made, [row(speaker="bob", text_id="t3")])
    for flattering, what in ((row(text_id="t3"), "speaker ann"), (row(speaker="bob", text_id="t2"), "text t2")):
        with pytest.raises(CorpusInvalid, match=what):
            unseen(made, [flattering])
    unseen({}, [row()])  # a model from elsewhere


def test_one_voice_in_two_engines_is_two_voices() -> None:
    heard = [
        Heard(row(Label.SYNTHETIC, speaker="kal", generator=name), np.ones(2), 3.0, "")
        for name in ("a-x", "a-x", "b-y")
    ]
    heard += [Heard(row(), np.zeros(3), 3.0, ""), Heard(row(speaker="mute"), np.zeros(0), 0.5, "too quiet")]
    found = labelled(heard)
    assert sorted(len(s) for s in found.synthetic) == [2, 4]
    assert [len(s) for s in found.genuine] == [3]


def test_the_tail_comes_from_whole_sessions() -> None:
    def tape(speaker: str, llr: float) -> Tape:
        windows = tuple(VoiceWindow(t, t + 2.0, 2.0, llr, llr) for t in range(0, 10, 2))
        return Tape(speaker, "", 0, (Block(windows, 10.0),))

    calm = [tape(f"p{n}", -1.0) for n in range(40)]
    odd = [tape(f"q{n}", 2.0) for n in range(5)]
    measured = tail([*calm, *odd], 2.0)
    assert measured is not None
    assert measured.speakers == 45
    assert measured.hours == pytest.approx(45 * 5 / 60)
    assert measured.rate(measured.over + 1) > tail([*calm, tape("q", -1.0)], 2.0).rate(measured.over + 1)  # type: ignore[union-attr]
    assert tail(calm[:10], 2.0) is None
