"""`bench wer` on two of the demo's recordings: each way hears the same pieces, and the figures are told."""

from __future__ import annotations

import json

from rich.console import Console

from monitor.bench.wer import Plan, Speech, measure
from monitor.config import load
from tests.helpers.speech import model_files, package_clips


def test_short_contexts_are_compared_with_thirty_seconds() -> None:
    clips = {clip.name: clip for clip in package_clips()}
    model_files("base")
    out = Console(record=True, width=240)
    speech = Speech(recordings=[clips["austen-0880"], clips["kennedy"]])
    _, found = measure(load(), speech, Plan(("base",), plain=False), out)
    text = out.export_text()
    assert "2 recordings of 2 speakers" in text
    full, *short = json.loads(json.dumps(found))["models"]["base"]
    assert full["way"].startswith("30 s")
    assert [row["short"] for row in short] == [True] * len(short)
    assert len(short) >= 3
    for row in (full, *short):
        assert row["words"] == 30
        assert row["left_out"] + row["wrong"] + row["put_in"] <= 6
    assert min(row["cpu_ms"] for row in short) < full["cpu_ms"]
