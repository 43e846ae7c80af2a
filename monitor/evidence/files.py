"""The files of the evidence: sealed clips and the sealed ring. Without the keys they tell sizes and times.

    <data>/evidence/clips/<alert>.clip
    <data>/evidence/ring/<session>/<track>-<first sample>-<end>.part    (track: 16 hex digits of its SHA-256)

All methods block.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_PART = re.compile(r"([0-9a-f]{16})-(\d+)-(\d+)\.part")


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a track in the ring."""

    track: str  # hashed
    start: int  # media time, samples
    end: int

    @property
    def name(self) -> str:
        return f"{self.track}-{self.start}-{self.end}.part"


@dataclass(frozen=True, slots=True)
class Files:
    """`directory`: <data>/evidence."""

    directory: Path

    # clips

    def clip(self, alert: str) -> Path:
        """Raises ValueError for an id that is no safe file name."""
        if not _SAFE.fullmatch(alert):
            raise ValueError("an alert id is a word of letters, digits, - and _")
        return self._clips / f"{alert}.clip"

    def put_clip(self, alert: str, sealed: bytes) -> None:
        """Atomic and durable: the old content or the new one is there, whole, whatever happens. Raises OSError."""
        path = self.clip(alert)
        self._make(self._clips)
        draft = self._clips / f".{path.name}.{secrets.token_hex(4)}"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)  # still there only when something failed
        sync(self._clips)

    def read_clip(self, alert: str) -> bytes | None:
        try:
            return self.clip(alert).read_bytes() if self.has_clip(alert) else None
        except FileNotFoundError:  # since a moment ago
            return None

    def has_clip(self, alert: str) -> bool:
        """False also for an id that no clip can have."""
        return _SAFE.fullmatch(alert) is not None and self.clip(alert).exists()

    def drop_clips(self, alerts: list[str]) -> int:
        """How many were there."""
        found = [self.clip(alert) for alert in alerts if self.has_clip(alert)]
        for path in found:
            path.unlink(missing_ok=True)
        if found:
            sync(self._clips)
        return len(found)

    def all_clips(self) -> list[str]:
        """Ids of the alerts whose clips are there; drafts that a crash left behind are removed."""
        if not self._clips.is_dir():
            return []
        for draft in self._clips.glob(".*.clip.*"):
            draft.unlink(missing_ok=True)
        return sorted(path.stem for path in self._clips.glob("*.clip"))

    # the ring

    def put_segment(self, session: str, segment: Segment, sealed: bytes) -> None:
        """Outlives the process, not a loss of power: the clip of a stored alert doesn't depend on it."""
        directory = self._ring_of(session)
        self._make(directory)
        draft = directory / f".{segment.name}"
        draft.write_bytes(sealed)
        draft.chmod(0o600)
        draft.replace(directory / segment.name)

    def read_segment(self, session: str, segment: Segment) -> bytes:
        return (self._ring_of(session) / segment.name).read_bytes()

    def segments(self, session: str, track: str | None = None) -> list[Segment]:
        """In order of their time; `track`: only of this one (not hashed)."""
        directory = self._ring_of(session)
        wanted = None if track is None else hashed(track)
        found = [_PART.fullmatch(path.name) for path in directory.iterdir()] if directory.is_dir() else []
        parts = [Segment(m[1], int(m[2]), int(m[3])) for m in found if m]
        return sorted((p for p in parts if wanted in (None, p.track)), key=lambda part: (part.start, part.track))

    def drop_segments(self, session: str, segments: list[Segment]) -> None:
        for segment in segments:
            (self._ring_of(session) / segment.name).unlink(missing_ok=True)

    def drop_ring(self, session: str) -> None:
        shutil.rmtree(self._ring_of(session), ignore_errors=True)

    def all_rings(self) -> list[str]:
        """Sessions of which something is held."""
        ring = self.directory / "ring"
        return sorted(path.name for path in ring.iterdir()) if ring.is_dir() else []

    @property
    def _clips(self) -> Path:
        return self.directory / "clips"

    def _ring_of(self, session: str) -> Path:
        if not _SAFE.fullmatch(session):
            raise ValueError("a session's id is a word of letters, digits, - and _")
        return self.directory / "ring" / session

    def _make(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def hashed(track: str) -> str:
    """A track's id as part of a file name: ids come from servers of others."""
    return hashlib.sha256(track.encode()).hexdigest()[:16]


def sync(directory: Path) -> None:
    """Make the change of a directory's entries durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
