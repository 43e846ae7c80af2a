"""LiveKit's SDK, as far as it is used, with what has to be known of it. The only file that imports it.

`livekit.rtc` is a native library (WebRTC and an async runtime of its own, in Rust) under a thin layer of Python. What
that means here:

- It is loaded at the first join, and stays: its threads (the runtime's workers, WebRTC's) are the process's, not a
  visit's.
- A connect that has begun can't be broken off: the native side goes on whether anybody waits or not, and would leave a
  monitor in the room of which nobody knows. `Leavings` waits for such connects and leaves.
- It retries by itself, several times, with the same token. So the door is tried first over HTTP (`door.py`), where what
  is wrong is told apart and can be broken off; the SDK is asked only once that has worked.
- A panic of the native side ends the process (SIGTERM): the SDK's own doing.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
from contextlib import suppress
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from monitor.errors import ConnectionLost, Refused, Step
from monitor.rooms.livekit.loss import NOTHING, Counts
from monitor.rooms.progress import address

if TYPE_CHECKING:
    from livekit import rtc

    from monitor.rooms.livekit.protocol import Place

INSTALL = "pip install 'room-monitor[livekit]'"
CONNECT_SECONDS = 4.0
"""For each of the SDK's tries to open the signalling."""
JOIN_SECONDS = 12.0
"""Until media has a path."""
GOODBYE_SECONDS = 3.0
"""For leaving; a server that is gone answers nothing."""
STATS_SECONDS = 1.0
"""For an answer with the counters."""
CALLBACK_SECONDS = 0.2
"""At the end of the process."""
SETTLE_SECONDS = 2.0
"""How long a join waits for connects before it that were given up: with the same identity they would throw it out."""

CANDIDATES = {0: "host", 1: "srflx", 2: "prflx", 3: "relay"}
"""Kinds of candidates, by the SDK's numbers."""


def load() -> ModuleType:
    """The SDK. Raises Refused, with the command to install it, where it isn't there."""
    try:
        from livekit import rtc
    except ImportError as error:
        raise Refused(f"LiveKit's SDK can't be loaded ({error}): {INSTALL}") from error
    _prepare()
    return rtc


@cache
def _prepare() -> None:
    # It warns of ordinary things ("drop unknown FFI handle" whenever it leaves), and in words that may name people.
    logging.getLogger("livekit").setLevel(logging.ERROR)
    atexit.register(_let_callbacks_end)  # before the SDK registers its own, which is then run earlier


def _let_callbacks_end() -> None:
    """A native thread that comes back into Python once the interpreter is going away aborts the process. The SDK stops
    its callbacks in an exit function of its own, which runs before this one; those on their way get the time to end."""
    threading.Event().wait(CALLBACK_SECONDS)


def load_api() -> ModuleType:
    """What makes tokens. Raises Refused, with the command to install it, where it isn't there."""
    try:
        from livekit import api
    except ImportError as error:
        raise Refused(f"LiveKit's token library can't be loaded ({error}): {INSTALL}") from error
    return api


