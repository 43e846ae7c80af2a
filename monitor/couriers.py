"""Others are told of alerts: from the stored events into an outbox, and from there to each webhook until it is taken.

    events (stored, numbered) ─ what a webhook wants, after its number → outbox ─ due → made of its alert → sent
                                                      later (schedule) ────↑─── fails ───↓ too often: a dead letter

The events are the queue: a webhook knows the number up to which its letters are in the outbox, and both change in one
transaction, so a crash neither loses nor doubles one there. A crash between "taken" and "written down" hands a letter
over again, with the same id. Letters hold no words: they are made when they are sent, masked, as the alert is then.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from monitor.errors import HookUnknown
from monitor.masking import hide
from monitor.messages import AlertChanged, AlertRaised, AlertView, IncidentsChanged, IncidentView, Numbered
from monitor.model import Severity
from monitor.store.outbox_records import HookState, Waiting
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.views import alert_view, incident_view
from monitor.webhooks import schedule
from monitor.webhooks.sending import Letter, Tone, Undelivered, Way

log = structlog.get_logger()

PAGE = 500
"""Events read at once."""
TOGETHER = 8
"""Letters of one webhook on their way at the same time."""
LONGEST_SLEEP = 30.0
"""Seconds after which a courier looks again in any case."""
LATE = 600.0
"""Seconds that the oldest letter may wait before the service's health says so."""
TEST = "test"
_TONES: dict[str, Tone] = {"info": "info", "low": "info", "medium": "warning", "high": "failure", "critical": "failure"}


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook, as set."""

    name: str
    way: Way
    events: frozenset[str]
    severity: Severity
    rooms: frozenset[str]  # empty: all but `apart`
    apart: frozenset[str] = frozenset()  # rooms whose alerts are no matter for people
    console: str = ""  # address for links

    def wants(self, message: Numbered) -> list[tuple[str, str]]:
        """The letters (kind, subject) that it gets of an event."""
        match message:
            case AlertRaised(alert=alert) if self._fits("alert.raised", alert.severity, [alert.room]):
                return [("alert.raised", alert.id)]
            # Not those that only count another repeat.
            case AlertChanged(alert=alert) if alert.state != "open" and self._fits(
                "alert.changed", alert.severity, [alert.room]
            ):
                return [("alert.changed", alert.id)]
            case IncidentsChanged(incidents=incidents):
                fit = [one for one in incidents if self._fits("incident.changed", one.severity, one.rooms)]
                return [("incident.changed", str(one.id)) for one in fit]
        return []

    def _fits(self, kind: str, severity: str, rooms: Iterable[str]) -> bool:
        here = set(rooms)
        wanted = bool(here & self.rooms) if self.rooms else bool(here - self.apart)
        return kind in self.events and Severity(severity).rank >= self.severity.rank and wanted


class Courier:
    """The task of one webhook."""

    def __init__(self, hook: Hook, store: Store, metrics: Metrics, clock: Callable[[], float]) -> None:
        self.hook = hook
        self.state = HookState(hook.name)
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._dice = random.Random()  # noqa: S311 - spreads tries, guards nothing
        self._awake = asyncio.Event()

    def wake(self) -> None:
        self._awake.set()

    async def run(self) -> None:
        """For ever. A webhook that is new is told of what happens from now on."""
        seq = await self._store.hook_begins(self.hook.name, await self._store.last_seq())
        while True:
            self._awake.clear()
            seq = await self._collect(seq)
            while await self._send_due():
                pass
            self.state = await self._store.hook_state(self.hook.name)
            self._metrics.webhook_letters(self.hook.name, self.state.waiting, self.state.dead)
            await self._sleep()

    async def _collect(self, seq: int) -> int:
        """Letters of the events after `seq` into the outbox; gives the newest number."""
        while page := await self._store.events(seq, PAGE):
            letters = [letter for message in page for letter in self.hook.wants(message)]
            seq = page[-1].seq
            await self._store.post(self.hook.name, letters, seq)
        return seq

    async def _send_due(self) -> bool:
        """Whether there was any."""
        due = await self._store.due_letters(self.hook.name, self._clock(), TOGETHER)
        async with asyncio.TaskGroup() as tasks:
            for letter in due:
                tasks.create_task(self._send(letter))
        return bool(due)

    async def _send(self, waiting: Waiting) -> None:
        letter = await self._letter(waiting)
        if letter is None:  # erased, or too old to be kept: nothing is left to be told
            await self._store.letter_sent(waiting, counted=False)
            return
        try:
            await self.hook.way.send(letter)
        except Undelivered as error:
            delay = None if error.final else schedule.wait(waiting.tries + 1, self._dice.random(), error.after)
            due = None if delay is None else self._clock() + delay
            log.warning(
                "webhook", hook=self.hook.name, tries=waiting.tries + 1, given_up=due is None, reason=str(error)
            )
            await self._store.letter_failed(waiting, str(error), due)
            self._metrics.webhook(self.hook.name, "failed" if due else "dead")
        else:
            await self._store.letter_sent(waiting)
            self._metrics.webhook(self.hook.name, "sent")

    async def _letter(self, waiting: Waiting) -> Letter | None:
        if waiting.kind == TEST:
            said: dict[str, object] = {"test": True}
            return self._made(waiting, said, "Test of Room Monitor", "This is only a test.", "info", "test")
        if waiting.kind == "incident.changed":
            incident = await self._store.incident(int(waiting.subject))
            if incident is None:
                return None
            matter = incident_view(incident)
            return self._made(waiting, {"incident": matter.model_dump(mode="json")}, *_of_incident(matter))
        found = await self._store.alert(waiting.subject)
        if found is None:
            return None
        alert = hide.alert(alert_view(found))
        return self._made(waiting, {"alert": alert.model_dump(mode="json")}, *_of_alert(alert))

    def _made(self, waiting: Waiting, data: dict[str, object], title: str, text: str, tone: Tone, about: str) -> Letter:
        link = f"{self.hook.console.rstrip('/')}/review/{waiting.subject}" if self.hook.console else ""
        if waiting.kind.startswith("alert."):
            data["link"] = link
            text = f"{text}\n{link}" if link else text
        when = datetime.fromtimestamp(waiting.made_at, UTC).isoformat(timespec="milliseconds")
        said = {"type": waiting.kind, "timestamp": when.replace("+00:00", "Z"), "data": data}
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        return Letter(waiting.message, self._clock(), body, title, text, tone, about)

    async def _sleep(self) -> None:
        due = await self._store.next_due(self.hook.name)
        seconds = LONGEST_SLEEP if due is None else min(LONGEST_SLEEP, max(0.05, due - self._clock()))
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            return


class Couriers:
    """All webhooks of the service."""

    def __init__(
        self, hooks: Sequence[Hook], store: Store, metrics: Metrics, clock: Callable[[], float] = time.time
    ) -> None:
        self._couriers = {hook.name: Courier(hook, store, metrics, clock) for hook in hooks}
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """For ever; at once where there are none."""
        async with asyncio.TaskGroup() as tasks:
            for courier in self._couriers.values():
                tasks.create_task(courier.run())

    def told(self, message: Numbered) -> None:
        """An event was stored. Never blocks."""
        for courier in self._couriers.values():
            if courier.hook.wants(message):
                courier.wake()

    async def states(self) -> list[HookState]:
        return [await self._store.hook_state(name) for name in self._couriers]

    def trouble(self) -> list[str]:
        """What is wrong now, in plain words."""
        wrong = []
        for name, courier in self._couriers.items():
            state = courier.state
            late = self._clock() - state.oldest if state.oldest else 0.0
            if state.dead:
                wrong.append(f"webhook {name}: {state.dead} letters were given up ({state.error}); replay or drop them")
            elif late > LATE:
                wrong.append(f"webhook {name}: a letter waits for {late / 60:.0f} minutes ({state.error})")
        return wrong

    async def dead(self, name: str | None, limit: int, before: int | None) -> list[Waiting]:
        return await self._store.dead_letters(name, limit, before)

    async def replay(self, name: str, letter: int | None = None) -> int:
        """Dead letters are tried again; how many. Raises HookUnknown."""
        courier = self._known(name)
        count = await self._store.replay_letters(name, letter)
        courier.wake()
        return count

    async def drop(self, name: str) -> int:
        """Dead letters are forgotten; how many. Raises HookUnknown."""
        courier = self._known(name)
        count = await self._store.drop_dead_letters(self._clock() + 1, name)
        courier.wake()
        return count

    async def test(self, name: str) -> None:
        """A letter that says it is a test, on the same way as all. Raises HookUnknown."""
        courier = self._known(name)
        await self._store.post_one(name, TEST, TEST)
        courier.wake()

    def _known(self, name: str) -> Courier:
        if name not in self._couriers:
            known = ", ".join(self._couriers) or "none"
            raise HookUnknown(f"There is no webhook {name!r} in the settings; there are: {known}.")
        return self._couriers[name]


def _of_alert(alert: AlertView) -> tuple[str, str, Tone, str]:
    """Title, text, tone, what it is about."""
    first = next(iter(alert.hits), None)
    who = f"{alert.speaker.name} in {alert.room}"
    withdrawn = alert.state == "withdrawn"
    mark = " (withdrawn)" if withdrawn else f" ({alert.state})" if alert.state != "open" else ""
    if first is None:
        title, text = (
            f"{alert.severity}: synthetic-voice signature, {who}{mark}",
            "For review: a likelihood, no verdict.",
        )
    else:
        title = f"{alert.severity}: {first.phrase}, {who}{mark}"
        said = " ".join(part for part in (first.before, f"»{first.matched}«", first.after) if part)
        text = f"{said}\nlist {first.list_name}@{first.list_version}, grade {first.grade}"
    return title, text, "success" if withdrawn else _TONES[alert.severity], f"room-monitor-{alert.id}"


def _of_incident(incident: IncidentView) -> tuple[str, str, Tone, str]:
    title = f"{incident.severity}: incident {incident.id}, {incident.status}"
    rules = ", ".join(incident.phrases) or "synthetic voice"
    text = f"{rules}; {incident.alerts} alerts in {', '.join(incident.rooms)}"
    done = incident.status == "done"
    return title, text, "success" if done else _TONES[incident.severity], f"room-monitor-incident-{incident.id}"
