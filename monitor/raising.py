"""From a hit to an alert that people can check: policy → evidence clip → database (which tells the feed)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from monitor.alerts.policy import Policy
from monitor.model import KeywordHit, Utterance
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.vault import Vault


class Raiser:
    """Raises alerts and changes them. One for all rooms; its callers are several tasks, which it lets in one by one:
    an alert must be stored before anything changes it.
    """

    def __init__(
        self,
        *,
        store: Store,
        policy: Policy,
        vault: Vault,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._policy = policy
        self._vault = vault
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
        clip = await self._vault.keep(decision.alert.id, hit, utterance)
        alert = self._policy.attach_clip(decision.alert.id, clip) or replace(decision.alert, clip=clip)
        await self._store.add_alert(replace(alert, raised_at=self._clock()))
        self._metrics.alert(replace(alert, raised_at=self._clock()))  # stored and told: later than it says itself
        return alert.id

    async def heard_again(self, alert: str, before: KeywordHit, after: KeywordHit) -> None:
        """Tell what a second hearing made of a hit that is in an alert."""
        async with self._turn:
            changed = self._policy.heard_again(alert, before, after, self._clock())
            if changed is not None:
                await self._store.change_alert(changed)

    def forget(self, alerts: Iterable[str]) -> None:
        """They were erased: no later hit may join them."""
        self._policy.drop(alerts)
