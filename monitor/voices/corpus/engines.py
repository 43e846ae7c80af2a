"""Machines that speak here: programs of Debian packages, each with its voices, its licence and how to install it.

Each voice is named after the person it was recorded from, whatever engine speaks with it, so that "kal" in two engines
is one voice for the splits.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pypinyin import Style, lazy_pinyin

from monitor.voices.corpus.rows import Split

PATIENCE = 60.0
"""Seconds that one text may take."""


@dataclass(frozen=True, slots=True)
class Job:
    """One text to be spoken into a file: WAV, any rate."""

    voice: str
    language: str
    text: str
    path: Path


@dataclass(frozen=True, slots=True)
class Failed:
    """A text that an engine couldn't speak."""

    job: Job
    reason: str


class Engine(Protocol):
    """Something that turns texts into files."""

    @property
    def generator(self) -> str:
        """family-engine"""

    @property
    def licence(self) -> str:
        """That of the voices: what is heard."""

    @property
    def weights_ok(self) -> bool: ...

    @property
    def install(self) -> str:
        """The command that installs it."""

    @property
    def limit(self) -> int:
        """At most so many texts, the test's first: a slow engine. 0: all."""

    def missing(self) -> bool:
        """Whether it isn't here."""

    def voices(self, language: str) -> tuple[str, ...]:
        """Names of voices that speak the language."""

    def speak(self, jobs: Sequence[Job]) -> Iterator[Job | Failed]:
        """Each job when its file is written, or why not."""


BY_HAND: Mapping[str, Split] = {
    # people with far more speech than others: which languages nobody calibrates on, and test speech there must be
    "fillets-nl-m": Split.DEV,
    "fillets-cs-m": Split.TEST,
    "asterisk-fr_CA_f_June": Split.DEV,
    "asterisk-it_IT_m_Carlo": Split.TEST,
    "asterisk-Allison": Split.TEST,
    # engines with few voices
    "kal": Split.TRAIN,  # flite and festival
    "awb": Split.TRAIN,
    "rms": Split.DEV,
    "slt": Split.TEST,  # flite's, and with HTS: a generator that never trains
    "ked": Split.TEST,
    "ita-lp": Split.DEV,
    "ita-pc": Split.TEST,
    "rus-nsh": Split.TEST,
    "ces-dita": Split.DEV,
    "ces-machac": Split.TEST,
    "joe": Split.TEST,  # the only voice of its engine: a generator that never trains
    "hibari-heart": Split.TEST,
}
"""Splits that are chosen by hand; with a person go all whose texts the person shares."""

ESPEAK_VOICES = (
    *("adam", "Alex", "Alicia", "Andrea", "Andy", "Annie", "Antonio", "aunty", "belinda", "benjamin", "boris", "caleb"),
    *("david", "Denis", "Diogo", "ed", "edward", "f1", "f2", "f3", "f4", "f5", "Gene", "grandma", "grandpa", "Gustave"),
    *("Henrique", "Hugo", "iven", "Jacky", "john", "kaukovalta", "Lee", "linda", "m1", "m2", "m3", "m4", "m5", "m6"),
    *("m7", "m8", "marcelo", "Marco", "Mario", "max", "Michael", "michel", "miguel", "mike", "norbert", "pablo"),
    *("paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "travis", "victor", "Zac", "anika"),
)
ESPEAK_LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "en": ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan"),
    "zh": ("cmn-latn-pinyin",),  # in pinyin: distributions leave out the dictionary of characters
    "es": ("es", "es-419"),
    "fr": ("fr-fr",),
    "ru": ("ru",),
    "it": ("it",),
    "de": ("de",),
    "pt": ("pt-br",),
    "cs": ("cs",),
    "nl": ("nl",),
}


def _digest(text: str) -> int:
    return sum((index + 1) * ord(c) for index, c in enumerate(text))


def _espeak(job: Job) -> list[str]:
    """Speed, pitch and accent vary with the text, so that none of them marks the engine."""
    accents = ESPEAK_LANGUAGES[job.language]
    number = _digest(job.text)
    voice = f"{accents[number % len(accents)]}+{job.voice.removeprefix('espeak-')}"
    speed, pitch = 135 + number % 60, 35 + number // 7 % 35
    return ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", str(job.path), "--stdin"]


def _flite(job: Job) -> list[str]:
    voice = "kal16" if job.voice == "kal" else job.voice
    stretch = 0.85 + _digest(job.text) % 31 / 100
    return ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.2f}", "-f", "-", "-o", str(job.path)]


FESTIVAL = {
    "kal": "kal_diphone",
    "ked": "ked_diphone",
    "slt": "cmu_us_slt_arctic_hts",
    "ita-lp": "lp_diphone",
    "ita-pc": "pc_diphone",
    "rus-nsh": "msu_ru_nsh_clunits",
    "ces-dita": "czech_dita",
    "ces-machac": "czech_machac",
}


