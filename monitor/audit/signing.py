"""The key that signs exports: Ed25519 (RFC 8032), made at first use, in a file that nobody else may read.

Its public half is shown by `room-monitor export key`. Give it to whoever will check exports, on another way than the
exports themselves: a signature shows that an archive is unchanged since *some* key signed it, the public key shows
whose.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitor.errors import ExportInvalid

NAME = "export.key"


class Signer:
    """Signs with the key of a data directory. Blocking. OSError from the disk."""

    def __init__(self, directory: Path) -> None:
        path = directory / NAME
        try:
            seed = path.read_bytes()
        except FileNotFoundError:
            seed = _make(path)
        if len(seed) != 32:
            raise ExportInvalid(f"{path} is no key: it should hold 32 bytes. Put the right file back, or move it away.")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> bytes:
        """32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, content: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(content)


def signed(public: bytes, signature: bytes, content: bytes) -> bool:
    """Whether the owner of this key signed it."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def written(public: bytes) -> str:
    """A public key as people pass it on: base64."""
    return base64.b64encode(public).decode("ascii")


def parse(text: str) -> bytes:
    """What `written` wrote. Raises ExportInvalid."""
    try:
        public = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        public = b""
    if len(public) != 32:
        raise ExportInvalid("that is no public key: `room-monitor export key` prints it, 44 characters of base64")
    return public


def fingerprint(public: bytes) -> str:
    """Short enough to be read out on the telephone: the first 16 hexadecimal digits of its SHA-256, in fours."""
    digits = hashlib.sha256(public).hexdigest()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def _make(path: Path) -> bytes:
    seed = secrets.token_bytes(32)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(seed)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return seed
