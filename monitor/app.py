"""The composition root of the service: builds the parts, runs them, stops them in order. The only file that knows all.

Start: database → recogniser → pipeline → web → rooms. Stop, in reverse: the rooms are left and flush what they heard,
the recogniser's queue drains within the grace, everything is written down, the feed says goodbye.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import replace

import structlog
from fastapi import APIRouter, FastAPI

from monitor import __version__, list_chores, memory, reviewing
from monitor import canary as canaries
from monitor import house as houses
from monitor.admission import admission, door_of, refuse_without_accounts
from monitor.alerts.feed import Feed
from monitor.canary import Canary
from monitor.catalog.backtests import Backtests
from monitor.catalog.catalog import Catalog
from monitor.catalog.quality import Quality
from monitor.catalog.trials import Trials
from monitor.config import Settings
from monitor.connecting import connector_for
from monitor.consenting import Consents
from monitor.couriers import Couriers
from monitor.exporting import Exporter
from monitor.hooking import hooks
from monitor.hosting import HostLinks
from monitor.house import House, alerting
from monitor.keywords.backtest import Report
from monitor.lag import Lag
from monitor.messages import (
    CoverageChanged,
    EffortChanged,
    EvidenceErased,
    GapNoted,
    Hello,
    Numbered,
    RoomChanged,
    RoomView,
    SpeakerChanged,
    Talking,
)
from monitor.model import Heard, RoomState
from monitor.model_house import outside, workers_of
from monitor.moderating import Moderation
from monitor.monitored import Connects, MonitoredRooms
from monitor.probe_routes import Prober, probe_routes
from monitor.probing import probe_room
from monitor.registered import Register
from monitor.reviewing import ReviewPlan
from monitor.room_routes import room_routes
from monitor.rooms import opus
from monitor.rooms.builtin.server import BuiltinRooms
from monitor.rooms.ice import allow_loopback
from monitor.speech.models import Models
from monitor.store.archive import Archive
from monitor.swapping import Swapping
from monitor.telemetry.metrics import Metrics
from monitor.telemetry.vitals import Vitals
from monitor.web.address import announced
from monitor.web.app import WebDeps, create_app
from monitor.web.host import host
from monitor.web.host_custody import KeptCustody
from monitor.web.host_links import host_links
from monitor.web.host_views import Hosts
from monitor.web.models import models as model_routes
from monitor.web.review_actions import room_actions
from monitor.web.server import Server, serve
from monitor.web.standing import Standing
from monitor.web.webhooks import webhooks

log = structlog.get_logger()

CHECKPOINT = 1.0
"""Seconds between two writings of the ledger; also the age that the last sign of life has after a crash."""
HOUSEKEEPING = 3600.0
"""Seconds between two deletions of what is too old."""
HEARTBEAT = 5.0
GIVING_BACK = 60.0
"""Seconds between two returns of free memory to the system."""


class Service:
    """The house, its rooms and its web server."""

    def __init__(self, settings: Settings, connects: Connects = connector_for, metrics: Metrics | None = None) -> None:
        """`connects`: makes the connector of a room; `metrics`: of a house that was built before."""
        memory.few_arenas()
        self._connects = connects
        self._settings = settings = _with_canary(settings)
        self._canary: Canary | None = None
        self._metrics = metrics or Metrics()
        self.vitals = Vitals(self._metrics)
        self._feed = Feed()
        self._stop = asyncio.Event()
        self._rooms: MonitoredRooms | None = None
        self._couriers: Couriers | None = None
        self._backtests: Backtests | None = None

    async def run(self, beside: Callable[[str], Coroutine[None, None, None]] | None = None) -> None:
        """Run until SIGINT or SIGTERM. Raises OperatorError when a part can't start.

        `beside` gets the address (http://host:port) once the rooms are being joined, and runs beside them (the
        demo's speakers do); it is cancelled before the rooms are left.
        """
        settings = self._settings
        refuse_without_accounts(settings)  # before the model is loaded
        allow_loopback()
        if not opus.available():
            log.warning("libopus can't be loaded: lost packets become silence; `room-monitor check` says more")
        with _signals(self.stop):
            data, passing = settings.storage.data, self._feed.passing
            async with houses.build(settings, data, self.told, metrics=self._metrics, passing=passing) as house:
                await self.serve(house, beside)

    def stop(self) -> None:
        """Leave the rooms, finish what was heard within the grace, write it down, and return."""
        self._stop.set()

    async def serve(self, house: House, beside: Callable[[str], Coroutine[None, None, None]] | None = None) -> None:
        """Run with this house, whose events come to `told`, until `stop`."""
        settings = self._settings
        register = Register(settings.storage.data, settings.rooms)
        catalog = Catalog(
            settings.keywords.lists,
            house.library,
            house.store,
            list_chores.teller(self._feed, house.library),
            trail=house.trail,
        )
        await catalog.begin()
        entry = await admission(settings, house.store, house.trail.note)
        async with Trials[Report]() as trials, BuiltinRooms(()) as builtin, asyncio.TaskGroup() as tasks:
            drained = tasks.create_task(house.run())
            consents = Consents(house.store, house.trail, time.time)
            rooms = self._rooms = MonitoredRooms(
                settings, house, register, builtin, self._talking, consents, self._connects
            )
            chores = [tasks.create_task(chore) for chore in self._chores(house, rooms, catalog)]
            couriers = self._couriers = Couriers(hooks(settings), house.store, self._metrics)
            chores += [tasks.create_task(entry.keep()), tasks.create_task(couriers.run())]
            moderation = Moderation(house.store, house.trail, rooms, settings.review.undo)
            chores.append(tasks.create_task(moderation.run()))
            if settings.canary.enabled:
                self._canary = self._make_canary(house, rooms, builtin, entry.key)
            parts = self._web(house, rooms, builtin, catalog, trials)
            app = create_app(
                replace(
                    parts,
                    access=entry.accounts,
                    provider=entry.provider,
                    routes=[*parts.routes, webhooks(couriers, house.trail), room_actions(house.store, moderation)],
                )
            )
            chores.append(tasks.create_task(_documented(app)))
            web, door = settings.web, door_of(settings)
            async with serve(app, web.host, web.port, door) as server, AsyncExitStack() as stack:
                stack.enter_context(memory.at_rest())
                stack.enter_context(announced(settings.storage.data, server.own_url, entry.key))
                await self._monitor(server, rooms, beside)
                await builtin.end()
                await self._drain(house, drained)
                for chore in chores:
                    chore.cancel()
                await asyncio.wait(chores)  # or one may still be at the ledger that is written down next
                await rooms.write_down()
                house.book.close(Heard.LOST_ERROR, "cut off when the service stopped")
                self._feed.close()

    async def _monitor(
        self, server: Server, rooms: MonitoredRooms, beside: Callable[[str], Coroutine[None, None, None]] | None
    ) -> None:
        """Be in the rooms until somebody says stop; returns once all are left."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(rooms.run(server.own_url))
            helpers = [tasks.create_task(beside(server.url))] if beside else []
            if self._canary:
                helpers.append(tasks.create_task(self._canary.run(server.own_url)))
            await self._stop.wait()
            for helper in helpers:
                helper.cancel()
            rooms.stop()

    async def _drain(self, house: House, drained: asyncio.Task[None]) -> None:
        """Finish what was heard; what the grace cuts off becomes lost-error in the ledger."""
        house.batcher.close()
        try:
            async with asyncio.timeout(self._settings.grace):
                await asyncio.shield(drained)
        except TimeoutError:
            if house.batcher.waiting_seconds:  # else only second hearings were not over
                waiting = round(house.batcher.waiting_seconds, 1)
                log.warning("stopped before all was transcribed", waiting_seconds=waiting)
            drained.cancel()
            with suppress(asyncio.CancelledError):
                await drained

    # chores

    def _chores(self, house: House, rooms: MonitoredRooms, catalog: Catalog) -> list[Coroutine[None, None, None]]:
        return [
            self._checkpoints(house, rooms),
            self._give_back(),
            self._keep(house),
            list_chores.watch(catalog, self._settings.keywords.reload),
            list_chores.judge(Quality(catalog)),
            reviewing.tell(house.store),
        ]

    async def _checkpoints(self, house: House, rooms: MonitoredRooms) -> None:
        told: dict[str, RoomView] = {}
        lag, taken = Lag(), 0
        while True:
            await asyncio.sleep(CHECKPOINT)
            await house.store.beat()
            await rooms.checkpoint()
            for view in rooms.views():
                if told.get(view.id) != view:
                    self._feed.passing(CoverageChanged(room=view.id, coverage=view.coverage))
                    told[view.id] = view
                self._metrics.coverage(view.id, house.book.room(view.id))
            step, effort = house.batcher.follow()
            late = house.batcher.late_seconds
            self._metrics.waiting(house.batcher.waiting_seconds, house.batcher.oldest_age, late, step)
            if step != taken:
                taken = step
                await house.store.add_effort(_effort(house, step, effort.words))
            self.vitals.note(house.batcher.waiting_seconds, house.batcher.oldest_age, late, step)
            if (word := lag.look(house.batcher.waiting_seconds, house.batcher.lost_seconds)) is not None:
                await house.store.add_behind(word.waiting, word.lost, word.recovered)

    async def _keep(self, house: House) -> None:
        while True:
            await house.keeping.run()
            await asyncio.sleep(HOUSEKEEPING)

    async def _give_back(self) -> None:
        while True:
            await asyncio.sleep(GIVING_BACK)
            await asyncio.to_thread(memory.give_back)

    # parts

    def _make_canary(self, house: House, rooms: MonitoredRooms, builtin: BuiltinRooms, key: str) -> Canary:
        plan = self._settings.canary
        return Canary(
            plan,
            token=builtin.monitor_token,
            store=house.store.add_canary,
            count=self._metrics.canary,
            lists=house.library.names,
            live=lambda: rooms.watches[plan.room].state is RoomState.LIVE,
            key=key,
        )

    def _web(
        self,
        house: House,
        rooms: MonitoredRooms,
        builtin: BuiltinRooms,
        catalog: Catalog,
        trials: Trials[Report],
    ) -> WebDeps:
        settings = self._settings
        archive = Archive(settings.storage.data / "monitor.db")
        prober = Prober(
            rooms.probeable, lambda room, seconds: probe_room(room, settings, seconds), rooms.consents.said_no
        )
        grades, cool_down = alerting(settings), settings.alerts.cool_down
        backtests = self._backtests = Backtests(catalog, trials, archive, grades=grades, cool_down=cool_down)
        return WebDeps(
            catalog=catalog,
            backtests=backtests,
            store=house.store,
            feed=self._feed,
            hello=lambda: self._hello(house, rooms),
            serve_room=builtin.serve,
            room_info=rooms.info,
            keeping=house.keeping,
            trail=house.trail,
            exporter=Exporter(house.store, house.trail, settings.storage.data, house.keeping.vault.wav),
            metrics=self._metrics,
            health=lambda: self._health(house, rooms),
            canary=self._canary,
            review=_plan(settings),
            unfinished=rooms.unfinished,
            standing=lambda: self._standing(house, rooms),
            routes=[
                room_routes(rooms),
                probe_routes(prober, house.trail),
                model_routes(_swapping(settings, house)),
                *self._host_routes(house, rooms),
            ],
            heartbeat=HEARTBEAT,
            allowed_hosts=self._settings.web.allowed_hosts,
        )

    def _host_routes(self, house: House, rooms: MonitoredRooms) -> list[APIRouter]:
        kept = self._settings.storage
        hosts = Hosts(
            consents=rooms.consents,
            links=HostLinks(house.store, house.trail, kept.data, time.time, self._settings.consent.link_days),
            store=house.store,
            seen=rooms.seen,
            clock=time.time,
            keep_days=kept.keep_days,
            custody=KeptCustody(house.keeping),
        )
        return [host(hosts), host_links(hosts)]

    def _hello(self, house: House, rooms: MonitoredRooms) -> Hello:
        return Hello(
            version=__version__,
            seq=0,  # the web server fills in what concerns the client
            after=0,
            model=house.recogniser.model,
            lists=house.library.names(),
            problems=list(house.library.problems),
            rooms=rooms.views(),
            heartbeat=HEARTBEAT,
            voices=house.voices.view() if house.voices else None,
            effort=house.batcher.follow()[0],
        )

    def _standing(self, house: House, rooms: MonitoredRooms) -> Standing:
        """For the status route."""
        coverage, away, kinds = rooms.standing()
        step, effort = house.batcher.follow()
        return Standing(
            data=self._settings.storage.data,
            vitals=self.vitals,
            backlog=self._settings.speech.backlog,
            keep_days=self._settings.storage.keep_days,
            waiting=house.batcher.waiting_seconds,
            oldest=house.batcher.oldest_age,
            threads=workers_of(self._settings),
            coverage=coverage,
            late=house.batcher.late_seconds,
            effort=step,
            effort_words=effort.words,
            second_model=self._settings.speech.second,
            away=away,
            kinds=kinds,
        )

    def _talking(self, room: str, speaker: str, on: bool) -> None:
        self._feed.passing(Talking(room=room, speaker=speaker, talking=on))

    def told(self, message: Numbered) -> None:
        """Everything that is stored comes by here on its way to the feed."""
        match message:
            case RoomChanged(room=room):
                self._metrics.room(room.id, RoomState(room.state))
            case SpeakerChanged(room=room_id):
                watch = self._rooms.watches.get(room_id) if self._rooms else None
                self._metrics.speakers(room_id, len(watch.view().speakers) if watch else 0)
            case GapNoted():
                self._metrics.gap(message.room, message.state, message.seconds)
            case EvidenceErased(rooms=erased) if self._backtests is not None:
                self._backtests.forget(erased)
        self._feed.publish(message)
        if self._couriers is not None:
            self._couriers.told(message)

    def _health(self, house: House, rooms: MonitoredRooms) -> list[str]:
        """What is wrong now; empty: nothing."""
        wrong = [f"room {room.id} is {room.state}" for room in rooms.views() if room.state in ("failed", "waiting")]
        if house.batcher.waiting_seconds > self._settings.speech.backlog / 2:
            wrong.append(f"{house.batcher.waiting_seconds:.0f} s of speech wait for the recogniser")
        wrong += [house.trail.trouble] if house.trail.trouble else []
        wrong += self._couriers.trouble() if self._couriers else []
        wrong += self._canary.trouble() if self._canary else []
        wrong += house.voices.trouble() if house.voices else []
        wrong += rooms.trouble()
        wrong += house.keeping.vault.trouble()
        return wrong + [f"keyword list: {problem}" for problem in house.library.problems]


def _swapping(settings: Settings, house: House) -> Swapping:
    models = house.models or Models.fixed(house.recogniser)
    return Swapping(models, house.store, house.trail, outside(settings), house.languages)


def _plan(settings: Settings) -> ReviewPlan:
    review = settings.review
    return ReviewPlan(review.claim, review.undo, review.reasons, review.taken)


def _effort(house: House, step: int, words: str) -> EffortChanged:
    batcher = house.batcher
    return EffortChanged(
        seq=0,  # the database gives it
        at=0.0,
        step=step,
        words=words,
        oldest_seconds=round(batcher.oldest_age, 2),
        waiting_seconds=round(batcher.waiting_seconds, 2),
        late_seconds=round(batcher.late_seconds, 2),
    )


def _with_canary(settings: Settings) -> Settings:
    """The settings with the canary's room among the rooms, where it is on."""
    if not settings.canary.enabled:
        return settings
    return settings.model_copy(update={"rooms": (*settings.rooms, canaries.room(settings.canary))})


async def _documented(app: FastAPI) -> None:
    """Put the OpenAPI document together before somebody asks for it: half a second that the event loop can't spare."""
    await asyncio.to_thread(app.openapi)


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM say stop, once; a second one ends the process the hard way."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def said(number: signal.Signals) -> None:
        log.info("stopping", signal=number.name)
        stop()
        for each in numbers:
            loop.remove_signal_handler(each)

    for number in numbers:
        loop.add_signal_handler(number, said, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
