"""The answers of the HTTP API: with the routes they make /openapi.json, which other tools build on."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.messages import AlertView, CoverageView, GapNoted, HeardMessage, RoomView


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trouble(Answer):
    """Why a request can't be answered."""

    detail: str


class Health(Answer):
    """`degraded` (with status 503) when something needs attention; the reasons are for people."""

    status: Literal["ok", "degraded"]
    reasons: list[str]
    version: str
    seq: int = Field(description="Number of the newest event")


class RoomList(Answer):
    rooms: list[RoomView]


class RoomInfo(Answer):
    """A room that can be joined with a browser."""

    id: str
    name: str
    notice: str = Field(description="What participants are told of the monitoring")
    participants: list[dict[str, Any]]


class AlertPage(Answer):
    """Newest first."""

    alerts: list[AlertView]
    before: int | None = Field(description="Ask for ?before= this to get the next, older page; null: no more")


class UtterancePage(Answer):
    """Newest first."""

    utterances: list[HeardMessage]
    before: int | None = Field(description="Ask for ?before= this to get the next, older page; null: no more")


class GapPage(Answer):
    """Newest first."""

    gaps: list[GapNoted]
    before: int | None = Field(description="Ask for ?before= this to get the next, older page; null: no more")


class RoomCoverage(Answer):
    room: str
    coverage: CoverageView


class CoverageList(Answer):
    """The stored ledger of each room, over all visits that are kept."""

    rooms: list[RoomCoverage]
