"""Settings of what staff do with alerts."""

from __future__ import annotations

from pydantic import Field

from monitor.config_base import Section


class Review(Section):
    together: float = Field(
        300.0, ge=0, le=86400, description="Seconds in which alerts of one speaker in one room are one incident"
    )
    across: float = Field(
        120.0, ge=0, le=86400, description="Seconds in which alerts of one rule in any rooms are one incident; 0: never"
    )
    claim: float = Field(900.0, ge=10, le=86400, description="Seconds for which a claim holds an incident")
    undo: float = Field(
        5.0, ge=0, le=600, description="Seconds in which muting or removing somebody in a room can be undone"
    )
    reasons: tuple[str, ...] = Field(
        ("harassment", "hate", "sexual content", "minors", "self-harm", "violence", "fraud", "other"),
        description="Reasons of your policy that the console offers with a verdict",
    )
    taken: tuple[str, ...] = Field(
        ("nothing", "warned", "muted", "removed", "banned", "reported"),
        description="What was done about it, as the console offers it",
    )
