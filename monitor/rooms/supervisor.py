"""Keeps one room monitored: joins, tells the participants, hands out tracks, and comes back after every loss.

What may follow what is the lifecycle's table; this file turns what happens into its events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import SystemRandom

import structlog

from monitor.errors import ConnectionLost, Refused
from monitor.model import RoomState, Speaker
from monitor.review.actions import RoomAct
from monitor.rooms.backoff import Backoff
from monitor.rooms.connector import Connector, Moderates, Session, Track
from monitor.rooms.lifecycle import RoomEvent, accepts, after

LOOK = 0.25
"""Seconds between looks at the roster: connectors of all kinds can say who is there, few can say who came."""

OnTrack = Callable[[Track], Awaitable[None]]
"""Listens to one track until its frames end. Is given the time to finish when the room is left or lost."""
OnState = Callable[[RoomState, str], Awaitable[None]]
"""Told of every change of state, with the reason in plain words ("" where there is none)."""
OnRoster = Callable[[tuple[Speaker, ...], tuple[Speaker, ...], tuple[Speaker, ...]], Awaitable[None]]
"""Told who is present, who has joined and who has left since the last time."""

OnNotice = Callable[[str, str, tuple[Speaker, ...]], Awaitable[None]]
"""Told that a notice was shown: its text, how people see it ("" where the room has no way), and to whom of those who
came later (nobody: to everybody who is there)."""

Outcome = tuple[RoomEvent, str]

log = structlog.get_logger()
_dice = SystemRandom()


def _event_of(error: ConnectionLost | Refused) -> RoomEvent:
    return RoomEvent.LOST if isinstance(error, ConnectionLost) else RoomEvent.REFUSED


async def _nobody_asks(_here: tuple[Speaker, ...], _in: tuple[Speaker, ...], _out: tuple[Speaker, ...]) -> None:
    return None


async def _nobody_notes(_notice: str, _way: str, _to: tuple[Speaker, ...]) -> None:
    return None


class RoomSupervisor:
    """One room. `run()` returns once the room is LEFT or FAILED; a FAILED one may be run again, `keep()` does."""

    def __init__(
        self,
        room_id: str,
        connector: Connector,
        on_track: OnTrack,
        on_state: OnState,
        *,
        on_roster: OnRoster = _nobody_asks,
        on_notice: OnNotice = _nobody_notes,
        notice: str = "",
        backoff: Backoff | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """`clock`: steady seconds, by default the event loop's. An empty notice is not announced."""
        self._room = room_id
        self._connector = connector
        self._on_track = on_track
        self._on_state = on_state
        self._on_roster = on_roster
        self._on_notice = on_notice
        self._notice = notice
        self._session: Session | None = None  # of the visit, once its notice was shown
        self._backoff = backoff or Backoff()
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._state = RoomState.IDLE
        self._reason = ""
        self._live_since: float | None = None
        self._stopping = asyncio.Event()
        self._asked = asyncio.Event()  # somebody wants another try now
        self._again = ""  # what is added to the reason of a failure
        self._visiting: asyncio.Task[Outcome] | None = None
        self._told_of: RoomEvent | None = None  # of the visit's end, before all of it was over

    @property
    def room_id(self) -> str:
        return self._room

    @property
    def state(self) -> RoomState:
        return self._state

    @property
    def reason(self) -> str:
        """Why the room is in its state, in plain words."""
        return self._reason

    def stop(self) -> None:
        """Leave the room. `run()` returns when its tracks have been listened to the end."""
        self._stopping.set()
        self._asked.set()
        if self._visiting is not None:
            self._visiting.cancel()

    def retry(self) -> None:
        """Where the room waits, or failed and is kept: try again now."""
        if self._state in (RoomState.WAITING, RoomState.FAILED):
            self._asked.set()

    async def keep(self, again: float, *, after: float = 0.0, dice: Callable[[], float] = _dice.random) -> None:
        """`run`, and after a refusal or a bug run again about every `again` seconds, until `stop()` or the room's end.

        A refusal says that trying makes no sense without a change. But the change may be made anywhere: the PIN, the
        token in its file, the host's mind. So it is tried, so seldom that nobody is bothered.
        `after`: seconds until the first try. `dice`: 0 to 1.
        """
        if after:
            await self._stopped_within(after)
        self._again = f"; tried again every {_spell(again)}"
        while True:
            await self.run()
            wait = again * (0.75 + 0.5 * dice())  # or many rooms refused at once would come back at once
            if self._state is not RoomState.FAILED:
                return None
            if await self._stopped_within(wait):
                return await self._become(RoomEvent.STOP)

    async def run(self) -> None:
        """Keep the room monitored until `stop()`, a refusal, the room's end, or a bug. Raises nothing but cancellation.

        The only broad `except` of the rooms: whatever is wrong in one room must not end the others.
        """
        try:
            await self._drive()
        except Exception as bug:
            log.exception("room.broke", room=self._room)
            if self._state is RoomState.FAILED:  # refused, and broken on the way out
                return
            event = RoomEvent.BROKE if accepts(self._state, RoomEvent.BROKE) else RoomEvent.STOP
            if accepts(self._state, event):
                await self._become(event, f"a bug: {type(bug).__name__}; see the log")

    async def _drive(self) -> None:
        if self._stopping.is_set():
            return await self._become(RoomEvent.STOP)
        await self._become(RoomEvent.START)
        while True:
            event, reason = await self._visit_once()
            if self._told_of is not event:
                await self._become(event, reason)
            self._told_of = None
            match self._state:
                case RoomState.WAITING:
                    if await self._stopped_within(self._backoff.wait()):
                        return await self._become(RoomEvent.STOP)
                    await self._become(RoomEvent.RETRY)
                case RoomState.LEAVING:
                    return await self._become(RoomEvent.CLOSED, reason)
                case _:
                    return None

    async def _visit_once(self) -> Outcome:
        """One visit, its listeners included: they go on to the end of what was heard after the visit is over."""
        self._live_since = None
        try:
            async with asyncio.TaskGroup() as group:
                self._visiting = group.create_task(self._visit(group))
                if self._stopping.is_set():
                    self._visiting.cancel()
        finally:
            visiting, self._visiting = self._visiting, None
            if self._live_since is not None:
                self._backoff.held(self._clock() - self._live_since)
        if visiting.cancelled():
            return RoomEvent.STOP, ""
        return visiting.result()

    async def _visit(self, group: asyncio.TaskGroup) -> Outcome:
        try:
            async with self._connector.join() as session:
                there = session.roster()  # who comes while it is shown is told by themselves
                await self._show(session)
                self._session = session
                self._live_since = self._clock()
                await self._become(RoomEvent.CONNECTED)
                roster = group.create_task(self._follow_roster(session, {speaker.id for speaker in there}))
                try:
                    async for track in session.tracks():
                        group.create_task(self._listen(track))
                except (ConnectionLost, Refused) as error:
                    # At once: saying goodbye to a server that is gone takes a second, and nobody is heard meanwhile.
                    self._told_of = _event_of(error)
                    await self._become(self._told_of, str(error))
                    raise
                finally:
                    self._session = None
                    roster.cancel()
        except (ConnectionLost, Refused) as error:
            return _event_of(error), str(error)
        return RoomEvent.ENDED, "the room has ended"

    async def announce(self, notice: str) -> None:
        """From now on this is the notice; shown at once to those who are there, where the monitor is in the room."""
        self._notice = notice
        if self._session is not None:
            try:
                await self._show(self._session)
            except (ConnectionLost, Refused) as error:  # the visit's own end tells of it, and the next one shows it
                log.info("room.notice_not_shown", room=self._room, reason=str(error))

    @property
    def acts(self) -> frozenset[RoomAct]:
        """What staff can have done to people there now."""
        return self._session.acts if isinstance(self._session, Moderates) else frozenset()

    async def act(self, act: RoomAct, speaker: str) -> None:
        """Mute or remove somebody (id). Raises Refused, ConnectionLost."""
        if self._session is None:
            raise ConnectionLost("the monitor is not in the room now")
        if not isinstance(self._session, Moderates):
            raise Refused("a room of this kind has no way to do that")
        await self._session.act(act, speaker)

    async def _show(self, session: Session, to: tuple[Speaker, ...] = ()) -> None:
        if notice := self._notice:
            await self._on_notice(notice, await session.announce(notice, to), to)

    async def _listen(self, track: Track) -> None:
        log.info("room.track", room=self._room, track=track.id)
        await self._on_track(track)

    async def _follow_roster(self, session: Session, told: set[str]) -> None:
        """`told`: ids of those who were there when the notice was shown."""
        before: dict[str, Speaker] = {}
        try:
            while True:
                present = session.roster()
                late = tuple(speaker for speaker in present if speaker.id not in told | before.keys())
                if late:
                    await self._welcome(session, late)
                before, told = await self._tell_roster(before, present), set()
                await asyncio.sleep(LOOK)
        finally:
            if before:  # once the monitor has left it knows of nobody
                await self._tell_roster(before, ())

    async def _welcome(self, session: Session, late: tuple[Speaker, ...]) -> None:
        try:
            await self._show(session, late)
        except (ConnectionLost, Refused) as error:  # the visit's own end tells of it
            log.info("room.notice_not_shown", room=self._room, reason=str(error))

    async def _tell_roster(self, before: dict[str, Speaker], present: tuple[Speaker, ...]) -> dict[str, Speaker]:
        now = {speaker.id: speaker for speaker in present}
        came = tuple(speaker for speaker in present if speaker.id not in before)
        went = tuple(speaker for speaker in before.values() if speaker.id not in now)
        if came or went:
            await self._on_roster(present, came, went)
        return now

    async def _stopped_within(self, seconds: float) -> bool:
        """Wait so long, or until stopped, or asked to go on; whether it is stopped."""
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return False
        finally:
            self._asked.clear()
        return self._stopping.is_set()

    async def _become(self, event: RoomEvent, reason: str = "") -> None:
        self._state = after(self._state, event)
        self._reason = reason = reason + (self._again if self._state is RoomState.FAILED else "")
        log.info("room.state", room=self._room, state=self._state.value, cause=event.value, reason=reason)
        await self._on_state(self._state, reason)


def _spell(seconds: float) -> str:
    """`5 minutes`, `90 s`."""
    minutes = seconds / 60
    return f"{minutes:.0f} minutes" if minutes >= 2 and minutes == round(minutes) else f"{seconds:g} s"
