"""The corpus is built by real programs here: small Python scripts that write WAV files, as engines do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.media import read_all
from monitor.model import RATE
from monitor.voices.corpus import rows as table
from monitor.voices.corpus import splits
from monitor.voices.corpus.build import Plan, build
from monitor.voices.corpus.copies import GriffinLim
from monitor.voices.corpus.engines import Job, Program
from monitor.voices.corpus.rows import CorpusInvalid, Label, Row, Split
from monitor.voices.corpus.sources import Found, from_manifest
from monitor.voices.corpus.wav import read_wav, write_wav

SCRIPT = """
import sys, wave
text = sys.stdin.read()
if "refuse" in text: sys.exit("I won't say that")
open(sys.argv[2], "a").write(text)
with wave.open(sys.argv[1], "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(8000)
    out.writeframes(b"\\x10\\x20\\x30\\x10" * 8000)
"""


def engine(said: Path, generator: str = "formant-test") -> Program:
    def command(job: Job) -> list[str]:
        return [sys.executable, "-c", SCRIPT, str(job.path), str(said)]

    return Program(generator, "CC0", True, "nothing", command, {"en": tuple(f"v{n}" for n in range(12))})


def recorded(folder: Path, count: int = 8) -> list[Found]:
    folder.mkdir()
    lines = ["file\tlanguage\tspeaker\tlicence\ttranscript"]
    for number in range(count):
        at = np.arange(2 * RATE) / RATE
        write_wav(folder / f"c{number}.wav", np.round(5000 * np.sin(2 * np.pi * (200 + 30 * number) * at)).astype("i2"))
        lines.append(f"c{number}.wav\ten\ts{number}\tCC0\tthis is sentence number {number}")
    (folder / "manifest.tsv").write_text("\n".join(lines), "utf-8")
    return list(from_manifest(folder))


def made(found: Sequence[Found], out: Path, said: Path, **more: object) -> list[Row]:
    plan = replace(Plan(out, [engine(said)], []), **more)  # type: ignore[arg-type]
    rows, left = build(found, plan, read_all, lambda *_: None)
    assert left.failed == []
    return rows


def test_machines_say_what_people_said_and_only_voices_of_the_same_split(tmp_path: Path) -> None:
    rows = made(recorded(tmp_path / "in"), tmp_path / "out", tmp_path / "said")
    people = {r.text_id: r for r in rows if r.label is Label.GENUINE}
    machines = [r for r in rows if r.label is Label.SYNTHETIC]
    assert len(people) == 8
    assert machines
    for row in machines:
        assert row.split is people[row.text_id].split is splits.split_of(row.speaker, {})
        assert len(read_wav(tmp_path / "out" / row.path)) == 2 * RATE  # 16,000 samples at 8 kHz
    said = (tmp_path / "said").read_text("utf-8")
    assert all(f"this is sentence number {n}" in said for n in range(8))


def test_a_corpus_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    found, out, said = recorded(tmp_path / "in"), tmp_path / "out", tmp_path / "said"
    first = made(found, out, said)
    said.write_text("")
    next(out.glob("audio/formant-test/*.wav")).unlink()
    assert made(found, out, said) == first == table.read(out)
    assert said.read_text("utf-8").count("sentence") == 1  # only the one that was gone


def test_what_was_made_before_stays_in_the_table_while_the_rest_is_made(tmp_path: Path) -> None:
    found, out, said = recorded(tmp_path / "in"), tmp_path / "out", tmp_path / "said"
    engines = [engine(said, "formant-first"), engine(said, "formant-second")]
    first = made(found, out, said, engines=engines)
    during: list[int] = []

    def tell(what: str, done: int, total: int) -> None:
        if what == "formant-second":
            during.append(len(table.read(out)))

    again, _ = build(found, Plan(out, engines, []), read_all, tell)
    assert again == first
    assert set(during) == {len(first)}


def test_what_an_engine_refuses_is_told_and_the_rest_is_there(tmp_path: Path) -> None:
    found = recorded(tmp_path / "in")
    found[0] = replace(found[0], text="refuse this")
    rows, left = build(found, Plan(tmp_path / "out", [engine(tmp_path / "said")], []), read_all, lambda *_: None)
    assert left.failed
    assert all("I won't say that" in reason for reason in left.failed)
    assert {r.text_id for r in rows if r.generator} == {f.text_id for f in found[1:]}


def test_copies_keep_speaker_text_and_split(tmp_path: Path) -> None:
    found = recorded(tmp_path / "in", 3)
    rows = made(found, tmp_path / "out", tmp_path / "said", engines=[], copiers=[GriffinLim(rounds=2)])
    people = {r.pair_id: r for r in rows if r.label is Label.GENUINE}
    copies = [r for r in rows if r.generator == "copy-griffinlim"]
    assert len(copies) == 3
    for copy in copies:
        twin = people[copy.pair_id]
        assert (copy.speaker, copy.text_id, copy.split) == (twin.speaker, twin.text_id, twin.split)
        assert copy.path != twin.path


def test_short_recordings_are_left_out(tmp_path: Path) -> None:
    found = recorded(tmp_path / "in", 3)
    write_wav(found[0].path, np.ones(RATE, np.int16))
    rows, left = build(found, Plan(tmp_path / "out", [], []), read_all, lambda *_: None)
    assert left.short == 1
    assert len(rows) == 2


def test_an_engine_with_a_limit_speaks_the_test_first(tmp_path: Path) -> None:
    found = recorded(tmp_path / "in", 12)
    limited = replace(engine(tmp_path / "said"), limit=3)
    rows, _ = build(found, Plan(tmp_path / "out", [limited], [], voices_a_text=1), read_all, lambda *_: None)
    machines = [r for r in rows if r.generator]
    assert len(machines) == 3
    assert {r.split for r in machines} == {Split.TEST}


def test_griffin_and_lim_sound_like_the_original() -> None:
    at = np.arange(2 * RATE) / RATE
    original = np.round(6000 * np.sin(2 * np.pi * 440 * at) * (1 + np.sin(2 * np.pi * 3 * at)) / 2).astype(np.int16)
    copied = GriffinLim(rounds=8).copy(original)
    assert len(copied) == len(original)
    assert np.sqrt(np.mean(np.square(copied / 1))) == pytest.approx(np.sqrt(np.mean(np.square(original / 1))), rel=0.01)
    spectra = [np.abs(np.fft.rfft(x[8000:24000].astype(float))) for x in (original, copied)]
    assert abs(int(np.argmax(spectra[0])) - int(np.argmax(spectra[1]))) <= 30  # within a band
    with pytest.raises(ValueError, match="too short"):
        GriffinLim().copy(original[:1000])


def test_a_directory_without_a_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusInvalid, match=r"manifest\.tsv"):
        list(from_manifest(tmp_path))
    (tmp_path / "manifest.tsv").write_text("file\tlanguage\nx\ten\n", "utf-8")
    with pytest.raises(CorpusInvalid, match="no column"):
        list(from_manifest(tmp_path))
