"""The built-in audio room: a small SFU (it forwards, and never decodes) inside the process."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self

import structlog

from monitor.rooms.builtin.forward import Media
from monitor.rooms.builtin.member import Member
from monitor.rooms.builtin.protocol import JOIN_SECONDS, BadMessage, Join, dump, parse
from monitor.rooms.builtin.upstream import Upstream
from monitor.wire import Wire, WireClosed

TICK = 0.2
"""Seconds between looks whether somebody stopped talking."""
CLOSE_SECONDS = 5.0
"""How long the members may take to go when the service stops."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RoomSpec:
    """One room. `max_participants` doesn't count the monitor. `private`: only with the service's own token."""

    id: str
    name: str
    max_participants: int = 32
    private: bool = False


class BuiltinRooms:
    """All built-in rooms of the process. An async context manager: its exit ends every room and waits for it."""

    def __init__(self, rooms: Sequence[RoomSpec]) -> None:
        self.monitor_token = secrets.token_urlsafe(24)
        """Who shows it may join as the monitor. New for each process; never leaves it but by our own connector."""
        self._rooms = {spec.id: _Room(spec, self._bury) for spec in rooms}
        self._stack = AsyncExitStack()
        self._group: asyncio.TaskGroup | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._ending = False
        self._visits = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def __aenter__(self) -> Self:
        self._group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._ticker = self._group.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()
        if self._ticker is not None:
            self._ticker.cancel()
        await self._stack.aclose()

    async def end(self) -> None:
        """Tell every member that it is over, admit nobody more, and wait until all have gone."""
        self._ending = True
        for room in self._rooms.values():
            for member in room.members():
                member.end(dump("ended"))
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._quiet.wait()
        except TimeoutError:
            log.warning("room.slow_end", visits=self._visits)

    def add(self, spec: RoomSpec) -> None:
        """One more. Raises ValueError where it is there already."""
        if spec.id in self._rooms:
            raise ValueError(f"there is a room {spec.id!r} already")
        self._rooms[spec.id] = _Room(spec, self._bury)

    def remove(self, room_id: str) -> None:
        """End a room: its members are told, and nobody gets in any more. Nothing happens where there is none."""
        room = self._rooms.pop(room_id, None)
        for member in room.members() if room else ():
            member.end(dump("ended"))

    def participants(self, room_id: str) -> list[dict[str, Any]]:
        """The roster of a room as clients see it. Raises KeyError for an unknown room."""
        return self._rooms[room_id].roster()

    def speaking(self, room_id: str) -> frozenset[str]:
        """Ids of the participants who are talking now. Raises KeyError for an unknown room."""
        return frozenset(member.id for member in self._rooms[room_id].members() if member.meter.talking)

    def notice(self, room_id: str) -> str:
        """What the participants are told of the monitoring; empty before the monitor has come."""
        return self._rooms[room_id].notice

    async def serve(self, room_id: str, wire: Wire) -> None:
        """Serve one websocket until its client has left. Closes the wire. Raises only on bugs and cancellation."""
        self._visits += 1
        self._quiet.clear()
        try:
            await self._visit(room_id, wire)
        finally:
            self._visits -= 1
            if not self._visits:
                self._quiet.set()

    async def _visit(self, room_id: str, wire: Wire) -> None:
        try:
            join = await _first(wire)
            room = self._admit(room_id, join)
        except BadMessage as error:
            await _refuse(wire, error)
            return
        except WireClosed:
            return
        member = Member(wire, join, room)
        room.enter(member)
        try:
            await member.run()
        finally:
            await wire.close()

    def _admit(self, room_id: str, join: Join) -> _Room:
        room = self._rooms.get(room_id)
        if self._ending:
            raise BadMessage("ended", "the service is stopping")
        if room is None:
            raise BadMessage("unknown-room", "there is no room of this name")
        ours = hmac.compare_digest(join.token.encode(), self.monitor_token.encode())
        if join.role == "monitor":
            if not ours:
                raise BadMessage("bad-token", "only this service's own monitor may join as the monitor")
        elif room.spec.private and not ours:
            raise BadMessage("private-room", "this room is for the service's own checks")
        elif sum(member.role == "participant" for member in room.members()) >= room.spec.max_participants:
            raise BadMessage("room-full", f"the room is full ({room.spec.max_participants} participants)")
        return room

    def _bury(self, upstream: Upstream) -> None:
        assert self._group is not None, "BuiltinRooms serves only inside its context"  # noqa: S101  a bug of ours
        self._group.create_task(_close(upstream))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            now = asyncio.get_running_loop().time()
            for room in self._rooms.values():
                for member in room.members():
                    member.look(now)


