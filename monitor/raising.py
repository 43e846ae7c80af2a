"""From a hit to an alert that people can check: policy → evidence clip → database (which tells the feed)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from monitor.alerts.policy import Policy
from monitor.evidence.clip import write as write_clip
from monitor.evidence.ring import Part, Ring
from monitor.model import RATE, KeywordHit, Utterance
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics

log = structlog.get_logger()


class Raiser:
    """Raises alerts and changes them. One for all rooms; its callers are several tasks, which it lets in one by one:
    an alert must be stored before anything changes it.
    """

    def __init__(
        self,
        *,
        store: Store,
        policy: Policy,
        ring: Ring,
        clips: Path,
        lead: float,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        """`lead`: seconds of audio before the utterance in a clip."""
        self._store = store
        self._policy = policy
        self._ring = ring
        self._clips = clips
        self._lead = lead
        self._metrics = metrics
        self._clock = clock
        self._turn = asyncio.Lock()

    async def hit(self, hit: KeywordHit, utterance: Utterance, language: str) -> str:
        """Tell of a hit where its rule and grade say so. Gives the id of the alert that it is in now, or ""."""
        async with self._turn:
            return await self._hit(hit, utterance, language)

    async def _hit(self, hit: KeywordHit, utterance: Utterance, language: str) -> str:
        decision = self._policy.decide(hit, utterance, hit.spoken_at, self._clock(), language)
        if decision is None:
            return ""
        if not decision.new:
            await self._store.change_alert(decision.alert)
            return decision.alert.id
        since = max(0, utterance.start - round(self._lead * RATE))
        before = self._ring.between(utterance.track, since, utterance.start)
        parts = [*before, Part(utterance.start, utterance.audio)]
        clip = await asyncio.to_thread(self._write_clip, decision.alert.id, parts)
        alert = self._policy.attach_clip(decision.alert.id, clip) or replace(decision.alert, clip=clip)
        await self._store.add_alert(replace(alert, raised_at=self._clock()))
        self._metrics.alert(alert)
        return alert.id

    async def heard_again(self, alert: str, before: KeywordHit, after: KeywordHit) -> None:
        """Tell what a second hearing made of a hit that is in an alert."""
        async with self._turn:
            changed = self._policy.heard_again(alert, before, after, self._clock())
            if changed is not None:
                await self._store.change_alert(changed)

    def _write_clip(self, alert: str, parts: Sequence[Part]) -> str:
        """The utterance, with what the speaker said shortly before it. A disk that fails costs the clip, no alert."""
        try:
            return write_clip(self._clips, alert, parts)
        except OSError:
            log.exception("evidence clip not written", alert=alert)
            return ""
