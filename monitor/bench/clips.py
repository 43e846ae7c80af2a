"""Recordings with transcripts, to measure on."""

from __future__ import annotations

import csv
import wave
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import MediaUnreadable
from monitor.fetch.recordings import Recording


@dataclass(frozen=True, slots=True)
class Clip:
    path: Path
    language: str
    speaker: str
    transcript: str


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
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16_000)
            out.writeframes(recording.samples.tobytes())
        clips.append(Clip(path, "en", recording.speaker, recording.transcript))
    return clips
