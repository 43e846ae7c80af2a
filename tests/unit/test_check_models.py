"""What `check` says of models: files, device, languages, memory, and how to share the cores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor import check_models
from monitor.check import Finding
from monitor.check_models import model_findings, speed, speed_findings
from monitor.config import Settings, Speech
from monitor.config_rooms import Room
from monitor.speech.measure import Rate, ways
from tests.helpers.speech import model_files


def about(settings: Settings) -> dict[str, Finding]:
    return {finding.what: finding for finding in model_findings(settings)}


def tiny(*rooms: Room, **speech: object) -> Settings:
    model_files("tiny.en")
    return Settings(rooms=rooms, speech=Speech(**{"model": "tiny.en", **speech}))


def test_each_model_is_named_once_with_what_it_is_for() -> None:
    found = about(tiny(Room(id="hall", languages=("en",), model="tiny.en"), second="tiny.en"))
    assert found["model"].grade == found["second model"].grade == found["device"].grade == "ok"
    assert "2 models," in found["memory"].found
    assert "languages" not in found


def test_a_model_that_isn_t_here_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = about(tiny(models={"zh": "large-v3"}))["model for language zh"]
    assert (found.grade, found.mend) == ("wrong", "room-monitor models fetch large-v3")


def test_a_model_of_english_alone_is_told_of_where_others_speak() -> None:
    assert about(tiny(Room(id="hall")))["languages"].grade == "note"
    assert about(tiny(Room(id="hall", languages=("en", "fr"))))["room hall"].found == "tiny.en makes English of fr"
    model_files("base")
    assert "languages" not in about(tiny(Room(id="hall"), models={"zh": "base"}))  # which can tell
    assert "room hall" not in about(tiny(Room(id="hall", languages=("en", "zh")), models={"zh": "base"}))
    assert about(tiny(Room(id="hall", languages=("zh",))))["room hall"].grade == "wrong"
    assert about(tiny(models={"zh": "tiny.en"}))["model for language zh"].grade == "wrong"


def test_more_than_there_is_memory_for_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_models.memory, "available", lambda: 1_000_000)
    assert about(tiny())["memory"].grade == "wrong"


def test_a_device_that_isn_t_there_is_wrong() -> None:
    found = about(tiny(compute_type="int3"))["device"]
    assert found.grade == "wrong"
    assert "int8" in found.found


@pytest.mark.parametrize(
    ("cores", "first", "number"), [(1, (1, 1), 1), (2, (2, 1), 2), (4, (4, 1), 3), (64, (8, 1), 3)]
)
def test_the_ways_of_sharing_cores(cores: int, first: tuple[int, int], number: int) -> None:
    found = ways(cores)
    assert (found[0], len(found)) == (first, number)
    assert all(workers * threads <= 8 for workers, threads in found)


def test_what_hears_most_is_proposed() -> None:
    rates = [Rate(2, 1, 40, 39.0, 120.0), Rate(1, 2, 20, 21.0, 120.0)]
    right, wrong = speed("base", rates, (2, 1)), speed("base", rates, (1, 2))
    assert (right.grade, right.mend) == ("ok", "")
    assert "39.0 s" in right.found
    assert wrong.mend == "set [speech] workers = 2, threads = 1"
    assert speed("large-v3", [Rate(1, 1, 1, 0.4, 0.0)], (1, 1)).grade == "note"
    busy = speed("base", [replace(rates[0], others=0.5), rates[1]], (1, 2))
    assert "Other programs had 50%" in busy.found
    assert "quiet" in busy.mend
    assert speed("base", [Rate(2, 1, 9, 20.0, 0.0), Rate(1, 2, 9, 21.0, 0.0)], (2, 1)).grade == "ok"  # chance


def test_it_is_measured_with_the_model_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_models, "ways", lambda _: ((1, 1),))
    monkeypatch.setattr(check_models, "SHORT", 0.01)
    (found,) = speed_findings(tiny(workers=1, threads=1))
    assert found.what == "speed"
    assert "1 × 1 thread" in found.found
