"""The messages of the built-in room's websocket: JSON objects with a `type`.

client → server: join{name, role, token?} first · publish{sdp} · answer{sdp} · mute{muted} · announce{notice} ·
    moderate{id, act} · leave
server → client: joined{id, room, participants, notice} · published{sdp} · offer{sdp, slots} · slots{slots} ·
    roster{participants} · moderated{id, act, done} · talking{id, talking} · notice{text} · problem{code, message} ·
    refused{code, message} · ended

SDP carries all its candidates (no trickle). `slots` maps the MID of an m-line to the id of the participant it carries.
A `problem` leaves the connection open; `refused` is followed by its end.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

MESSAGE_LIMIT = 96 * 1024
"""Characters of one message."""
SDP_LIMIT = 64 * 1024
"""Characters of one session description: Chrome's with 32 m-lines has about 40,000."""
NAME_LIMIT = 60
NOTICE_LIMIT = 500
JOIN_SECONDS = 10.0
"""How long a client may take to send `join`."""
ANSWER_SECONDS = 10.0
"""How long a client may take to answer an offer."""

Role = Literal["participant", "monitor"]
Message = dict[str, Any]


class BadMessage(Exception):
    """A message that can't be used; `code` and the text go to the client."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Join:
    name: str
    role: Role
    token: str


@dataclass(frozen=True, slots=True)
class Publish:
    sdp: str


@dataclass(frozen=True, slots=True)
class Answer:
    sdp: str


@dataclass(frozen=True, slots=True)
class Mute:
    muted: bool


@dataclass(frozen=True, slots=True)
class Announce:
    notice: str


@dataclass(frozen=True, slots=True)
class Moderate:
    """Of the monitor alone: staff want somebody muted or removed."""

    id: str
    act: Literal["mute", "remove"]


@dataclass(frozen=True, slots=True)
class Leave:
    pass


ClientMessage = Join | Publish | Answer | Mute | Announce | Moderate | Leave


def parse(text: str) -> ClientMessage:
    """A client's message. Raises BadMessage."""
    if len(text) > MESSAGE_LIMIT:
        raise BadMessage("too-large", f"a message may have {MESSAGE_LIMIT} characters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage("not-json", "a message must be a JSON object") from None
    if not isinstance(message, dict):
        raise BadMessage("not-json", "a message must be a JSON object")
    match message.get("type"):
        case "join":
            return _join(message)
        case "publish":
            return Publish(_text(message, "sdp", SDP_LIMIT))
        case "answer":
            return Answer(_text(message, "sdp", SDP_LIMIT))
        case "mute":
            if not isinstance(message.get("muted"), bool):
                raise BadMessage("bad-field", "`muted` must be true or false")
            return Mute(message["muted"])
        case "announce":
            return Announce(printable(_text(message, "notice", NOTICE_LIMIT)))
        case "moderate":
            act = message.get("act")
            if act not in ("mute", "remove"):
                raise BadMessage("bad-field", "`act` must be mute or remove")
            return Moderate(_text(message, "id", 200), act)
        case "leave":
            return Leave()
        case _:
            raise BadMessage("unknown-type", "`type` must be join, publish, answer, mute, announce, moderate or leave")


def printable(text: str) -> str:
    """Without control, format and private-use characters, white space collapsed: one honest line.

    Direction overrides go as well (category Cf): with them a name could be made to read as another one. The zero-width
    joiners stay, because emoji and several scripts need them.
    """
    kept = (c for c in text if c in "\t\n\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    return " ".join("".join(kept).split())


def dump(kind: str, **fields: Any) -> str:
    """A message as text."""
    return json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"))


def _join(message: Message) -> Join:
    name = printable(_text(message, "name", 10 * NAME_LIMIT))
    if not name.strip("\u200c\u200d ") or len(name) > NAME_LIMIT:
        raise BadMessage("bad-name", f"a name must have 1 to {NAME_LIMIT} visible characters")
    role = message.get("role", "participant")
    if role not in ("participant", "monitor"):
        raise BadMessage("bad-field", "`role` must be participant or monitor")
    token = _text(message, "token", 200) if "token" in message else ""
    return Join(name, role, token)


def _text(message: Message, field: str, limit: int) -> str:
    value = message.get(field)
    if not isinstance(value, str):
        raise BadMessage("bad-field", f"`{field}` must be a string")
    if len(value) > limit:
        raise BadMessage("too-large", f"`{field}` may have {limit} characters")
    try:
        value.encode()  # JSON can carry half a surrogate pair, which would fail wherever the text goes out again
    except UnicodeEncodeError:
        raise BadMessage("bad-field", f"`{field}` must be valid Unicode") from None
    return value
