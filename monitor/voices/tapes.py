"""Tapes for the simulation, kept on disk: what a detector made of each speaker in each room."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitor.model import Samples
from monitor.voice_model import Abstained, VoiceWindow
from monitor.voices.corpus import chain as chains
from monitor.voices.corpus.rows import Row
from monitor.voices.corpus.wav import read_wav
from monitor.voices.simulate import Block, Judge, Load, Tape, by_voice, record

VERSION = 1
"""Of what a kept file holds."""


def in_rooms(corpus: Path, chain: chains.Chain, codec: chains.Codec, seed: int = 0) -> Load:
    """Recordings through a chain: a speaker has the same microphone, room, noise and link in all of one room.

    What falls out by chance within it (which packets are lost) is each recording's own. A machine and a person get
    conditions by their names: neither is favoured.
    """

    def load(row: Row, room: int) -> Samples:
        conditions = chains.draw(chain, chains.source(f"{row.speaker}/{room}", seed))
        return chains.send(read_wav(corpus / row.path), conditions, chains.source(f"{row.path}/{room}", seed), codec)

    return load


def taped(
    rows: Iterable[Row],
    judge: Callable[[], Judge],
    load: Load,
    *,
    rooms: int,
    kept: Path,
    made_with: str,
    most: float = 600.0,
    tell: Callable[[int, int], None] | None = None,
) -> list[Tape]:
    """Every speaker of `rows` in so many rooms. What is kept isn't computed again.

    `kept`: a file; `made_with`: everything besides the rows that scores depend on (detector, calibration, chain, seed).
    `most`: seconds of a speaker in one room. Raises OSError, and what `load` and the detector raise.
    """
    voices = by_voice(rows)
    known = _read(kept)
    kept.parent.mkdir(parents=True, exist_ok=True)
    tapes = []
    with kept.open("a", encoding="utf-8") as file:
        for number, (_, found) in enumerate(sorted(voices.items())):
            mine = sorted(found, key=lambda row: hashlib.sha256(row.path.encode()).digest())
            for room in range(rooms):
                if tell:
                    tell(number * rooms + room, len(voices) * rooms)
                key = _key(mine, room, most, made_with)
                tape = known.get(key)
                if tape is None:
                    tape = record(mine, judge, load, room, most)
                    file.write(json.dumps({"key": key, **asdict(tape)}) + "\n")
                    file.flush()
                tapes.append(tape)
    if tell:
        tell(len(voices) * rooms, len(voices) * rooms)
    return tapes


def _key(rows: Sequence[Row], room: int, most: float, made_with: str) -> str:
    paths = "|".join(f"{row.path} {row.seconds}" for row in rows)
    return hashlib.sha256(f"{VERSION}|{made_with}|{room}|{most}|{paths}".encode()).hexdigest()[:24]


def _read(path: Path) -> dict[str, Tape]:
    """Kept tapes by key; a last line that was cut off is made anew."""
    tapes = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        try:
            cells = json.loads(line)
            tapes[str(cells["key"])] = _tape(cells)
        except (ValueError, KeyError, TypeError):
            continue
    return tapes


def _tape(cells: dict[str, Any]) -> Tape:
    blocks = tuple(Block(tuple(_window(w) for w in block["windows"]), block["seconds"]) for block in cells["blocks"])
    return Tape(cells["speaker"], cells["generator"], cells["room"], blocks)


def _window(cells: dict[str, Any]) -> VoiceWindow:
    reason = cells.pop("abstained")
    return VoiceWindow(**cells, abstained=Abstained(reason) if reason else None)
