"""Another model in a running service, on somebody's word: people talk on, and nothing of it is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from monitor.access.roles import Role
from monitor.cli import app as cli
from monitor.config_rooms import Room
from monitor.errors import ModelMissing, ModelUnfit
from monitor.messages import HeardMessage, ModelChanged
from monitor.model import Transcript, Utterance, Word
from monitor.speech.choice import Choice
from monitor.speech.models import Models
from monitor.speech.recogniser import Hints, Recogniser
from tests.helpers.asking import ask
from tests.helpers.floor import tracks
from tests.helpers.people import person
from tests.helpers.room_server import until
from tests.helpers.voicelike import silence, voice
from tests.helpers.whole import Whole, whole_service

TALK = [voice(1.0), silence(0.8)] * 20


class Model:
    """Writes its own name for whatever is said."""

    def __init__(self, name: str) -> None:
        self.model = name
        self.multilingual = not name.endswith(".en")
        self.rooms: set[str] = set()  # from which it heard something

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        self.rooms.update(utterance.room for utterance, _ in batch)
        return [Transcript(u, "en", (Word(self.model, 0.0, 0.5, 0.9),), self.model, 0.0) for u, _ in batch]


class Shelf:
    """medium is not there, and tiny fails its trial."""

    def __init__(self) -> None:
        self.made: dict[str, Model] = {}

    def load(self, name: str) -> Recogniser:
        if name == "medium":
            raise ModelMissing("The model medium isn't on this machine. Fetch it: room-monitor models fetch medium")
        self.made[name] = Model(name)
        return self.made[name]

    def models(self, choice: Choice) -> Models:
        models = Models(choice, self.load, trial)
        models.begin()
        return models


def trial(one: Recogniser) -> str:
    if one.model == "tiny":
        raise ModelUnfit("The model tiny doesn't hear well enough to be used")
    return "it found 9 of 9 words"


class Desk:
    """Staff at the API of a running service."""

    def __init__(self, it: Whole) -> None:
        self._it = it

    async def use(self, role: Role, model: str, language: str = "") -> tuple[int, Any]:
        return await self.ask(role, "PUT", "/api/models", {"model": model, "language": language})

    async def loaded(self) -> list[tuple[str, list[str]]]:
        _, answer = await self.ask(Role.OPS, "GET", "/api/models")
        return [(one["model"], one["uses"]) for one in answer["models"]]

    async def ask(self, role: Role, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        token = {"Authorization": f"Bearer {self._it.tokens[role]}"}
        return await ask(self._it, method, path, body, **token)

    async def told(self) -> tuple[list[ModelChanged], list[HeardMessage]]:
        events = await self._it.house.store.events(0, 1000)
        changes = [one for one in events if isinstance(one, ModelChanged)]
        return changes, [one for one in events if isinstance(one, HeardMessage)]


def socket(it: Whole, room: str) -> str:
    return f"{it.url.replace('http', 'ws', 1)}/rooms/{room}/ws"


async def test_it_takes_over_while_somebody_talks(tmp_path: Path) -> None:
    shelf = Shelf()
    async with whole_service(tmp_path, hears=shelf.models(Choice("base", {"zh": "large-v3"}))) as it:
        desk = Desk(it)
        async with person(socket(it, "lobby"), "Ann", *TALK):
            await until(lambda: bool(shelf.made["base"].rooms), 30)
            assert (await desk.use(Role.VIEWER, "small"))[0] == 403
            status, used = await desk.use(Role.OPS, "small")
            assert (status, used["before"], used["trial"]) == (200, "base", "it found 9 of 9 words")
            await until(lambda: bool(shelf.made["small"].rooms), 30)
        assert await desk.loaded() == [("small", ["default"]), ("large-v3", ["language zh"])]
        ((changed,), heard) = await desk.told()
        assert (changed.model, changed.before, changed.language, changed.outcome) == ("small", "base", "", "used")
        models = [message.model for message in heard]
        assert models == sorted(models)  # first all of base, then all of small
        _, audit = await desk.ask(Role.ADMIN, "GET", "/api/audit")
        (entry,) = [entry for entry in audit["entries"] if entry["action"] == "model.used"]
        assert entry["subject"] == "small"
        assert entry["who"]
    assert not {"lost-overload", "lost-error", "pending"} & set(tracks(it.data)["Ann"].seconds)


async def test_what_can_t_be_used_leaves_the_old_one(tmp_path: Path) -> None:
    async with whole_service(tmp_path, hears=Shelf().models(Choice("base"))) as it:
        desk = Desk(it)
        for model, code in (("tiny", "model-unfit"), ("medium", "model-missing"), ("/etc", "model-missing")):
            status, refused = await desk.use(Role.OPS, model)
            assert (status, refused["code"]) == (409, code)
            assert await desk.loaded() == [("base", ["default"])]
        changes, _ = await desk.told()
        assert [(one.model, one.outcome) for one in changes] == [("tiny", "failed"), ("medium", "failed")]


async def test_english_is_not_made_of_other_languages(tmp_path: Path) -> None:
    hall = Room(id="hall", languages=("en", "zh"))
    async with whole_service(tmp_path, hears=Shelf().models(Choice("base")), rooms=(hall, Room(id="lobby"))) as it:
        desk = Desk(it)
        status, refused = await desk.use(Role.OPS, "tiny.en")
        assert (status, refused["code"]) == (409, "model-unfit")
        assert "hall" in refused["detail"]
        for model, language, wanted in (("small.en", "zh", 409), ("small.en", "en", 200), ("small", "zh", 200)):
            assert (await desk.use(Role.OPS, model, language))[0] == wanted
        assert (await desk.use(Role.OPS, "tiny.en"))[0] == 200  # now that the hall's Chinese has another one


async def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with whole_service(tmp_path, hears=Shelf().models(Choice("base"))) as it:
        monkeypatch.setenv("ROOM_MONITOR_TOKEN", it.tokens[Role.OPS])
        used = await command("use", "small", "--language", "zh", "--url", it.url)
        assert used.exit_code == 0, used.output
        assert "small hears zh now" in used.stdout
        assert 'models = { zh = "small" }' in used.stdout
        listed = json.loads((await command("list", "--running", "--json", "--url", it.url)).stdout)
        assert [(one["model"], one["uses"]) for one in listed["models"]] == [
            ("base", ["default"]),
            ("small", ["language zh"]),
        ]
        failed = await command("use", "medium", "--url", it.url)
        assert isinstance(failed.exception, ModelMissing)


async def command(*words: str) -> Result:
    """In a thread of its own, as it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, cli, ["models", *words])


