"""What opens a door: random, shown once, kept as its SHA-256."""

from __future__ import annotations

import hashlib
import secrets

BEGINNING = "rm_"
"""How an API token begins, so that searches for leaked secrets find it."""
_BYTES = 32


def new_cookie() -> str:
    return secrets.token_urlsafe(_BYTES)


def new_token() -> str:
    return BEGINNING + secrets.token_urlsafe(_BYTES)


def digest(key: str) -> str:
    """Looked up by this, so that how long a comparison takes tells nothing of the key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