class _Room:
    """Who is in one room, and what each hears of the others."""

    def __init__(self, spec: RoomSpec, bury: Callable[[Upstream], None]) -> None:
        self.spec = spec
        self.bury = bury
        self.notice = ""
        self._members: dict[str, Member] = {}

    def members(self) -> list[Member]:
        return list(self._members.values())

    def roster(self) -> list[dict[str, Any]]:
        return [member.card() for member in self._members.values()]

    def enter(self, member: Member) -> None:
        self._members[member.id] = member
        member.tell(
            dump(
                "joined",
                id=member.id,
                room={"id": self.spec.id, "name": self.spec.name},
                participants=self.roster(),
                notice=self.notice,
            )
        )
        self.changed(but=member)
        for other in self._others(member):
            if other.publishing:
                member.hearing.add(other.id)

    def left(self, member: Member) -> None:
        self._members.pop(member.id, None)
        self.changed()

    def changed(self, but: Member | None = None) -> None:
        self._broadcast(dump("roster", participants=self.roster()), but)

    def published(self, member: Member) -> None:
        for other in self._others(member):
            other.hearing.add(member.id)

    def unpublished(self, member: Member) -> None:
        for other in self._others(member):
            other.hearing.remove(member.id)

    def said(self, member: Member, media: Media) -> None:
        for other in self._others(member):
            other.hearing.forward(member.id, media)

    def unmuted(self, member: Member) -> None:
        for other in self._others(member):
            other.hearing.skip(member.id)

    def talking(self, member: Member) -> None:
        self._broadcast(dump("talking", id=member.id, talking=member.meter.talking))

    def announce(self, notice: str) -> None:
        self.notice = notice
        self._broadcast(dump("notice", text=notice))

    def moderate(self, member_id: str, act: str) -> bool:
        """Whether there was such a participant."""
        member = self._members.get(member_id)
        if member is None or member.role != "participant":
            return False
        if act == "mute":
            member.silence()
        else:
            member.end(dump("refused", code="removed", message="a moderator has removed you from the room"))
        return True

    def _others(self, member: Member) -> list[Member]:
        return [other for other in self._members.values() if other is not member]

    def _broadcast(self, text: str, but: Member | None = None) -> None:
        for member in self._members.values():
            if member is not but:
                member.tell(text)


async def _close(upstream: Upstream) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await upstream.close()
    except (TimeoutError, ConnectionError, asyncio.InvalidStateError) as error:
        log.warning("room.slow_close", error=repr(error))


async def _first(wire: Wire) -> Join:
    """The client's `join`. Raises BadMessage, WireClosed."""
    try:
        async with asyncio.timeout(JOIN_SECONDS):
            message = parse(await wire.receive())
    except TimeoutError:
        raise BadMessage("join-timeout", f"no `join` within {JOIN_SECONDS:.0f} s") from None
    if not isinstance(message, Join):
        raise BadMessage("join-first", "the first message must be `join`")
    return message


async def _refuse(wire: Wire, error: BadMessage) -> None:
    try:
        await wire.send(dump("refused", code=error.code, message=str(error)))
    except WireClosed:
        return
    await wire.close(1008, error.code)
