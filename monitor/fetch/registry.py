"""One named file of one named project version from the user's Python package index, verified by SHA-256.

The index is read by PEP 691 (JSON) with PEP 503 (HTML) as fallback. Source archives are fetched as plain files:
`pip download` would build their metadata first, which takes minutes and runs their code.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import OpenerDirector, url2pathname

from monitor.errors import DownloadFailed
from monitor.fetch import pip_settings
from monitor.fetch.http import TIMEOUT, opener, public, request
from monitor.fetch.pip_settings import PipSettings

_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_LISTING_LIMIT = 64 * 1024 * 1024  # bytes of an index page; the largest known are about 20 MB
_CHUNK = 256 * 1024
_ATTEMPTS = 3  # a broken transfer is taken up where it broke

Progress = Callable[[str, int, int], None]
"""Called with (file name, bytes so far, bytes in all)."""

# What a network, a proxy or a bad answer raises; bugs keep flying. URLError, HTTPError, SSLError are OSErrors.
_FAILURES = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of a package index, pinned."""

    project: str
    version: str
    filename: str
    sha256: str
    size: int  # bytes; a longer answer is cut off and refused


def sha256(path: Path) -> str:
    """Hex digest of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(
    file: PackageFile, folder: Path, progress: Progress | None = None, settings: PipSettings | None = None
) -> Path:
    """The file's path in `folder`, fetched unless it is there. Never leaves a half or wrong file under its name.

    Raises DownloadFailed with all that was tried and what to do.
    """
    target = folder / file.filename
    if _matches(target, file):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    settings = settings or pip_settings.read()
    tried: list[str] = []
    for link in settings.links:
        local = _local(link) / file.filename
        if _matches(local, file):
            return local
    with closing(opener(settings)) as web:
        for index in sorted(settings.indexes, key=lambda i: urlsplit(i).scheme != "file"):  # near ones first
            try:
                _from_index(web, index, file, target, progress)
            except _FAILURES as error:
                tried.append(f"{public(index)}: {error}")
            else:
                return target
    reasons = "\n  ".join(tried) or "pip is configured without an index"
    raise DownloadFailed(
        f"Can't fetch {file.filename} ({file.project} {file.version}, {file.size / 1e6:.0f} MB). Tried:\n  {reasons}\n"
        f"Check pip's settings (pip config list), or fetch the file on another machine and put it here: {target}"
    )


def fetch_from(
    address: str, file: PackageFile, folder: Path, progress: Progress | None = None, settings: PipSettings | None = None
) -> Path:
    """The file's path in `folder`, fetched from this address, as `fetch` does it. Raises DownloadFailed."""
    target = folder / file.filename
    folder.mkdir(parents=True, exist_ok=True)
    with closing(opener(settings or pip_settings.read())) as web:
        try:
            _install(target, lambda out: _download(web, address, file, out, progress))
        except _FAILURES as error:
            raise DownloadFailed(f"Can't fetch {file.filename} from {public(address)}: {error}") from error
    return target


def is_there(file: PackageFile, folder: Path) -> bool:
    """Whether it is in `folder`, whole and right."""
    return _matches(folder / file.filename, file)


def _matches(path: Path, file: PackageFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size and sha256(path) == file.sha256


def _from_index(web: OpenerDirector, index: str, file: PackageFile, target: Path, progress: Progress | None) -> None:
    address = _look_up(web, index, file)
    if urlsplit(address).scheme == "file":
        source = _local(address)
        if not _matches(source, file):
            raise ValueError(f"{source} is missing or has another digest")
        with source.open("rb") as opened:
            _install(target, lambda out: shutil.copyfileobj(opened, out))
        return
    _install(target, lambda out: _download(web, address, file, out, progress))


def _install(target: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write beside the target, then rename: readers see the whole file or none, also with two processes at it."""
    temporary = tempfile.NamedTemporaryFile(dir=target.parent, prefix=".part-", delete=False)  # noqa: SIM115
    try:
        with temporary:
            write(temporary)
        Path(temporary.name).chmod(0o644)  # temporary files are private, a cache may be shared
        Path(temporary.name).replace(target)
    finally:
        Path(temporary.name).unlink(missing_ok=True)


def _download(web: OpenerDirector, address: str, file: PackageFile, out: IO[bytes], progress: Progress | None) -> None:
    """Stream to `out`. Raises one of _FAILURES; ValueError for a wrong length or digest."""
    for attempt in range(_ATTEMPTS):
        try:
            _stream(web, address, file, out, progress)
        except (OSError, http.client.HTTPException):
            if attempt == _ATTEMPTS - 1:
                raise
        if out.tell() >= file.size:
            break
    out.flush()
    if out.tell() != file.size:
        raise ValueError(f"{file.filename} broke off after {out.tell()} of {file.size} bytes")
    if (digest := sha256(Path(out.name))) != file.sha256:
        raise ValueError(f"{file.filename} has the SHA-256 {digest}, expected {file.sha256}: not used")


def _stream(web: OpenerDirector, address: str, file: PackageFile, out: IO[bytes], progress: Progress | None) -> None:
    have = out.tell()
    headers = {"Range": f"bytes={have}-"} if have else {}
    with web.open(request(address, headers), timeout=TIMEOUT) as answer:
        if have and answer.status != http.client.PARTIAL_CONTENT:
            out.seek(0)  # the server doesn't resume: from the start again
            out.truncate()
        while chunk := answer.read(_CHUNK):
            if out.tell() + len(chunk) > file.size:
                raise ValueError(f"{file.filename} is longer than the {file.size} bytes expected: not used")
            out.write(chunk)
            if progress:
                progress(file.filename, out.tell(), file.size)


def _look_up(web: OpenerDirector, index: str, file: PackageFile) -> str:
    """Address of the file. Raises one of _FAILURES; FileNotFoundError where the index hasn't got it."""
    page = index.rstrip("/") + "/" + re.sub(r"[-_.]+", "-", file.project).lower() + "/"
    if urlsplit(index).scheme == "file":
        listing = _local(page) / "index.html"
        return _in_html(listing.read_text("utf-8"), listing.as_uri(), file.filename)
    with web.open(request(page, {"Accept": _ACCEPT}), timeout=TIMEOUT) as answer:
        base, kind = answer.url, answer.headers.get_content_type()
        body = answer.read(_LISTING_LIMIT + 1)
    if len(body) > _LISTING_LIMIT:
        raise ValueError(f"{public(page)} is too long for a list of files")
    text = body.decode("utf-8", "replace")
    return _in_json(text, base, file.filename) if kind == _JSON else _in_html(text, base, file.filename)


def _in_json(text: str, base: str, filename: str) -> str:
    listing: Any = json.loads(text)
    files = listing.get("files", []) if isinstance(listing, dict) else []
    for entry in files:
        if isinstance(entry, dict) and entry.get("filename") == filename:
            return urljoin(base, str(entry.get("url")))
    raise FileNotFoundError(f"has no file {filename}")


def _in_html(text: str, base: str, filename: str) -> str:
    links = _Links()
    links.feed(text)
    for href in links.found:
        address = urljoin(links.base or base, href)
        if unquote(urlsplit(address).path).rsplit("/", 1)[-1] == filename:
            return address.partition("#")[0]
    raise FileNotFoundError(f"has no file {filename}")


class _Links(HTMLParser):
    """The addresses of a page's anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.found.append(href)
        elif tag == "base" and href:
            self.base = href


def _local(place: str) -> Path:
    parts = urlsplit(place)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else Path(place)
