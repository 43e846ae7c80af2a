"""The speakers of a bench, in a process of their own: real WebRTC participants that come, talk and go at random.

Started by `Crowd` (crowd_link.py): a plan comes as one line of JSON on standard input, then `go` and `stop`; on
standard output goes one line of JSON for each visit that is over, and a word when a phase is done.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import sys
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiortc import RTCPeerConnection, RTCSessionDescription

from monitor.bench.crowd_talk import load, recorded, sayings
from monitor.bench.crowd_voice import FRAME_SECONDS, CountedVoice, Said, Truth, Turn, rounds, sounds
from monitor.errors import ConnectionLost, Refused
from monitor.rooms.builtin import private
from monitor.rooms.builtin.client import visit
from monitor.rooms.builtin.listen import Decliner
from monitor.rooms.builtin.speak import attend, offer
from monitor.rooms.ice import allow_loopback, configuration
from monitor.rooms.janus.media import Candidates
from monitor.rooms.janus.protocol import Place
from monitor.rooms.janus.signalling import Signalling
from monitor.rooms.whole import whole
from monitor.telemetry.logs import configure

ARRIVAL = 50
"""Frames (1 s) between the connection and the first word: nobody talks before they see that they are in."""
VOICES = 8
HUSH = 1.5
"""Seconds of silence before everybody leaves."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where somebody may sit: taken again and again by somebody new."""

    room: str  # the monitor's id of it
    url: str  # a built-in room's websocket, or a Janus
    number: int = 0  # of the VideoRoom; 0: a built-in room


@dataclass(frozen=True, slots=True)
class Plan:
    seats: tuple[Seat, ...]
    seed: int = 0
    loss: float = 0.02  # share of packets
    away: float = 15.0  # mean seconds between two visits of a seat
    talk: tuple[float, float] = (4.0, 30.0)  # seconds of a stretch of talk
    pause: tuple[float, float] = (2.0, 8.0)  # seconds between two
    stretches: tuple[int, int] = (1, 4)  # of talk, in a visit
    warm: bool = True  # everybody comes once, for a moment, before `go`
    steady: bool = False  # everybody comes at `go`, talks without a pause and stays
    silent: bool = False  # with `steady`: and says nothing
    talks: str = ""  # with `steady`: speaks recordings, half of the time; the file that crowd_talk.py has saved
    nice: int = 0  # by how much the process gives way to others

    @classmethod
    def parse(cls, text: str) -> Plan:
        fields: dict[str, Any] = json.loads(text)
        seats = tuple(Seat(**seat) for seat in fields.pop("seats"))
        rest: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
        return cls(seats, **rest)

    def dump(self) -> str:
        return json.dumps(asdict(self))


