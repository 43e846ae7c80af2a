"""Where the service that owns a data directory can be reached: a file beside its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "address"


@contextmanager
def announced(data: Path, url: str) -> Iterator[None]:
    """For as long as the context lasts. A process that is killed leaves the file; the lock tells that it is dead."""
    path = data / NAME
    path.write_text(url, "ascii")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def found(data: Path) -> str | None:
    """http://host:port of the service; None while it starts or stops."""
    try:
        return (data / NAME).read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
