"""The room half of the service: which rooms it is in, what each is like now, and more or fewer of them at run time."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog

from monitor.config import Settings
from monitor.config_rooms import AnyRoom, JanusRoom
from monitor.connecting import connector_for
from monitor.consenting import Consents, Drop
from monitor.errors import OperatorError, RoomConflict, RoomUnknown
from monitor.hearing.coverage import Unfinished
from monitor.house import House
from monitor.keeper import Keeper
from monitor.messages import RoomView
from monitor.model import Coverage, Heard, Speaker
from monitor.model_house import outside
from monitor.registered import Register
from monitor.review.actions import RoomAct
from monitor.room_routes import RoomEntry
from monitor.rooms.backoff import Backoff
from monitor.rooms.builtin.server import BuiltinRooms, RoomSpec
from monitor.rooms.connector import Connector
from monitor.rooms.supervisor import RoomSupervisor
from monitor.watch import RoomFacts, RoomWatch
from monitor.web.host_views import RoomSeen

log = structlog.get_logger()

LONGEST_WAIT = 1.0
"""Seconds between two tries to join a room. A server that is back is noticed within this, and a try at one that isn't
there costs it nothing."""

Talking = Callable[[str, str, bool], None]
"""Room, speaker, and whether they talk now."""
Connects = Callable[..., Connector]
"""`connector_for`, or a bench's."""