async def test_a_room_added_with_a_model_of_its_own_is_heard_by_it(tmp_path: Path) -> None:
    shelf = Shelf()
    async with whole_service(tmp_path, hears=shelf.models(Choice("base"))) as it:
        desk = Desk(it)
        for model, wanted in (("medium", 409), ("/etc", 409), ("small", 201)):
            asked = {"id": "annex", "kind": "builtin", "model": model}
            status, answer = await desk.ask(Role.OPS, "POST", "/api/rooms", asked)
            assert status == wanted, answer
        async with person(socket(it, "annex"), "Bob", *TALK), person(socket(it, "lobby"), "Ann", *TALK):
            await until(lambda: "small" in shelf.made and bool(shelf.made["base"].rooms and shelf.made["small"].rooms))
        assert shelf.made["small"].rooms == {"annex"}
        assert shelf.made["base"].rooms == {"lobby"}
        assert (await desk.ask(Role.OPS, "DELETE", "/api/rooms/annex"))[0] == 200
        models = it.house.models
        await until(lambda: models is not None and models.names == ("base",), 30)


async def test_a_room_whose_model_is_gone_at_the_start_is_heard_by_the_default_one_and_told_of(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rooms.json").write_text('{"rooms": [{"id": "annex", "model": "medium"}]}')
    shelf = Shelf()
    async with whole_service(tmp_path, hears=shelf.models(Choice("base"))) as it:
        async with person(socket(it, "annex"), "Bob", *TALK):
            await until(lambda: bool(shelf.made["base"].rooms), 30)
        status, health = await Desk(it).ask(Role.OPS, "GET", "/healthz")
        assert status == 503
        assert any("annex" in reason and "models fetch medium" in reason for reason in health["reasons"])
    assert shelf.made["base"].rooms == {"annex"}