class Leavings:
    """Connects that nobody waits for any more. Each task ends by itself, within a minute at the most."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def take(self, room: rtc.Room, connecting: asyncio.Task[None]) -> None:
        """Leave the room as soon as it is entered."""
        task = asyncio.get_running_loop().create_task(_leave_when_in(room, connecting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until there are none, for a while."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=SETTLE_SECONDS)


async def _leave_when_in(room: rtc.Room, connecting: asyncio.Task[None]) -> None:
    await asyncio.wait([connecting])
    if not connecting.cancelled() and connecting.exception() is None:
        await leave(room)


async def enter(room: rtc.Room, place: Place, leavings: Leavings) -> None:
    """Join. Raises ConnectionLost, Refused. Cancelled, it returns at once, and the room is left later."""
    rtc = load()
    options = rtc.RoomOptions(
        auto_subscribe=False,  # audio only: nobody needs the video
        single_peer_connection=False,  # what every server version understands
        connect_timeout=CONNECT_SECONDS,
        rtc_config=_network(place),
    )
    connecting = asyncio.get_running_loop().create_task(room.connect(place.url(), place.token, options))
    try:
        async with asyncio.timeout(JOIN_SECONDS):
            await asyncio.shield(connecting)
    except TimeoutError:
        text = f"LiveKit let us in, and no path for media was found in {JOIN_SECONDS:g} s: is UDP open to the server?"
        raise ConnectionLost(text, step=Step.PATH) from None
    except rtc.ConnectError as error:
        raise _explained(error.message) from error
    finally:
        if not connecting.done():
            leavings.take(room, connecting)


def _explained(message: str) -> ConnectionLost | Refused:
    """The SDK has one error with a text for everything."""
    if "401" in message or "403" in message:
        return Refused(f"LiveKit doesn't let us in: {message}", step=Step.PERMISSION)
    step = Step.PATH if "wait_pc_connection" in message else Step.SIGNALLING
    return ConnectionLost(f"LiveKit can't be joined: {message}", step=step)


def _network(place: Place) -> rtc.RtcConfiguration | None:
    """Our own STUN and TURN servers in place of those that the server names; None: the server's."""
    if not place.ice.servers and not place.ice.relay_only:
        return None
    rtc = load()
    only = rtc.IceTransportType.TRANSPORT_RELAY if place.ice.relay_only else rtc.IceTransportType.TRANSPORT_ALL
    servers = [
        rtc.IceServer(urls=[each.url], username=each.username, password=each.password) for each in place.ice.servers
    ]
    return rtc.RtcConfiguration(ice_transport_type=only, ice_servers=servers)  # type: ignore[no-any-return]


async def leave(room: rtc.Room) -> None:
    """Leave the room, if we are in it. Raises nothing."""
    with suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await room.disconnect()


async def counts(track: rtc.Track) -> Counts | None:
    """What the SDK has counted on a track; None where it doesn't answer.

    Asked of each track by itself: in the statistics of the whole connection a track has the name of the one that had
    its m-line first, and who comes second would be taken for somebody of whom nothing arrives.
    """
    asked = asyncio.get_running_loop().create_task(track.get_stats())
    try:
        await asyncio.wait([asked], timeout=STATS_SECONDS)
    finally:
        asked.cancel()
    if not asked.done() or asked.cancelled() or asked.exception() is not None:
        return None
    found = [each.inbound_rtp for each in asked.result() if each.WhichOneof("stats") == "inbound_rtp"]
    if not found:
        return NOTHING  # nothing has come: there is no entry before
    newest = max(found, key=lambda each: each.inbound.last_packet_received_timestamp)
    return Counts(newest.received.packets_received, newest.received.packets_lost, newest.inbound.concealed_samples)


async def path(room: rtc.Room) -> str:
    """The pair of candidates that media goes over, for people; empty where it isn't known."""
    try:
        async with asyncio.timeout(STATS_SECONDS):
            entries = (await room.get_rtc_stats()).subscriber_stats
    except (RuntimeError, TimeoutError):
        return ""
    ends = {}
    for each in entries:
        match each.WhichOneof("stats"):
            case "local_candidate":
                ends[each.local_candidate.rtc.id] = each.local_candidate.candidate
            case "remote_candidate":
                ends[each.remote_candidate.rtc.id] = each.remote_candidate.candidate
    for each in entries:
        if each.WhichOneof("stats") == "candidate_pair" and each.candidate_pair.candidate_pair.nominated:
            pair = each.candidate_pair.candidate_pair
            both = [ends.get(name) for name in (pair.local_candidate_id, pair.remote_candidate_id)]
            return " → ".join(
                f"{CANDIDATES.get(end.candidate_type, '')} {address(end.address, end.port)}".strip()
                for end in both
                if end is not None
            )
    return ""
