"""`bench wer`: the live pipeline beside plain faster-whisper: same files, same model, same run."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from faster_whisper import WhisperModel
from rich.console import Console
from rich.progress import track
from rich.table import Table

from monitor.bench.clips import Clip, from_manifest, from_recordings
from monitor.bench.machine import describe
from monitor.config import Settings
from monitor.fetch.recordings import recordings
from monitor.media import read_all
from monitor.replay import replay
from monitor.speech.weights import find
from monitor.speech.wer import Errors, errors


async def compare(settings: Settings, data: Path | None, language: str, limit: int, out: Console) -> None:
    """Print the error rates with their counts."""
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        clips = from_manifest(data, language) if data else from_recordings(recordings(), Path(scratch))
        clips = clips[:limit] if limit else clips
        rows = [("Room Monitor, replay", *await _pipeline(settings, clips, language, live=False))]
        rows.append(("Room Monitor, cut as in a live room", *await _pipeline(settings, clips, language, live=True)))
        padded = settings.model_copy(update={"speech": settings.speech.model_copy(update={"context": "full"})})
        rows.append(("the same, always over 30 s", *await _pipeline(padded, clips, language, live=True)))
        for name, beam in (("plain faster-whisper, its defaults (beam 5)", 5), ("plain faster-whisper, greedy", 1)):
            texts, took = await asyncio.to_thread(_plain, settings, clips, language, beam, name)
            rows.append((name, texts, took))
    _print(out, settings, data, language, clips, rows)


async def _pipeline(settings: Settings, clips: list[Clip], language: str, *, live: bool) -> tuple[list[str], float]:
    texts: dict[str, list[str]] = {str(clip.path): [] for clip in clips}

    def emit(row: dict[str, Any]) -> None:
        if row["type"] == "utterance":
            texts[row["file"]].append(row["text"])

    begun = time.perf_counter()
    await replay([clip.path for clip in clips], settings, emit, language=language, live=live)
    joiner = "" if language in ("zh", "ja") else " "
    return [joiner.join(parts) for parts in texts.values()], time.perf_counter() - begun


def _plain(settings: Settings, clips: list[Clip], language: str, beam: int, name: str) -> tuple[list[str], float]:
    speech = settings.speech
    model = WhisperModel(
        str(find(speech.model, trust=speech.trust).path),
        device=speech.device,
        compute_type=speech.compute_type,
        cpu_threads=speech.threads,
        local_files_only=True,
    )
    begun = time.perf_counter()
    texts = []
    for clip in track(clips, description=name, transient=True):
        audio = read_all(clip.path).astype("float32") / 32768
        segments, _ = model.transcribe(audio, language=language, beam_size=beam)
        texts.append("".join(segment.text for segment in segments))
    return texts, time.perf_counter() - begun


def _print(
    out: Console,
    settings: Settings,
    data: Path | None,
    language: str,
    clips: list[Clip],
    rows: list[tuple[str, list[str], float]],
) -> None:
    unit = "CER" if language in ("zh", "ja") else "WER"
    table = Table("", unit, "Substituted", "Left out", "Put in", "Units", "Seconds", box=None, header_style="bold")
    total: list[Errors] = []
    for name, texts, took in rows:
        found = Errors()
        for clip, text in zip(clips, texts, strict=True):
            found += errors(clip.transcript, text, language)
        total.append(found)
        counts = (found.substitutions, found.deletions, found.insertions, found.tokens)
        table.add_row(name, f"{found.rate:.2%}", *(str(count) for count in counts), f"{took:.0f}")
    speakers = len({clip.speaker for clip in clips})
    source = data.name if data else "the demo's recordings"
    out.print(
        f"{unit}: {len(clips)} clips of {speakers} speakers, language {language}, from {source}, "
        f"model {settings.speech.model}"
    )
    out.print(table)
    replayed, live, _, default = (one.rate * 100 for one in total[:4])
    out.print(f"Points above faster-whisper's defaults: replay {replayed - default:+.2f}, live {live - default:+.2f}")
    out.print(describe(), style="dim", highlight=False)
