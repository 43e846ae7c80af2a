"""Settings of STUN and TURN servers, for all rooms and for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Settings, load
from monitor.connecting import ice_for
from monitor.errors import ConfigInvalid
from monitor.rooms.servers import NOTHING

TEXT = """
[ice]
stun = ["stun:stun.example.org"]
[[ice.turn]]
url = "turns:turn.example.org"
username = "monitor"
password = "file:turn-password"
[[ice.turn]]
url = "turn:[2001:db8::1]"
username = "log-name"
secret = "env:TURN_SECRET"

[[rooms]]
id = "lobby"

[[rooms]]
id = "hall"
kind = "janus"
address = "wss://janus.example.org"
room = 1

[[rooms]]
id = "cave"
kind = "janus"
address = "wss://janus.example.org"
room = 2
[rooms.ice]
relay_only = true
ipv6 = false
stun = []
[[rooms.ice.turn]]
url = "turn:cave.example.org?transport=tcp"
username = "cave"
password = "file:turn-password"
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "monitor.toml").write_text(TEXT)
    (tmp_path / "turn-password").write_text("sesame\n")
    monkeypatch.setenv("TURN_SECRET", "shared")
    return load(tmp_path / "monitor.toml")


def test_no_server_is_named_by_default() -> None:
    room = load().ice
    assert (room.stun, room.turn, room.relay_only, room.ipv6) == ((), (), False, True)


def test_what_holds_for_all_rooms(settings: Settings) -> None:
    hall = ice_for(settings.rooms[1], settings.ice)
    assert [server.url for server in hall.servers] == [
        "stun:stun.example.org",
        "turns:turn.example.org",
        "turn:[2001:db8::1]",
    ]
    assert (hall.servers[1].username, hall.servers[1].password) == ("monitor", "sesame")
    assert hall.servers[2].username.endswith(":log-name")
    assert len(hall.servers[2].password) == 28
    assert (hall.relay_only, hall.ipv6) == (False, True)


def test_a_room_of_its_own_ways(settings: Settings) -> None:
    cave = ice_for(settings.rooms[2], settings.ice)
    assert [server.url for server in cave.servers] == ["turn:cave.example.org?transport=tcp"]
    assert cave.servers[0].password == "sesame"
    assert (cave.relay_only, cave.ipv6) == (True, False)


def test_a_built_in_room_asks_nobody(settings: Settings) -> None:
    assert ice_for(settings.rooms[0], settings.ice) == NOTHING


def test_a_secret_is_read_anew_each_time(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "turn-password").write_text("changed")
    assert ice_for(settings.rooms[1], settings.ice).servers[1].password == "changed"
    (tmp_path / "turn-password").unlink()
    with pytest.raises(ConfigInvalid, match="turn-password"):
        ice_for(settings.rooms[1], settings.ice)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('stun = ["turn:turn.example.org"]', "other kind"),
        ('stun = ["stun.example.org"]', "is not stun:HOST"),
        ('turn = [{ url = "stun:stun.example.org" }]', "other kind"),
        ('turn = [{ url = "turn:a", password = "env:A", secret = "env:B" }]', "not both"),
        ('turn = [{ url = "turn:a", password = "sesame" }]', "ice.turn.0.password"),
    ],
)
def test_what_can_not_be_used_is_said(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(f"[ice]\n{line}\n")
    with pytest.raises(ConfigInvalid, match=said) as caught:
        load(path)
    assert "sesame" not in str(caught.value)
