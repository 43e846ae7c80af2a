"""The commands that make a corpus and say what betrays it, on a few seconds of sound."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from monitor.commands.voices import app
from monitor.errors import OperatorError
from monitor.model import RATE
from monitor.voices.corpus import rows as table
from monitor.voices.corpus.wav import write_wav

LOUD = {"COLUMNS": "220", "TERM": "dumb"}


def speech(folder: Path) -> Path:
    folder.mkdir()
    lines = ["file\tlanguage\tspeaker\tlicence\ttranscript"]
    for number in range(30):
        rng = np.random.default_rng(number)
        bursts = np.sin(np.arange(int(1.6 * RATE)) / 1500) > 0
        write_wav(folder / f"{number}.wav", np.round(rng.normal(0, 3000, len(bursts)) * bursts).astype(np.int16))
        lines.append(f"{number}.wav\ten\treader-{number}\tCC0\tsentence {number}")
    (folder / "manifest.tsv").write_text("\n".join(lines), "utf-8")
    return folder


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, env=LOUD, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_corpus_is_made_and_what_one_feature_tells_is_shown(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    told = run("data", "--out", str(out), "--speech", str(speech(tmp_path / "in")), "--no-packages", "--only", "copy")
    rows = table.read(out)
    assert {row.generator for row in rows} == {"", "copy-griffinlim"}
    assert len(rows) == 60
    assert "Without copy-world" in told
    assert "60 recordings" in told
    shown = run("confounds", "--corpus", str(out), "--chain", "raw", "--no-seen")
    assert "copy-griffinlim" in shown
    assert "noise floor" in shown


def test_what_is_missing_is_said_with_what_to_do(tmp_path: Path) -> None:
    for arguments, words in (
        (("data", "--out", str(tmp_path), "--no-packages"), "give --speech DIR"),
        (("confounds", "--corpus", str(tmp_path), "--chain", "tube"), "There is no chain tube"),
        (("confounds", "--corpus", str(tmp_path)), "voices data"),
        (("simulate", "--corpus", str(tmp_path), "--chain", "tube"), "There is no chain tube"),
    ):
        done = CliRunner().invoke(app, list(arguments), env=LOUD)
        assert isinstance(done.exception, OperatorError)
        assert words in str(done.exception)


def test_the_table_is_plain_text(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    run("data", "--out", str(out), "--speech", str(speech(tmp_path / "in")), "--no-packages", "--only", "none")
    first, second = (out / "manifest.tsv").read_text("utf-8").splitlines()[:2]
    assert first.split("\t")[:4] == ["path", "label", "source", "speaker"]
    assert json.dumps(second).count("\\t") == first.count("\t")
