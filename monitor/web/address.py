"""Where the service that owns a data directory can be reached, and with which key: files beside its database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "address"
KEY = "service-key"


@contextmanager
def announced(data: Path, url: str, key: str = "") -> Iterator[None]:
    """For as long as the context lasts. A process that is killed leaves the files; the lock tells that it is dead.

    `key`: an API token of this run that may do all. Its file is for the user alone who runs the service, and who could
    read and write the database beside it anyway.
    """
    path, secret = data / NAME, data / KEY
    secret.unlink(missing_ok=True)  # one of a run that was killed; made anew, with nobody else's rights
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)
    path.write_text(url, "ascii")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        secret.unlink(missing_ok=True)


def found(data: Path) -> str | None:
    """http://host:port of the service; None while it starts or stops."""
    return _read(data / NAME) or None


def key(data: Path) -> str:
    """The key of the service there; empty where it can't be read."""
    return _read(data / KEY)


def authorized(token: str) -> dict[str, str]:
    """The header that shows an API token or such a key."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
