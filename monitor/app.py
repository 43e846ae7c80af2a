"""The composition root of the service: builds the parts, runs them, stops them in order. The only file that knows all.

Start: database → recogniser → pipeline → web → rooms. Stop, in reverse: the rooms are left and flush what they heard,
the recogniser's queue drains within the grace, everything is written down, the feed says goodbye.
"""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any

import structlog

from monitor import __version__, list_chores
from monitor import canary as canaries
from monitor import house as houses
from monitor.alerts.feed import Feed
from monitor.canary import Canary
from monitor.catalog.backtests import Backtests
from monitor.catalog.catalog import Catalog
from monitor.catalog.quality import Quality
from monitor.catalog.trials import Trials
from monitor.config import Settings
from monitor.config_rooms import AnyRoom
from monitor.connecting import connector_for
from monitor.evidence.clip import remove as remove_clips
from monitor.house import House, alerting
from monitor.keywords.backtest import Report
from monitor.lag import Lag
from monitor.messages import (
    CoverageChanged,
    GapNoted,
    Hello,
    Numbered,
    RoomChanged,
    RoomView,
    SpeakerChanged,
    Talking,
)
from monitor.model import Heard, RoomState
from monitor.rooms import opus
from monitor.rooms.backoff import Backoff
from monitor.rooms.builtin.server import BuiltinRooms, RoomSpec
from monitor.rooms.ice import allow_loopback
from monitor.rooms.supervisor import RoomSupervisor
from monitor.store.archive import Archive
from monitor.telemetry.metrics import Metrics
from monitor.watch import RoomFacts, RoomWatch
from monitor.web.address import announced
from monitor.web.app import WebDeps, create_app
from monitor.web.server import serve

log = structlog.get_logger()

CHECKPOINT = 1.0
"""Seconds between two writings of the ledger; also the age that the last sign of life has after a crash."""
HOUSEKEEPING = 3600.0
"""Seconds between two deletions of what is too old."""
HEARTBEAT = 5.0
LONGEST_WAIT = 1.0
"""Seconds between two tries to join a room. A server that is back is noticed within this, and a try at one that isn't
there costs it nothing."""