class Speakers:
    """All of them."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._chance = random.Random(plan.seed)  # noqa: S311  no secret
        self._recorded = [recorded(talk) for talk in load(Path(plan.talks))] if plan.talks else []
        self._sounds = sounds(1 if plan.talks else VOICES)
        self._count = 0
        self._voices = 0
        self._hushed = False
        self.stopping = asyncio.Event()

    async def warm(self) -> None:
        """Everybody comes once and says a word, so that all that a room needs is there."""
        async with asyncio.TaskGroup() as group:
            for number, seat in enumerate(self._plan.seats):
                group.create_task(self._once(seat, number * 0.1, self._voice([Turn(0, ARRIVAL), Turn(50, 50)])))

    async def run(self) -> None:
        """Come and go until `stopping`."""
        async with asyncio.TaskGroup() as group:
            for number, seat in enumerate(self._plan.seats):
                group.create_task(self._steady(seat, number) if self._plan.steady else self._sit(seat))

    async def stop(self) -> None:
        """Everybody leaves; who speaks a recording says it to its end first."""
        self._hushed = True
        if self._recorded:
            await asyncio.sleep(HUSH + max(len(talk.packets) for talk in self._recorded) * FRAME_SECONDS)
        self.stopping.set()

    async def _sit(self, seat: Seat) -> None:
        chance = random.Random(self._chance.random())  # noqa: S311
        while not await self._stopped(chance.expovariate(1 / self._plan.away)):
            await self._once(seat, 0.0, self._voice(self._turns(chance)))

    async def _steady(self, seat: Seat, number: int) -> None:
        day = 50 * 86400
        if self._recorded:
            said = sayings(self._recorded, number, lambda: self._hushed)
        else:
            said = self._voice([Turn(0, day)] if self._plan.silent else [Turn(0, 5), Turn(day, 0)])
        await self._once(seat, number * 0.1, said)

    def _voice(self, turns: Iterable[Turn]) -> Iterator[Said]:
        """One of the voices, the next time another one."""
        self._voices += 1
        said = self._sounds[self._voices % len(self._sounds)]
        return rounds(said, turns, self._chance.randrange(len(said.talk)))

    def _turns(self, chance: random.Random) -> Iterator[Turn]:
        plan = self._plan
        yield Turn(0, ARRIVAL)
        for number in range(count := chance.randint(*plan.stretches)):
            last = number == count - 1
            pause = (
                0.0 if last and chance.random() < 0.5 else chance.uniform(*plan.pause)
            )  # half of them go in mid-word
            yield Turn(round(50 * chance.uniform(*plan.talk)), round(50 * pause), mute=chance.random() < 0.5)

    async def _once(self, seat: Seat, wait: float, said: Iterator[Said]) -> None:
        if await self._stopped(wait):
            return
        self._count += 1
        truth = Truth(seat.room, f"{seat.room} guest {self._count}")
        voice = CountedVoice(truth, said, self._plan.loss, random.Random(self._chance.random()))  # noqa: S311
        try:
            await (self.at_janus(seat, voice) if seat.number else self.at_ours(seat, voice))
        except (ConnectionLost, Refused) as error:
            print(f"{truth.name}: {error}", file=sys.stderr)
            await self._stopped(0.3 + self._chance.random())
        finally:
            _tell(event="visit", **asdict(truth))

    async def at_ours(self, seat: Seat, voice: CountedVoice) -> None:
        """One visit to a built-in room. Raises ConnectionLost, Refused."""
        async with visit(seat.url, voice.truth.name) as joined, AsyncExitStack() as undo:
            pc, decliner = RTCPeerConnection(configuration=configuration()), Decliner()
            undo.push_async_callback(decliner.close)
            undo.push_async_callback(lambda: whole(private.close(pc)))
            undo.callback(voice.stop)
            await joined.send("publish", sdp=await offer(pc, voice))
            private.lose_packets(pc, voice.loses)
            await self._until_said(voice, attend(joined, pc, decliner, voice.done))

    async def at_janus(self, seat: Seat, voice: CountedVoice) -> None:
        """One visit to a VideoRoom. Raises ConnectionLost, Refused."""
        place = Place(seat.url, seat.number, voice.truth.name)
        async with AsyncExitStack() as undo:
            signalling = Signalling(place)
            undo.push_async_callback(signalling.close)
            await signalling.open()
            handle = await signalling.attach("videoroom")
            await signalling.ask(handle, {"request": "join", "ptype": "publisher", **place.door()})
            pc = RTCPeerConnection(configuration=configuration())
            undo.push_async_callback(lambda: whole(private.close(pc)))
            undo.callback(voice.stop)
            jsep = {"type": "offer", "sdp": await offer(pc, voice)}
            private.lose_packets(pc, voice.loses)
            answer = await signalling.ask(handle, {"request": "publish"}, jsep)
            candidates = Candidates(pc)
            await pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
            await candidates.described()
            await self._until_said(voice, _follow(signalling, candidates, voice), _keep_alive(signalling))

    async def _until_said(self, voice: CountedVoice, *works: Coroutine[None, None, None]) -> None:
        """Run the works until all is said, or all are to leave. Raises ConnectionLost, Refused where one does."""
        errors: list[ConnectionLost | Refused] = []

        async def run(work: Coroutine[None, None, None]) -> None:
            try:
                await work
            except (ConnectionLost, Refused) as error:
                errors.append(error)
                voice.done.set()

        async def end() -> None:
            await self.stopping.wait()
            voice.done.set()

        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(run(work)) for work in (*works, end())]
            await voice.done.wait()
            for task in beside:
                task.cancel()
        if errors:
            raise errors[0]

    async def _stopped(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return False
        return True


async def _follow(signalling: Signalling, candidates: Candidates, voice: CountedVoice) -> None:
    try:
        while True:
            event = await signalling.receive()
            if event.kind == "trickle":
                await candidates.take(event)
            elif event.kind in ("hangup", "detached"):
                voice.done.set()
    except ConnectionLost:
        voice.done.set()


async def _keep_alive(signalling: Signalling) -> None:
    while True:
        await asyncio.sleep(20)
        try:
            await signalling.keep_alive()
        except ConnectionLost:
            return


def _tell(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


async def main() -> None:
    configure("text", level=logging.ERROR)  # on standard error: the other one is for the parent
    allow_loopback()
    lines = asyncio.StreamReader(limit=1 << 22)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    plan = Plan.parse((await lines.readline()).decode())
    os.nice(plan.nice)
    speakers = Speakers(plan)
    if plan.warm:
        await speakers.warm()
    _tell(event="warm")
    await lines.readline()  # go
    async with asyncio.TaskGroup() as group:
        running = group.create_task(speakers.run())
        await lines.readline()  # stop, or the parent is gone
        await speakers.stop()
        await running
    _tell(event="done")


if __name__ == "__main__":
    asyncio.run(main())
