"""Hosts' links: made, opened, revoked. What they are is in monitor/consent/links.py.

The key that signs them is a file in the data directory, made with the first link and readable by its owner alone.
Taking it away makes every link worthless.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from monitor.audit.trail import Trail
from monitor.consent import links
from monitor.consent_model import HostLink
from monitor.errors import ConfigInvalid, HostLinkInvalid, HostLinkUnknown
from monitor.store.store import Store

KEY_FILE = "host-links.key"
DAY = 86400.0
LONGEST_DAYS = 366.0


class HostLinks:
    """One for a data directory."""

    def __init__(self, store: Store, trail: Trail, data: Path, clock: Callable[[], float], days: float) -> None:
        """`days`: for which a link is good where nobody says."""
        self._store = store
        self._trail = trail
        self._path = data / KEY_FILE
        self._clock = clock
        self._days = days

    async def make(self, room: str, who: str, note: str, days: float | None = None) -> tuple[HostLink, str]:
        """A link for the host of a room, and its token, which can't be had again. Raises StoreFailed, ConfigInvalid."""
        key = await asyncio.to_thread(_key, self._path, make=True)
        now = self._clock()
        expires = float(int(now + (days if days is not None else self._days) * DAY))
        link = HostLink(links.id_from(secrets.token_bytes(links.ID_BYTES)), room, now, who, note, expires)
        await self._trail.note(who, "host_link.made", link.id, room, expires_at=int(expires))
        await self._store.add_host_link(link)
        return link, links.sign(key, link.id, expires)

    async def open(self, token: str) -> HostLink:
        """The link that a token opens. Raises HostLinkInvalid, which says whether it was good once; StoreFailed."""
        key = await asyncio.to_thread(_key, self._path, make=False)
        found = links.opened(key, token) if key else None
        if found is None:
            raise HostLinkInvalid("This link is not complete, or not one of this service. Open it as it was sent.")
        link = await self._store.host_link(found[0])
        if link is None:
            raise HostLinkInvalid("This link is not known here. Ask whoever sent it for a new one.")
        if link.revoked_at:
            raise HostLinkInvalid("This link was revoked. Ask whoever sent it for a new one.")
        if not link.good(self._clock()) or self._clock() >= found[1]:
            raise HostLinkInvalid("This link has expired. Ask whoever sent it for a new one.")
        await self._store.use_host_link(link)
        return link

    async def revoke(self, link_id: str, who: str) -> HostLink:
        """It opens nothing from now on. Doing so again changes nothing. Raises HostLinkUnknown, StoreFailed."""
        link = await self._store.host_link(link_id)
        if link is None:
            raise HostLinkUnknown(f"There is no host's link {link_id!r}.")
        if not link.revoked_at:
            await self._trail.note(who, "host_link.revoked", link_id, link.room)
            await self._store.revoke_host_link(link_id, who)
        return await self._store.host_link(link_id) or link

    async def all(self, room: str | None = None) -> list[HostLink]:
        """Newest first, also those that are out of force."""
        return await self._store.host_links(room)


def _key(path: Path, *, make: bool) -> bytes:
    """Blocks. Empty where there is none and none shall be made. Raises ConfigInvalid for a file that can't be used."""
    try:
        if make and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(secrets.token_bytes(links.KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
        key = path.read_bytes()
    except FileExistsError:  # somebody made it in this moment
        return _key(path, make=False)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigInvalid(f"{path}: the key of hosts' links can't be used: {error.strerror}") from error
    if len(key) != links.KEY_BYTES:
        raise ConfigInvalid(f"{path}: is no key of hosts' links; take it away, and all links are worthless")
    return key
