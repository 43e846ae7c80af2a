"""The text that is stored beside an utterance so that lists can be tried on it quickly."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

from monitor.keywords.disguise import readings
from monitor.keywords.normalise import normalise
from monitor.keywords.shown import PAUSE
from monitor.model import Spoken, Word

REVISION = 1
"""Raise it when `spoken` is changed; a change of the normal form is noticed by itself."""
_SLACK = 0.01
"""Seconds: stored times are rounded. Where the matcher may see no pause, the text goes on: nothing is missed."""
_PROBE = (*range(0x20, 0x600), *range(0x1E00, 0x2000), *range(0x3040, 0x3100), *range(0x4E00, 0x9FB0, 3))
"""Characters whose normal forms stand for all: Latin, Greek, Cyrillic, Hebrew, Arabic, kana, every third Han one."""


def spoken(words: Sequence[Word]) -> Spoken:
    """The normal form of recognised words, one line for each stretch without a long pause."""
    lines: list[str] = []
    parts: list[str] = []
    ended = 0.0
    for word in words:
        if parts and word.start - ended > PAUSE + _SLACK:
            lines.append("".join(parts))
            parts = []
        parts.append(word.text)
        ended = word.end
    lines.append("".join(parts))
    normal = "\n".join(normalise(line).text for line in lines)
    return Spoken(form(), normal, "\n".join(reading.text for line in lines for reading in readings(line)))


@lru_cache(maxsize=1)
def form() -> str:
    """Names the normal form: another library version, or a change of ours, that folds otherwise has another name.

    Takes about 0.1 s the first time.
    """
    probe = normalise(" ".join(map(chr, _PROBE))).text
    return f"{REVISION}-{zlib.crc32(probe.encode()):08x}"
