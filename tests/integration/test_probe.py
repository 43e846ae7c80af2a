"""`rooms probe` names the step that fails, for each kind of room, on real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from monitor.errors import Step
from monitor.rooms.probe import probe
from monitor.rooms.verdict import Report
from monitor.rooms.whep.connector import WhepConnector
from monitor.rooms.whep.protocol import Place, Stream
from tests.helpers.people import tone
from tests.helpers.stages import STAGES, WARM, Stage
from tests.peers.whep_awry import awry_whep

SAID = 0.3
"""Seconds of listening that are enough once somebody is heard."""


@pytest.fixture(params=sorted(STAGES))
async def stage(
    request: pytest.FixtureRequest, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Stage]:
    if request.param in WARM:
        await WARM[request.param]()
    async with STAGES[request.param](tmp_path, unused_tcp_port_factory) as made:
        yield made


def ok(report: Report) -> set[Step]:
    return {found.step for found in report.steps if found.outcome == "ok"}


def times(report: Report) -> list[float]:
    return [found.at for found in report.steps if found.at is not None]


async def test_what_keeps_from_joining(stage: Stage, unused_tcp_port: int) -> None:
    wrong_port = await probe(stage.absent(unused_tcp_port))
    assert wrong_port.failed is Step.SIGNALLING, wrong_port
    assert ok(wrong_port) == set()
    wrong_token = await probe(stage.unwelcome)
    assert wrong_token.failed is Step.PERMISSION, wrong_token
    assert ok(wrong_token) == {Step.SIGNALLING}
    no_such_room = await probe(stage.elsewhere)
    assert no_such_room.failed is Step.ROOM, no_such_room
    assert ok(no_such_room) >= {Step.SIGNALLING}
    for report in (wrong_port, wrong_token, no_such_room):
        assert report.reason
        assert report.advice


async def test_a_room_where_all_is_well(stage: Stage) -> None:
    async with stage.speaker("Ann", 400):
        report = await probe(stage.connector, enough=SAID)
    assert (report.failed, report.reason) == (None, "")
    assert ok(report) == set(Step) - {Step.RELAY}
    assert all(0 <= at <= report.took for at in times(report))
    path = next(found.detail for found in report.steps if found.step is Step.PATH)
    assert " → " in path, path
    (voice,) = report.voices
    assert voice.sound > 0
    assert report.loss == 0
    assert not stage.connector.capabilities.reports_roster or report.present == ("Ann",)


async def test_a_publisher_who_is_silent(stage: Stage) -> None:
    async with stage.speaker("Ann", 0):  # 0 Hz: samples of silence
        report = await probe(stage.connector, seconds=0.8)
    assert report.failed is Step.SOUND, report
    assert ok(report) >= {Step.PATH, Step.ENCRYPTION}


async def test_a_publisher_who_is_muted(stage: Stage) -> None:
    """Nothing comes of them, and that is in order where the room says that they don't talk; WHEP says nothing."""
    told = stage.connector.capabilities.reports_roster
    expected = Step.SOUND if told else Step.MEDIA
    async with stage.speaker("Ann", 400) as ann:
        await ann.mute(True)
        for _ in range(3):  # until what was on its way has come, and the room has noticed
            report = await probe(stage.connector, seconds=0.8)
            if report.failed is expected:
                break
    assert report.failed is expected, report
    assert told or "If nobody talks there now" in report.advice


async def test_an_empty_room(stage: Stage) -> None:
    report = await probe(stage.connector, seconds=0.5)
    assert report.failed is None, report
    assert "nobody" in report.reason
    assert ok(report) >= {Step.SIGNALLING, Step.PERMISSION, Step.ROOM}


async def test_a_server_that_accepts_and_never_sends_media() -> None:
    async with awry_whep(tone(400, 0.5)) as server:
        server.mute = True
        place = Place((Stream(server.url, "Ann"),))
        report = await probe(WhepConnector(lambda: place), seconds=0.8)
    assert report.failed is Step.MEDIA, report
    assert ok(report) >= {Step.SIGNALLING, Step.ROOM, Step.PATH, Step.ENCRYPTION}
