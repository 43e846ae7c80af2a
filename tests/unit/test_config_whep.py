"""Settings of WHEP rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import load
from monitor.config_rooms import WhepRoom
from monitor.connecting import connector_for
from monitor.errors import ConfigInvalid, Refused
from monitor.rooms.whep.connector import WhepConnector
from tests.peers.whep_awry import awry_whep

STAGE = """
[[rooms]]
id = "stage"
kind = "whep"
token = "env:STAGE_TOKEN"

[[rooms.streams]]
url = "https://media.example.org/ann/whep"
speaker = "Ann"

[[rooms.streams]]
url = "https://media.example.org/bob/whep"
speaker = "Bob"
token = "file:bob"
"""


def test_streams_have_speakers_and_secrets_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(STAGE)
    (room,) = load(path).rooms
    assert isinstance(room, WhepRoom)
    assert [(each.speaker, each.token) for each in room.streams] == [("Ann", ""), ("Bob", f"file:{tmp_path}/bob")]
    assert room.token == "env:STAGE_TOKEN"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('speaker = "Bob"', 'speaker = "Ann"', "rooms.0.streams"),
        ('speaker = "Bob"', "", "rooms.0.streams.1.speaker"),
        ("https://media.example.org/bob/whep", "wss://media.example.org", "rooms.0.streams.1.url"),
        ('"file:bob"', '"sesame"', "rooms.0.streams.1.token"),
        ('"env:STAGE_TOKEN"', '"sesame"', "rooms.0.token"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(STAGE.replace(old, new))
    with pytest.raises(ConfigInvalid) as caught:
        load(path)
    assert f"{place}: " in str(caught.value)
    assert "sesame" not in str(caught.value)


async def test_each_stream_is_asked_with_its_own_token_or_the_rooms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with awry_whep() as ann, awry_whep() as bob:
        text = STAGE.replace("https://media.example.org/ann/whep", ann.url)
        path = tmp_path / "monitor.toml"
        path.write_text(text.replace("https://media.example.org/bob/whep", bob.url))
        (room,) = load(path).rooms
        joining = connector_for(room, builtin="", monitor_token="")
        assert isinstance(joining, WhepConnector)
        with pytest.raises(Refused, match="STAGE_TOKEN"):
            async with joining.join():
                pass
        monkeypatch.setenv("STAGE_TOKEN", "everybody's")
        (tmp_path / "bob").write_text("bob's\n")
        async with joining.join():
            pass
        assert [each.asked[0].headers["authorization"] for each in (ann, bob)] == ["Bearer everybody's", "Bearer bob's"]
