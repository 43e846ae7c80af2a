"""`room-monitor rooms probe`: what it prints, for people and for programs, and its exit code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import ConfigInvalid
from monitor.rooms.janus.connector import VideoRoomConnector
from tests.helpers.janus_people import talker
from tests.helpers.janus_server import janus_server
from tests.helpers.people import person, tone
from tests.helpers.room_server import RoomServer, room_server
from tests.helpers.stages import VIDEOROOM, JanusStage

BUILTIN = """
[storage]
data = "data"
[[rooms]]
id = "demo"
"""
JANUS = """
[[rooms]]
id = "hall"
kind = "janus"
address = "{url}"
room = 1234
pin = "file:pin"
"""


async def command(*words: str) -> Result:
    """In a thread of its own, as it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["rooms", "probe", *words])


def announce(folder: Path, server: RoomServer) -> Path:
    """The settings of a service whose rooms are these."""
    (folder / "data").mkdir()
    (folder / "data" / "address").write_text(f"http://127.0.0.1:{server.port}")
    (folder / "monitor.toml").write_text(BUILTIN)
    return folder / "monitor.toml"


async def test_a_built_in_room_is_probed_in_the_running_service(tmp_path: Path) -> None:
    async with room_server() as server, person(server.url(), "Ann", tone(400, 0.5)) as ann:
        config = announce(tmp_path, server)
        done = await command("demo", "--config", str(config), "--json", "--seconds", "1")
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        assert (found["room"], found["failed"], found["present"]) == ("demo", None, ["Ann"])
        assert [step["outcome"] for step in found["steps"]].count("ok") == 7
        assert found["speakers"][0]["sound"] > 0
        assert found["loss"] == 0
        seen = {card["name"] for roster in ann.got("roster") for card in roster["participants"]}
        assert "Room Monitor (probe)" in seen, "nobody listens unseen"


async def test_no_service_runs(tmp_path: Path, unused_tcp_port: int) -> None:
    config = tmp_path / "monitor.toml"
    config.write_text(f"{BUILTIN}\n[web]\nport = {unused_tcp_port}\n")
    done = await command("demo", "--config", str(config))
    assert done.exit_code == 1
    assert "Server answers: FAILED" in done.stdout
    assert "What to do: " in done.stdout


async def test_a_secret_that_is_wrong_and_is_put_right(tmp_path: Path, unused_tcp_port: int) -> None:
    async with janus_server(tmp_path, unused_tcp_port, videoroom=VIDEOROOM) as janus:
        config = tmp_path / "monitor.toml"
        config.write_text(JANUS.format(url=janus.url))
        (tmp_path / "pin").write_text("wrong")
        done = await command("hall", "--config", str(config), "--seconds", "1")
        assert done.exit_code == 1
        assert "Lets us in: FAILED. Janus answered: Unauthorized" in done.stdout
        assert "wrong" in done.stdout.lower()
        (tmp_path / "pin").write_text("sesame\n")
        place = JanusStage(janus, "videoroom", VideoRoomConnector).place("Ann")
        async with talker(place, tone(400, 0.5)):
            done = await command("hall", "--config", str(config), "--seconds", "1")
        assert done.exit_code == 0
        assert "All is well." in done.stdout
        assert "In the room: Ann" in done.stdout


def test_a_room_that_is_not_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text(BUILTIN)
    with pytest.raises(ConfigInvalid, match="there are: demo"):
        CliRunner().invoke(
            app, ["rooms", "probe", "lobby", "--config", str(tmp_path / "monitor.toml")], catch_exceptions=False
        )
