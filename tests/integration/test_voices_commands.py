"""`room-monitor voices score|models|fetch` on real recordings and tiny detectors."""

from __future__ import annotations

import json
import re
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import DownloadFailed, ModelMissing, OperatorError, VoiceModelInvalid
from monitor.model import RATE, Samples
from monitor.voices import models, selftest
from tests.helpers import voice_models as tiny
from tests.helpers.speech import read_audio


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.calibrated(tmp_path_factory.mktemp("detector"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people one after the other, then two machines: 23 s."""
    kinds = ("genuine-sonnet", "genuine-austen", "synthetic-espeak-ng", "synthetic-flite")
    return wav(
        tmp_path_factory.mktemp("said") / "both.wav",
        np.concatenate([read_audio(selftest.SAMPLES / f"{kind}.opus") for kind in kinds]),
    )


def wav(path: Path, audio: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, len(audio), "NONE", ""))
        file.writeframes(audio.tobytes())
    return path


def voices(*words: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["voices", *map(str, words)], env={"COLUMNS": "300"})
    assert result.exit_code == code, result.output or result.exception
    return result.output


def refused(kind: type[OperatorError], *words: str | Path) -> str:
    result = CliRunner().invoke(app, ["voices", *map(str, words)])
    assert isinstance(result.exception, kind), result.output or result.exception
    return str(result.exception)


def scored(*words: str | Path, code: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in voices("score", "--json", *words, code=code).splitlines() if line[0] == "{"]


def test_a_recording_s_time_line_turns_where_the_machine_begins(detector: Path, recording: Path) -> None:
    (found,) = scored("--model", detector, recording)
    people = [w["llr"] for w in found["windows"] if w["llr"] is not None and w["end"] < 11.0]
    machines = [w["llr"] for w in found["windows"] if w["llr"] is not None and w["start"] > 12.0]
    assert len(people) >= 6
    assert len(machines) >= 6
    assert np.mean(people) < -0.5
    assert np.mean(machines) > 0.5
    evidence = [w["evidence"] for w in found["windows"]]
    assert min(evidence) < -1 < 1 < evidence[-1] - min(evidence)
    assert all(
        one["start"] <= other["start"] for one, other in zip(found["windows"], found["windows"][1:], strict=False)
    )
    assert found["usable_seconds"] == pytest.approx(20, abs=2)
    assert found["calibration"] == "thin-air"
    assert re.fullmatch(r"tiny@[0-9a-f]{12}", found["model"])


def test_the_table_says_what_it_is_and_what_it_is_not(detector: Path, recording: Path) -> None:
    text = voices("score", "--model", detector, recording)
    assert "synthetic-voice signature for review, no proof of anything" in text
    assert "It claims to find: formant synthesis" in text
    assert "At most it marks a voice as suspicious" in text
    assert "fake" not in text.lower()
    rows = re.findall(r"^ *\d+\.\d +\d+\.\d +[-+]\d", text, re.M)
    assert len(rows) >= 12
    assert re.search(r"evidence [-+]\d+\.\d\d from \d+\.\d s of usable speech in \d+ windows", text)


def test_without_a_calibration_it_gives_raw_scores_and_says_nothing(tmp_path: Path, recording: Path) -> None:
    folder = tiny.write(tmp_path, tiny.of_samples(), tiny.SINGLE)
    text = voices("score", "--model", folder, recording)
    assert "Raw scores say nothing before they are calibrated" in text
    (found,) = scored("--model", folder, recording)
    assert {w["llr"] for w in found["windows"]} == {None}
    assert found["state"] == "not-enough-speech"


def test_a_language_outside_the_calibration_is_abstained_from(tmp_path: Path, recording: Path) -> None:
    folder = tiny.calibrated(tmp_path, languages=("zh",))
    (found,) = scored("--model", folder, "--language", "en", recording)
    assert found["abstained"]["language not calibrated for"] > 15
    assert found["usable_windows"] == 0
    (found,) = scored("--model", folder, "--language", "zh", recording)
    assert found["usable_windows"] > 10


def test_what_is_no_speech_is_not_judged(detector: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 2000, 6 * RATE).astype(np.int16)
    (found,) = scored("--model", detector, wav(tmp_path / "noise.wav", noise))
    assert found["windows"] == []


def test_files_that_cannot_be_read_do_not_hold_up_the_others(detector: Path, recording: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound", "utf-8")
    found = scored("--model", detector, text, recording, code=1)
    assert [Path(one["file"]).name for one in found] == ["both.wav"]


def test_the_picture_is_a_png_for_each_file(detector: Path, recording: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.png"
    voices("score", "--model", detector, "--plot", one, recording)
    voices(
        "score", "--model", detector, "--plot", tmp_path / "all", recording, selftest.SAMPLES / "synthetic-flite.opus"
    )
    pictures = [one, tmp_path / "all" / "both.png", tmp_path / "all" / "synthetic-flite.png"]
    assert all(path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 10_000 for path in pictures)
    assert len({path.read_bytes() for path in pictures[1:]}) == 2


def test_models_are_shown_with_their_terms_or_with_what_is_wrong(detector: Path, tmp_path: Path) -> None:
    wrong = tiny.write(tmp_path / "wrong", tiny.of_samples(), tiny.SINGLE.replace('"synthetic"', '"genuine"'))
    text = voices("models", detector, wrong, code=1)
    assert re.search(r"licence +MIT", text)
    assert re.search(r"claims to find +formant synthesis", text)
    assert re.search(r"self-test +passed, 100% of the pairs in order", text)
    assert "the other way round" in text.replace("\n", " ")
    rows = [json.loads(line) for line in voices("models", "--json", detector, wrong, code=1).splitlines()]
    assert [(row["passed"], Path(row["name"]).name) for row in rows] == [(True, detector.name), (False, "wrong")]
    assert rows[0]["calibration"] == "thin-air"


def test_public_models_are_listed_with_their_terms_though_their_files_are_elsewhere(
    detector: Path, tmp_path: Path
) -> None:
    config = tmp_path / "monitor.toml"
    config.write_text(f'[voices]\nmodel = "{detector}"\n', "utf-8")
    listed = CliRunner().invoke(app, ["voices", "models", "--json", "--config", str(config)]).output
    rows = {Path(row["name"]).name: row for row in map(json.loads, listed.splitlines())}
    assert rows[detector.name]["passed"] is True
    assert rows["aasist"]["passed"] is None
    assert rows["antideepfake-small"]["licence"].startswith("CC-BY-NC-SA-4.0")
    assert "59 % of\ngenuine clips" in rows["aasist"]["notes"]
    refusal = voices("models", "aasist", code=1)
    assert "the ONNX file of the voice detector aasist isn't there" in refusal.replace("\n", " ")


def test_a_calibration_of_another_model_is_refused(detector: Path, recording: Path, tmp_path: Path) -> None:
    other = tiny.write(
        tmp_path / "other",
        tiny.of_samples("logits"),
        tiny.SINGLE.replace('kind = "single"\nhigher = "synthetic"', 'kind = "logits"\ngenuine = 1'),
    )
    message = refused(
        VoiceModelInvalid, "score", "--model", other, "--calibration", detector / models.CALIBRATION, recording
    )
    assert "was made for tiny@" in message
    assert "voices calibrate" in message


def votes(folder: Path, *members: Path) -> Path:
    folder.mkdir()
    tables = "".join(f'[[members]]\nmodel = "{member}"\nweight = {1 / len(members)}\n' for member in members)
    (folder / "manifest.toml").write_text(f'name = "votes"\n{tables}', "utf-8")
    return folder


def test_detectors_vote_by_likelihood_ratios(detector: Path, recording: Path, tmp_path: Path) -> None:
    second = tiny.calibrated(tmp_path / "second", claims=("diphones",))
    both = votes(tmp_path / "votes", detector, second)
    loaded = models.load(str(both))
    assert loaded.claims == ("diphones", "formant synthesis")
    (found,) = scored("--model", both, recording)
    (alone,) = scored("--model", detector, recording)
    for vote, single in zip(found["windows"], alone["windows"], strict=True):
        assert vote["score"] == (pytest.approx(single["llr"]) if single["llr"] is not None else None)
    assert voices("models", both).count("MIT") == 1


def test_a_vote_without_a_calibration_is_refused(detector: Path, tmp_path: Path) -> None:
    raw = tiny.write(tmp_path / "raw", tiny.of_samples(), tiny.SINGLE)
    with pytest.raises(VoiceModelInvalid, match="has no calibration, and votes can only be added up as likelihood"):
        models.load(str(votes(tmp_path / "votes", detector, raw)))
    (tmp_path / "bad.toml").write_text('name = "x"\n[[members]]\nmodel = "y"\nweight = 2\n', "utf-8")
    with pytest.raises(VoiceModelInvalid, match=r"members\.0\.weight"):
        models.load(str(tmp_path / "bad.toml"))


def test_a_fetched_model_is_found_by_its_name(tmp_path: Path) -> None:
    there = tiny.write(tmp_path / "hub", tiny.of_samples(), tiny.SINGLE)
    asked = []

    def get(repository: str, revision: str, name: str, folder: Path) -> None:
        asked.append((repository, name))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((there / name).read_bytes())

    cache = tmp_path / "cache"
    models.fetch("someone/detector", cache=cache, get=get)
    assert asked == [("someone/detector", "manifest.toml"), ("someone/detector", "model.onnx")]
    assert models.load("someone/detector", cache=cache).report is not None


def test_a_manifest_that_names_the_hub_gets_its_file_from_there(tmp_path: Path) -> None:
    there = tiny.write(tmp_path / "hub", tiny.of_samples(), tiny.SINGLE)
    manifest = tmp_path / "mine.toml"
    text = (there / "manifest.toml").read_text("utf-8").replace("[file]", '[file]\nhub = "some/one"\nrevision = "abc"')
    manifest.write_text(text, "utf-8")
    cache = tmp_path / "cache"
    with pytest.raises(ModelMissing, match=r"voices fetch .*mine\.toml"):
        models.load(str(manifest), cache=cache)

    def get(repository: str, revision: str, name: str, folder: Path) -> None:
        assert (repository, revision, name) == ("some/one", "abc", "model.onnx")
        folder.mkdir(parents=True)
        (folder / name).write_bytes((there / name).read_bytes())

    models.fetch(str(manifest), cache=cache, get=get)
    assert models.load(str(manifest), cache=cache).report is not None


def test_a_hub_that_can_not_be_reached_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadFailed, match=r"The model hub doesn't give manifest\.toml of someone/nothing"):
        models.fetch("someone/nothing", cache=tmp_path)
    with pytest.raises(ModelMissing, match="its ONNX file is at no hub"):
        models.fetch(str(tiny.write(tmp_path / "x", tiny.of_samples(), tiny.SINGLE)), cache=tmp_path)
