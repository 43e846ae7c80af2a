"""Settings of the way that media takes: STUN and TURN servers, for all rooms or for one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from monitor.config_base import SecretReference, Section
from monitor.rooms.servers import server


def _of_kind(kind: str) -> AfterValidator:
    def check(url: str) -> str:
        if server(url).kind != kind:
            raise ValueError(f"{url!r} belongs to the other kind of servers")
        return url

    return AfterValidator(check)


StunUrl = Annotated[str, _of_kind("stun")]
TurnUrl = Annotated[str, _of_kind("turn")]


class TurnServer(Section):
    url: TurnUrl = Field(
        description="turn:HOST:PORT for UDP, turn:HOST:PORT?transport=tcp for TCP, turns:HOST:PORT for TLS"
    )
    username: str = Field("", description="User at the server; with `secret` a name that its log shows, or nothing")
    password: SecretReference = Field(
        "", description="The user's password (long-term credential): env:NAME or file:PATH"
    )
    secret: SecretReference = Field(
        "", description="Secret shared with the server, of which credentials for a day are made (TURN REST); likewise"
    )

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if self.password and self.secret:
            raise ValueError("give `password` or `secret`, not both")
        return self


class IceSettings(Section):
    stun: tuple[StunUrl, ...] = Field((), description="STUN servers, stun:HOST:PORT; none: nobody outside is asked")
    turn: tuple[TurnServer, ...] = Field((), description="TURN servers, the preferred one first; each a table")
    relay_only: bool = Field(False, description="Media through TURN servers only")
    ipv6: bool = Field(True, description="Look for paths over IPv6, too")


class RoomIce(Section):
    """Of one room: what is given here is used instead of the same setting of [ice]."""

    stun: tuple[StunUrl, ...] | None = None
    turn: tuple[TurnServer, ...] | None = None
    relay_only: bool | None = None
    ipv6: bool | None = None


def for_room(base: IceSettings, own: RoomIce) -> IceSettings:
    """The settings that hold for one room."""
    given = {name: value for name in RoomIce.model_fields if (value := getattr(own, name)) is not None}
    return base.model_copy(update=given)


def turn_files_from(servers: Iterable[TurnServer], base: Path) -> tuple[TurnServer, ...]:
    """The servers with the files of their secrets counted from the directory of the settings file."""

    def placed(reference: str) -> str:
        return f"file:{base / reference[5:]}" if reference.startswith("file:") else reference

    return tuple(
        one.model_copy(update={"password": placed(one.password), "secret": placed(one.secret)}) for one in servers
    )
