"""`room-monitor keywords …` on real files: without a service, and beside one that holds the data directory."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import (
    DataInUse,
    KeywordListConflict,
    KeywordListInvalid,
    KeywordListUnknown,
    OperatorError,
    ServiceSilent,
)
from monitor.store.lock import owned
from monitor.store.store import Store
from monitor.web.address import announced
from tests.helpers.catalogs import SCAMS
from tests.helpers.keyword_site import keyword_site
from tests.helpers.storing import transcript

SETTINGS = '[storage]\ndata = "."\n[keywords]\nlists = "lists"\n'
DRAFT = SCAMS.replace('"free money",', '"money",')


class Commands:
    """Runs commands on a directory with one list in it."""

    def __init__(self, directory: Path) -> None:
        self.lists = directory / "lists"
        self.lists.mkdir()
        self.file = self.lists / "scams-en.toml"
        self.file.write_text(SCAMS, "utf-8")
        self.config = directory / "monitor.toml"
        self.config.write_text(SETTINGS, "utf-8")

    def run(self, *words: str, config: bool = True) -> Result:
        with_config = [*words, "--config", str(self.config)] if config else list(words)
        return CliRunner().invoke(app, ["keywords", *with_config])

    def text(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output or result.exception
        return result.output

    def json(self, *words: str) -> Any:
        return json.loads(self.text(*words, "--json"))

    def refused(self, kind: type[OperatorError], *words: str) -> str:
        result = self.run(*words)
        assert isinstance(result.exception, kind), result.output or result.exception
        return str(result.exception)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    monkeypatch.setenv("COLUMNS", "200")
    return Commands(tmp_path)


def test_the_way_of_a_list_from_a_file_to_live_and_back(here: Commands, tmp_path: Path) -> None:
    assert re.search(r"scams-en +\w{8} +live +2 +1 +en +Scams", here.text("list"))
    draft = tmp_path / "draft.toml"
    draft.write_text(DRAFT.replace("title", 'state = "shadow"\ntitle'), "utf-8")
    assert "+ rule money" in here.text("put", str(draft), "--why", "wider", "--dry-run")
    assert here.file.read_text("utf-8") == SCAMS
    put = here.json("put", str(draft), "--why", "wider", "--who", "ann")
    assert (put["state"], put["difference"]["removed"]) == ("shadow", ["free money"])
    assert here.json("state", "scams-en", "live", "--why", "good")["state"] == "live"
    assert 'state = "live"' in here.file.read_text("utf-8")
    newest, middle, oldest = here.json("history", "scams-en")["versions"]
    assert [entry["why"] for entry in (newest, middle)] == ["good", "wider"]
    assert (middle["who"], oldest["who"]) == ("ann", "file")
    assert "- rule free money" in here.text("diff", "scams-en", oldest["version"])
    here.text("rollback", "scams-en", "--why", "worse", "--to", oldest["version"])
    assert here.file.read_text("utf-8") == SCAMS
    assert here.text("show", "scams-en", "--file") == SCAMS
    assert 'text = "money"' not in here.text("show", "scams-en", "--version", oldest["version"])


def test_a_rule_is_held_back_and_let_go(here: Commands) -> None:
    assert "shadow" in here.text("state", "scams-en", "shadow", "--rule", "free money", "--why", "floods")
    assert re.search(r"free money +phrase +shadow", here.text("show", "scams-en"))
    assert here.json("state", "scams-en", "list", "--rule", "free money", "--why", "fine")["state"] == "live"
    assert "no rule 'nope'" in here.refused(
        KeywordListUnknown, "state", "scams-en", "shadow", "--rule", "nope", "--why", "x"
    )
    assert "state" in here.refused(OperatorError, "state", "scams-en", "awake", "--why", "x")


def test_rules_and_exceptions(here: Commands) -> None:
    here.text("rule", "scams-en", "easy cash", "--severity", "low", "--why", "new")
    here.text("exception", "scams-en", "easy cash machine", "--why", "a bank's")
    assert here.json("test", "easy cash, or an easy cash machine")["hits"][0]["hit"]["severity"] == "low"
    here.text("rule", "scams-en", "easy cash", "--remove", "--why", "no")
    here.text("exception", "scams-en", "easy cash machine", "--remove", "--why", "no")
    assert "Nothing is found" in here.text("test", "easy cash")
    assert here.file.read_text("utf-8").startswith("# who wrote this knows why")
    assert "Say the text" in here.refused(OperatorError, "rule", "scams-en", "--why", "x")


def test_a_draft_can_be_tested_before_it_is_put(here: Commands, tmp_path: Path) -> None:
    draft = tmp_path / "draft.toml"
    draft.write_text(DRAFT, "utf-8")
    assert re.search(r"scams-en +money +live", here.text("test", "money", "--file", str(draft)))


def test_lists_go_out_and_come_in(here: Commands, tmp_path: Path) -> None:
    table = tmp_path / "scams.csv"
    table.write_text(here.text("export", "scams-en", "--format", "csv"), "utf-8")
    assert "gift card" in table.read_text("utf-8")
    assert not any(here.json("import", str(table), "scams-en", "--why", "x", "--dry-run")["difference"]["added"])
    table.write_text("text,severity\nblue sky,low\nred sky,awful\n", "utf-8")
    assert ":3:" in here.refused(KeywordListInvalid, "import", str(table), "codes-en", "--why", "x")
    assert not (here.lists / "codes-en.toml").exists()
    assert "suffix" in here.refused(OperatorError, "import", str(here.config.with_suffix(".txt")), "a", "--why", "x")


def test_lint_says_what_is_wrong_and_what_could_be_better(here: Commands, tmp_path: Path) -> None:
    good = here.run("lint", str(here.file), config=False)
    assert good.exit_code == 0
    assert "ok" in good.output
    bad = tmp_path / "bad.toml"
    bad.write_text(SCAMS.replace('"high"', '"hihg"'), "utf-8")
    both = here.run("lint", str(here.file), str(bad), config=False)
    assert both.exit_code == 1
    assert f"{bad}:5:12:" in both.output.replace("\n", "")
    told = json.loads(here.run("lint", str(here.file), "--json", config=False).stdout)
    assert (told[0]["name"], [remark["grade"] for remark in told[0]["remarks"]][:1]) == ("scams-en", ["hint"])


def test_what_is_known_of_rules_is_shown(here: Commands) -> None:
    assert "no verdicts" in here.text("precision")
    assert "Nothing was nearly" in here.text("near", "--since", "12h")
    assert "Nothing was found" in here.text("counts", "scams-en", "--since", "2026-01-31")
    assert "No exception" in here.text("suggest", "scams-en")
    assert "There is no alert" in here.refused(OperatorError, "verdict", "a1", "wrong")
    assert "is no time" in here.refused(OperatorError, "near", "--since", "soon")


def test_try_tells_what_a_draft_would_have_found(here: Commands, tmp_path: Path) -> None:
    here.text("list")  # makes the database

    async def heard() -> None:
        async with Store.open(tmp_path / "monitor.db", lambda _: None) as store:
            for number in range(3):
                said = transcript(f"u{number}")
                await store.add_heard(said, said.words)  # "free money"

    asyncio.run(heard())
    draft = tmp_path / "draft.toml"
    draft.write_text(DRAFT, "utf-8")
    found = here.json("try", str(draft), "--since", "36500d")
    assert (found["utterances"], found["gained"], found["lost"]) == (3, 3, 3)
    assert "3 hits gained, 3 lost, 0 regraded in 3 utterances" in here.text("try", str(draft), "--since", "36500d")
    alone = here.json("try", "scams-en", "--since", "36500d")
    assert (alone["gained"], alone["lost"]) == (3, 0)
    first = alone["version"]
    here.text("put", str(draft), "--why", "wider")
    back = here.json("try", "scams-en", "--version", first, "--since", "36500d")
    assert (back["gained"], back["lost"], back["rules"][0]["hits"]) == (3, 3, 3)
    assert here.json("try", str(draft), "--since", "36500d", "--against", first)["lost"] == 3
    assert "no list 'nope'" in here.refused(KeywordListUnknown, "try", "nope")


async def test_beside_a_running_service_the_service_does_it(tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text(SETTINGS, "utf-8")
    async with keyword_site(tmp_path) as it:
        with owned(tmp_path), announced(tmp_path, it.url):
            code, said = await command(tmp_path, "state", "scams-en", "shadow", "--why", "first look", "--json")
            assert (code, json.loads(said)["state"]) == (0, "shadow")
            assert it.deps.catalog is not None
            assert it.deps.catalog.find("scams-en").state.value == "shadow"  # in force in the service itself
            events = await it.store.events(0, 10)
            assert [event.why for event in events] == ["first look"]  # type: ignore[attr-defined]
            code, said = await command(tmp_path, "show", "nope")
            assert code == 2
            assert said.startswith("keyword-list-unknown: There is no keyword list 'nope'")


async def test_a_service_that_cant_be_asked_is_said(tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "lists").mkdir()
    with owned(tmp_path):
        assert "it starts or stops" in (await command(tmp_path, "list"))[1]
        with announced(tmp_path, "http://127.0.0.1:9"):
            code, said = await command(tmp_path, "list")
            assert (code, said.split(":")[0]) == (2, "service-silent")
    with owned(tmp_path), pytest.raises(DataInUse), owned(tmp_path):
        pass


async def command(directory: Path, *words: str) -> tuple[int, str]:
    """A process of its own, as people run it. (exit code, all that it said)"""
    line = [sys.executable, "-m", "monitor", "keywords", *words, "--config", str(directory / "monitor.toml")]
    done = await asyncio.to_thread(subprocess.run, line, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_a_change_that_came_between_is_a_conflict(here: Commands, tmp_path: Path) -> None:
    here.file.write_text("name = ", "utf-8")  # somebody is at it by hand
    here.file.write_text(SCAMS, "utf-8")
    here.text("list")
    here.file.write_text("name = ", "utf-8")
    assert "'scams-en'" in here.refused(KeywordListUnknown, "exception", "scams-en", "x y", "--why", "x")
    draft = tmp_path / "draft.toml"
    draft.write_text(DRAFT, "utf-8")
    assert "is there already" in here.refused(KeywordListConflict, "put", str(draft), "--why", "x")


def test_a_silent_service_elsewhere_is_said(here: Commands) -> None:
    assert "doesn't answer" in here.refused(ServiceSilent, "list", "--url", "http://127.0.0.1:9")
