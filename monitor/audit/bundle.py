"""An export as one archive that can be checked anywhere: a ZIP with a manifest, and the manifest signed.

    manifest.json   what it is about, who made it when, and each file with its size and SHA-256; what was left out
    manifest.sig    Ed25519 signature over the bytes of manifest.json, base64
    signer.pub      the public key that it was made with, base64
    README.txt      how to check it
    …               the files

Everything but these four is in the manifest. `check` trusts nothing of a foreign archive: sizes are bounded by what
the signed manifest says, and names are only compared, never written anywhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import time
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.audit.signing import Signer, parse, signed
from monitor.errors import ExportInvalid

FORMAT, VERSION = "room-monitor-export", 1
_OWN = ("manifest.json", "manifest.sig", "signer.pub", "README.txt")
LONGEST = 16 * 1024 * 1024
"""Bytes of a manifest at most."""
_README = """This archive is an export of Room Monitor: evidence with its reasons.

manifest.json lists each file with its SHA-256; manifest.sig is its Ed25519 signature by the key in signer.pub.
To check it, without any network:  room-monitor verify THIS-FILE.zip --key THE-PUBLIC-KEY
Ask whoever runs the service for the public key (room-monitor export key prints it): the one in here shows only that
nothing was changed since the archive was made, not by whom it was made.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str  # of the file, or of what it is about
    good: bool
    what: str  # plain words


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking an archive."""

    manifest: Mapping[str, Any]  # empty: it could not be read
    public: bytes  # the key that signed it; empty: none
    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        return bool(self.findings) and all(finding.good for finding in self.findings)


def pack(
    signer: Signer, about: Mapping[str, Any], files: Mapping[str, bytes], left_out: Sequence[str], at: float
) -> bytes:
    """The archive. `about` goes into the manifest as it is; `left_out`: what is not in it, and why."""
    if taken := [name for name in files if name in _OWN]:
        raise ValueError(f"{taken[0]} is a name of the archive's own")
    listed = {name: {"bytes": len(c), "sha256": hashlib.sha256(c).hexdigest()} for name, c in sorted(files.items())}
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        **about,
        "made_at": round(at, 3),
        "files": listed,
        "left_out": list(left_out),
    }
    said = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False).encode()
    own = (
        ("README.txt", _README.encode()),
        ("manifest.json", said),
        ("manifest.sig", base64.b64encode(signer.sign(said))),
        ("signer.pub", base64.b64encode(signer.public)),
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (*own, *sorted(files.items())):
            entry = zipfile.ZipInfo(name, time.gmtime(max(at, 315532800))[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def check(path: Path, trusted: bytes | None = None) -> Checked:
    """All that can be said of an archive. `trusted`: the public key that must have signed it. Raises ExportInvalid for
    a file that is no export at all.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _check(archive, trusted)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ExportInvalid(f"{path}: not an archive that can be read: {error}") from error


def _check(archive: zipfile.ZipFile, trusted: bytes | None) -> Checked:
    names = archive.namelist()
    said, seal, public = (_read(archive, name, LONGEST) for name in _OWN[:3])
    if said is None:
        raise ExportInvalid("there is no manifest.json in it: it is no export of Room Monitor, or was cut")
    key = _decoded(public, 32)
    found = [_signature(said, _decoded(seal, 64), key)]
    if trusted is not None:
        same = key == trusted
        found.append(
            Finding("signer.pub", same, "signed by the key that you trust" if same else "signed by ANOTHER key")
        )
    manifest = _manifest(said)
    if manifest is None:
        found.append(Finding("manifest.json", False, "can't be read"))
        return Checked({}, key, tuple(found))
    listed = manifest["files"]
    found += [_file(archive, name, wanted, names.count(name)) for name, wanted in listed.items()]
    added = sorted(set(names) - set(listed) - set(_OWN))
    found += [Finding(name, False, "was added: it is not in the manifest") for name in added]
    found += [Finding(name, False, "is in the archive more than once") for name in _OWN if names.count(name) > 1]
    return Checked(manifest, key, tuple(found))


def _signature(said: bytes, seal: bytes, key: bytes) -> Finding:
    if not key or not seal:
        return Finding("manifest.sig", False, "the signature or its key is missing or broken")
    if not signed(key, seal, said):
        return Finding("manifest.sig", False, "the signature is WRONG: the manifest was changed after it was signed")
    return Finding("manifest.sig", True, "the manifest is as it was signed")


def _file(archive: zipfile.ZipFile, name: str, wanted: Mapping[str, Any], times: int) -> Finding:
    if times != 1:
        return Finding(name, False, "is missing" if not times else "is in the archive more than once")
    content = _read(archive, name, int(wanted["bytes"]))
    if content is None or len(content) != wanted["bytes"]:
        return Finding(name, False, "was changed: it has another length")
    if hashlib.sha256(content).hexdigest() != wanted["sha256"]:
        return Finding(name, False, "was changed: its SHA-256 differs")
    return Finding(name, True, "as it was signed")


def _read(archive: zipfile.ZipFile, name: str, longest: int) -> bytes | None:
    """None: not there, broken, or longer than it may be."""
    try:
        with archive.open(name) as file:
            content = file.read(longest + 1)
    except (KeyError, RuntimeError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError):
        return None
    return content if len(content) <= longest else None


def _manifest(said: bytes) -> dict[str, Any] | None:
    try:
        manifest = json.loads(said)
        if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
            return None
        for name, about in manifest["files"].items():
            if not (isinstance(name, str) and isinstance(about["sha256"], str) and 0 <= int(about["bytes"]) < 2**40):
                return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return dict(manifest)


def _decoded(text: bytes | None, length: int) -> bytes:
    try:
        raw = base64.b64decode(text or b"", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if len(raw) == length else b""


def trusted_key(text: str | None) -> bytes | None:
    """A public key as somebody gave it: its text, or a file with it. Raises ExportInvalid."""
    if text is None:
        return None
    path = Path(text)
    try:
        return parse(path.read_text("ascii") if path.is_file() else text)
    except (OSError, UnicodeDecodeError) as error:
        raise ExportInvalid(f"{text}: can't be read: {error}") from error
