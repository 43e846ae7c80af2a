"""`bench ghosts`: text that the live pipeline leaves for sounds in which nobody speaks. There should be none.

Silence, noise, lines, signals and music made from a seed, and recorded music without voices where there is some, all
through Opus as in a room, then through the whole pipeline: first VAD, segmenter, second VAD, Whisper, guards.
"""

from __future__ import annotations

import asyncio
import tempfile
import wave
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from monitor.bench.machine import describe
from monitor.bench.sounds import Sound, made
from monitor.config import Settings
from monitor.media import read_all
from monitor.model import FRAME, RATE, Samples
from monitor.replay import replay
from monitor.rooms.opus import Decoder, Encoder
from monitor.show import file_progress
from monitor.telemetry.metrics import Metrics

MUSIC = Path("/usr/share/asterisk/moh")
"""Music on hold without voices: Debian's package asterisk-moh-opsound-wav."""
BITRATE = 28_000
"""Bits a second: between what browsers use for a voice in a busy room and their default."""
EXCERPT = 30.0
"""Seconds of a stretch of recorded music; stretches are spread evenly over each piece."""
_ENDINGS = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a"}
_SHOWN = 100  # characters of a refused text: loops are long
_FATES = ("vetoed", "transcribed", "lost-overload", "lost-error")


@dataclass(slots=True)
class Row:
    """What became of one kind of sound. Utterances, but for the seconds."""

    seconds: float = 0.0  # of sound that went in
    vetoed: int = 0  # refused by the second VAD
    refused: int = 0  # Whisper wrote something, and the guards refused all of it
    empty: int = 0  # Whisper wrote nothing
    left: int = 0  # text that stayed: a ghost that a user would see
    lost: int = 0

    @property
    def cut(self) -> int:
        """Utterances that the first VAD made."""
        return self.vetoed + self.refused + self.empty + self.left + self.lost


@dataclass(frozen=True, slots=True)
class Left:
    """A text that should not be there."""

    kind: str
    name: str
    at: float  # seconds into the sound
    language: str
    text: str


@dataclass(slots=True)
class Result:
    """One run over all sounds."""

    rows: dict[str, Row] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)  # "reason: text"
    left: list[Left] = field(default_factory=list)
    coverage: dict[str, float] = field(default_factory=dict)  # seconds by state, and "total"

    @property
    def seconds(self) -> float:
        return sum(row.seconds for row in self.rows.values())

    @property
    def accounted(self) -> bool:
        """Each second that went in has a state, and none of them is pending or lost."""
        unheard = sum(s for state, s in self.coverage.items() if state == "pending" or state.startswith("lost"))
        return unheard == 0 and abs(self.coverage.get("total", 0.0) - self.seconds) < 0.01


def sounds(minutes: float, music: Path, seed: int) -> list[Sound]:
    """Half made, half recorded, as far as there is recorded music in the directory; through Opus, whole frames."""
    recorded = excerpts(music, minutes * 30)
    rest = minutes * 60 - sum(len(sound.samples) for sound in recorded) / RATE
    return [Sound(s.kind, s.name, through_opus(s.samples)) for s in made(rest, seed) + recorded]


