"""Settings of one room, by its kind. `monitor.config` puts them together; parts receive plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from monitor.config_base import Language, SecretReference, Section
from monitor.config_ice import RoomIce, turn_files_from


class RoomBase(Section):
    SECRETS: ClassVar[tuple[str, ...]] = ()
    """Fields that are references to secrets."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Short name, used in addresses")
    name: str = Field("", description="Name to show; empty: the id")
    languages: tuple[Language, ...] = Field((), description="Languages spoken there (ISO 639-1); empty: any")
    model: str = Field(
        "", description="Model that hears this room, whatever is spoken there; empty: as `[speech]` has it"
    )
    priority: Literal["high", "normal", "low"] = Field(
        "normal", description="Its share of the recogniser while rooms wait: high has four times as much, low a quarter"
    )
    notice: str = Field(
        "This room is monitored for safety: what is said is transcribed and checked.",
        min_length=1,
        max_length=500,
        description="Shown to all participants, where the kind of room has a way to",
    )
    consent: Literal["as-set", "required", "policy"] = Field(
        "as-set",
        description="On whose word this room is listened to: required (its host's), policy (the operator's), or as "
        "`[consent]` has it",
    )


class Room(RoomBase):
    kind: Literal["builtin"] = Field("builtin", description="Kind of room; each kind but this has settings of its own")


class RemoteRoom(RoomBase):
    """A room of somebody's media server."""

    ice: RoomIce = Field(
        RoomIce(), description="A table with settings of `[ice]` that are others for this room: `[rooms.ice]`"
    )


class JanusRoom(RemoteRoom):
    SECRETS = ("pin", "token", "api_secret", "secret")

    kind: Literal["janus"] = Field(description="A room of a Janus server, version 1.0 or newer")
    address: str = Field(pattern=r"^wss?://.+", description="Janus's websocket: ws:// or wss://")
    plugin: Literal["videoroom", "audiobridge"] = Field(
        "videoroom", description="Janus's plugin that has the room; an audiobridge gives one mix of all speakers"
    )
    room: int | str = Field(description="The room's id at Janus; text where Janus was set up with string_ids")
    display: str = Field("Room Monitor", min_length=1, max_length=60, description="Name that participants see")
    pin: SecretReference = Field("", description="The room's PIN: env:NAME or file:PATH; empty: it has none")
    token: SecretReference = Field("", description="A token on the room's list, or a signed one; likewise")
    api_secret: SecretReference = Field("", description="The api_secret of the Janus server; likewise")
    secret: SecretReference = Field(
        "", description="The room's secret, with which staff mute and remove people; likewise; empty: they can't"
    )


class WhepStream(Section):
    """One stream of a WHEP room: the audio of one speaker."""

    url: str = Field(pattern=r"^https?://[^/]+", max_length=2000, description="The WHEP endpoint: https:// or http://")
    speaker: str = Field(min_length=1, max_length=60, description="Name of who is heard there")
    token: SecretReference = Field("", description="Bearer token of this stream alone; empty: the room's")


class WhepRoom(RemoteRoom):
    SECRETS = ("token",)

    kind: Literal["whep"] = Field(description="One or several WHEP streams that make up a room, a speaker each")
    streams: tuple[WhepStream, ...] = Field(
        min_length=1, max_length=100, description="A table a stream: `[[rooms.streams]]` with `url`, `speaker`, `token`"
    )
    token: SecretReference = Field("", description="Bearer token for all streams: env:NAME or file:PATH; empty: none")

    @field_validator("streams")
    @classmethod
    def _apart(cls, streams: tuple[WhepStream, ...]) -> tuple[WhepStream, ...]:
        if len({stream.speaker for stream in streams}) < len(streams):
            raise ValueError("each stream needs a speaker's name of its own")
        return streams


class LiveKitRoom(RemoteRoom):
    SECRETS = ("token", "api_key", "api_secret")

    kind: Literal["livekit"] = Field(description="A room of a LiveKit server; needs the extra `livekit`")
    address: str = Field(pattern=r"^(wss?|https?)://[^/]+", description="The LiveKit server: wss:// or ws://")
    room: str = Field(min_length=1, max_length=256, description="The room's name at LiveKit")
    identity: str = Field(
        "room-monitor",
        min_length=1,
        max_length=256,
        description="The monitor's identity; a second participant with it throws the first one out of the room",
    )
    display: str = Field("Room Monitor", min_length=1, max_length=60, description="Name that participants see")
    hidden: bool = Field(False, description="True: participants don't see the monitor. Not with a ready `token`")
    api_key: SecretReference = Field("", description="LiveKit's API key, to make tokens of: env:NAME or file:PATH")
    api_secret: SecretReference = Field("", description="The secret that belongs to the key; likewise")
    token: SecretReference = Field(
        "", description="A ready token in place of key and secret; read anew at each join, so that it can be renewed"
    )

    @model_validator(mode="after")
    def _opened_by_one(self) -> LiveKitRoom:
        if bool(self.token) == bool(self.api_key and self.api_secret) or bool(self.api_key) != bool(self.api_secret):
            raise ValueError("a LiveKit room needs either `token`, or both `api_key` and `api_secret`")
        if self.token and self.hidden:
            raise ValueError("`hidden` is in a ready `token` or isn't; it can be set where tokens are made of a key")
        return self


KINDS = ("builtin", "janus", "whep", "livekit")


def _kind(room: Any) -> str:
    """Without a kind it is the built-in one."""
    kind = room.get("kind", "builtin") if isinstance(room, dict) else getattr(room, "kind", "builtin")
    return kind if isinstance(kind, str) else ""


AnyRoom = Annotated[
    Annotated[Room, Tag("builtin")]
    | Annotated[JanusRoom, Tag("janus")]
    | Annotated[WhepRoom, Tag("whep")]
    | Annotated[LiveKitRoom, Tag("livekit")],
    Discriminator(
        _kind,
        custom_error_type="kind",
        custom_error_message="`kind` must be " + " or ".join(KINDS),
    ),
]


def with_files_from(room: AnyRoom, base: Path) -> AnyRoom:
    """The room with the files of its secrets counted from the directory of the settings file."""
    references = {name: getattr(room, name) for name in room.SECRETS}
    files: dict[str, Any] = {
        name: f"file:{base / ref[5:]}" for name, ref in references.items() if ref.startswith("file:")
    }
    if isinstance(room, RemoteRoom) and room.ice.turn:
        files["ice"] = room.ice.model_copy(update={"turn": turn_files_from(room.ice.turn, base)})
    if isinstance(room, WhepRoom):
        files["streams"] = tuple(
            each.model_copy(update={"token": f"file:{base / each.token[5:]}"})
            if each.token.startswith("file:")
            else each
            for each in room.streams
        )
    return room.model_copy(update=files)
