"""Alerts to many dashboards at once: every one of them gets each alert in order, also while one of them stalls.

    .venv/bin/python -m tests.bench.feed_load --rate 200 --seconds 60 --clients 50

The real database, feed and web server in this process; the dashboards in another. One of them reads nothing once it is
connected: it has to be closed, and to get all of it when it comes back with ?after=. What is checked is exact; the
times are of this machine.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
from rich.console import Console
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from monitor.model import Alert, Speaker
from monitor.reviewing import tell
from tests.helpers.site import Site, site
from tests.helpers.storing import alert, hit

LAST = "the-last-alert"
ROOMS, RULES = 40, 12
STALLED_READ_BUFFER = 4096
"""Bytes that the stalled dashboard's kernel takes for it: it is not to be saved by its own memory."""


@dataclass
class Watched:
    """What one dashboard got."""

    alerts: int = 0
    messages: int = 0
    first: int = 0  # seq
    last: int = 0
    holes: int = 0  # numbers left out or out of order
    late: float = 0.0  # seconds from the alert's raising to its coming, the worst
    code: int = 0  # with which it was closed; 0: it wasn't
    finished: bool = False  # the last alert came


async def watch(url: str, after: int, until: float) -> Watched:
    """Reads until the last alert. Parses what it needs: fifty browsers have fifty machines, these share one."""
    got = Watched(last=after)
    with suppress(ConnectionClosed):
        async with connect(f"{url}/feed?after={after}", compression=None, ping_interval=None, max_size=None) as feed:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + until):
                async for text in feed:
                    assert isinstance(text, str)
                    message = json.loads(text)
                    seq = message.get("seq", 0)
                    if message["type"] in ("hello", "heartbeat", "goodbye") or not seq:
                        continue
                    got.messages += 1
                    got.holes += seq != got.last + 1
                    got.first, got.last = got.first or seq, seq
                    if message["type"] == "alert":
                        got.alerts += 1
                        got.late = max(got.late, time.time() - message["alert"]["raised_at"])
                        if message["alert"]["id"] == LAST:
                            got.finished = True
                            return got
    return got


