"""Speech made by a machine, where there is one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.bench.respeak import PROGRAM, program, spoken
from monitor.errors import OperatorError
from monitor.model import RATE


def test_without_the_program_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match=f"apt-get install {PROGRAM}"):
        program()


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason=f"{PROGRAM} is not installed")
@pytest.mark.parametrize(("language", "text"), [("en", "the quick brown fox"), ("zh", "加强电话销售")])
async def test_a_text_becomes_speech_of_some_length(language: str, text: str) -> None:
    samples = await spoken(text, language, 0)
    assert 0.5 < len(samples) / RATE < 10
    assert abs(samples.astype(int)).max() > 1000
