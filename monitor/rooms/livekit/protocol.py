"""Where a LiveKit room is, and the token that opens it."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import time
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, urlsplit, urlunsplit

from monitor.errors import Refused, Step
from monitor.rooms.livekit.sdk import load_api
from monitor.rooms.servers import NOTHING, Ice

TOKEN_SECONDS = 600.0
"""How long a token of ours is good for. It is needed at the door only: the server renews it for those who are in."""
NOTICE = "room-monitor.notice"
"""The attribute of the monitor, as a participant, that has the notice: apps can show it to the others."""


@dataclass(frozen=True, slots=True)
class Place:
    """One room. Either `token` is given, or `key` and `secret`, of which tokens are made."""

    address: str  # ws://, wss://, http:// or https://
    room: str
    identity: str = "room-monitor"  # of which a room has one: who comes second with it throws out the first
    name: str = "Room Monitor"  # that participants see
    notice: str = ""  # told to apps as an attribute of the monitor
    hidden: bool = False  # True: participants don't see the monitor
    token: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    ice: Ice = NOTHING

    def url(self, path: str = "", *, web: bool = False) -> str:
        """The address as a websocket's, or with `web` as that of HTTP, with a path added."""
        parts = urlsplit(self.address)
        secure = parts.scheme in ("wss", "https")
        scheme = ("https" if secure else "http") if web else ("wss" if secure else "ws")
        return urlunsplit(SplitResult(scheme, parts.netloc, parts.path.rstrip("/") + path, "", ""))

    def with_token(self) -> Place:
        """With a token that is good now. Raises Refused where there is none, or the one given has expired."""
        if self.token:
            _check(self.token, self.room)
            return self
        if not self.key or not self.secret:
            raise Refused("LiveKit needs a token, or key and secret to make one", step=Step.PERMISSION)
        return replace(self, token=_new_token(self))


def _new_token(place: Place) -> str:
    """For somebody who listens: no right to publish, to send data, or to change anything. Raises Refused."""
    api = load_api()
    grants = api.VideoGrants(
        room_join=True,
        room=place.room,
        can_subscribe=True,
        can_publish=False,
        can_publish_data=False,
        hidden=place.hidden,
    )
    token = (
        api.AccessToken(place.key, place.secret)
        .with_identity(place.identity)
        .with_name(place.name)
        .with_ttl(datetime.timedelta(seconds=TOKEN_SECONDS))
        .with_grants(grants)
    )
    if place.notice:
        token = token.with_attributes({NOTICE: place.notice})
    return str(token.to_jwt())


def _check(token: str, room: str) -> None:
    """What can be seen of a token without the secret. Raises Refused."""
    claims = claims_of(token)
    expires = claims.get("exp")
    if isinstance(expires, int | float) and expires < time.time():
        raise Refused(
            f"the LiveKit token has expired, {time.time() - expires:.0f} s ago: a new one is needed",
            step=Step.PERMISSION,
        )
    video = claims.get("video")
    named = video.get("room") if isinstance(video, dict) else None
    if named and named != room:
        raise Refused(f"the LiveKit token is for the room {named!r}, not for {room!r}", step=Step.PERMISSION)


def claims_of(token: str) -> dict[str, object]:
    """What a token says, unverified: only the server can tell whether it is genuine. Raises Refused if it is none."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error):
        claims = None
    if not isinstance(claims, dict):
        raise Refused("what is given as a LiveKit token is none (a JWT has three parts)", step=Step.PERMISSION)
    return claims
