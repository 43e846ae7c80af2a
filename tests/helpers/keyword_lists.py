"""Keyword lists of every shape, for property tests."""

from __future__ import annotations

from typing import Any

import tomlkit
from hypothesis import strategies as st

from monitor.keywords.lists import read
from monitor.keywords.phrases import forms, objection
from monitor.keywords.rules import KeywordList
from monitor.model import RuleState, Severity

_SIGNS = "abkz Éß'-*,;|\\\"=+@#5 验杀全もด한д"
_texts = st.text(st.sampled_from(_SIGNS), min_size=1, max_size=14).filter(str.strip)
_phrases = _texts.filter(lambda text: objection(text) is None)
_notes = st.text(st.sampled_from(_SIGNS + "\n\t\u2028—"), min_size=1, max_size=20).filter(str.strip)
_ids = st.lists(st.sampled_from(["lobby", "a | b", " edge ", "\\", "=1+1", "'quoted", "r-1"]), max_size=3, unique=True)
_numbers = st.integers(0, 600) | st.floats(0, 600, allow_nan=False)
_patterns = st.sampled_from(
    [r"ab+c\d{4}", "杀.{0,3}全", r"\bkill(ing)? you\b", 'say "it" | x{2}y', "=1 plus", "don'?t"]
)


@st.composite
def options(draw: st.DrawFn, *, pattern: bool = False) -> dict[str, Any]:
    """What any rule may say for itself, some of it."""
    all_of_them: dict[str, Any] = {
        "severity": st.sampled_from([*Severity]).map(str),
        "note": _notes,
        "owner": _notes,
        "disguise": st.booleans(),
        "cool_down": _numbers,
        "languages": st.lists(st.sampled_from(["en", "zh"]), min_size=1, max_size=2, unique=True),
        "expires": st.dates(),
        "floor": st.floats(0, 1),
    }
    if not pattern:
        all_of_them |= {"inflect": st.booleans(), "sound": st.booleans() | st.floats(0.6, 1)}
    keys = draw(st.lists(st.sampled_from(sorted(all_of_them)), max_size=4, unique=True))
    return {key: draw(all_of_them[key]) for key in keys}


@st.composite
def rules(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A table under [[rules]]; another number looks for something else."""
    label = f"rule {number}, {draw(_texts)}"
    kind = draw(st.sampled_from(["pattern", "all", "near", "sequence"]))
    if kind == "pattern":
        return {"label": label, "pattern": draw(_patterns), **draw(options(pattern=True))}
    parts = [f"part {number}", *draw(st.lists(_phrases, min_size=1, max_size=2))]
    without = [f"never {text}" for text in draw(st.lists(_phrases, max_size=2)) if "*" not in text]
    table = {"label": label, kind: parts, **draw(options())}
    table |= {"not": without} if without else {}
    reach = draw(st.sampled_from(["utterance", "speaker", "room"]))
    if kind != "all" and reach == "utterance":
        table["words"] = draw(st.integers(0, 50))
    if kind != "all" and (reach != "utterance" or draw(st.booleans())):
        table["seconds"] = draw(st.integers(1, 60) | st.floats(0.1, 60))
    return table | ({"reach": reach} if reach != "utterance" or draw(st.booleans()) else {})


@st.composite
def list_data(draw: st.DrawFn) -> dict[str, Any]:
    """What a good list file has, as tomllib gives it."""
    found = draw(st.lists(_phrases, min_size=1, max_size=6, unique_by=lambda text: forms(text)[0]))
    phrases = [draw(st.just(text) | options().map(lambda more, text=text: {"text": text, **more})) for text in found]
    data: dict[str, Any] = {
        "name": draw(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)),
        "title": draw(_texts),
        "severity": draw(st.sampled_from([*Severity])).value,
        "state": draw(st.sampled_from([*RuleState])).value,
        "rooms": draw(_ids),
        "phrases": phrases,
        "exceptions": [f"never ever {text}" for text in draw(st.lists(_phrases, max_size=3)) if "*" not in text],
        "examples": {"miss": draw(st.lists(st.sampled_from(["1 2 3", 'qq, "rr"', "=2", "x\ny"]), max_size=2))},
    }
    data |= {key: value for key, value in draw(options()).items() if key not in {"languages", "severity"}}
    made: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 3))):
        table = draw(rules(number))
        if all(table.get("pattern") != one.get("pattern") or "pattern" not in one for one in made):
            made.append(table)
    return data | ({"rules": made} if made else {})


def keyword_lists() -> st.SearchStrategy[KeywordList]:
    """Checked lists with rules of all kinds and options."""
    return list_data().map(lambda data: read(tomlkit.dumps(data), "made.toml"))
