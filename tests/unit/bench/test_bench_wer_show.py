"""The tables and the JSON of `bench wer` say what was heard."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from rich.console import Console

from monitor.bench.clips import PROMPTS, Clip, Half
from monitor.bench.ways import Case, Said, Way
from monitor.bench.wer_show import Outcome, as_json, show
from monitor.speech.recogniser import Hints
from tests.helpers.speech import utterance


def case(speaker: str, text: str, source: str = "manifest") -> Case:
    audio = np.zeros(32_000, np.int16)
    asks = ((utterance(audio, name=f"{speaker}1"), Hints()), (utterance(audio, 32_000, f"{speaker}2"), Hints()))
    return Case(Clip(Path(f"{speaker}.wav"), "en", speaker, text, source), audio, asks)


def way(name: str, *texts: str, short: bool = False, again: int = 0, took: float = 0.1) -> Way:
    found = Way(name, "", lambda _: Said("", ()), short)
    found.said += [Said(text, (took, 3 * took), again) for text in texts]
    return found


CASES = (case("ann", "one two three four five"), case("bob", "six seven eight nine ten", PROMPTS), case("cid", "never"))


def outcome(*ways: Way) -> Outcome:
    return Outcome("en", Half.HELD, 24_000, CASES, {"base": ways})


FULL = way("30 s", "one two three four five", "six seven eight nine", took=1.0)


def told(found: Outcome) -> tuple[bool, str]:
    out = Console(record=True, width=240)
    return show(found, out), out.export_text()


def test_rates_and_costs_are_those_of_what_all_ways_have_heard() -> None:
    short = way("short", "one two three four five", "six seven eight nine", "never mind", short=True, again=1)
    good, text = told(outcome(FULL, short))
    assert good
    assert "2 recordings of 2 speakers" in text
    row = next(line for line in text.splitlines() if line.startswith(" short "))
    for figure in ("10.00%", "0, 1, 0", "+0.00", "200 (200, 300)", "2 of 4"):
        assert figure in row
    apart = [line for line in text.splitlines() if line.startswith(" short ")][1]
    assert re.findall(r"[\d.]+% of \d+", apart) == ["20.00% of 5", "0.00% of 5"]  # prompts, manifest


def test_half_a_point_more_is_too_much() -> None:
    good, text = told(outcome(FULL, way("short", "one two three four", "six seven eight nine", short=True)))
    assert not good
    assert "+10.00 (+0.00 to +20.00)" in text


def test_what_goes_on_and_on_is_printed_and_is_too_much() -> None:
    loop = "six seven eight six seven eight six seven eight"
    good, text = told(outcome(way("30 s", "", ""), way("short", "one two three four five", loop, short=True)))
    assert not good
    assert "over and over, base, short: bob.wav: six seven eight × 3" in text


def test_json_has_all_of_it() -> None:
    short = way("short", "one two three four", "six seven eight nine ten", short=True)
    found = as_json(outcome(FULL, short))
    assert found["planned"] == 3
    assert found["recordings"] == 2
    full, ours = found["models"]["base"]
    assert full["points_above"] == 0
    assert (ours["words"], ours["left_out"], ours["cpu_ms"]) == (10, 1, 200.0)
    assert ours["sources"]["manifest"]["left_out"] == 1
    assert [clip["text"] for clip in ours["clips"]] == ["one two three four", "six seven eight nine ten"]
