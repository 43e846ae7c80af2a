"""`bench alike --data`: of what the recogniser mishears, how much matching by sound finds.

Clips go through a noisy room and the live pipeline. Each stretch of a reference that could be somebody's phrase and is
not in what was recognised counts; it is found where a stretch of the recognised text is like enough. Speakers of the
train half only: likeness was chosen on them.
"""

from __future__ import annotations

import asyncio
import tempfile
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from monitor.bench.alike import LENGTHS, UNSPACED, WANTED, is_content, pieces_of
from monitor.bench.clips import from_manifest
from monitor.bench.network import Condition, heard
from monitor.bench.phrases import split
from monitor.config import Settings
from monitor.keywords.sound import SoundIndex, reach
from monitor.media import read_all
from monitor.model import RATE
from monitor.replay import replay

CONDITIONS = (
    Condition("noise at 15 dB, Opus, 3 % loss", 0.03, 15.0),
    Condition("noise at 5 dB, Opus", 0.0, 5.0),
    Condition("noise at 0 dB, Opus, 3 % loss", 0.03, 0.0),
)


async def measure(settings: Settings, data: Path, languages: Sequence[str], seed: int, out: Console) -> None:
    """Print the tables. Raises MediaUnreadable where the directory has no manifest."""
    for language in languages:
        clips = split(from_manifest(data, language), seed).train
        if not clips:
            out.print(f"[yellow]{language}: no clips in {data.name}[/]")
            continue
        for condition in CONDITIONS:
            texts = await _heard(settings, [clip.path for clip in clips], language, condition)
            pairs = zip((clip.transcript for clip in clips), texts, strict=True)
            speakers = len({clip.speaker for clip in clips})
            title = f"{language}, {condition.name}: {len(clips)} clips of {speakers} speakers"
            _print(out, title, found_again(pairs, language))


async def _heard(settings: Settings, paths: Sequence[Path], language: str, condition: Condition) -> list[str]:
    """What the recogniser makes of each file in that condition."""
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as folder:
        noisy = [Path(folder) / f"{number:04}.wav" for number in range(len(paths))]
        texts: dict[str, list[str]] = {str(path): [] for path in noisy}
        for number, (path, target) in enumerate(zip(paths, noisy, strict=True)):
            await asyncio.to_thread(_through, path, target, condition, number)

        def emit(row: dict[str, Any]) -> None:
            if row["type"] == "utterance":
                texts[row["file"]].append(row["text"])

        await replay(noisy, settings, emit, language=language, live=False)
    return [("" if language in UNSPACED else " ").join(parts) for parts in texts.values()]


def _through(path: Path, target: Path, condition: Condition, seed: int) -> None:
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(heard(read_all(path), condition, seed).astype("<i2").tobytes())


Group = tuple[str, int]
"""What a phrase's likeness must be at least, as text, and the number of its words or characters."""


def found_again(pairs: Iterable[tuple[str, str]], language: str) -> dict[Group, list[float]]:
    """For each stretch of a reference that is missing in the recognised text, the best likeness found; 0 for none."""
    gap = "" if language in UNSPACED else " "
    found: dict[Group, list[float]] = {}
    for reference, text in pairs:
        said, spoken = pieces_of(reference), pieces_of(text)
        edged = f"{gap}{gap.join(spoken)}{gap}"
        missing: dict[str, Group] = {}
        for length in LENGTHS[language in UNSPACED]:
            for start in range(len(said) - length + 1):
                gram = said[start : start + length]
                phrase = gap.join(gram)
                known = reach(phrase, language) if is_content(gram, language) else None
                if known and f"{gap}{phrase}{gap}" not in edged:
                    missing[phrase] = (str(known.least or "any"), length)
        index = SoundIndex([(number, phrase, language, min(WANTED)) for number, phrase in enumerate(missing)])
        best = dict.fromkeys(range(len(missing)), 0.0)
        for match in index.find(spoken, language):
            best[match.number] = max(best[match.number], match.likeness)
        for number, group in enumerate(missing.values()):
            found.setdefault(group, []).append(best[number])
    return found


def _print(out: Console, title: str, found: dict[Group, list[float]]) -> None:
    table = Table("needs at least", "words", "misheard", *(f"found at {wanted}" for wanted in WANTED),
                  box=None, header_style="bold", title=title)  # fmt: skip
    rows = [(*group, found[group]) for group in sorted(found)]
    rows.append(("all", 0, [one for some in found.values() for one in some]))
    for least, length, likenesses in rows:
        shares = (sum(one >= wanted - 1e-9 for one in likenesses) / max(1, len(likenesses)) for wanted in WANTED)
        table.add_row(least, str(length or ""), str(len(likenesses)), *(f"{share:.0%}" for share in shares))
    out.print(table)
