"""What the service tells the status route of itself, beside what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitor.model import Coverage
from monitor.telemetry.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Standing:
    """As it is now."""

    data: Path  # directory
    vitals: Vitals
    backlog: float  # seconds of speech that may wait
    keep_days: float
    waiting: float  # seconds of speech that wait
    oldest: float
    threads: int  # of the recogniser
    coverage: Coverage  # of all rooms since the start
    late: float = 0.0  # seconds of speech that wait on disk
    effort: int = 0  # step of effort
    effort_words: str = ""  # what is done less
    second_model: str = ""  # hears hits again; empty: none
    away: Mapping[str, float] = field(default_factory=dict)  # room → wall time since which the monitor isn't in it
    kinds: Mapping[str, str] = field(default_factory=dict)  # room → builtin, janus, whep or livekit
