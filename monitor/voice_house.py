"""The voices' part of the house: the detector that the settings name, at work, and what it may say.

It is beside everything else: what goes wrong here switches it off, is told, and stops nothing.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import structlog

from monitor.config import Voices
from monitor.evidence.ring import Ring
from monitor.messages import VoiceDetectorView, VoiceNow
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.vault import Vault
from monitor.voices.evidence import rules_for
from monitor.voices.hearing import DEADLINE, VoiceHearing
from monitor.voices.models import Loaded, load
from monitor.voices.thresholds import choose
from monitor.voicing import Plan, Voicing

log = structlog.get_logger()

LOOK = 1.0
"""Seconds between two looks whether the detector keeps up."""
RECOVERED = 30.0
"""Seconds without anything left out after which it keeps up again."""


class VoiceHouse:
    """`run` in one task; `close` ends it once all that was submitted is judged."""

    def __init__(
        self,
        settings: Voices,
        loaded: Loaded,
        store: Store,
        ring: Ring,
        vault: Vault,
        metrics: Metrics,
        clock: Callable[[], float],
        passing: Callable[[VoiceNow], None],
        without: frozenset[str] = frozenset(),
        deadline: float = DEADLINE,
    ) -> None:
        """`passing` tells whoever listens now of what isn't stored; `without`: rooms whose voices are not judged;
        `deadline`: seconds after which the detector counts as stalled.
        """
        self._clock = time.monotonic
        self._plan = plan_for(settings, loaded)
        self.voicing = Voicing(
            plan=self._plan,
            store=store,
            ring=ring,
            vault=vault,
            metrics=metrics,
            clock=clock,
            new_id=lambda: uuid.uuid4().hex,
            passing=passing,
            without=without,
        )
        self._hearing = VoiceHearing(
            loaded.detector,
            loaded.calibration,
            backlog_seconds=settings.backlog,
            done=self.voicing.settle,
            failed=self._failed,
            deadline=deadline,
        )
        self.voicing.submit = self._hearing.submit
        self.voicing.recall = self._hearing.withdraw
        self._dropped = 0.0  # seconds left out, as of the last look
        self._dropped_at: float | None = None  # monotonic; None: nothing was, or it has recovered

    async def run(self) -> None:
        """Judge what is submitted, and tell how the detector is. Returns once `close` was called and all is judged."""
        await self.voicing.tell(self.view())
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._look())
            await self._hearing.run()
            looking.cancel()

    def close(self) -> None:
        self._hearing.close()

    async def settle(self) -> None:
        """Wait until all that was submitted is judged."""
        await self._hearing.settle()

    def view(self) -> VoiceDetectorView:
        """How the detector is now, and what it can and can't tell."""
        detail = self._hearing.failure
        behind = not detail and self._dropped_at is not None
        if behind:
            detail = (
                f"{self._dropped:.0f} s of speech were left out since the service began: there was no time for them."
            )
        return VoiceDetectorView(
            state="failed" if self._hearing.failure else "behind" if behind else "on",
            detail=detail,
            model=self._hearing.model,
            calibration=self._hearing.calibration,
            marks_only=self._plan.thresholds.alert is None,
            claims=list(self._plan.claims),
            chance=list(self._plan.chance),
        )

    def trouble(self) -> list[str]:
        """What is wrong, for the health check."""
        view = self.view()
        return [] if view.state == "on" else [f"voice detector {view.state}: {view.detail}"]

    async def _failed(self, reason: str) -> None:
        await self.voicing.tell(self.view())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            dropped, before = self._hearing.dropped_seconds, self._dropped
            self._dropped = dropped
            if dropped > before:
                self._dropped_at = self._clock()
            elif self._dropped_at is not None and self._clock() - self._dropped_at > RECOVERED:
                self._dropped_at = None
            await self.voicing.tell(self.view())


def plan_for(settings: Voices, loaded: Loaded, *, measured: bool = False) -> Plan:
    """What the settings allow and the detector's figures on speakers carry. `measured`: as if alerts were allowed, to
    measure what they would be like.

    It alerts only where it claims to find something, and where the figures on genuine speakers that came with its
    calibration give a threshold for the false alerts that are borne.
    """
    rules = rules_for(loaded.detector.window)
    known = loaded.calibration
    claims = tuple(dict.fromkeys((*loaded.claims, *(known.claims if known else ()))))
    thresholds = choose(
        known.tail if known else None,
        rules,
        alerts=settings.false_alerts,
        marks=settings.false_marks,
        may_alert=(measured or settings.alert == "alerts") and bool(claims),
    )
    return Plan(rules, thresholds, settings.severity, claims, known.chance if known else ())


def detector(settings: Voices) -> Loaded | None:
    """The detector that the settings name, tested; None where none is wanted. Blocking. Raises OperatorError."""
    if not settings.model:
        return None
    named = Path(settings.calibration) if settings.calibration else None
    loaded = load(settings.model, calibration=named, trust=settings.trust)
    if loaded.calibration is None:
        log.warning("the voice detector has no calibration, so it says nothing", model=loaded.model)
    return loaded
