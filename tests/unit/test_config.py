"""Settings: the shipped file shows every setting at its default, and what is wrong is said all at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from monitor.alerts.grading import HIGHEST
from monitor.config import Alerts, Settings, load, secret, shipped
from monitor.config_ice import TurnServer
from monitor.config_rooms import JanusRoom, Room
from monitor.errors import ConfigInvalid
from monitor.model import Grade, Severity

SHIPPED = shipped() / "monitor.toml"


def test_the_shipped_file_is_the_defaults() -> None:
    defaults = load().model_dump()
    assert load(SHIPPED).model_dump() == defaults


@pytest.mark.parametrize("model", [Settings, Room, JanusRoom, TurnServer])
def test_the_shipped_file_shows_every_setting(model: type[BaseModel]) -> None:
    text = SHIPPED.read_text("utf-8")
    for name in _names(model):
        assert f"{name} = " in text or f"[{name}]" in text or f"[[{name}]]" in text, name


def _names(model: type[BaseModel]) -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        names.append(name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += _names(field.annotation)
    return names


def test_all_errors_come_at_once_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text('grace = -1\n[web]\nport = 99999\nprot = 1\n[[rooms]]\nid = "No Spaces"\n')
    with pytest.raises(ConfigInvalid) as caught:
        load(path)
    for place in ("grace", "web.port", "web.prot", "rooms.0.id"):
        assert place in str(caught.value)


def test_two_rooms_of_one_id_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text('[[rooms]]\nid = "a"\n[[rooms]]\nid = "a"\n')
    with pytest.raises(ConfigInvalid, match="'a'"):
        load(path)


@pytest.mark.parametrize(
    ("content", "said"), [(b"grace = ", "not valid TOML"), (b"\xff\xfe", "can't be read"), (None, "no such file")]
)
def test_a_file_that_is_no_settings_file_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "monitor.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigInvalid, match=said) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text("[web]\nport = 1234\nhost = '127.0.0.9'\n")
    monkeypatch.setenv("ROOM_MONITOR_WEB__PORT", "4321")
    settings = load(path)
    assert (settings.web.port, settings.web.host) == (4321, "127.0.0.9")


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text("[storage]\ndata = 'var'\n[keywords]\nlists = 'lists'\n")
    settings = load(path)
    assert settings.storage.data == tmp_path / "var"
    assert settings.keywords.lists == tmp_path / "lists"


def test_the_shipped_lists_are_plain_toml() -> None:
    files = sorted((shipped() / "keywords").glob("*.toml"))
    assert files
    for path in files:
        assert tomllib.loads(path.read_text("utf-8"))


JANUS = """
[[rooms]]
id = "hall"
kind = "janus"
address = "wss://janus.example.org/ws"
room = 1234
pin = "file:pin"
token = "env:HALL_TOKEN"
"""


def test_a_janus_room_has_its_secrets_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(JANUS)
    (room,) = load(path).rooms
    assert isinstance(room, JanusRoom)
    assert secret(room.api_secret) == ""
    (tmp_path / "pin").write_text("sesame\n")
    assert secret(room.pin) == "sesame"
    with pytest.raises(ConfigInvalid, match="HALL_TOKEN"):
        secret(room.token)
    monkeypatch.setenv("HALL_TOKEN", "t0ken")
    assert secret(room.token) == "t0ken"
    (tmp_path / "pin").unlink()
    with pytest.raises(ConfigInvalid, match="pin"):
        secret(room.pin)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('pin = "sesame"', "rooms.0.pin"),
        ('address = "http://janus"', "rooms.0.address"),
        ('plugin = "streaming"', "rooms.0.plugin"),
        ('kind = "zoom"', "rooms.0"),
    ],
)
def test_what_is_wrong_with_a_janus_room_is_said_without_its_secret(tmp_path: Path, line: str, place: str) -> None:
    path = tmp_path / "monitor.toml"
    key = line.split(" ")[0]
    path.write_text("\n".join([*(row for row in JANUS.splitlines() if not row.startswith(key)), line]))
    with pytest.raises(ConfigInvalid) as caught:
        load(path)
    assert f"{place}: " in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_what_each_grade_may_do_is_set_one_by_one() -> None:
    assert load().alerts.highest == HIGHEST
    alerts = Alerts(highest_a="high", highest_b="never", highest_c="info")
    assert alerts.highest == {Grade.A: Severity.HIGH, Grade.B: None, Grade.C: Severity.INFO}