async def stall(url: str, until: float) -> Watched:
    """Connects, reads the hello, and then nothing. Comes back once it is closed, for all that it has missed."""
    host, port = url.removeprefix("ws://").split(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_READ_BUFFER)  # before: it is agreed on at first
    raw.connect((host, int(port)))
    raw.setblocking(False)
    got = Watched()
    deadline = asyncio.get_running_loop().time() + until
    async with connect(
        f"{url}/feed?after=0", sock=raw, compression=None, ping_interval=None, max_queue=1, max_size=None
    ) as feed:
        await feed.recv()
        print(json.dumps({"stalled": True}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)  # the parent has seen that the service gave it up
        try:
            async with asyncio.timeout_at(deadline):
                async for text in feed:  # what was on its way when it stalled
                    got.last = json.loads(text).get("seq", 0) or got.last
        except ConnectionClosed:
            pass
        code = feed.protocol.close_code or 0
    resumed = await watch(url, got.last, max(1.0, deadline - asyncio.get_running_loop().time()))
    resumed.code = code
    return resumed


async def dashboards(url: str, count: int, until: float) -> None:
    async with asyncio.TaskGroup() as tasks:
        stalled = tasks.create_task(stall(url, until))
        watching = [tasks.create_task(watch(url, 0, until)) for _ in range(count - 1)]
    report = {"watching": [asdict(one.result()) for one in watching], "stalled": asdict(stalled.result())}
    print(json.dumps(report), flush=True)


def _alert(number: int, last: bool) -> Alert:
    """Alerts of many rooms, speakers and rules, so that some are one incident and some are not."""
    room, rule = f"r{number % ROOMS}", f"phrase {number % RULES}"
    speaker = Speaker(f"s{number % 200}", f"Speaker {number % 200}")
    one = LAST if last else f"a{number}"
    now = time.time()
    return alert(one, room_id=room, speaker=speaker, hits=(hit(rule),), spoken_at=now - 1, raised_at=now)


@dataclass
class Told:
    """How the service fared."""

    alerts: int
    took: float  # seconds
    cpu: float  # seconds
    slowest: float  # seconds that one alert waited to be stored
    behind: float  # seconds by which the generator was late at the end: the service didn't keep up
    overruns: int


async def raise_alerts(it: Site, rate: float, seconds: float, together: int) -> Told:
    """`rate` alerts a second, of so many rooms at a time."""
    loop = asyncio.get_running_loop()
    total, slowest = int(rate * seconds), 0.0
    began, cpu = loop.time(), time.process_time()

    async def one(number: int) -> None:
        nonlocal slowest
        at = loop.time()
        await it.store.add_alert(_alert(number, False))
        slowest = max(slowest, loop.time() - at)

    for start in range(0, total - 1, together):
        due = began + start / rate
        if (early := due - loop.time()) > 0:
            await asyncio.sleep(early)
        async with asyncio.TaskGroup() as tasks:
            for number in range(start, min(start + together, total - 1)):
                tasks.create_task(one(number))
    behind = max(0.0, loop.time() - (began + (total - 1) / rate))
    await it.store.add_alert(_alert(total - 1, True))
    return Told(total, loop.time() - began, time.process_time() - cpu, slowest, behind, 0)


async def run(
    rate: float, seconds: float, clients: int, size: int = 256, together: int = 4
) -> tuple[Told, list[Watched], Watched]:
    """`size`: messages that may wait for one dashboard."""
    with tempfile.TemporaryDirectory() as directory:
        async with site(Path(directory), size=size) as it, asyncio.TaskGroup() as tasks:
            teller = tasks.create_task(tell(it.store))
            command = [sys.executable, "-m", "tests.bench.feed_load", "dashboards", it.ws, str(clients)]
            child = await asyncio.create_subprocess_exec(
                *command, str(seconds * 4 + 60), stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**24
            )
            assert child.stdout is not None
            assert child.stdin is not None
            await child.stdout.readline()  # the one that stalls is there
            while it.feed.clients < clients:  # noqa: ASYNC110 - nothing says that somebody came
                await asyncio.sleep(0.05)
            waking = tasks.create_task(_wake(it, child.stdin))
            told = await raise_alerts(it, rate, seconds, together)
            await _fill(it)
            await waking
            report = json.loads(await child.stdout.readline())
            await child.wait()
            told.overruns = int(_overruns(it))
            teller.cancel()
    return told, [Watched(**one) for one in report["watching"]], Watched(**report["stalled"])


async def _wake(it: Site, stalled: asyncio.StreamWriter) -> None:
    """Once the service has given up the dashboard that stalls, that one reads on, finds out, and comes back."""
    while not _overruns(it):  # noqa: ASYNC110 - nothing says so
        await asyncio.sleep(0.05)
    stalled.write(b"\n")
    await stalled.drain()


async def _fill(it: Site) -> None:
    """In a short run the buffers on the way may have taken all of it: more, until they are full."""
    number = 10_000_000
    while not _overruns(it):
        await it.store.add_alert(_alert(number, False))
        number += 1


def _overruns(it: Site) -> float:
    return it.deps.metrics.registry.get_sample_value("room_monitor_feed_overruns_total") or 0.0


def wrong(told: Told, watching: list[Watched], stalled: Watched) -> list[str]:
    """What is not as promised; empty: nothing."""
    found = []
    for number, one in enumerate(watching):
        if not one.finished or one.holes or one.alerts != told.alerts or one.code:
            found.append(f"dashboard {number}: {one}")
    if stalled.code != 1013:
        found.append(f"the stalled one was closed with {stalled.code} and not with 1013")
    if not stalled.finished or stalled.holes:
        found.append(f"the stalled one came back and did not get all: {stalled}")
    return found


app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    rate: float = typer.Option(200.0, help="Alerts a second"),
    seconds: float = typer.Option(60.0, help="For so long"),
    clients: int = typer.Option(50, help="Dashboards, one of which stalls"),
) -> None:
    """Raise alerts and see that every dashboard gets them."""
    if context.invoked_subcommand is not None:
        return
    told, watching, stalled = asyncio.run(run(rate, seconds, clients))
    out = Console()
    out.print(f"{told.alerts} alerts in {told.took:.1f} s to {clients} dashboards; CPU of the service {told.cpu:.1f} s")
    out.print(f"stored: slowest {told.slowest * 1000:.0f} ms; generator behind at the end {told.behind:.2f} s")
    late = sorted(one.late for one in watching)
    out.print(f"from raised to dashboard, worst of each: median {late[len(late) // 2]:.2f} s, worst {late[-1]:.2f} s")
    out.print(f"messages each: {watching[0].messages} ({watching[0].messages - told.alerts} about incidents)")
    out.print(f"closed for not reading: {told.overruns}; stalled one came back for {stalled.messages} messages")
    out.print(f"memory of the service: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most")
    troubles = wrong(told, watching, stalled)
    for trouble in troubles:
        out.print(f"[red]{trouble}")
    if troubles:
        raise typer.Exit(1)
    out.print("[green]every dashboard got every alert in order; the stalled one was closed and resumed whole")


@app.command("dashboards", hidden=True)
def _dashboards(url: str, count: int, until: float) -> None:
    asyncio.run(dashboards(url, count, until))


if __name__ == "__main__":
    app()
