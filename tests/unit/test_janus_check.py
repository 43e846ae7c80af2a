"""What `check` says about the secrets of rooms on other servers."""

from __future__ import annotations

from pathlib import Path

from monitor.check import findings

ROOM = """
[[rooms]]
id = "hall"
kind = "janus"
address = "ws://127.0.0.1:1"
room = 1
pin = "file:pin"
"""


def of_the_room(config: Path) -> list[tuple[str, str]]:
    return [(one.grade, one.found) for one in findings(config) if one.what == "room hall"]


def test_a_secret_that_is_not_there_is_named_and_one_that_is_there_is_not_shown(tmp_path: Path) -> None:
    config = tmp_path / "monitor.toml"
    config.write_text(ROOM + f'[storage]\ndata = "{tmp_path / "data"}"\n')
    ((grade, found),) = of_the_room(config)
    assert grade == "wrong"
    assert str(tmp_path / "pin") in found
    (tmp_path / "pin").write_text("sesame")
    assert of_the_room(config) == []
    assert not any("sesame" in one.found for one in findings(config))


def test_relays_only_and_none_there(tmp_path: Path) -> None:
    config = tmp_path / "monitor.toml"
    (tmp_path / "pin").write_text("sesame")
    data = f'[storage]\ndata = "{tmp_path / "data"}"\n'
    config.write_text(f"{data}[ice]\nrelay_only = true\n{ROOM}")
    assert of_the_room(config) == [("wrong", "relay_only, and no TURN server is named")]
    turn = '[[ice.turn]]\nurl = "turn:turn.example.org"\npassword = "file:turn"\n'
    config.write_text(f"{data}[ice]\nrelay_only = true\n{turn}{ROOM}")
    ((grade, found),) = of_the_room(config)
    assert grade == "wrong"
    assert str(tmp_path / "turn") in found
    (tmp_path / "turn").write_text("secret")
    assert of_the_room(config) == []
