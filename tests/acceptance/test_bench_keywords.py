"""`bench keywords` on the demo's recordings, small: both ways hear, and the figures are of what was said."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from monitor.bench.keyword_material import Half, Plan
from monitor.bench.keywords import measure
from monitor.bench.network import CONDITIONS
from monitor.config import load
from tests.helpers.speech import model_files, package_clips


async def test_both_ways_are_measured_on_the_same_speech(tmp_path: Path) -> None:
    package_clips()
    model_files("base")
    out = Console(file=io.StringIO(), width=120)
    plan = Plan(("en", "zh"), Half.TRAIN, phrases=6, limit=3, seed=0, tts=False)
    result = await measure(load(), None, plan, out, CONDITIONS[:1])

    english = result["languages"]["en"]
    assert set(result["languages"]) == {"en"}
    assert english["clips"] == 3
    assert 3 <= len(english["phrases"]) <= 6
    (opus,) = english["conditions"]
    best, plain = opus["ours"]["A to C"], opus["plain"]
    assert best["right"] >= opus["ours"]["A"]["right"] > 0
    assert plain["right"] > 0
    for row in (*opus["ours"].values(), plain, opus["folded"]):
        assert abs(row["seconds"] - english["seconds"]) < 0.1
    for name in ("A", "A and B", "A to C"):
        row = opus["ours"][name]
        assert row["right"] + row["missed"] == plain["right"] + plain["missed"]
    assert {"leet", "letters set apart", "look-alike letters"} <= {row["kind"] for row in english["evasion"]}
    assert all(row["A"] + row["B"] + row["C"] <= row["texts"] for row in english["evasion"])

    printed = out.file.getvalue()  # type: ignore[attr-defined]
    for word in ("Precision", "plain", "folded", "leet", "seed 0", "zh: no phrases", "train half"):
        assert word in printed
