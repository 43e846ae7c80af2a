"""`room-monitor replay` and its neighbours, as processes."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

from tests.helpers.service import prepare
from tests.helpers.speech import model_files, package_clips


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "monitor", *words], capture_output=True, text=True, timeout=240)


def write(path: Path, samples: np.ndarray, rate: int = 16_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def kennedy() -> np.ndarray:
    return next(clip.samples for clip in package_clips() if "your country can do" in clip.transcript)


def test_replay_prints_one_object_a_line_and_accounts_for_every_second(tmp_path: Path) -> None:
    prepare(tmp_path)
    samples = kennedy()
    mono = write(tmp_path / "mono.wav", samples)
    stereo = write(tmp_path / "stereo.wav", np.repeat(samples, 2), channels=2)
    telephone = write(tmp_path / "telephone.wav", samples[::2], rate=8_000)
    empty = write(tmp_path / "empty.wav", samples[:0])
    (tmp_path / "garbage.wav").write_bytes(b"nothing of the kind")
    files = [str(f) for f in (mono, stereo, telephone, empty, tmp_path / "garbage.wav")]
    done = command("replay", "--json", "--config", str(tmp_path / "monitor.toml"), "--language", "en", *files)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1, done.stderr  # two files could not be read
    for path in (mono, stereo, telephone):
        mine = [row for row in rows if row.get("file") == str(path)]
        text = " ".join(row["text"] for row in mine if row["type"] == "utterance").lower()
        assert "ask not what your country can do for you" in text
        found = [row for row in mine if row["type"] == "alert" and row["phrase"] == "your country"]
        assert found
        assert all(0 < row["at"] < 12 for row in found)
        coverage = next(row for row in mine if row["type"] == "coverage")
        assert abs(coverage["total"] - len(samples) / 16_000) < 0.05
        assert coverage["pending"] == 0
        assert coverage["share"] == 1
    problems = {row["file"] for row in rows if row["type"] == "problem"}
    assert problems == {str(empty), str(tmp_path / "garbage.wav")}
    closing = rows[-1]
    assert closing["type"] == "summary"
    assert (closing["files"], closing["unreadable"]) == (4, 2)


def test_a_phrase_across_a_length_cut_is_found_once(tmp_path: Path) -> None:
    """Every second utterance is cut in mid-speech here: max_utterance is far shorter than the speech."""
    from tests.helpers.service import SETTINGS

    prepare(tmp_path, "[hearing]\nmax_utterance = 4.0\n".join(["", SETTINGS.replace("grace = 20.0\n", "")]))
    path = write(tmp_path / "mono.wav", kennedy())
    done = command(
        "replay", "--live", "--json", "--config", str(tmp_path / "monitor.toml"), "--language", "en", str(path)
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert any(row["type"] == "utterance" and row["cut"] == "length" for row in rows)
    times = [row["at"] for row in rows if row["type"] == "alert" and row["phrase"] == "your country"]
    assert len(times) == 2, rows  # "what your country can do for you" and "what you can do for your country"
    assert times[1] - times[0] > 1


def test_replay_as_a_table_shows_the_hit_among_its_words(tmp_path: Path) -> None:
    prepare(tmp_path)
    path = write(tmp_path / "mono.wav", kennedy())
    done = command("replay", "--config", str(tmp_path / "monitor.toml"), "--language", "en", str(path))
    assert done.returncode == 0, done.stderr
    assert "your country" in done.stdout
    assert "examined" in done.stdout


def test_unusable_settings_end_with_one_clear_message(tmp_path: Path) -> None:
    prepare(tmp_path, "[web]\nport = 'eighty'\n")
    for words in (("run",), ("replay", str(tmp_path / "x.wav")), ("check",)):
        done = command(*words, "--config", str(tmp_path / "monitor.toml"))
        assert done.returncode in (1, 2)
        assert "web.port" in (done.stdout + done.stderr).replace("\n", "")
        assert "Traceback" not in done.stderr


def test_check_is_content_with_the_defaults_and_names_what_is_wrong(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert command("check", "--config", str(tmp_path / "monitor.toml")).returncode == 0
    (tmp_path / "lists" / "test.toml").write_text('name = "x"\nphrases = ["*"]\n', "utf-8")
    done = command("check", "--config", str(tmp_path / "monitor.toml"))
    assert done.returncode == 1
    assert "test.toml" in done.stdout.replace("\n", "")


def test_hits_are_heard_again_by_the_bigger_model(tmp_path: Path) -> None:
    model_files("base")
    model_files("tiny.en")
    prepare(tmp_path)
    clip = write(tmp_path / "said.wav", kennedy())
    words = ("replay", "--config", str(tmp_path / "monitor.toml"), "--language", "en", "--model", "tiny.en")
    done = command(*words, "--second", "base", "--json", str(clip))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    alerts = [row for row in rows if row["type"] == "alert" and row["phrase"] == "your country"]
    again = [row for row in rows if row["type"] == "second" and row["phrase"] == "your country"]
    assert alerts, done.stderr
    assert {row["at"] for row in again} == {row["at"] for row in alerts}, "each hit is heard again before the end"
    assert all(row["grade"] in "AB" and row["way"] == "exact" for row in alerts)
    for row in again:
        assert (row["outcome"], row["model"], row["grade"]) == ("confirmed", "base", "A")
        assert "your country" in row["heard"].lower()
    assert rows[-1]["confirmed"] == len([row for row in rows if row.get("outcome") == "confirmed"])
