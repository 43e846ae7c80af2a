"""Utterances for which the memory's queue has no room: kept on disk, and heard once there is time. Late, and not lost.

Encrypted (AES-GCM) with a key that only this process's memory has: after a crash nobody can read them, the next start
removes them, and the ledger says that they were lost. One user at a time. Writing is not durable, on purpose: it takes
less than a millisecond for an utterance, and blocks for that.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections import OrderedDict
from collections.abc import Container
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from monitor.model import RATE, Utterance
from monitor.speech.recogniser import Hints
from monitor.speech.schedule import Waiting

_log = structlog.get_logger(__name__)

_NOTHING = np.zeros(0, np.int16)


class Back(NamedTuple):
    """What comes back from the disk."""

    item: Waiting  # of the length that it had
    whole: bool  # False: its audio could not be read


class Late:
    """First in, first out, but for tracks that are busy. `seconds` of speech at most."""

    def __init__(self, directory: Path | None, seconds: float) -> None:
        """`directory`: emptied, and made when it is needed; None: nothing is ever kept."""
        self._directory = directory
        self._limit = seconds if directory is not None else 0.0
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._number = 0
        self._waiting: OrderedDict[int, tuple[Waiting, float]] = OrderedDict()  # without audio; and its seconds
        self._seconds = 0.0
        if directory is not None:
            shutil.rmtree(directory, ignore_errors=True)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def seconds(self) -> float:
        """Seconds of speech that wait here."""
        return self._seconds

    @property
    def oldest(self) -> float | None:
        """When the oldest of it came, by its owner's clock; None where there is nothing."""
        return min((item.since for item, _ in self._waiting.values()), default=None)

    def put(self, item: Waiting) -> bool:
        """Whether there was room for it. What was said before it is not kept: the memory is for what is new."""
        if self._directory is None or self._seconds + item.seconds > self._limit:
            return False
        number = self._number
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path(number).write_bytes(self._cipher.encrypt(_nonce(number), item.utterance.audio.tobytes(), None))
        except OSError:
            _log.exception("an utterance could not be put aside")
            with suppress(OSError):
                self._path(number).unlink(missing_ok=True)
            return False
        self._number += 1
        bare = replace(item, utterance=replace(item.utterance, audio=_NOTHING), hints=_bare(item.hints))
        self._waiting[number] = (bare, item.seconds)
        self._seconds += item.seconds
        return True

    def take(self, busy: Container[str]) -> Back | None:
        """The oldest whose track is not `busy`."""
        number = next((n for n, (item, _) in self._waiting.items() if item.utterance.track not in busy), None)
        return None if number is None else self._pop(number)

    def withdraw(self, tracks: Container[str]) -> list[Utterance]:
        """All of these tracks that waits, whole; it waits no more, and is gone from the disk."""
        numbers = [n for n, (item, _) in self._waiting.items() if item.utterance.track in tracks]
        return [self._pop(number).item.utterance for number in numbers]

    def clear(self) -> list[Back]:
        """All that waits, the oldest first; nothing waits any more."""
        return [self._pop(number) for number in list(self._waiting)]

    def _pop(self, number: int) -> Back:
        bare, seconds = self._waiting.pop(number)
        self._seconds = self._seconds - seconds if self._waiting else 0.0
        path, whole = self._path(number), True
        try:
            audio = np.frombuffer(self._cipher.decrypt(_nonce(number), path.read_bytes(), None), np.int16)
        except (OSError, InvalidTag):
            _log.exception("an utterance that was put aside can't be read")
            audio, whole = np.zeros(round(seconds * RATE), np.int16), False
        path.unlink(missing_ok=True)
        return Back(replace(bare, utterance=replace(bare.utterance, audio=audio)), whole)

    def _path(self, number: int) -> Path:
        return (self._directory or Path(os.devnull)) / f"{number}.late"


def _nonce(number: int) -> bytes:
    """Each is used once with this process's key."""
    return struct.pack(">4xQ", number)


def _bare(hints: Hints) -> Hints:
    return replace(hints, before=None)
