"""More English speech whose words are known: the prompts of Asterisk, out of a pinned package of Debian.

One speaker, 15 minutes; read clearly, in a studio, in the words of a telephone exchange. Fetched once and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from monitor.errors import DownloadFailed
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


@dataclass(frozen=True, slots=True)
class Prompt:
    """One recorded sentence, or a few."""

    name: str
    text: str
    sound: bytes  # as in the package: SUFFIX


def prompts(progress: Progress | None = None, folder: Path | None = None) -> list[Prompt]:
    """All of them, from the cache or, the first time, from Debian's mirror (11 MB).

    Raises DownloadFailed where they can't be had, OSError where the cache can't be written.
    """
    deb = debian.fetch(_PACKAGE, folder or default_folder(), progress)
    paths = {f"{_PLACE}/{name}{SUFFIX}": (name, text) for name, text in texts().items()}
    sounds = debian.unpack(deb, paths)
    if missing := paths.keys() - sounds.keys():
        raise DownloadFailed(f"{deb} has no {min(missing)}: delete it and try again.")
    return [Prompt(name, text, sounds[path]) for path, (name, text) in paths.items()]


def texts() -> dict[str, str]:
    """What each prompt says."""
    lines = files(__package__).joinpath("prompts.tsv").read_text("utf-8").splitlines()
    rows = (line.partition("\t") for line in lines if not line.startswith("#"))
    return {name: text for name, _, text in rows}
