"""More English speech whose words are known: the prompts of Asterisk, out of a pinned package of Debian.

One speaker, 15 minutes; read clearly, in a studio, in the words of a telephone exchange. Fetched once and kept. What
they say stands in core-sounds-en.txt, which comes with Asterisk's sounds but not with Debian's package of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import OperatorError
from monitor.fetch import debian
from monitor.fetch.recordings import default_folder
from monitor.fetch.registry import PackageFile, Progress

SPEAKER = "Allison Smith"
SUFFIX = ".g722"
"""16 kHz, 64 kbit/s; FFmpeg reads it."""
_PACKAGE = PackageFile(
    "asterisk-core-sounds-en-g722",
    "1.6.1-1",
    "asterisk-core-sounds-en-g722_1.6.1-1_all.deb",
    "38c5261820b406dcb0ecb37675720da2b0864850690690352ca52707eb623806",
    10_565_860,
)
_PLACE = "usr/share/asterisk/sounds/en_US_f_Allison"
_WORDS = 6
"""Fewer make no sentence, and say little about errors."""
_SOUND = re.compile(r"[\[\](){}<>*/]|\d\d")
"""Signs of what is no spoken word (tones, alternatives), and numbers, which can be read in several ways."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One recorded sentence, or a few."""

    name: str
    text: str
    sound: bytes  # as in the package: SUFFIX


def prompts(texts: Path, progress: Progress | None = None, folder: Path | None = None) -> list[Prompt]:
    """Those with a sentence in `texts` (core-sounds-en.txt), from the cache or, the first time, from Debian's mirror
    (11 MB).

    Raises OperatorError where the file says nothing of them, DownloadFailed where the sounds can't be had, OSError
    where a file can't be read or written.
    """
    said = sentences(texts.read_text("utf-8", "replace"))
    deb = debian.fetch(_PACKAGE, folder or default_folder(), progress)
    paths = {f"{_PLACE}/{name}{SUFFIX}": (name, text) for name, text in said.items()}
    sounds = debian.unpack(deb, paths)
    if not sounds:
        raise OperatorError(
            f"{texts} names none of Asterisk's English prompts. Give the core-sounds-en.txt of its sounds."
        )
    return [Prompt(*paths[path], sounds[path]) for path in paths if path in sounds]


def sentences(listed: str) -> dict[str, str]:
    """What each prompt says, by its name, where that is a sentence of words alone.

    `listed`: a line a prompt, "name: text"; those that begin with ; are remarks.
    """
    found = {}
    for line in listed.splitlines():
        name, colon, text = line.partition(":")
        text = " ".join(text.replace("...", " ").split())
        if colon and not line.startswith(";") and len(text.split()) >= _WORDS and not _SOUND.search(text):
            found[name.strip()] = text
    return found
