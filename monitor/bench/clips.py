"""Recordings with transcripts, to measure on."""

from __future__ import annotations

import csv
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from monitor.errors import MediaUnreadable
from monitor.fetch.prompts import SPEAKER, SUFFIX, Prompt
from monitor.fetch.recordings import Recording
from monitor.model import RATE, Samples
from monitor.speech.wer import tokens

MANIFEST, DEMO, PROMPTS = "manifest", "the demo's recordings", "Asterisk's prompts"
"""Where clips come from."""


class Half(StrEnum):
    """Of the speakers: one to choose by, one to confirm with."""

    DEV = "dev"
    HELD = "held"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Clip:
    path: Path
    language: str
    speaker: str
    transcript: str
    source: str = MANIFEST


def from_manifest(directory: Path, language: str) -> list[Clip]:
    """Clips of a directory with `manifest.tsv`: columns file, language, speaker, transcript and, if there, reference.

    Rows whose reference came from a recogniser are left out: they would flatter it. Raises MediaUnreadable.
    """
    manifest = directory / "manifest.tsv"
    try:
        rows = list(csv.DictReader(manifest.open(encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE))
    except OSError as error:
        raise MediaUnreadable(f"{manifest}: {error.strerror}; give a directory with a manifest.tsv") from error
    return [
        Clip(directory / row["file"], row["language"], row["speaker"], row["transcript"])
        for row in rows
        if row["language"] == language and row["transcript"] and "whisper" not in row.get("reference", "").lower()
    ]


def from_recordings(recordings: list[Recording], directory: Path) -> list[Clip]:
    """Write the demo's recordings as WAV files into `directory`."""
    clips = []
    for recording in recordings:
        path = directory / f"{recording.name}.wav"
        write(path, recording.samples)
        clips.append(Clip(path, "en", recording.speaker, recording.transcript, DEMO))
    return clips


def from_prompts(prompts: Iterable[Prompt], directory: Path) -> list[Clip]:
    """Write Asterisk's prompts as files into `directory`."""
    clips = []
    for prompt in prompts:
        path = directory / f"{prompt.name.replace('/', '-')}{SUFFIX}"
        path.write_bytes(prompt.sound)
        clips.append(Clip(path, "en", SPEAKER, prompt.text, PROMPTS))
    return clips


def half(clips: Sequence[Clip], which: Half) -> list[Clip]:
    """The clips of one half of the speakers; nobody is in both.

    Of a manifest's speakers in alphabetical order the first, third, fifth … are dev, the others held. The demo's
    speakers are dev: decisions were made by them from the start. Asterisk's speaker is held: no choice was made by her.
    """
    speakers = sorted({clip.speaker for clip in clips if clip.source == MANIFEST})
    dev = set(speakers[::2]) | {clip.speaker for clip in clips if clip.source == DEMO}
    return [clip for clip in clips if which is Half.ALL or (clip.speaker in dev) is (which is Half.DEV)]


def unlike(clips: Iterable[Clip], others: Iterable[Clip]) -> list[Clip]:
    """Those of `clips` whose words are not those of one of `others`: the same recording is in several collections."""
    known = {tuple(tokens(clip.transcript, clip.language)) for clip in others}
    return [clip for clip in clips if tuple(tokens(clip.transcript, clip.language)) not in known]


def write(path: Path, samples: Samples) -> None:
    """As a WAV file, 16 kHz mono."""
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(samples.astype("<i2").tobytes())
