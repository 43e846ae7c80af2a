"""The real web server over a quarter of an hour that two rooms have had: speech, losses, alerts, near misses, verdicts.

What operators' pages show, without a recogniser: quick, and the same each time.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from monitor.catalog.backtests import Backtests
from monitor.catalog.catalog import Catalog
from monitor.catalog.trials import Trials
from monitor.config_rooms import JanusRoom
from monitor.errors import Step
from monitor.hearing.coverage import Unfinished
from monitor.keywords.backtest import Report as TrialReport
from monitor.keywords.library import Library
from monitor.messages import Hello, RoomView, SpeakerView
from monitor.model import (
    RATE,
    Coverage,
    Gap,
    Grade,
    Heard,
    KeywordHit,
    NearMiss,
    RuleState,
    Severity,
    Speaker,
    Way,
)
from monitor.probe_routes import Prober, probe_routes
from monitor.rooms.verdict import STEPS, Found, Report
from monitor.store.archive import Archive
from monitor.store.records import Judgement
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.telemetry.vitals import EVERY, Vitals
from monitor.views import coverage_view
from monitor.web.deps import STATIC, WebDeps
from monitor.web.standing import Standing
from tests.helpers.site import Site, site
from tests.helpers.storing import alert, transcript

LIST = """\
# who wrote this knows why
name = "scams-en"
title = "Scams"
languages = ["en"]
severity = "high"
floor = 0.5
phrases = [
  "free money",
  { text = "gift card", severity = "critical", note = "ask for the number" },
  "wire it today",
]
exceptions = ["no free money"]

