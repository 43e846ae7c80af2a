"""`bench decode` on the demo's recordings, small: each way hears the same utterances, and the figures are told."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from monitor.bench.clips import from_recordings
from monitor.bench.decode import measure
from monitor.config import load
from tests.helpers.speech import model_files, package_clips


async def test_short_contexts_are_measured_beside_thirty_seconds(tmp_path: Path) -> None:
    clips = from_recordings(list(package_clips())[:6], tmp_path)
    model_files("base")
    out = Console(record=True, width=160)
    await measure(load(), clips, "en", 1, out)
    text = out.export_text()
    means = dict(re.findall(r"^ *(.+?) {2,}(\d+) +\d+ +\d+", text, re.MULTILINE))
    assert len(means) == 8
    assert int(means["short context, the utterance alone"]) < int(means["30 s, the utterance alone"])
    assert re.search(r"Bound by the matrix products: \d+ ms an utterance at \d+ GOP/s", text)
    assert "1 utterances of up to 4 s" in text
