"""A few kill -9 at random moments under load; `python -m tests.bench.crash --times 50` is the real thing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.bench.crash import run
from tests.helpers.speech import package_clips


@pytest.mark.timeout(600)
async def test_after_kill_9_nothing_that_was_shown_or_answered_is_missing(tmp_path: Path) -> None:
    clips = [clip.samples for clip in package_clips()]
    seed = random.SystemRandom().randrange(1, 2**31)
    print(f"seed {seed}")  # shown when it fails
    told = await run(tmp_path, clips, 3, (1.0, 6.0), seed)
    assert told.wrong == []
    assert (told.kills, told.gaps >= 3, len(told.alerts) > 0) == (3, True, True)
