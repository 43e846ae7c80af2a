"""Signatures after Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over id, time and body. Pure.

The receiver recomputes the signature over `{webhook-id}.{webhook-timestamp}.{body}`, compares in constant time, and
refuses a time that is more than some minutes away. The id stays the same through all tries: seen once, ignore it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


def keys(secret: str) -> tuple[bytes, ...]:
    """The keys in a secret: one, or several with spaces between. `whsec_` is base64, other text is as it stands.

    Raises ValueError for a secret that is empty, broken or too short to be one.
    """
    found = tuple(_key(part) for part in secret.split())
    if not found:
        raise ValueError("the signing secret is empty")
    return found


def headers(secret: str, message_id: str, at: float, body: bytes) -> dict[str, str]:
    """What goes with the body. `at`: wall time of this try."""
    signed = f"{message_id}.{int(at)}.".encode() + body
    signatures = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys(secret)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _key(part: str) -> bytes:
    if not part.startswith(PREFIX):
        key = part.encode()
    else:
        try:
            key = base64.b64decode(part.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("the signing secret is no base64 after whsec_") from None
    if len(key) < 16:
        raise ValueError("the signing secret is too short: 24 random bytes and more are right")
    return key
