"""The lists' files: read, and written so that a reader sees the old content or the new one, never half of it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from monitor.errors import OperatorError

PACKAGE = Path(__file__).resolve().parent.parent


def etag(content: str) -> str:
    """Sixteen hexadecimal digits that stand for the content to the letter, comments included."""
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def read(path: Path) -> str:
    """Raises OperatorError where it can't be read."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        raise OperatorError(f"{path}: is not UTF-8 text. Mend it by hand.") from None
    except OSError as error:
        raise OperatorError(f"{path}: can't be read: {error.strerror}") from error


def write(path: Path, content: str) -> None:
    """Replaces the file at once. Raises OperatorError where the directory or the disk doesn't let it."""
    staged = stage(path, content)
    try:
        settle(staged, path)
    finally:
        discard(staged)


def stage(path: Path, content: str) -> Path:
    """The content in a file beside `path`, on the disk already. Raises OperatorError where that can't be."""
    if path.resolve().is_relative_to(PACKAGE):
        raise OperatorError(
            f"{path.parent} holds the lists that come with the program: an update would undo every change. "
            "Copy them to a directory of yours and name it in [keywords] lists."
        )
    try:
        number, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)  # hidden: no list to the reader
    except OSError as error:
        raise _refused(path, error) from error
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
    except OSError as error:
        discard(Path(name))
        raise _refused(path, error) from error
    return Path(name)


def settle(staged: Path, path: Path) -> None:
    """What was staged becomes the file. Raises OperatorError."""
    try:
        staged.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _refused(path, error) from error


def discard(staged: Path) -> None:
    """Nothing happens where it has become the file."""
    with suppress(OSError):
        staged.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    """The new name is on the disk, too."""
    number = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _refused(path: Path, error: OSError) -> OperatorError:
    return OperatorError(f"{path}: can't be written: {error.strerror}. The list is as it was.")