class MonitoredRooms:
    """`builtin` must be entered by whoever made it; `run` in one task, the rest while it runs."""

    def __init__(
        self,
        settings: Settings,
        house: House,
        register: Register,
        builtin: BuiltinRooms,
        talking: Talking,
        consents: Consents,
        connects: Connects = connector_for,
    ) -> None:
        self._settings = settings
        self.consents = consents
        consents.effects = self
        self._house = house
        self._register = register
        self._builtin = builtin
        self._talking = talking
        self._connects = connects
        self._keeper = Keeper()
        self._url = ""
        self._changing = asyncio.Lock()  # one room is added or removed at a time
        self._wanted: dict[str, AnyRoom] = {}
        self._without: dict[str, str] = {}  # rooms whose own model can't be used, and why
        self.watches: dict[str, RoomWatch] = {}
        for room in register.all_ready:
            self._take(room)
            if room.kind == "builtin":
                builtin.add(self._spec(room))

    async def run(self, url: str) -> None:
        """Be in the rooms until `stop`; returns once all are left. `url`: http://host:port of our own web server."""
        self._url = url.replace("http", "ws", 1)
        async with self._changing:
            for room in self._wanted.values():
                await self._ask(room)
                await self._model_at_start(room)
        await self._keeper.run([self._supervisor(room) for room in self._wanted.values()])

    def stop(self) -> None:
        self._keeper.stop()

    def views(self) -> list[RoomView]:
        return [watch.view() for watch in self.watches.values() if not watch.removed]

    def unfinished(self) -> list[Unfinished]:
        """What is under way in all rooms."""
        return [one for watch in self.watches.values() for one in watch.unfinished()]

    def trouble(self) -> list[str]:
        """What is wrong with rooms beside what their states say."""
        return [f"room {room} is heard by the default model: {why}" for room, why in self._without.items()]

    def probeable(self) -> dict[str, AnyRoom]:
        """The rooms that somebody of our own may join, by id: not the canary's."""
        return {room.id: room for room in self._wanted.values() if not self._is_canary(room)}

    def standing(self) -> tuple[Coverage, dict[str, float], dict[str, str]]:
        """The ledger of all rooms but the canary's, since when which room is without us, and the kind of each."""
        rooms = [room for room in self._wanted if not self.watches[room].facts.canary]
        total: Counter[Heard] = Counter()
        for room in rooms:
            total.update(self._house.book.room(room).seconds)
        away = {room: watch.deaf_since for room, watch in self.watches.items() if watch.deaf_since}
        return Coverage(dict(total)), away, {room.id: room.kind for room in self._wanted.values()}

    def info(self, room: str) -> dict[str, Any] | None:
        """What a browser needs that wants to join it; None where it can't."""
        watch = self.watches.get(room)
        if watch is None or watch.removed or not watch.facts.page:
            return None
        notice = self.consents.notice(room, self._wanted[room].notice)
        return {"name": watch.facts.name, "notice": notice, "participants": self._builtin.participants(room)}

    def seen(self, room: str) -> RoomSeen | None:
        """As its host sees it; None where there is no such room."""
        watch = self.watches.get(room)
        if watch is None or room not in self._wanted or watch.removed or watch.facts.canary:
            return None
        wanted = self._wanted[room]
        mixed = isinstance(wanted, JanusRoom) and wanted.plugin == "audiobridge"
        return RoomSeen(watch.facts.name, wanted.notice, watch.state, watch.speakers, mixed)

    # Rooms (moderating.py)

    def can(self, room: str) -> frozenset[RoomAct]:
        if room not in self._wanted or self.watches[room].facts.canary:
            raise RoomUnknown(f"There is no room {room!r}.")
        return self._keeper.acts(room)

    def named(self, room: str, speaker: str) -> Speaker | None:
        return next((one for one in self.watches[room].speakers if one.id == speaker), None)

    async def act(self, room: str, act: RoomAct, speaker: str) -> None:
        await self._keeper.act(room, act, speaker)

    # Effects (consenting.py)

    def consent_changed(self, room: str, drop: Drop | None) -> None:
        watch = self.watches.get(room)
        if watch is None:
            return
        self._house.pipeline.cut_off(watch.look_at_consent())
        if drop is not None:
            self._house.pipeline.withdraw(room, watch.tracks_of(drop.means), drop.cause)
            if drop.speaker is None:  # what the vault holds in case of an alert goes with the visit that it is of
                self._house.keeping.vault.left(room)

    async def consent_told(self, room: str) -> None:
        await self._house.pipeline.tell_cut_off()
        if room in self._wanted:
            await self._keeper.announce(room, self.consents.notice(room, self._wanted[room].notice))
            await self._house.store.add_room(self.watches[room].view())

    async def checkpoint(self) -> None:
        """Write the ledgers down, all at once: a transaction for each room would cost more than what is in it. Forget
        rooms that were removed once all that was heard there is settled."""
        watches = list(self.watches.items())
        ledgers = [watch.coverages() for _, watch in watches]
        await self._house.store.save_coverages({track: each for some in ledgers for track, each in some.items()})
        for room, watch in watches:
            await watch.note()
            if watch.removed and watch.settled and room not in self._wanted:
                del self.watches[room]
                self._house.languages.pop(room, None)
                self._house.priorities.pop(room, None)
                self._without.pop(room, None)
                if self._house.models is not None:
                    self._house.models.drop_room(room)

    async def write_down(self) -> None:
        """The service stops: what is pending was cut off."""
        for watch in list(self.watches.values()):
            await watch.checkpoint()
            await watch.close()

    # RoomKeeper (room_routes.py)

    def entries(self) -> list[RoomEntry]:
        fixed = [RoomEntry(origin="settings", room=room) for room in self._register.fixed if not self._is_canary(room)]
        return fixed + [RoomEntry(origin="added", room=room) for room in self._register.added]

    async def add(self, room: AnyRoom, who: str) -> None:
        """Raises RoomConflict, ConfigInvalid."""
        async with self._changing:
            if room.id in self.watches and room.id not in self._wanted:
                raise RoomConflict(f"The room {room.id!r} is just being left: what was heard there is still examined.")
            self._register.check(room)
            await self._house.trail.note(who, "rooms.added", room.id, room.id, kind=room.kind)
            self._register.add(room)
            try:
                await self._take_model(room)
            except OperatorError:
                self._register.remove(room.id)
                raise
            log.info("room.added", room=room.id, kind=room.kind)
            ready = self._register.ready(room)
            if ready.kind == "builtin":
                self._builtin.add(self._spec(ready))
            self._take(ready)
            await self._ask(ready)
            await self._house.store.add_room(self.watches[room.id].view())
            self._keeper.begin(self._supervisor(ready))

    async def remove(self, room_id: str, who: str) -> AnyRoom:
        """Raises RoomConflict, RoomUnknown."""
        async with self._changing:
            room = self._register.removable(room_id)
            await self._house.trail.note(who, "rooms.removed", room_id, room_id, kind=room.kind)
            self._register.remove(room_id)
            log.info("room.removed", room=room_id)
            self.watches[room_id].removed = True
            await self._keeper.end(room_id)
            self._builtin.remove(room_id)
            del self._wanted[room_id]
            return room

    async def retry(self, room_id: str) -> None:
        """Raises RoomUnknown."""
        if not self._keeper.retry(room_id):
            raise RoomUnknown(f"There is no room {room_id!r}.")

    # parts

    def _spec(self, room: AnyRoom) -> RoomSpec:
        return RoomSpec(room.id, room.name or room.id, private=self._is_canary(room))

    def _take(self, room: AnyRoom) -> None:
        self._wanted[room.id] = room
        self._house.languages[room.id] = room.languages
        self._house.priorities[room.id] = room.priority
        self.watches[room.id] = self._watch(room)

    async def _take_model(self, room: AnyRoom) -> None:
        """Raises ModelMissing, ModelUntrusted, ModelUnfit."""
        if self._house.models is not None and room.model:
            await self._house.models.take_room(room.id, outside(self._settings)(room.model))

    async def _model_at_start(self, room: AnyRoom) -> None:
        """Those of the settings are loaded by now. One that is gone must not keep the rest from running."""
        try:
            await self._take_model(room)
        except OperatorError as error:
            self._without[room.id] = str(error)
            log.error("room.model_failed", room=room.id, model=room.model, reason=str(error))

    async def _ask(self, room: AnyRoom) -> None:
        """Know what the room has agreed to."""
        if not self._is_canary(room):
            await self.consents.take(room.id, required=self._settings.consent.needed(room.consent))

    def _watch(self, room: AnyRoom) -> RoomWatch:
        house = self._house
        return RoomWatch(
            self._facts(room),
            book=house.book,
            store=house.store,
            rules=house.rules,
            aggressiveness=self._settings.hearing.aggressiveness,
            hand_over=house.pipeline.accept,
            talking=self._talking,
            forget=house.pipeline.forget,
            ids=lambda: uuid.uuid4().hex,
            clock=time.time,
            voice=house.voice,
            agreed=None if self._is_canary(room) else self.consents.of(room.id),
            look=house.pipeline.look,
            every=self._settings.speech.early,
            acts=lambda: self._keeper.acts(room.id),
        )

    def _facts(self, room: AnyRoom) -> RoomFacts:
        page = room.kind == "builtin" and not self._is_canary(room)  # nobody can join the canary's
        return RoomFacts(room.id, room.name or room.id, f"/rooms/{room.id}" if page else "", self._is_canary(room))

    def _is_canary(self, room: AnyRoom) -> bool:
        return self._settings.canary.enabled and room.id == self._settings.canary.room

    def _supervisor(self, room: AnyRoom) -> RoomSupervisor:
        watch, consents, canary = self.watches[room.id], self.consents, self._is_canary(room)

        async def shown(notice: str, way: str, to: tuple[Speaker, ...]) -> None:
            if not canary:
                await consents.shown(room.id, notice, way, to)

        connector = self._connects(
            room,
            builtin=f"{self._url}/rooms/{room.id}/ws",
            monitor_token=self._builtin.monitor_token,
            ice=self._settings.ice,
            notice=None if canary else lambda: consents.notice(room.id, room.notice),
        )
        return RoomSupervisor(
            room.id,
            connector,
            on_track=watch.on_track,
            on_state=watch.on_state,
            on_roster=watch.on_roster,
            on_notice=shown,
            notice=room.notice if canary else consents.notice(room.id, room.notice),
            backoff=Backoff(longest=LONGEST_WAIT),
        )
