"""kill -9 at random moments under load, and what must be so after each restart.

    python -m tests.bench.crash --times 50

The real service (but for its recogniser, see crash_service.py; `--real`: with it), with people who talk in its room,
dashboards, and staff who hear clips, ask for masked words and export. After each kill the files are looked at, then the
service is started again and asked. Each time:

- every alert that a dashboard was shown is there;
- every clip of every stored alert can be decrypted and played;
- the audit log verifies, on the files and in the service, and has every act that was answered;
- nobody's seconds are open: each track is closed with nothing pending, and from its end to the restart there is a gap.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import random
import sqlite3
import sys
import tempfile
import time
import wave
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from monitor.audit.head import Head
from monitor.audit.trail import verify
from monitor.errors import ConnectionLost, Refused
from monitor.messages import FEED, AlertChanged, AlertRaised
from monitor.model import Samples
from monitor.rooms.builtin.speak import speak
from monitor.store.audit_records import AuditRecords
from monitor.store.engines import reading
from tests.helpers.service import Service, prepare

SETTINGS = """
grace = 20.0
[web]
port = 0
[storage]
data = "data"
[keywords]
lists = "lists"
[alerts]
cool_down = 0.0
[[rooms]]
id = "test"
name = "Test room"
languages = ["en"]
"""
LIST = """
name = "test-en"
title = "Words that everybody says, so that there is something to lose"
languages = ["en"]
severity = "high"
phrases = ["you", "country", "americans", "fellow", "what", "and"]
"""
PEOPLE = ("Ann", "Bob", "Cem", "Dee", "Eva")
PROGRAM = ("tests.bench.crash_service",)
BOARDS = 2
PATIENCE = 400.0
"""Seconds that a start may take: a measurement may run beside other work."""
SLACK = 0.25
"""Seconds by which the clocks of two threads may differ in what they write down."""


@dataclass
class Told:
    """What was shown and answered before the kills."""

    alerts: set[str] = field(default_factory=set)
    acts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (action, alert) that were answered with 200
    played: set[str] = field(default_factory=set)  # clips that were found well after a restart
    kills: int = 0
    gaps: int = 0
    talking: int = 0  # tracks that were open when it died
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What the ledger had written down of a track when it died."""

    until: float  # wall time
    seconds: float


async def run(
    directory: Path,
    clips: Sequence[Samples],
    times: int,
    window: tuple[float, float],
    seed: int,
    program: Sequence[str] = PROGRAM,
) -> Told:
    """Kill it so many times, each a moment within `window` (seconds) after it says that it runs."""
    prepare(directory, SETTINGS, LIST)
    chance, told = random.Random(seed), Told()
    service = await asyncio.to_thread(Service, directory, PATIENCE, program)
    try:
        for number in range(times):
            born = time.time()
            killed = await killed_under_load(service, clips, told, chance.uniform(*window))
            told.kills += 1
            wrong = len(told.wrong)
            tracks = await look_at_the_files(directory / "data", told)
            service = await asyncio.to_thread(Service, directory, PATIENCE, program)
            try:
                await ask(service, directory / "data", told, killed, tracks, everything=number + 1 == times)
            except httpx.HTTPError as error:
                code, log = service.process.poll(), "".join(service.log[-80:])
                told.wrong.append(f"after kill {told.kills} the service doesn't answer: {error!r}, exit {code}:\n{log}")
                return told
            print(f"kill {told.kills} after {killed - born:.2f} s: {len(told.alerts)} alerts shown", flush=True)
            for line in told.wrong[wrong:]:
                print(f"  WRONG {line}", flush=True)
    finally:
        for line in told.wrong[-3:]:
            print(f"  WRONG {line}", flush=True)
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait(20)
    return told


async def killed_under_load(service: Service, clips: Sequence[Samples], told: Told, seconds: float) -> float:
    """People talk, dashboards look on, staff work; after so long it dies in the middle of it. Gives the wall time."""
    async with asyncio.TaskGroup() as tasks:
        busy = [
            tasks.create_task(talk(service, name, [*clips[number:], *clips[:number]]))
            for number, name in enumerate(PEOPLE)
        ]
        busy += [tasks.create_task(watch(service, told)) for _ in range(BOARDS)]
        busy.append(tasks.create_task(work(service, told)))
        await asyncio.sleep(seconds)
        service.process.kill()
        await asyncio.to_thread(service.process.wait, 20)
        killed = time.time()
        for one in busy:
            one.cancel()
    return killed


async def talk(service: Service, name: str, clips: Sequence[Samples]) -> None:
    while True:
        with suppress(ConnectionLost, Refused):
            await speak(f"{service.websocket}/rooms/test/ws", name, clips, pause=0.3)
        await asyncio.sleep(0.2)


async def watch(service: Service, told: Told) -> None:
    while True:
        with suppress(OSError, WebSocketException):
            async with connect(f"{service.websocket}/feed") as feed:
                async for text in feed:
                    message = FEED.validate_json(text)
                    if isinstance(message, AlertRaised | AlertChanged):
                        told.alerts.add(message.alert.id)
        await asyncio.sleep(0.1)


async def work(service: Service, told: Told) -> None:
    """What staff do, each act of which is to be in the audit log once it is answered."""
    async with httpx.AsyncClient(base_url=service.url, timeout=10) as client:
        while True:
            await asyncio.sleep(0.05)
            for alert in list(told.alerts)[-3:]:
                with suppress(httpx.HTTPError):
                    reveal = await client.post(f"/api/alerts/{alert}/reveal", json={"reason": "to decide"})
                    if reveal.status_code == 200:
                        told.acts["evidence.revealed", alert] += 1
                    await client.get(f"/api/clips/{alert}.wav")
                    export = await client.post(f"/api/alerts/{alert}/export", json={"reason": "a report"})
                    if export.status_code == 200:
                        told.acts["evidence.exported", alert] += 1


