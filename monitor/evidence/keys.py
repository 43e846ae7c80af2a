"""Sealing: AES-256-GCM (NIST SP 800-38D) with a key of 32 random bytes.

Three storeys: the master key wraps the key of each room-session, that one wraps the key of each kept clip, and each
seals its own files. Whoever destroys a wrapped key has erased everything below it, also in copies of the files that
were made before.

A sealed text is version (1 byte), nonce (12), ciphertext with tag. What it is of (`label`) is authenticated with it:
a file or key put in another one's place does not open.
"""

from __future__ import annotations

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from monitor.errors import EvidenceUnreadable

KEY = 32
"""Bytes."""
_NONCE = 12
_VERSION = b"\x01"


def new_key() -> bytes:
    return secrets.token_bytes(KEY)


def seal(key: bytes, plain: bytes, label: str) -> bytes:
    """A random nonce: with one key no more than 2^32 texts (a session of a year has 10^7)."""
    nonce = secrets.token_bytes(_NONCE)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, label.encode())


def unseal(key: bytes, sealed: bytes, label: str) -> bytes:
    """Raises EvidenceUnreadable for another key, another label, or a changed text."""
    if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE:
        raise EvidenceUnreadable(f"{label}: not in a form that this version knows")
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], label.encode())
    except InvalidTag:
        raise EvidenceUnreadable(f"{label}: it was changed, or sealed with another key") from None


def fingerprint(key: bytes) -> str:
    """Names a key without telling anything of it: 16 hex digits."""
    return hashlib.sha256(b"room-monitor key\0" + key).hexdigest()[:16]


def of_session(session: str) -> str:
    """Label of a session's key, wrapped by the master key."""
    return f"session {session}"


def of_clip_key(session: str, alert: str) -> str:
    """Label of a clip's key, wrapped by its session's."""
    return f"clip key {session} {alert}"


def of_clip(session: str, alert: str) -> str:
    return f"clip {session} {alert}"


def of_segment(session: str, name: str) -> str:
    return f"segment {session} {name}"


def of_witness(session: str) -> str:
    """Label of a known text under a session's key: with it a receipt can be checked against any key that turns up."""
    return f"witness {session}"


WITNESS = b"room-monitor witness"
