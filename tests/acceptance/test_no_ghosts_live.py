"""Ten minutes of silence, noise and music through Opus and the live pipeline: no text, and every second booked."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from monitor.bench.ghosts import MUSIC, Result, excerpts, hear, measure, through_opus
from monitor.bench.sounds import Sound, made
from monitor.config import Settings, load
from tests.helpers.service import prepare
from tests.helpers.speech import model_files, package_clips

MINUTES = 5.1
"""Made, and again recorded: more than ten together."""
SEED = 2026


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    model_files("base")  # fetched, or skipped
    prepare(tmp_path)
    return load(tmp_path / "monitor.toml")


async def listened(settings: Settings, sounds: list[Sound], language: str | None) -> Result:
    sounds = [Sound(sound.kind, sound.name, through_opus(sound.samples)) for sound in sounds]
    return await hear(settings, sounds, language, Console(quiet=True))


def holds(result: Result) -> None:
    assert result.left == []
    assert result.coverage["pending"] == 0
    states = {state: seconds for state, seconds in result.coverage.items() if state != "total"}
    assert abs(sum(states.values()) - result.seconds) < 0.1
    assert sum(seconds for state, seconds in states.items() if state.startswith("lost")) == 0
    assert result.accounted
    assert sum(row.vetoed for row in result.rows.values()) > 10, "the second VAD had nothing to refuse"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", [None, "en"])
async def test_silence_noise_and_made_music_leave_no_text(settings: Settings, language: str | None) -> None:
    sounds = made(MINUTES * 60, SEED)
    assert {sound.kind for sound in sounds} == {"silence", "noise", "hum and clicks", "signals", "made music"}
    result = await listened(settings, sounds, language)
    assert result.seconds >= MINUTES * 60
    holds(result)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", [None, "en"])
async def test_recorded_music_leaves_no_text(settings: Settings, language: str | None) -> None:
    sounds = excerpts(MUSIC, MINUTES * 60)
    if not sounds:
        pytest.skip(f"NO RECORDED MUSIC in {MUSIC}: install asterisk-moh-opsound-wav (tests/setup.sh does)")
    result = await listened(settings, sounds, language)
    assert result.seconds >= MINUTES * 60 - 1
    holds(result)


@pytest.mark.timeout(120)
async def test_the_measurement_sees_a_text_where_somebody_speaks(settings: Settings) -> None:
    """Or its zero would mean nothing."""
    speech = next(clip.samples for clip in package_clips() if "your country can do" in clip.transcript)
    result = await listened(settings, [*made(20, SEED)[:3], Sound("speech", "Kennedy", speech)], "en")
    assert {left.kind for left in result.left} == {"speech"}
    assert "your country" in " ".join(left.text for left in result.left).lower()
    assert result.rows["speech"].left == len(result.left)
    assert result.coverage["examined"] > 5
    assert result.accounted


@pytest.mark.timeout(120)
async def test_missing_music_is_said_aloud(settings: Settings, tmp_path: Path) -> None:
    out = Console(record=True, width=200, quiet=False, force_terminal=False, file=(tmp_path / "out").open("w"))
    with out.file:
        assert await measure(settings, 0.5, tmp_path / "nowhere", SEED, out)
        said = out.export_text()
    assert "No recorded music in" in said
    assert "all accounted for" in said
