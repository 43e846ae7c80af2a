"""Where this machine gets its Python packages from: pip's own settings, asked of pip.

A machine behind a company's mirror has that mirror in pip's configuration and nowhere else, so what works for
`pip install` works here. No host is named in our code: the default is pip's own.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import DownloadFailed

_SECTIONS = (":env:", "download", "install", "global")  # strongest first, as pip reads them
_PATIENCE = 60.0  # seconds for a command that reads three files


@dataclass(frozen=True, slots=True)
class PipSettings:
    """The part of pip's configuration that says where files come from."""

    indexes: tuple[str, ...]  # simple API roots, in the order to ask them
    links: tuple[str, ...] = ()  # find-links: directories or pages; only directories are used here
    cert: Path | None = None  # CA bundle, or a directory of certificates
    proxy: str | None = None  # None: the standard environment variables count


def read() -> PipSettings:
    """What `python -m pip config list` says. Raises DownloadFailed where there is no pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        detail = str(getattr(error, "stderr", "") or error).strip().rsplit("\n", 1)[-1]
        raise DownloadFailed(
            f"Can't ask pip for the package index ({detail}). Install pip into this environment: "
            f"{sys.executable} -m ensurepip"
        ) from error
    return parse(ran.stdout)


def parse(listing: str) -> PipSettings:
    """Settings from the lines `section.key='value'` of `pip config list`."""
    values: dict[str, str] = {}
    for line in listing.splitlines():
        name, sep, quoted = line.partition("=")
        if not sep:
            continue
        try:
            values[name.strip()] = str(ast.literal_eval(quoted.strip()))
        except (ValueError, SyntaxError):
            values[name.strip()] = quoted.strip()
    links = tuple(_value(values, "find-links").split())
    if _value(values, "no-index").lower() in {"1", "true", "yes", "on"}:
        return PipSettings((), links)
    index = _value(values, "index-url") or _default_index()
    cert = _value(values, "cert")
    return PipSettings(
        indexes=(index, *_value(values, "extra-index-url").split()),
        links=links,
        cert=Path(cert) if cert else None,
        proxy=_value(values, "proxy") or None,
    )


def _value(values: dict[str, str], key: str) -> str:
    return next((values[f"{s}.{key}"] for s in _SECTIONS if values.get(f"{s}.{key}")), "")


def _default_index() -> str:
    """The index that pip asks when nobody configured one. Raises DownloadFailed when pip no longer says."""
    try:
        return str(importlib.import_module("pip._internal.models.index").PyPI.simple_url)
    except (ImportError, AttributeError) as error:
        raise DownloadFailed(
            "This pip doesn't say which index it uses by default. Set one: pip config set global.index-url ADDRESS"
        ) from error
