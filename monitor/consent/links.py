"""A host's link: who has it speaks for one room. Pure.

The token is an id, a time and a signature (HMAC-SHA256, RFC 2104), in base64 of addresses. What room it is for, and
whether it was revoked, is in the database under the id: so neither the database alone (a copy of it, a backup) nor a
guessed id opens anything. Whoever has a link is its host: it is made for one person, and goes out of force by itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

ID_BYTES = 9
KEY_BYTES = 32
_TIME_BYTES = 5
_PURPOSE = b"room-monitor host link 1"
_SIZE = ID_BYTES + _TIME_BYTES + hashlib.sha256().digest_size


def sign(key: bytes, link_id: str, expires_at: float) -> str:
    """The token. `link_id`: made by `id_from`."""
    body = base64.urlsafe_b64decode(link_id) + int(expires_at).to_bytes(_TIME_BYTES)
    return base64.urlsafe_b64encode(body + _signature(key, body)).decode().rstrip("=")


def opened(key: bytes, token: str) -> tuple[str, float] | None:
    """The link's id and when it expires (wall time); None where the token is none of ours."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, signature = raw[: ID_BYTES + _TIME_BYTES], raw[ID_BYTES + _TIME_BYTES :]
    if len(raw) != _SIZE or not hmac.compare_digest(signature, _signature(key, body)):
        return None
    return id_from(body[:ID_BYTES]), float(int.from_bytes(body[ID_BYTES:]))


def id_from(random: bytes) -> str:
    """The id of a new link from ID_BYTES random bytes."""
    return base64.urlsafe_b64encode(random).decode()


def _signature(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + body, hashlib.sha256)
