"""Where voice detectors are: the one in the package, a directory, a manifest's file, or a name at the model hub.

Nothing goes live untested: `load` runs the self-test.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import platformdirs
from huggingface_hub.errors import HfHubHTTPError

from monitor.errors import DownloadFailed, ModelMissing, VoiceModelInvalid
from monitor.voices import calibrate, fusion, manifest, selftest
from monitor.voices.calibrate import CalibrationInvalid, Set
from monitor.voices.detector import VoiceDetector
from monitor.voices.manifest import Manifest
from monitor.voices.onnx import OnnxDetector

BUNDLED = "bundled"
"""Name of the detector that comes with the product."""
KNOWN = Path(__file__).parent / "known"
"""Manifests of public models, whose weights others have."""
CALIBRATION = "calibration.json"
"""File beside a manifest, used where no other is named."""

# The hub's own errors are subclasses of these; its bases hold the root of the HTTP client that it uses these days.
_FAILURES: tuple[type[BaseException], ...] = (OSError, ValueError, RuntimeError, *HfHubHTTPError.__bases__)

Get = Callable[[str, str, str, Path], None]
"""Repository, revision, file's name, directory to put it in. Raises DownloadFailed."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A detector that passed its self-test, and what turns its scores into likelihood ratios."""

    detector: VoiceDetector
    calibration: Set | None  # None: it can score, and say nothing
    claims: tuple[str, ...]  # what it is claimed to find; empty: at chance for what it can't claim, so it only marks
    licence: str
    source: str
    notes: str
    report: selftest.Report | None  # None: several that vote
    place: Path  # the manifest

    @property
    def model(self) -> str:
        """As `VoiceScored.model` has it."""
        return f"{self.detector.name}@{self.detector.digest}"


def load(name: str, *, calibration: Path | None = None, trust: bool = False, cache: Path | None = None) -> Loaded:
    """`name`: "bundled", a known model, a directory with a manifest.toml, a manifest, or owner/name at the hub once
    fetched.

    Raises ModelMissing, ModelUntrusted, VoiceModelInvalid.
    """
    place = find(name, cache)
    if fusion.is_one(_table(place)):
        return _several(place, calibration, trust, cache)
    said = manifest.read(place)
    detector = OnnxDetector(said, _file(place, said, cache), trust=trust)
    report = selftest.check(detector)
    fitting = _calibration(place, calibration, f"{detector.name}@{detector.digest}", detector.window)
    return Loaded(detector, fitting, said.claims, said.licence, said.source, said.notes, report, place)


def find(name: str, cache: Path | None = None) -> Path:
    """The manifest of this name, from this machine alone. Raises ModelMissing."""
    cache = cache or default_cache()
    if name == BUNDLED:
        place = Path(__file__).parent / BUNDLED / manifest.NAME
        missing = "This package comes without a voice detector: name another one."
    elif name in known():
        place, missing = KNOWN / f"{name}.toml", ""
    elif name.endswith(".toml"):
        place, missing = Path(name).expanduser(), f"{name}: no such file."
    else:
        place, missing = Path(name).expanduser() / manifest.NAME, f"{name}: no directory with a {manifest.NAME}."
        if not place.is_file() and _is_hub_name(name):
            place = cache / name.replace("/", "--") / manifest.NAME
            missing = f"{name} isn't on this machine. Fetch it: room-monitor voices fetch {name}"
    if not place.is_file():
        raise ModelMissing(missing)
    return place


def known() -> tuple[str, ...]:
    """Names of the public models that manifests come for."""
    return tuple(sorted(path.stem for path in KNOWN.glob("*.toml")))


def fetch(name: str, *, cache: Path | None = None, get: Get | None = None) -> Path:
    """A detector out of the model hub, into the cache: `name` is owner/name there, or a manifest that names it.

    Returns its manifest. Raises ModelMissing, VoiceModelInvalid, DownloadFailed.
    """
    cache, get = cache or default_cache(), get or _from_hub
    if _is_hub_name(name) and not (Path(name) / manifest.NAME).is_file():
        folder = cache / name.replace("/", "--")
        get(name, "", manifest.NAME, folder)
        said = manifest.read(folder / manifest.NAME)
        get(name, "", said.file.path, folder)
        return folder / manifest.NAME
    place = find(name, cache)
    said = manifest.read(place)
    if not said.file.hub:
        raise ModelMissing(
            f"{place}: its ONNX file is at no hub. Get or export it from {said.source} and put it beside the manifest "
            f"as {said.file.path}."
        )
    get(said.file.hub, said.file.revision, said.file.path, _hub_folder(said, cache))
    return place


def default_cache() -> Path:
    return Path(platformdirs.user_cache_dir("room-monitor")) / "voices"


def _several(place: Path, calibration: Path | None, trust: bool, cache: Path | None) -> Loaded:
    said = fusion.read(place)
    members, claims, licences = [], set[str](), dict[str, None]()
    for member in said.members:
        one = load(member.named(place.parent), calibration=member.set_in(place.parent), trust=trust, cache=cache)
        if one.calibration is None:
            raise VoiceModelInvalid(
                f"{place}: {member.model} has no calibration, and votes can only be added up as likelihood ratios: "
                "run `room-monitor voices calibrate` for it"
            )
        members.append(fusion.Member(one.detector, one.calibration, member.weight))
        claims |= set(one.claims)
        licences[one.licence] = None
    detector = fusion.Fusion(said.name, tuple(members))
    fitting = _calibration(place, calibration, f"{detector.name}@{detector.digest}", detector.window)
    source = ", ".join(member.model for member in said.members)
    return Loaded(detector, fitting, tuple(sorted(claims)), "; ".join(licences), source, said.notes, None, place)


def _calibration(place: Path, named: Path | None, model: str, window: float) -> Set | None:
    """The set that is named, or the one beside the manifest. Raises VoiceModelInvalid where it is another model's."""
    path = named or place.parent / CALIBRATION
    if named is None and not path.is_file():
        return None
    try:
        found = calibrate.load(path)
    except CalibrationInvalid as error:
        raise VoiceModelInvalid(str(error)) from error
    if reason := found.fits(model, window):
        raise VoiceModelInvalid(f"{path}: {reason}")
    return found


def _file(place: Path, said: Manifest, cache: Path | None) -> Path:
    """The ONNX file beside the manifest, or the one that was fetched."""
    beside = place.parent / said.file.path
    if beside.is_file() or not said.file.hub:
        return beside
    fetched = _hub_folder(said, cache or default_cache()) / said.file.path
    if not fetched.is_file():
        raise ModelMissing(
            f"{beside} isn't there. Fetch it from the model hub ({said.file.hub}, licence {said.licence}): "
            f"room-monitor voices fetch {place}"
        )
    return fetched


def _hub_folder(said: Manifest, cache: Path) -> Path:
    return cache / "--".join([*said.file.hub.split("/"), said.file.revision[:12] or "main"])


def _is_hub_name(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~"))


def _table(place: Path) -> dict[str, object]:
    try:
        return tomllib.loads(place.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise VoiceModelInvalid(f"{place}: not TOML: {error}") from error


def _from_hub(repository: str, revision: str, name: str, folder: Path) -> None:
    try:
        huggingface_hub.hf_hub_download(repository, name, revision=revision or None, local_dir=folder, etag_timeout=10)
    except _FAILURES as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise DownloadFailed(f"The model hub doesn't give {name} of {repository}: {reason}") from error
