"""From a hit to an alert that people can check: policy → evidence clip → database (which tells the feed)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from monitor.alerts.policy import Policy
from monitor.model import Alert, KeywordHit, Utterance
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.vault import Vault


class Raiser:
    """Raises alerts and changes them. One for all rooms; its callers are several tasks, and what changes an alert that
    is just being raised waits until that is stored.
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
        self._raising: dict[str, asyncio.Future[str]] = {}  # by alert: its clip, once it is stored or could not be

    async def hit(self, hit: KeywordHit, utterance: Utterance, language: str) -> str:
        """Tell of a hit where its rule and grade say so. Gives the id of the alert that it is in now, or ""."""
        decision = self._policy.decide(hit, utterance, hit.spoken_at, self._clock(), language)
        if decision is None:
            return ""
        alert = decision.alert
        if not decision.new:
            await self._change(alert)
            return alert.id
        stored = self._raising[alert.id] = asyncio.get_running_loop().create_future()
        clip = ""
        try:
            clip = await self._vault.keep(alert.id, hit, utterance)
            await self._add(alert, clip)
        finally:
            del self._raising[alert.id]
            stored.set_result(clip)
        return alert.id

    async def _add(self, alert: Alert, clip: str) -> None:
        alert = self._policy.attach_clip(alert.id, clip) or replace(alert, clip=clip)
        await self._store.add_alert(replace(alert, raised_at=self._clock()))
        self._metrics.alert(replace(alert, raised_at=self._clock()))  # stored and told: later than it says itself

    async def heard_again(self, alert: str, before: KeywordHit, after: KeywordHit) -> None:
        """Tell what a second hearing made of a hit that is in an alert."""
        changed = self._policy.heard_again(alert, before, after, self._clock())
        if changed is not None:
            await self._change(changed)

    async def _change(self, alert: Alert) -> None:
        if (stored := self._raising.get(alert.id)) is not None:
            alert = replace(alert, clip=await asyncio.shield(stored))  # it was decided before there was one
        await self._store.change_alert(alert)

    def forget(self, alerts: Iterable[str]) -> None:
        """They were erased: no later hit may join them."""
        self._policy.drop(alerts)
