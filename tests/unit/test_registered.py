"""Rooms that were added at run time: kept over a start, told apart from those of the settings, no way to secrets."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from monitor.check import findings
from monitor.commands.rooms_change import fields_of
from monitor.config_rooms import JanusRoom, Room
from monitor.errors import ConfigInvalid, RoomConflict, RoomUnknown
from monitor.registered import FILE, MOST, SECRETS, Register, parsed

LOBBY = Room(id="lobby")


def janus(**fields: Any) -> JanusRoom:
    room = parsed({"id": "stage", "kind": "janus", "address": "wss://media.example", "room": 1234, **fields})
    assert isinstance(room, JanusRoom)
    return room


def test_what_was_added_is_there_after_a_start_and_what_was_removed_is_not(tmp_path: Path) -> None:
    register = Register(tmp_path, [LOBBY])
    register.add(janus(languages=["cs"]))
    register.add(Room(id="annex", notice="We hear you."))
    assert register.remove("stage").id == "stage"
    again = Register(tmp_path, [LOBBY])
    assert again.added == (Room(id="annex", notice="We hear you."),)
    assert [room.id for room in again.all_ready] == ["lobby", "annex"]


def test_the_file_is_for_nobody_else(tmp_path: Path) -> None:
    Register(tmp_path, []).add(janus())
    assert os.stat(tmp_path / FILE).st_mode & 0o077 == 0


def test_an_id_is_given_once(tmp_path: Path) -> None:
    register = Register(tmp_path, [LOBBY])
    with pytest.raises(RoomConflict, match="settings have a room 'lobby'"):
        register.add(LOBBY)
    register.add(janus())
    with pytest.raises(RoomConflict, match="already"):
        register.add(janus())


def test_a_room_of_the_settings_is_not_removed_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    register = Register(tmp_path, [LOBBY])
    with pytest.raises(RoomConflict, match="is in the settings"):
        register.remove("lobby")
    with pytest.raises(RoomUnknown, match="there are: lobby"):
        register.remove("attic")


def test_what_the_settings_have_got_since_counts(tmp_path: Path) -> None:
    Register(tmp_path, []).add(Room(id="lobby", name="old"))
    assert Register(tmp_path, [LOBBY]).all_ready == (LOBBY,)


@pytest.mark.parametrize(
    "reference",
    ["env:HOME", "env:ROOM_MONITOR_STORAGE__DATA", "file:/etc/passwd", "file:../monitor.db", "file:..", "file:a/b"],
)
def test_only_secrets_that_are_meant_for_it_may_be_named(tmp_path: Path, reference: str) -> None:
    register = Register(tmp_path, [])
    with pytest.raises(ConfigInvalid, match="added at run time read only"):
        register.add(janus(pin=reference))
    with pytest.raises(ConfigInvalid, match="added at run time read only"):
        register.add(janus(ice={"turn": [{"url": "turn:relay.example", "username": "a", "password": reference}]}))
    assert register.added == ()


def test_such_a_secret_is_a_file_in_a_directory_of_its_own(tmp_path: Path) -> None:
    register = Register(tmp_path, [])
    register.add(janus(pin="file:pin", token="env:ROOM_MONITOR_SECRET_TOKEN", display="env:HOME sweet home"))
    (ready,) = register.all_ready
    assert isinstance(ready, JanusRoom)
    assert ready.pin == f"file:{tmp_path / SECRETS / 'pin'}"
    assert ready.token == "env:ROOM_MONITOR_SECRET_TOKEN"


@pytest.mark.parametrize("content", ["{", "[]", '{"rooms": 1}', '{"rooms": [{"id": "UPPER"}]}', '{"rooms": [1]}'])
def test_a_file_that_cannot_be_used_is_told_of_and_not_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ConfigInvalid, match=FILE):
        Register(tmp_path, [])


def test_there_is_an_end_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.registered.MOST", 2)
    register = Register(tmp_path, [])
    for number in range(2):
        register.add(Room(id=f"r{number}"))
    with pytest.raises(RoomConflict, match="remove some first"):
        register.add(Room(id="more"))
    assert MOST >= 100


def test_a_change_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    register = Register(tmp_path / "gone", [])
    with pytest.raises(ConfigInvalid, match="can't be written"):
        register.add(LOBBY)
    assert register.added == ()


def test_settings_on_the_command_line_are_toml_where_they_can_be() -> None:
    said = ["address=ws://host:1/?a=b", "room=1234", 'languages=["en", "cs"]', "ice.ipv6=true", "ice.stun=[]", "pin="]
    assert fields_of(said) == {
        "address": "ws://host:1/?a=b",
        "room": 1234,
        "languages": ["en", "cs"],
        "ice": {"ipv6": True, "stun": []},
        "pin": "",
    }
    with pytest.raises(ConfigInvalid, match="NAME=VALUE"):
        fields_of(["room"])
    with pytest.raises(ConfigInvalid, match="has a value already"):
        fields_of(["ice=1", "ice.ipv6=true"])


def test_half_of_a_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="half of a character"):
        Register(tmp_path, []).add(Room(id="annex", name="\ud800"))


def test_check_looks_at_them_too(tmp_path: Path) -> None:
    Register(tmp_path, []).add(janus(pin="env:ROOM_MONITOR_SECRET_THAT_NOBODY_SET"))
    (tmp_path / "monitor.toml").write_text(f'[storage]\ndata = "{tmp_path}"\n')
    found = findings(tmp_path / "monitor.toml")
    rooms = [(each.grade, each.what) for each in islice(found, 3)]
    assert rooms[1:] == [("ok", "rooms"), ("wrong", "room stage")]