class Service:
    """The house, its rooms and its web server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings = _with_canary(settings)
        self._canary: Canary | None = None
        self._metrics = Metrics()
        self._feed = Feed()
        self._stop = asyncio.Event()
        self._watches: dict[str, RoomWatch] = {}
        self._notices = {room.id: room.notice for room in settings.rooms}

    async def run(self, beside: Callable[[str], Coroutine[None, None, None]] | None = None) -> None:
        """Run until SIGINT or SIGTERM. Raises OperatorError when a part can't start.

        `beside` gets the address (http://host:port) once the rooms are being joined, and runs beside them (the
        demo's speakers do); it is cancelled before the rooms are left.
        """
        settings = self._settings
        allow_loopback()
        if not opus.available():
            log.warning("libopus can't be loaded: lost packets become silence; `room-monitor check` says more")
        with _signals(self.stop):
            async with houses.build(settings, settings.storage.data, self.told, metrics=self._metrics) as house:
                await self.serve(house, beside)

    def stop(self) -> None:
        """Leave the rooms, finish what was heard within the grace, write it down, and return."""
        self._stop.set()

    async def serve(self, house: House, beside: Callable[[str], Coroutine[None, None, None]] | None = None) -> None:
        """Run with this house, whose events come to `told`, until `stop`."""
        settings = self._settings
        builtin = [
            RoomSpec(r.id, r.name or r.id, private=self._is_canary(r)) for r in settings.rooms if r.kind == "builtin"
        ]
        catalog = Catalog(
            settings.keywords.lists, house.library, house.store, list_chores.teller(self._feed, house.library)
        )
        await catalog.begin()
        async with Trials[Report]() as trials, BuiltinRooms(builtin) as rooms, asyncio.TaskGroup() as tasks:
            drained = tasks.create_task(house.run())
            chores = [tasks.create_task(chore) for chore in self._chores(house, catalog)]
            if settings.canary.enabled:
                self._canary = self._make_canary(house, rooms)
            app = create_app(self._web(house, rooms, catalog, trials))
            async with serve(app, settings.web.host, settings.web.port) as server, AsyncExitStack() as stack:
                stack.enter_context(announced(settings.storage.data, server.url))
                self._watches = {room.id: self._watch(house, room) for room in settings.rooms}
                await self._monitor(server.url, rooms, beside)
                await rooms.end()
                await self._drain(house, drained)
                for chore in chores:
                    chore.cancel()
                await asyncio.wait(chores)  # or one may still be at the ledger that is written down next
                await self._write_down(house)
                self._feed.close()

    async def _monitor(
        self, url: str, rooms: BuiltinRooms, beside: Callable[[str], Coroutine[None, None, None]] | None
    ) -> None:
        """Be in the rooms until somebody says stop; returns once all are left."""
        supervisors = [self._supervisor(room, rooms, url) for room in self._settings.rooms]
        async with asyncio.TaskGroup() as tasks:
            for supervisor in supervisors:
                tasks.create_task(supervisor.run())
            helpers = [tasks.create_task(beside(url))] if beside else []
            if self._canary:
                helpers.append(tasks.create_task(self._canary.run(url)))
            await self._stop.wait()
            for helper in helpers:
                helper.cancel()
            for supervisor in supervisors:
                supervisor.stop()

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

    async def _write_down(self, house: House) -> None:
        for watch in self._watches.values():
            await watch.checkpoint()
            await watch.close()
        house.book.close(Heard.LOST_ERROR, "cut off when the service stopped")

    # chores

    def _chores(self, house: House, catalog: Catalog) -> list[Coroutine[None, None, None]]:
        return [
            self._checkpoints(house),
            self._keep(house),
            list_chores.watch(catalog, self._settings.keywords.reload),
            list_chores.judge(Quality(catalog)),
        ]

    async def _checkpoints(self, house: House) -> None:
        told: dict[str, RoomView] = {}
        lag = Lag()
        while True:
            await asyncio.sleep(CHECKPOINT)
            await house.store.beat()
            for room, watch in self._watches.items():
                await watch.checkpoint()
                view = watch.view()
                if told.get(room) != view:
                    self._feed.passing(CoverageChanged(room=room, coverage=view.coverage))
                    told[room] = view
                self._metrics.coverage(room, house.book.room(room))
            self._metrics.waiting(house.batcher.waiting_seconds)
            if (word := lag.look(house.batcher.waiting_seconds, house.batcher.lost_seconds)) is not None:
                await house.store.add_behind(word.waiting, word.lost, word.recovered)

    async def _keep(self, house: House) -> None:
        while True:
            clips = await house.store.purge(time.time() - self._settings.storage.keep_days * 86400)
            await asyncio.to_thread(remove_clips, house.clips, clips)
            await asyncio.sleep(HOUSEKEEPING)

    # parts

    def _watch(self, house: House, room: AnyRoom) -> RoomWatch:
        return RoomWatch(
            self._facts(room),
            book=house.book,
            store=house.store,
            rules=house.rules,
            aggressiveness=self._settings.hearing.aggressiveness,
            hand_over=house.pipeline.accept,
            talking=lambda room, speaker, on: self._feed.passing(Talking(room=room, speaker=speaker, talking=on)),
            forget=house.pipeline.forget,
            ids=lambda: uuid.uuid4().hex,
            clock=time.time,
        )

    def _facts(self, room: AnyRoom) -> RoomFacts:
        page = room.kind == "builtin" and not self._is_canary(room)  # nobody can join the canary's
        return RoomFacts(room.id, room.name or room.id, f"/rooms/{room.id}" if page else "", self._is_canary(room))

    def _is_canary(self, room: AnyRoom) -> bool:
        return self._settings.canary.enabled and room.id == self._settings.canary.room

    def _make_canary(self, house: House, rooms: BuiltinRooms) -> Canary:
        plan = self._settings.canary
        return Canary(
            plan,
            token=rooms.monitor_token,
            store=house.store.add_canary,
            count=self._metrics.canary,
            lists=house.library.names,
            live=lambda: self._watches[plan.room].state is RoomState.LIVE,
        )

    def _supervisor(self, room: AnyRoom, rooms: BuiltinRooms, url: str) -> RoomSupervisor:
        watch = self._watches[room.id]
        page = f"{url.replace('http', 'ws', 1)}/rooms/{room.id}/ws"
        connector = connector_for(room, builtin=page, monitor_token=rooms.monitor_token, ice=self._settings.ice)
        return RoomSupervisor(
            room.id,
            connector,
            on_track=watch.on_track,
            on_state=watch.on_state,
            on_roster=watch.on_roster,
            notice=room.notice,
            backoff=Backoff(longest=LONGEST_WAIT),
        )

    def _web(self, house: House, rooms: BuiltinRooms, catalog: Catalog, trials: Trials[Report]) -> WebDeps:
        settings = self._settings
        archive = Archive(settings.storage.data / "monitor.db")
        grades, cool_down = alerting(settings), settings.alerts.cool_down
        return WebDeps(
            catalog=catalog,
            backtests=Backtests(catalog, trials, archive, grades=grades, cool_down=cool_down),
            store=house.store,
            feed=self._feed,
            hello=lambda: self._hello(house),
            serve_room=rooms.serve,
            room_info=lambda room: self._room_info(rooms, room),
            clips=house.clips,
            metrics=self._metrics,
            health=lambda: self._health(house),
            canary=self._canary,
            heartbeat=HEARTBEAT,
            allowed_hosts=self._settings.web.allowed_hosts,
        )

    def _hello(self, house: House) -> Hello:
        return Hello(
            version=__version__,
            seq=0,  # the web server fills in what concerns the client
            after=0,
            model=house.recogniser.model,
            lists=house.library.names(),
            problems=list(house.library.problems),
            rooms=[watch.view() for watch in self._watches.values()],
            heartbeat=HEARTBEAT,
        )

    def _room_info(self, rooms: BuiltinRooms, room: str) -> dict[str, Any] | None:
        watch = self._watches.get(room)
        if watch is None or not watch.facts.page:
            return None
        return {"name": watch.facts.name, "notice": self._notices[room], "participants": rooms.participants(room)}

    def told(self, message: Numbered) -> None:
        """Everything that is stored comes by here on its way to the feed."""
        match message:
            case RoomChanged(room=room):
                self._metrics.room(room.id, RoomState(room.state))
            case SpeakerChanged(room=room_id):
                self._metrics.speakers(room_id, len(self._watches[room_id].view().speakers))
            case GapNoted():
                self._metrics.gap(message.room, message.state, message.seconds)
        self._feed.publish(message)

    def _health(self, house: House) -> list[str]:
        """What is wrong now; empty: nothing."""
        wrong = [
            f"room {w.facts.id} is {w.state.value}"
            for w in self._watches.values()
            if w.state.value in ("failed", "waiting")
        ]
        if house.batcher.waiting_seconds > self._settings.speech.backlog / 2:
            wrong.append(f"{house.batcher.waiting_seconds:.0f} s of speech wait for the recogniser")
        wrong += self._canary.trouble() if self._canary else []
        return wrong + [f"keyword list: {problem}" for problem in house.library.problems]


def _with_canary(settings: Settings) -> Settings:
    """The settings with the canary's room among the rooms, where it is on."""
    if not settings.canary.enabled:
        return settings
    return settings.model_copy(update={"rooms": (*settings.rooms, canaries.room(settings.canary))})


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
