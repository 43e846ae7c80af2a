"""Settings of webhooks: who else is told of alerts, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from monitor.config_base import SecretReference, Section
from monitor.model import Severity

EventKind = Literal["alert.raised", "alert.changed", "incident.changed"]


class Webhook(Section):
    """What all kinds share."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Its name here: in lists, logs and metrics")
    severity: Severity = Field(Severity.LOW, description="This severity and worse")
    rooms: tuple[str, ...] = Field((), description="Only these rooms (ids); none: all, but the canary's")
    console: str = Field(
        "", pattern=r"^(|https?://\S+)$", description="Address of the console as its readers reach it, for links"
    )


class SignedWebhook(Webhook):
    """JSON by HTTP POST, signed after Standard Webhooks."""

    kind: Literal["signed"] = Field(description="`signed`: JSON by POST, signed after Standard Webhooks")
    url: str = Field(description="Where it is sent: https, or http where `private` is set")
    secret: SecretReference = Field(
        min_length=1, description="Signing secret (`whsec_…`, or any text); two with a space between while it changes"
    )
    events: tuple[EventKind, ...] = Field(("alert.raised", "alert.changed"), description="What is told")
    private: bool = Field(False, description="Accept http and addresses of the own network or machine")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
            raise ValueError("should be https://host/path, without a name and password in it")
        return url


class NoticeWebhook(Webhook):
    """A notice in the form of a service that people use: Slack, PagerDuty and others that Apprise knows."""

    kind: Literal["notice"] = Field(description="`notice`: in the form of Slack, PagerDuty or another service")
    address: SecretReference = Field(
        min_length=1,
        description="Where its Apprise address is (`slack://…`, `pagerduty://…`): it holds the service's key",
    )
    events: tuple[EventKind, ...] = Field(("alert.raised",), description="What is told")


AnyWebhook = Annotated[SignedWebhook | NoticeWebhook, Field(discriminator="kind")]
WEBHOOK_KINDS = ("signed", "notice")


def hook_with_files_from(hook: AnyWebhook, base: Path) -> AnyWebhook:
    """With the paths of its secrets counted from the settings file."""
    field = "secret" if isinstance(hook, SignedWebhook) else "address"
    kind, _, name = getattr(hook, field).partition(":")
    return hook.model_copy(update={field: f"file:{base / name}"}) if kind == "file" else hook
