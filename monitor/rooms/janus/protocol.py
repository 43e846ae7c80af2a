"""Janus's messages: what a text says, and what a refusal means. Pure.

Janus has two layers. The core makes sessions and handles and has errors of its own (`janus: "error"`); a plugin puts
its answer into `plugindata.data`, with its own error codes. `ack` only says that a request was taken; it may come
after the event that answers the request, so nothing here waits for it.
Source: Janus 1.1 documentation, "JavaScript/HTTP/WebSockets API", "VideoRoom", "AudioBridge".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from monitor.errors import ConnectionLost, Refused, Step
from monitor.rooms.servers import NOTHING, Ice

SUBPROTOCOL = "janus-protocol"
Plugin = Literal["videoroom", "audiobridge"]
Id = int | str
"""Of a room or a participant: a number, or text where Janus was set up with `string_ids`."""
Data = Mapping[str, Any]

NO_SUCH_FEED = 428
"""Nobody publishes under this id: too early (the publisher's media isn't up yet) or too late (gone)."""
_NO_SUCH_ROOM = frozenset({426, 485})
_REFUSED = frozenset(
    {
        403,  # core: API secret or token
        405,  # core: the token isn't for this plugin
        460,  # core: no such plugin
        423,  # a request that this version doesn't know
        429,  # something needed is missing: the PIN, for one
        430,  # the wrong type: text for a number, for one
        433,  # VideoRoom: PIN or token
        483,
        484,
        489,  # AudioBridge: the same
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Which room, and how to get in. Empty text: there is none."""

    url: str  # ws:// or wss://
    room: Id
    display: str
    pin: str = ""  # of the room
    token: str = ""  # one that the room has on its list; where the core wants tokens, the same one
    api_secret: str = ""  # of the whole server
    secret: str = ""  # of the room: who has it may mute and remove people
    ice: Ice = NOTHING  # how to look for a path to its media

    def door(self) -> dict[str, Any]:
        """What a join says of who comes and why it may."""
        door: dict[str, Any] = {"room": self.room, "display": self.display}
        return door | {name: text for name, text in (("pin", self.pin), ("token", self.token)) if text}

    def pass_word(self) -> dict[str, str]:
        """What each request to the core carries."""
        return {name: text for name, text in (("apisecret", self.api_secret), ("token", self.token)) if text}


@dataclass(frozen=True, slots=True)
class Event:
    """One message of Janus, of either layer."""

    kind: str  # success, error, event, ack, hangup, detached, timeout, webrtcup, media, slowlink, trickle
    transaction: str = ""  # of the request that it answers; empty: of its own accord
    handle: int = 0  # 0: of the session
    data: Data = field(default_factory=dict)  # the plugin's own
    sdp: str = ""  # offer or answer that came with it
    body: Data = field(default_factory=dict)  # all of it

    @property
    def error(self) -> int:
        """The error's code, of either layer; 0: none."""
        own = self.body.get("error", {}) if self.kind == "error" else {}
        code = own.get("code") if isinstance(own, Mapping) else None
        code = code if code is not None else self.data.get("error_code", 0)
        return code if isinstance(code, int) else 0

    def failure(self) -> ConnectionLost | Refused:
        """The error as an exception."""
        own = self.body.get("error") if self.kind == "error" else None
        reason = own.get("reason") if isinstance(own, Mapping) else self.data.get("error")
        text = f"Janus answered: {reason} ({self.error})"
        if self.error in _NO_SUCH_ROOM:
            return ConnectionLost(f"{text}; waiting for the room to be made", step=Step.ROOM)
        return Refused(text, step=Step.PERMISSION) if self.error in _REFUSED else ConnectionLost(text)


def parse(text: str | bytes) -> Event:
    """Raises ConnectionLost for what can't be from Janus."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        what = "the server sends something other than JSON: is it a Janus?"
        raise ConnectionLost(what, step=Step.SIGNALLING) from error
    if not isinstance(body, dict) or not isinstance(body.get("janus"), str):
        raise ConnectionLost("the server's messages are not Janus's", step=Step.SIGNALLING)
    plugin, jsep, handle = body.get("plugindata"), body.get("jsep"), body.get("sender", 0)
    data = plugin.get("data") if isinstance(plugin, dict) else None
    sdp = jsep.get("sdp") if isinstance(jsep, dict) else None
    return Event(
        kind=body["janus"],
        transaction=str(body.get("transaction", "")),
        handle=handle if isinstance(handle, int) else 0,
        data=data if isinstance(data, dict) else {},
        sdp=sdp if isinstance(sdp, str) else "",
        body=body,
    )


def dump(kind: str, **fields: Any) -> str:
    """A request as text."""
    return json.dumps({"janus": kind, **fields}, ensure_ascii=False, separators=(",", ":"))


def rows(data: Data, name: str) -> list[Data]:
    """A list of objects in a message, without what is none."""
    found = data.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def text_of(data: Data, name: str) -> str:
    value = data.get(name, "")
    return str(value) if isinstance(value, str | int) else ""