def excerpts(music: Path, seconds: float) -> list[Sound]:
    """So many seconds of the directory's recordings, as far as they go: stretches from all parts of each piece.

    Raises MediaUnreadable for a file that is none.
    """
    paths = sorted(path for path in music.glob("*") if path.suffix.lower() in _ENDINGS)
    pieces = sorted(((path, read_all(path)) for path in paths), key=lambda piece: len(piece[1]))
    found = []
    for number, (path, samples) in enumerate(pieces):
        share = min(len(samples), round(seconds * RATE / (len(pieces) - number)))
        seconds -= share / RATE  # what a short piece can't give, the longer ones do
        count = max(1, round(share / RATE / EXCERPT))
        starts = np.linspace(0, len(samples) - share // count, count).astype(int)
        for start in starts if share else ():
            name = f"{path.name} from {start / RATE:.0f} s"
            found.append(Sound("recorded music", name, samples[start : start + share // count]))
    return found


def through_opus(samples: Samples) -> Samples:
    """What arrives of it at the other end of a room without loss; filled up with silence to whole frames."""
    encoder, decoder = Encoder(RATE, bitrate=BITRATE), Decoder()
    padded = np.pad(samples, (0, -len(samples) % FRAME))
    return np.concatenate([decoder.decode(encoder.encode(frame)) for frame in padded.reshape(-1, FRAME)])


async def hear(settings: Settings, heard: list[Sound], language: str | None, out: Console) -> Result:
    """Run the sounds through the pipeline. `language` None: detected. Raises OperatorError as `replay` does."""
    result, metrics, before = Result(), Metrics(), dict.fromkeys(_FATES, 0)
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        files = {str(path): sound for path, sound in zip(_write(heard, Path(scratch)), heard, strict=True)}

        def emit(row: dict[str, Any]) -> None:
            sound = files[row["file"]]
            mine = result.rows.setdefault(sound.kind, Row())
            if row["type"] == "utterance":
                _note(result, mine, sound, row)
            elif row["type"] == "coverage":  # the file is done: the counters since the last one are its own
                now = {fate: _counted(metrics, fate) for fate in _FATES}
                mine.seconds += len(sound.samples) / RATE
                mine.vetoed += now["vetoed"] - before["vetoed"]
                mine.lost += sum(now[fate] - before[fate] for fate in _FATES[2:])
                before.update(now)
                for state, seconds in row.items():
                    if isinstance(seconds, float) and state != "share":
                        result.coverage[state] = result.coverage.get(state, 0.0) + seconds

        with file_progress(out, [Path(path) for path in files]) as progress:
            await replay(
                [Path(path) for path in files], settings, emit, progress, language=language, metrics=metrics, live=True
            )
    return result


def _note(result: Result, row: Row, sound: Sound, utterance: dict[str, Any]) -> None:
    result.refused += utterance["ghosts"]
    if utterance["text"] or utterance["words"]:
        row.left += 1
        at, language = round(utterance["at"], 1), utterance["language"]
        result.left.append(Left(sound.kind, sound.name, at, language, utterance["text"]))
    elif utterance["ghosts"]:
        row.refused += 1
    else:
        row.empty += 1


def _counted(metrics: Metrics, fate: str) -> int:
    return int(metrics.registry.get_sample_value("room_monitor_utterances_total", {"outcome": fate}) or 0)


def _write(heard: Iterable[Sound], directory: Path) -> list[Path]:
    paths = []
    for number, sound in enumerate(heard):
        paths.append(directory / f"{number:03}-{sound.kind.replace(' ', '-')}.wav")
        with wave.open(str(paths[-1]), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sound.samples.astype("<i2").tobytes())
    return paths


async def measure(settings: Settings, minutes: float, music: Path, seed: int, out: Console) -> bool:
    """Print what became of the sounds, with languages detected and fixed. True when no text is left and all is counted.

    Raises OperatorError where the pipeline can't be built.
    """
    heard = await asyncio.to_thread(sounds, minutes, music, seed)
    recorded = sum(len(sound.samples) for sound in heard if sound.kind == "recorded music") / RATE
    if not recorded:
        out.print(f"[bold red]No recorded music in {music}:[/] only made music is in these figures. ", end="")
        out.print("On Debian: apt-get install asterisk-moh-opsound-wav; elsewhere: --music with a directory of some")
    good = True
    for language in (None, "en"):
        result = await hear(settings, heard, language, out)
        _print(out, result, "any language" if language is None else f"language {language}")
        good = good and not result.left and result.accounted
    speech = settings.speech.model
    out.print(f"seed {seed}, recorded music {recorded / 60:.1f} min, model {speech}, veto {settings.hearing.veto}")
    out.print(describe(), style="dim", highlight=False)
    return good


def _print(out: Console, result: Result, title: str) -> None:
    names = ("Minutes", "Utterances", "Vetoed", "Refused", "Empty", "Lost", "Text left")
    table = Table(title, *names, box=None, header_style="bold")
    total = Row()
    for kind, row in result.rows.items():
        _add_row(table, kind, row)
        for name in ("seconds", "vetoed", "refused", "empty", "left", "lost"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    _add_row(table, "all", total)
    out.print(table)
    for refused in result.refused:
        out.print(f"  refused: {refused[:_SHOWN]}", style="dim", markup=False, highlight=False)
    for left in result.left:
        text = f"  LEFT: {left.kind}, {left.name}, at {left.at} s, {left.language}: {left.text}"
        out.print(text, style="bold red", markup=False, highlight=False)
    there = {name.replace("_", " "): s for name, s in result.coverage.items() if s or name == "pending"}
    states = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in there.items())
    word = "all accounted for" if result.accounted else "[bold red]NOT all accounted for[/]"
    out.print(f"  {word}: {result.seconds:.1f} s in; {states}\n", highlight=False)


def _add_row(table: Table, kind: str, row: Row) -> None:
    counts = (row.cut, row.vetoed, row.refused, row.empty, row.lost, row.left)
    table.add_row(kind, f"{row.seconds / 60:.1f}", *(str(count) for count in counts))
