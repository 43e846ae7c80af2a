"""One service a data directory: a second one would take the first one's open tracks for the leavings of a crash."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import DataInUse


@contextmanager
def owned(directory: Path) -> Iterator[None]:
    """Hold the directory (made with mode 0700 if needed) for as long as the context lasts. Raises DataInUse.

    The lock goes with the process, however it ends; the file `lock` that it is on stays.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataInUse(
                f"{directory} is in use by another room-monitor. Stop that one, or choose another directory: "
                "[storage] data."
            ) from error
        yield
