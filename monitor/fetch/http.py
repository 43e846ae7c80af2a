"""HTTP as pip does it: its certificate setting, its proxy setting, credentials inside the address."""

from __future__ import annotations

import base64
import importlib
import ssl
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from monitor.fetch.pip_settings import PipSettings

TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as broken."""


def opener(settings: PipSettings) -> OpenerDirector:
    """Opens http and https. Raises OSError for a certificate file that can't be read when first used."""
    proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else None
    return build_opener(ProxyHandler(proxies), HTTPSHandler(context=_context(settings)))


def request(address: str, headers: Mapping[str, str]) -> Request:
    """A GET; `user:password@` in the address becomes a header. Raises ValueError for other schemes than http(s)."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"{public(address)} is neither http nor https")
    asked = Request(public(address), headers={"User-Agent": "room-monitor", **headers})  # noqa: S310  scheme checked
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        asked.add_unredirected_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    return asked


def public(address: str) -> str:
    """The address without credentials: fit for messages and for the wire."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _context(settings: PipSettings) -> ssl.SSLContext:
    if settings.cert is not None and settings.cert.exists():
        if settings.cert.is_dir():
            return ssl.create_default_context(capath=str(settings.cert))
        return ssl.create_default_context(cafile=str(settings.cert))
    context = ssl.create_default_context()
    if not context.get_ca_certs():
        # Some Python builds find no certificates of the system; pip carries a set, as its users expect.
        try:
            context.load_verify_locations(str(importlib.import_module("pip._vendor.certifi").where()))
        except (ImportError, AttributeError, OSError):
            return context  # the connection will fail with the reason
    return context
