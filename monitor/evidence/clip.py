"""Evidence clips: what was heard around a hit, as a WAV file that nothing but the owner may read.

16-bit mono PCM at RATE. Where parts have holes between them the clip has silence of the same length, up to MAX_HOLE:
what is heard one second apart in the clip was spoken one second apart.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from monitor.evidence.ring import Part
from monitor.model import RATE, Samples

MAX_HOLE = 30.0
"""Seconds of silence between two parts; parts further away from the last one are left out of the clip."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.wav")


def write(directory: Path, alert_id: str, parts: Iterable[Part]) -> str:
    """Write the clip of an alert and return its file name, `<alert_id>.wav`. A clip of that name is replaced.

    Atomic and durable: the name is there with all of its content, or not at all. Makes the directory (mode 0700) if
    needed. Blocking. Raises ValueError for an id that is no safe file name or for no audio, OSError from the disk.
    """
    if not _SAFE.fullmatch(alert_id):
        raise ValueError("an alert id is a word of letters, digits, - and _")
    content = _wav(assemble(tuple(parts)))
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{alert_id}.wav"
    draft = directory / f".{name}.{secrets.token_hex(4)}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(directory / name)
    finally:
        draft.unlink(missing_ok=True)  # still there only when something failed
    _sync(directory)
    return name


def remove(directory: Path, names: Iterable[str]) -> int:
    """Delete clips by their names; how many were there. Names that no clip can have are refused with ValueError."""
    safe = list(names)
    for name in safe:
        if not is_clip_name(name):
            raise ValueError("not the name of a clip")
    removed = 0
    for name in safe:
        try:
            (directory / name).unlink()
            removed += 1
        except FileNotFoundError:
            continue
    if removed:
        _sync(directory)
    return removed


def sweep(directory: Path) -> int:
    """Delete drafts that a crash left behind; how many. Call at start, before the first `write`."""
    drafts = [path for path in directory.glob(".*.wav.*") if path.is_file()] if directory.is_dir() else []
    for path in drafts:
        path.unlink(missing_ok=True)
    return len(drafts)


def is_clip_name(name: str) -> bool:
    """Whether a name may be looked up in the directory of clips: no path, no hidden file, nothing but a WAV."""
    return _NAME.fullmatch(name) is not None


def assemble(parts: Sequence[Part]) -> Samples:
    """One stretch of audio; of two parts that overlap the earlier one is heard. ValueError where there is none."""
    ordered = together(parts)
    if not ordered:
        raise ValueError("no audio for the clip")
    begin = ordered[0].start
    out = np.zeros(max(part.end for part in ordered) - begin, np.int16)
    for part in reversed(ordered):  # the earlier one is written over the later one
        out[part.start - begin : part.end - begin] = part.audio
    return out


def together(parts: Sequence[Part]) -> list[Part]:
    """Those of the parts that a clip holds, in order: what is too far before the newest is left out."""
    ordered = sorted((part for part in parts if len(part.audio)), key=lambda part: part.start)
    # The newest part holds the hit, so it is not the other way round.
    first = len(ordered) - 1
    while first > 0 and ordered[first].start - ordered[first - 1].end <= MAX_HOLE * RATE:
        first -= 1
    return ordered[max(0, first) :]


def _wav(audio: Samples) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(audio.astype("<i2").tobytes())
    return buffer.getvalue()


def _sync(directory: Path) -> None:
    """Make the change of a directory's entries durable, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
