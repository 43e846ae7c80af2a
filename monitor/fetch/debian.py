"""One named file of one Debian package, from the mirror that this machine's apt is set up with, verified by SHA-256.

Nothing is installed, and no host is named in our code: apt is asked for the address.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Collection
from pathlib import Path

from monitor.errors import DownloadFailed
from monitor.fetch.registry import PackageFile, Progress, fetch_from, is_there

_PATIENCE = 60.0  # seconds for a command that reads apt's lists
_MAGIC, _HEADER = b"!<arch>\n", 60  # ar(5): the container of a .deb; a header is 60 bytes of text


def fetch(file: PackageFile, folder: Path, progress: Progress | None = None) -> Path:
    """The .deb's path in `folder`, fetched unless it is there; `file.project` is the package.

    Raises DownloadFailed with what to do, on machines without apt too.
    """
    target = folder / file.filename
    if is_there(file, folder):
        return target
    try:
        return fetch_from(_address(file), file, folder, progress)
    except DownloadFailed as error:
        raise DownloadFailed(
            f"{error}\nThe package is Debian's {file.project} {file.version}. Fetch {file.filename} on another machine "
            f"(apt-get download {file.project}) and put it here: {target}"
        ) from error


def _address(file: PackageFile) -> str:
    """Where apt would fetch it from. Raises DownloadFailed."""
    command = ["apt-get", "download", "--print-uris", f"{file.project}={file.version}"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=True)  # noqa: S603
    except FileNotFoundError:
        raise DownloadFailed("There is no apt-get on this machine.") from None
    except (OSError, subprocess.SubprocessError) as error:
        detail = str(getattr(error, "stderr", "") or error).strip().rsplit("\n", 1)[-1]
        raise DownloadFailed(f"apt-get doesn't know the package ({detail}); `apt-get update` may help.") from error
    return parse(ran.stdout)


def parse(listing: str) -> str:
    """The address in what `apt-get download --print-uris` prints: 'ADDRESS' NAME SIZE DIGEST. Raises DownloadFailed."""
    for line in listing.splitlines():
        if line.startswith("'") and "'" in line[1:]:
            return line[1:].partition("'")[0]
    raise DownloadFailed("apt-get printed no address for the package.")


def unpack(deb: Path, names: Collection[str]) -> dict[str, bytes]:
    """The named files of a .deb, each by its path without the leading slash; those that aren't in it are left out.

    Nothing of the archive decides about a path. Raises DownloadFailed for what is no .deb.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_data(deb.read_bytes())), mode="r:*") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                opened = tar.extractfile(member) if name in names and member.isfile() else None
                if opened is not None:
                    found[name] = opened.read()
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise DownloadFailed(f"{deb} can't be read ({error}). Delete it and try again.") from error
    return found


def _data(deb: bytes) -> bytes:
    """The archive of files within the .deb. Raises ValueError."""
    if not deb.startswith(_MAGIC):
        raise ValueError("it is no ar archive")
    at = len(_MAGIC)
    while at + _HEADER <= len(deb):
        name, size = deb[at : at + 16].decode("ascii", "replace").strip(), int(deb[at + 48 : at + 58])
        at += _HEADER
        if name.startswith("data.tar"):
            return deb[at : at + size]
        at += size + size % 2
    raise ValueError("it has no data")
