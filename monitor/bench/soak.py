"""`bench soak`: many rooms, speakers who come and go, lost packets, a server that dies; the ledger beside the truth.

The service is the real one but for its recogniser. The speakers are in a process of their own, and count what they
send packet by packet as it leaves; their loss is their own doing, after numbering. So the truth owes the monitor
nothing. What is measured besides: the service's memory over time, and what it holds when all is over.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from monitor.app import Service
from monitor.bench import soak_show, vitals
from monitor.bench.crowd import Plan, Seat
from monitor.bench.crowd_link import Crowd, crowd
from monitor.bench.crowd_voice import Truth
from monitor.bench.janus import Janus, running
from monitor.bench.soak_account import Account, Books, Who, accounts, read
from monitor.bench.soak_ear import ScriptedEar
from monitor.config import Settings
from monitor.config_rooms import AnyRoom, JanusRoom, Room
from monitor.house import build
from monitor.messages import Numbered, RoomChanged
from monitor.model import RoomState

SEATS = 3
"""In a room: at most so many speakers at once."""
DOWN = 2.0
"""Seconds that Janus stays dead."""
SAMPLE = 5.0
"""Seconds between two looks at the memory."""
WARM = 0.2
"""Share of the time after which the memory is to be flat; at least a minute, where there is that much."""
SLOW = 2.0
"""Seconds after Janus's return from which it is shown what held the slowest room up."""
_AFTER = 3.0
"""Seconds from the last goodbye until all that was heard is settled."""


@dataclass(frozen=True, slots=True)
class Soak:
    minutes: float
    rooms: int = 20
    loss: float = 0.02
    kills: int = 3
    seed: int = 0


@dataclass(slots=True)
class Found:
    """What a run has shown."""

    accounts: dict[Who, Account] = field(default_factory=dict)
    books: Books = field(default_factory=Books)
    visits: int = 0
    packets: int = 0
    lost: int = 0
    utterances: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)  # (seconds, MB)
    warm: float = 0.0  # seconds from which the memory counts
    slow: list[str] = field(default_factory=list)  # seconds since Janus's death, and what was told of the slowest room
    back: list[float] = field(default_factory=list)  # seconds from Janus's return until a room of it was live
    quiet: tuple[vitals.Held, vitals.Held] | None = None  # warm and empty before, and after
    over: tuple[vitals.Held, vitals.Held] | None = None  # before the service was built, and after it was gone
    cpu: float = 0.0  # share of one core, the service
    crowd_cpu: float = 0.0  # the same for the speakers


async def measure(settings: Settings, plan: Soak, out: Console) -> bool:
    """Run, print, and say whether all is within its limits. Raises OperatorError."""
    with tempfile.TemporaryDirectory(prefix="room-monitor-soak-") as name:
        scratch = Path(name)
        rooms = _numbers(plan)
        before = vitals.held()
        async with running(scratch / "janus", rooms) as janus:
            before = vitals.held()  # the event loop's watch over child processes is there from now on
            run = _Run(_settings(settings, scratch, janus, plan), plan, janus, scratch, out)
            found = await run.go()
            found.over = before, vitals.held()
        return soak_show.show(plan, found, out)


def _numbers(plan: Soak) -> list[int]:
    """Janus's rooms: every other one."""
    return [1000 + number for number in range(plan.rooms) if number % 2]


def _settings(settings: Settings, scratch: Path, janus: Janus, plan: Soak) -> Settings:
    rooms: list[AnyRoom] = [Room(id=f"b{number}", languages=("en",)) for number in range(0, plan.rooms, 2)]
    rooms += [
        JanusRoom(kind="janus", id=f"j{number}", address=janus.url, room=number, languages=("en",))
        for number in _numbers(plan)
    ]
    changed = {
        "rooms": tuple(rooms),
        "web": settings.web.model_copy(update={"host": "127.0.0.1", "port": 0}),
        "storage": settings.storage.model_copy(update={"data": scratch / "data"}),
        "hearing": settings.hearing.model_copy(update={"veto": 0.0}),
        "speech": settings.speech.model_copy(update={"second": "", "backlog": 600.0}),
        "canary": settings.canary.model_copy(update={"enabled": False}),
        "grace": 60.0,
    }
    (scratch / "data").mkdir()
    return settings.model_copy(update=changed)