async def look_at_the_files(data: Path, told: Told) -> dict[str, Known]:
    """As the kill left them, before anything mends them; gives the tracks that were open."""
    engine = reading(data / "monitor.db")
    try:
        records = AuditRecords(engine)
        told.wrong += [f"audit log after kill {told.kills}: {f.what}" for f in await verify(records, Head(data))]
        for (action, alert), count in told.acts.items():
            there = len(await records.audit(100_000, subject=alert, action=action))
            if there < count:
                told.wrong.append(f"{action} of {alert} was answered {count} times and is {there} times in the log")
    finally:
        await engine.dispose()
    tracks = await asyncio.to_thread(open_tracks, data / "monitor.db")
    told.talking += len(tracks)
    return tracks


def open_tracks(database: Path) -> dict[str, Known]:
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute("SELECT id, updated_at, seconds FROM tracks WHERE closed_at IS NULL").fetchall()
    return {track: Known(until, sum(json.loads(seconds).values())) for track, until, seconds in rows}


async def ask(
    service: Service, data: Path, told: Told, killed: float, tracks: dict[str, Known], everything: bool
) -> None:
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        stored = await every_alert(client)
        told.wrong += [f"alert {missing} was shown and is not there" for missing in told.alerts - set(stored)]
        for alert, clip in stored.items():
            if clip and (everything or alert not in told.played):
                answer = await client.get(clip)
                if answer.status_code == 200 and playable(answer.content):
                    told.played.add(alert)
                else:
                    told.wrong.append(f"the clip of {alert} can't be played: {answer.status_code} {answer.text[:200]}")
            elif not clip:
                told.wrong.append(f"alert {alert} has no clip")
        verdict = (await client.get("/api/audit/verify")).json()
        told.wrong += [f"audit log after restart {told.kills}: {fault['what']}" for fault in verdict["faults"]]
    told.wrong += await asyncio.to_thread(in_the_ledger, data / "monitor.db", told, killed, tracks)


async def every_alert(client: httpx.AsyncClient) -> dict[str, str]:
    found: dict[str, str] = {}
    before: int | None = None
    while True:
        page = (await client.get("/api/alerts", params={"limit": 1000} | ({"before": before} if before else {}))).json()
        found |= {alert["id"]: alert["clip"] for alert in page["alerts"]}
        before = page["before"]
        if before is None:
            return found


def playable(content: bytes) -> bool:
    try:
        with wave.open(io.BytesIO(content)) as clip:
            return clip.getnframes() > 1600 and any(clip.readframes(clip.getnframes()))
    except (wave.Error, EOFError):
        return False


def in_the_ledger(database: Path, told: Told, killed: float, known: dict[str, Known]) -> list[str]:
    """What the kill left unheard is on record."""
    wrong = []
    with closing(sqlite3.connect(database)) as db:
        now, dead = db.execute("SELECT id, started_at FROM sessions ORDER BY id DESC LIMIT 2").fetchall()
        tracks = db.execute("SELECT id, closed_at, seconds FROM tracks WHERE session = ?", (dead[0],)).fetchall()
        gaps = db.execute(
            "SELECT began, began + seconds FROM gaps WHERE room = 'test' AND speaker_id IS NULL AND at >= ?", (dead[1],)
        ).fetchall()
    told.gaps += len(gaps)
    if not any(began <= killed + SLACK and end >= now[1] - SLACK for began, end in gaps):
        wrong.append(
            f"kill {told.kills}: no gap reaches from the kill to the restart: {killed:.2f} … {now[1]:.2f}: {gaps}"
        )
    for track, closed, seconds in tracks:
        if closed is None or '"pending"' in seconds:
            wrong.append(f"kill {told.kills}: track {track} is still open")
        elif track in known and abs(sum(json.loads(seconds).values()) - known[track].seconds) > 0.001:
            wrong.append(f"kill {told.kills}: track {track} had {known[track].seconds} s and has {seconds}")
        elif track in known and not any(began <= known[track].until for began, end in gaps if end >= now[1] - SLACK):
            wrong.append(f"kill {told.kills}: nothing says what became of track {track} after {known[track]}: {gaps}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50, help="how often it is killed")
    parser.add_argument("--longest", type=float, default=12.0, help="seconds that it may live at most")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments; 0: another one each time")
    parser.add_argument(
        "--real", action="store_true", help="with the real recogniser: fewer alerts, more of the product"
    )
    given = parser.parse_args()
    from monitor.fetch.recordings import recordings

    clips = [one.samples for one in recordings()]
    seed = given.seed or random.SystemRandom().randrange(1, 2**31)
    program = ("monitor", "run") if given.real else PROGRAM
    with tempfile.TemporaryDirectory() as directory:
        told = asyncio.run(run(Path(directory), clips, given.times, (0.3, given.longest), seed, program))
    acts = sum(told.acts.values())
    print(f"seed {seed}: {told.kills} kills, {told.talking} tracks cut off, {told.gaps} gaps on record, {acts} acts of")
    print(f"staff in the audit log, {len(told.alerts)} alerts shown, {len(told.played)} clips played after a restart;")
    print(f"wrong: {len(told.wrong)}")
    for line in told.wrong:
        print("  " + line)
    return 1 if told.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