[examples]
hit = ["there is free money for all"]
"""
ANN, BEA, CEM = Speaker("s1", "Ann"), Speaker("s2", "Bea"), Speaker("s3", "Cem")
HALL = JanusRoom(kind="janus", id="hall", name="Town hall", address="ws://127.0.0.1:9", room=1234)
WHY = "no media comes from Janus: is UDP open between this machine and its media ports?"
HEARD = Coverage({Heard.EXAMINED: 214.0, Heard.SILENCE: 520.0, Heard.LOST_NETWORK: 7.5, Heard.VETOED: 9.0})


async def probed(_: object, seconds: float) -> Report:
    steps = tuple(_step(number, step) for number, step in enumerate(STEPS))
    return Report(steps, Step.PATH, WHY, "Open UDP between this machine and the media ports.", ("Ann",), (), seconds)


def _step(number: int, step: Step) -> Found:
    if step is Step.PATH:
        return Found(step, "failed", None, WHY)
    done = number < STEPS.index(Step.PATH) and step is not Step.RELAY
    return Found(step, "ok" if done else "not tried", 0.01 * number if done else None, "")


def rooms() -> list[RoomView]:
    cover = coverage_view(HEARD)
    people = [SpeakerView(id="s1", name="Ann", talking=True), SpeakerView(id="s2", name="Bea")]
    return [
        RoomView(id="lobby", name="Lobby", state="live", speakers=people, coverage=cover, page="/rooms/lobby"),
        RoomView(id="hall", name="Town hall", state="waiting", detail=WHY),
    ]


@asynccontextmanager
async def ops_site(directory: Path, static: Path = STATIC) -> AsyncIterator[Site]:
    now = time.time()
    data = directory / "data"
    data.mkdir()
    metrics = Metrics()
    beats = iter(now - 1800 + n * EVERY for n in range(10_000))
    vitals = Vitals(metrics, lambda: next(beats))
    for n in range(355):
        metrics.gap("lobby", "lost-network", 1.0 if n % 90 == 0 else 0.0)
        vitals.note(max(0.0, 30.0 - abs(n - 180)), 1.0)
    for stage, seconds in (("cut", 0.61), ("queued", 0.02), ("heard", 0.19)):
        metrics.stage(stage, seconds)
    metrics.text_stored(0.83)
    talking = Gap("lobby", ANN, "t1", now - 5, 5.0, Heard.PENDING, "")
    async with AsyncExitStack() as stack:
        trials = await stack.enter_async_context(Trials[TrialReport]())

        async def lists(deps: WebDeps) -> WebDeps:
            return await _with_lists(deps, directory, data, trials)

        it = await stack.enter_async_context(
            site(
                data,
                static=static,
                prepare=lists,
                metrics=metrics,
                hello=lambda: _hello(),
                health=lambda: ["room hall is waiting"],
                unfinished=lambda: [Unfinished("t1", "lobby", ANN, now - 800, True, (talking,))],
                standing=lambda: _standing(data, vitals, now),
                routes=[probe_routes(Prober(lambda: {"hall": HALL}, probed))],
            )
        )
        await fill(it.store, now)
        yield it


def _hello() -> Hello:
    return Hello(version="9.9", seq=0, after=0, model="base", lists=["scams-en@1"], rooms=rooms(), heartbeat=5)


def _standing(data: Path, vitals: Vitals, now: float) -> Standing:
    return Standing(
        data=data,
        vitals=vitals,
        backlog=120.0,
        keep_days=30,
        waiting=2.5,
        oldest=1.0,
        threads=2,
        coverage=HEARD,
        late=42.0,
        effort=1,
        effort_words="no looks at sentences that aren't over",
        away={"hall": now - 754},
        kinds={"lobby": "builtin", "hall": "janus"},
    )


async def _with_lists(deps: WebDeps, directory: Path, data: Path, trials: Trials[TrialReport]) -> WebDeps:
    lists = directory / "lists"
    lists.mkdir()
    (lists / "scams-en.toml").write_text(LIST, "utf-8")
    catalog = Catalog(lists, Library(lists), deps.store, trail=deps.trail)
    await catalog.begin()
    grades = frozenset({Grade.A, Grade.B})
    made = Backtests(catalog, trials, Archive(data / "monitor.db"), grades=grades, cool_down=30.0)
    return replace(deps, catalog=catalog, backtests=made)


async def fill(store: Store, now: float) -> None:
    """A quarter of an hour."""
    await store.begin_session()
    await store.add_room(rooms()[0])
    await store.add_room(rooms()[1])
    for track, speaker, came in (("t1", ANN, 800), ("t2", BEA, 640), ("t3", CEM, 500)):
        await store.open_track(track, "lobby", speaker, now - came)
        await store.save_coverage(track, HEARD)
    await store.close_track("t3", HEARD, now - 120)
    for number in range(60):
        speaker, track = ((ANN, "t1"), (BEA, "t2"), (CEM, "t3"))[number % 3]
        began = now - 790 + number * 11 if number % 3 == 0 else now - 480 + number * 6
        said = transcript(f"u{number}", room_id="lobby", track=track, start=number * 11 * RATE)
        said = replace(said, utterance=replace(said.utterance, began=began, speaker=speaker))
        await store.add_heard(said, said.words)
    lost: list[tuple[Speaker | None, str, float, float, Heard, str]] = [
        (ANN, "t1", 300, 4.0, Heard.LOST_NETWORK, "packets never came"),
        (BEA, "t2", 210, 9.0, Heard.LOST_OVERLOAD, "given up: the recogniser was behind"),
        (None, "", 700, 20.0, Heard.LOST_ERROR, "the monitor was not in the room: the server was restarted"),
    ]
    for who, track, ago, seconds, state, cause in lost:
        await store.add_gap(Gap("lobby", who, track, now - ago, seconds, state, cause))
    for number, severity in enumerate((Severity.HIGH, Severity.CRITICAL, Severity.MEDIUM)):
        raised = now - 400 + number * 130
        await _alerted(store, number, severity, raised)
    misses = [
        NearMiss("scams-en", "1", "gift card", words, "send me the", "by tonight", 1.0, 2.0, 0.78, 0.85, cause)
        for words, cause in (
            ("gift cart", "sounds alike, 0.78 of the wanted 0.85"),
            ("gifted card", "another word, 0.78 of 0.85"),
        )
    ]
    await store.add_near_misses(misses, transcript("u1", room_id="lobby"))


async def _alerted(store: Store, number: int, severity: Severity, at: float) -> None:
    said = transcript(f"a{number}", room_id="lobby", track="t1")
    hit = KeywordHit(
        list_name="scams-en",
        list_version="1",
        phrase="free money",
        severity=severity,
        matched="free money",
        before="there is",
        after="for all",
        start=1.0,
        end=2.0,
        probability=0.9,
        spoken_at=at - 2,
        grade=Grade.A,
        way=Way.EXACT,
        state=RuleState.LIVE,
    )
    made = alert(
        f"alert{number}",
        room_id="lobby",
        severity=severity,
        speaker=ANN,
        hits=(hit,),
        utterance=said.utterance.id,
        spoken_at=at - 2,
        raised_at=at,
    )
    await store.add_alert(made)
    await store.add_hits([hit], said, [made.id])
    await store.add_verdict(made.id, Judgement.WRONG if number == 2 else Judgement.RIGHT, "ann")