def _festival(job: Job) -> list[str]:
    stretch = 0.85 + _digest(job.text) % 31 / 100
    setting = f"(begin (voice_{FESTIVAL[job.voice]}) (Parameter.set 'Duration_Stretch {stretch:.2f}))"
    return ["text2wave", "-eval", setting, "-o", str(job.path), "-"]


def _pinyin(text: str) -> str:
    return " ".join(lazy_pinyin(text, style=Style.TONE3))


def _plain(text: str) -> str:
    """Without what a reader of Scheme or of marks would stumble over."""
    return re.sub(r"[^\w\s.,;:!?'-]", " ", text)


@dataclass(frozen=True, slots=True)
class Program:
    """An engine that is started once for each text; the text goes to its standard input."""

    generator: str
    licence: str
    weights_ok: bool
    install: str
    command: Callable[[Job], list[str]]
    speaks: Mapping[str, tuple[str, ...]]  # language → voices
    needs: tuple[Path, ...] = ()  # files of the packages with its voices
    encodings: Mapping[str, str] = field(default_factory=dict)  # by language; UTF-8 else
    limit: int = 0

    def missing(self) -> bool:
        voice = next(iter(self.speaks.values()))[0]
        language = next(iter(self.speaks))
        program = self.command(Job(voice, language, "", Path("x")))[0]
        return shutil.which(program) is None or not all(path.exists() for path in self.needs)

    def voices(self, language: str) -> tuple[str, ...]:
        return self.speaks.get(language, ())

    def speak(self, jobs: Sequence[Job]) -> Iterator[Job | Failed]:
        for job in jobs:
            reason = self._one(job)
            yield Failed(job, reason) if reason else job

    def _one(self, job: Job) -> str:
        text = _pinyin(job.text) if job.language == "zh" else _plain(job.text)
        said = text.encode(self.encodings.get(job.language, "utf-8"), "ignore") + b"\n"
        with tempfile.TemporaryFile() as told:
            try:
                ran = subprocess.run(  # noqa: S603
                    self.command(job), input=said, stdout=subprocess.DEVNULL, stderr=told, timeout=PATIENCE, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                return str(error)
            told.seek(0)
            last = told.read().decode(errors="replace").strip().rsplit("\n", 1)[-1]
        if ran.returncode or not job.path.is_file() or job.path.stat().st_size < 1000:
            return f"{ran.args[0]} ended with {ran.returncode}: {last or 'no sound'}"
        return ""


_ESPEAK = {language: tuple(f"espeak-{v}" for v in ESPEAK_VOICES) for language in ESPEAK_LANGUAGES}
_KLATT = {language: tuple(f"espeak-klatt{n}" for n in ("", *"23456")) for language in ESPEAK_LANGUAGES}
_VOICES = Path("/usr/share/festival/voices")
_FREE = "BSD-like (CMU / University of Edinburgh)"
_OUTPUT = "GPL-3.0 engine; its output is the user's"

PROGRAMS: tuple[Program, ...] = (
    Program("formant-espeak", _OUTPUT, True, "apt-get install espeak-ng", _espeak, _ESPEAK),
    Program("formant-klatt", _OUTPUT, True, "apt-get install espeak-ng", _espeak, _KLATT),
    Program("diphone-flite", _FREE, True, "apt-get install flite", _flite, {"en": ("kal",)}),
    Program("parametric-flite", _FREE, True, "apt-get install flite", _flite, {"en": ("awb", "rms", "slt")}),
    Program(
        "diphone-festival",
        _FREE,
        True,
        "apt-get install festival festvox-kallpc16k festvox-kdlpc16k",
        _festival,
        {"en": ("kal", "ked")},
        (_VOICES / "english/kal_diphone", _VOICES / "english/ked_diphone"),
    ),
    Program(
        "hmm-festival",
        _FREE,
        True,
        "apt-get install festival festvox-us-slt-hts",
        _festival,
        {"en": ("slt",)},
        (_VOICES / "us/cmu_us_slt_arctic_hts",),
    ),
    Program(
        "diphone-festvox",
        "GPL-2.0-or-later (recordings in the output)",
        False,
        "apt-get install festival festvox-italp16k festvox-itapc16k festvox-czech-dita festvox-czech-machac",
        _festival,
        {"it": ("ita-lp", "ita-pc"), "cs": ("ces-dita", "ces-machac")},
        (_VOICES / "italian", _VOICES / "czech"),
        {"it": "iso-8859-1", "cs": "iso-8859-2"},
    ),
    Program(
        "unit-festival",
        "BSD-like (Nickolay Shmyrev)",
        True,
        "apt-get install festival festvox-ru",
        _festival,
        {"ru": ("rus-nsh",)},
        (_VOICES / "russian",),
    ),
)
"""Engines of Debian packages. "formant" models the vocal tract, "diphone" and "unit" join recordings, "parametric" and
"hmm" are statistics through a vocoder."""
