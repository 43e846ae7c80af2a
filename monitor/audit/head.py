"""The head of the audit log, kept outside the database: number and hash of the newest entry, under a key.

Without it, whoever can write the database could cut the log's end off, or redo the whole chain from a changed entry
on. The head is written after each commit, so a crash between the two leaves the log one entry or a few ahead of its
head; never behind. Who can write this directory as a whole can put an older copy of both in place: against that helps
a head that was written down elsewhere (`room-monitor audit verify --head`), for which the service logs it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from monitor.audit.chain import GENESIS, canonical


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the log."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Mark:
        """Raises ValueError unless it is as `str` writes it."""
        number, _, digest = text.strip().partition(":")
        if not (number.isascii() and number.isdecimal()) or len(digest) != 64:
            raise ValueError("a head is a number, a colon and 64 hexadecimal digits")
        return cls(int(number), digest.lower())


class HeadBroken(Exception):
    """There is a head, and it is not what the service wrote."""


class Head:
    """The two files of a data directory: `audit.key` and `audit.head`. Blocking. OSError from the disk."""

    def __init__(self, directory: Path) -> None:
        self._key = directory / "audit.key"
        self._file = directory / "audit.head"

    def make_key(self) -> bool:
        """Make the key where there is none; whether it did. 0600: who has it can write heads. Sweeps away the drafts
        that a crash left, so call it before the first `write`.
        """
        for draft in (*self._file.parent.glob(f".{self._file.name}.*"), *self._key.parent.glob(f".{self._key.name}.*")):
            draft.unlink(missing_ok=True)
        if self._key.exists():
            return False
        draft = self._key.with_name(f".{self._key.name}.{secrets.token_hex(4)}")
        _write(draft, secrets.token_bytes(32))
        draft.replace(self._key)
        return True

    def read(self) -> Mark | None:
        """The newest place that was anchored; None: no head was ever written. Raises HeadBroken."""
        try:
            said = json.loads(self._file.read_text("utf-8"))
            mark = Mark(int(said["number"]), str(said["hash"]))
            seal = str(said["seal"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise HeadBroken(f"{self._file.name} can't be read: {error}") from error
        try:
            wanted = self._seal(mark)
        except FileNotFoundError:
            raise HeadBroken(f"{self._key.name}, with which {self._file.name} is sealed, is gone") from None
        if not hmac.compare_digest(seal, wanted):
            raise HeadBroken(f"{self._file.name} is not what the service wrote: its seal is wrong")
        return mark

    def write(self, mark: Mark) -> None:
        """Durable once it returns: the old head or the new one is there, never half of one."""
        said = {"number": mark.number, "hash": mark.hash, "seal": self._seal(mark)}
        draft = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        _write(draft, canonical(said).encode())
        draft.replace(self._file)

    def _seal(self, mark: Mark) -> str:
        return hmac.new(self._key.read_bytes(), f"room-monitor audit {mark}".encode(), hashlib.sha256).hexdigest()


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


NOTHING = Mark(0, GENESIS)
"""The head of a log without entries."""
