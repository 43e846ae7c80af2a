"""`bench voices` measures what it says: all that was said is judged, in time, beside a recogniser that works."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from monitor.bench.voices import Plan, measure
from monitor.config import Settings
from tests.helpers import voice_models as tiny
from tests.helpers.speech import model_files, package_clips


async def test_three_speakers_are_judged_beside_a_recogniser(tmp_path: Path) -> None:
    model_files("tiny.en")
    settings = Settings.model_validate({"speech": {"model": "tiny.en"}})
    console = Console(record=True, width=400, file=(tmp_path / "out").open("w"))
    good = await measure(settings, package_clips()[:3], Plan(3, 5.0, str(tiny.calibrated(tmp_path)), False), console)
    text = console.export_text()
    console.file.close()
    judged = re.search(r"(\d+) s of talking judged in (\d+) windows .*, 0 s left out", text)
    assert judged, text
    assert 15 <= int(judged[1]) <= 45  # an utterance that has begun is ended
    assert int(judged[2]) >= 6
    cost = re.search(r"CPU: (\d+\.\d+) ms for a second of talking = (\d+) speakers", text)
    assert cost, text
    assert float(cost[1]) > 0
    assert good is (int(cost[2]) >= 30)
    heard = re.search(r"recogniser beside it heard (\d+) s", text)
    assert heard, text
    assert int(heard[1]) > 0