class _Run:
    def __init__(self, settings: Settings, plan: Soak, janus: Janus, scratch: Path, out: Console) -> None:
        self._settings = settings
        self._plan = plan
        self._janus = janus
        self._scratch = scratch
        self._out = out
        self._ear = ScriptedEar()
        self._service = Service(settings)
        self._found = Found()
        self._states: dict[str, RoomState] = {}
        self._live_at: dict[str, float] = {}
        self._dead = 0.0  # wall time of Janus's death while not all rooms are back; else 0
        self._course: deque[str] = deque(maxlen=1000)  # what was told since then
        self._truths: list[Truth] = []
        self._memory: deque[tuple[float, float]] = deque(maxlen=100_000)

    async def go(self) -> Found:
        data = self._settings.storage.data
        async with build(self._settings, data, self._told, hears=self._ear) as house:
            await self._service.serve(house, self._beside)
        found = self._found
        found.memory = list(self._memory)
        found.utterances = self._ear.utterances
        found.books = read(data / "monitor.db")
        found.accounts = accounts(self._truths, found.books, self._ear.pauses)
        return found

    def _told(self, message: Numbered) -> None:
        if isinstance(message, RoomChanged):
            room, state = message.room.id, RoomState(message.room.state)
            if state is RoomState.LIVE and self._states.get(room) is not state:
                self._live_at[room] = time.time()
            self._states[room] = state
            if self._dead:
                self._course.append(
                    f"{time.time() - self._dead:.2f} s {room} {state.value} {message.room.detail}".strip()
                )
        self._service.told(message)

    async def _beside(self, url: str) -> None:
        socket = url.replace("http", "ws", 1)
        seats = [
            Seat(room.id, self._janus.url, int(room.room))
            if isinstance(room, JanusRoom)
            else Seat(room.id, f"{socket}/rooms/{room.id}/ws")
            for room in self._settings.rooms
            for _ in range(SEATS)
        ]
        await self._all_live()
        plan = Plan(tuple(seats), seed=self._plan.seed, loss=self._plan.loss)
        async with crowd(plan, self._scratch / "crowd.log") as people:
            await asyncio.sleep(_AFTER)
            quiet = vitals.held()
            await self._live(people)
            await asyncio.sleep(_AFTER)
            self._found.quiet = quiet, vitals.held()
        self._truths = list(people.visits)
        self._found.visits = len(self._truths)
        self._found.packets = sum(truth.frames for truth in self._truths)
        self._found.lost = sum(truth.lost for truth in self._truths)
        self._service.stop()

    async def _live(self, people: Crowd) -> None:
        """The time that counts: speakers come and go, Janus dies."""
        seconds = self._plan.minutes * 60
        began, cpus = time.monotonic(), (vitals.cpu(), vitals.cpu(people.pid))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(people.until("done"))
            sampling = tasks.create_task(self._sample(began))
            await people.go()
            with Progress(console=self._out, transient=True) as progress:
                bar = progress.add_task("Soak", total=seconds)
                deaths = [seconds * (n + 1) / (self._plan.kills + 1) for n in range(self._plan.kills)]
                while (now := time.monotonic() - began) < seconds:
                    if deaths and now >= deaths[0]:
                        deaths.pop(0)
                        await self._restart()
                    progress.update(bar, completed=now)
                    await asyncio.sleep(0.5)
            took = time.monotonic() - began
            self._found.cpu = (vitals.cpu() - cpus[0]) / took
            self._found.crowd_cpu = (vitals.cpu(people.pid) - cpus[1]) / took
            self._found.warm = min(max(WARM * seconds, 60.0), seconds / 2)
            await people.stop()
            sampling.cancel()

    async def _restart(self) -> None:
        dead = [room.id for room in self._settings.rooms if isinstance(room, JanusRoom)]
        self._course.clear()
        self._dead = time.time()
        await self._janus.kill()
        for room in dead:  # what is told of them from now on is new; on a busy machine it is told late
            self._states[room] = RoomState.WAITING
        await asyncio.sleep(DOWN)
        back = await self._janus.start()
        await self._all_live()
        self._dead = 0.0
        took = {room: self._live_at[room] - back for room in dead}
        self._found.back += took.values()
        if took[slowest := max(dead, key=took.__getitem__)] > SLOW:
            self._found.slow += [line for line in self._course if f" {slowest} " in f"{line} "]

    async def _all_live(self) -> None:
        async with asyncio.timeout(60):
            while any(self._states.get(room.id) is not RoomState.LIVE for room in self._settings.rooms):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _sample(self, began: float) -> None:
        while True:
            self._memory.append((time.monotonic() - began, vitals.resident()))
            await asyncio.sleep(SAMPLE)
