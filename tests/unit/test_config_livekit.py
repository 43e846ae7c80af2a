"""Settings of LiveKit rooms, and the connector made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.check import findings
from monitor.config import load
from monitor.config_rooms import LiveKitRoom
from monitor.connecting import connector_for
from monitor.errors import ConfigInvalid, Refused
from monitor.rooms.livekit.connector import LiveKitConnector

ROOM = """
[[rooms]]
id = "studio"
kind = "livekit"
address = "wss://live.example.org"
room = "studio-1"
"""
KEYS = 'api_key = "env:KEY"\napi_secret = "file:secret"\n'


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "monitor.toml"
    path.write_text(ROOM + "\n".join(lines) + f'\n[storage]\ndata = "{tmp_path / "data"}"\n')
    return path


def test_it_is_seen_unless_told_otherwise_and_its_secrets_are_elsewhere(tmp_path: Path) -> None:
    (room,) = load(written(tmp_path, KEYS)).rooms
    assert isinstance(room, LiveKitRoom)
    assert not room.hidden
    assert (room.identity, room.display) == ("room-monitor", "Room Monitor")
    assert room.api_secret == f"file:{tmp_path / 'secret'}"
    assert isinstance(connector_for(room, builtin="", monitor_token=""), LiveKitConnector)
    (finding,) = [one for one in findings(tmp_path / "monitor.toml") if one.what == "room studio"]
    assert finding.grade == "wrong"
    assert "KEY" in finding.found


@pytest.mark.parametrize(
    "lines",
    [
        "",
        'api_key = "env:KEY"',
        'token = "env:TOKEN"\n' + KEYS,
        'token = "env:TOKEN"\napi_key = "env:KEY"',
        'token = "env:TOKEN"\nhidden = true',
        'token = "in plain text"',
        KEYS + 'address = "live.example.org"',
    ],
)
def test_it_is_opened_by_a_token_or_by_key_and_secret(tmp_path: Path, lines: str) -> None:
    with pytest.raises(ConfigInvalid) as error:
        load(written(tmp_path, lines))
    assert "plain text" not in str(error.value)


async def test_a_secret_that_can_t_be_read_is_a_refusal(tmp_path: Path) -> None:
    (room,) = load(written(tmp_path, 'token = "file:nothing"')).rooms
    with pytest.raises(Refused, match="nothing"):
        async with connector_for(room, builtin="", monitor_token="").join():
            pass
