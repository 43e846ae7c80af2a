"""Settings of accounts and of a company's identity provider."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from monitor.access.roles import Role
from monitor.config_base import SecretReference, Section

TOKEN_VARIABLE = "ROOM_MONITOR_TOKEN"  # noqa: S105  the name of a variable


def token_for_commands() -> str:
    """The API token with which commands ask a service that runs elsewhere; empty: none."""
    return os.environ.get(TOKEN_VARIABLE, "").strip()


class AccessSettings(Section):
    idle_hours: float = Field(8.0, gt=0, le=720, description="Hours without a page open after which a session ends")
    longest_hours: float = Field(168.0, gt=0, le=2160, description="Hours after which a session ends in any case")
    token_days: float = Field(365.0, gt=0, le=3650, description="Days that an API token may last at most")


class OidcSettings(Section):
    issuer: str = Field("", description="Address of the company's identity provider (OpenID Connect); empty: none")
    client_id: str = Field("", description="What this service is called there")
    client_secret: SecretReference = Field("", description="Its secret (a reference); empty: a public client")
    name: str = Field("company account", min_length=1, max_length=50, description="On the button that leads there")
    scopes: tuple[str, ...] = Field(("openid", "profile", "email"), description="What it is asked to tell")
    claim: str = Field("groups", min_length=1, description="The claim that has a person's groups or roles")
    roles: dict[Role, tuple[str, ...]] = Field({}, description="Roles here, each with the values of the claim for it")
    everyone: tuple[Role, ...] = Field((), description="Roles of everybody who signs in there")
    address: str = Field(
        "",
        description="Where browsers reach this service, such as https://monitor.example; empty: as they asked for it",
    )

    @field_validator("issuer", "address")
    @classmethod
    def _safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("must begin with https://")
        return value

    @model_validator(mode="after")
    def _whole(self) -> OidcSettings:
        if self.issuer and not self.client_id:
            raise ValueError("client_id is needed with issuer")
        if self.issuer and "openid" not in self.scopes:
            raise ValueError("scopes must have openid")
        if Role.HOST in self.roles or Role.HOST in self.everyone:
            raise ValueError("the role host is that of a link, not of an account")
        return self
