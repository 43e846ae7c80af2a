"""Settings of the evidence: how much is kept, for how long, and who holds the master key."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from monitor.config_base import SecretReference, Section
from monitor.model import Severity


class Evidence(Section):
    before: float = Field(10.0, ge=0, le=60, description="Seconds before a hit in its clip")
    after: float = Field(5.0, ge=0, le=60, description="Seconds after it")
    ring: float = Field(60.0, ge=10, le=600, description="Seconds of each speaker held, sealed, in case of an alert")
    session_hours: float = Field(
        24.0, gt=0, le=8760, description="Hours after which a visit to a room that never ends gets a new key"
    )
    master_key: SecretReference = Field(
        "", description="Where the master key is (32 bytes, hex or base64); empty: a file in the data directory"
    )
    kms: tuple[str, ...] = Field(
        (), description="Command of a key service in its place: called with `wrap` or `unwrap` and the session"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.before + self.after > self.ring:
            raise ValueError("ring must be at least before + after")
        if self.kms and self.master_key:
            raise ValueError("master_key and kms are two ways to the same thing: set one of them")
        return self


class Retention(Section):
    """Days that an alert and its clip are kept."""

    critical: float = Field(90.0, gt=0, le=36500, description="Days that a critical alert is kept, with its clip")
    high: float = Field(60.0, gt=0, le=36500, description="The same for high")
    medium: float = Field(30.0, gt=0, le=36500, description="The same for medium")
    low: float = Field(14.0, gt=0, le=36500, description="The same for low")
    info: float = Field(7.0, gt=0, le=36500, description="The same for info")
    right: float = Field(180.0, ge=0, le=36500, description="Days at least after somebody judged it right")
    wrong: float = Field(3.0, ge=0, le=36500, description="Days at most after somebody judged it wrong")

    @property
    def by_severity(self) -> dict[Severity, float]:
        return {severity: getattr(self, severity.value) for severity in Severity}
