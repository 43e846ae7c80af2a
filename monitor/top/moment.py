"""What a service says of itself at one time, as its own API gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from monitor.errors import OperatorError, ServiceSilent
from monitor.web.address import authorized

PATIENCE = 5.0
"""Seconds that an answer may take: a service under load answers late and is worth watching."""
NEWEST = 50
"""Alerts, and gaps, that are asked for: more than a screen shows."""

Said = Mapping[str, Any]
"""A JSON object."""


@dataclass(frozen=True, slots=True)
class Moment:
    """At one time."""

    at: float  # wall time, by the service's clock
    status: Said  # /api/status, without its history
    rooms: Sequence[Said]  # with who is in them
    alerts: Sequence[Said]  # the newest first
    gaps: Sequence[Said]  # the newest first

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "status": self.status,
            "rooms": list(self.rooms),
            "alerts": list(self.alerts),
            "gaps": list(self.gaps),
        }


class Service:
    """A service at an address."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        # Straight to the service: it is on this machine or named by hand, never behind a proxy.
        self._client = httpx.Client(base_url=url, headers=authorized(token), timeout=PATIENCE, trust_env=False)

    def look(self) -> Moment:
        """Raises ServiceSilent where nobody answers, or something else than such a service; OperatorError where the
        token doesn't suffice."""
        try:
            status = self._ask("/api/status?history=false")
            rooms, alerts, gaps = (
                self._ask(path) for path in ("/api/rooms", f"/api/alerts?limit={NEWEST}", f"/api/gaps?limit={NEWEST}")
            )
            return Moment(status["at"], status, rooms["rooms"], alerts["alerts"], gaps["gaps"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise ServiceSilent(f"The service at {self.url} doesn't answer as one: {reason}.") from error

    def close(self) -> None:
        self._client.close()

    def _ask(self, path: str) -> Any:
        answer = self._client.get(path)
        if answer.status_code in (401, 403):
            raise OperatorError(f"{self.url}: {answer.json()['detail']}")
        answer.raise_for_status()
        return answer.json()
