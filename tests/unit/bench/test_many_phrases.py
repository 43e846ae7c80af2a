from __future__ import annotations

from pathlib import Path

from monitor.bench.many_phrases import SHARES, Maker
from monitor.keywords.library import Library
from monitor.keywords.rules import Kind

RULES = 2000


def test_lists_hold_all_kinds_and_can_be_used(tmp_path: Path) -> None:
    made = Maker(3).write(tmp_path, RULES, sounds=True)
    library = Library(tmp_path)
    assert library.load().problems == ()
    rules = [rule for one in library.matcher.lists for rule in one.rules]
    extra = sum(path.stem.startswith("rules") for path in tmp_path.glob("*.toml"))  # a list needs one phrase
    assert len(rules) - extra == sum(made.counts.values()) == round(RULES * sum(SHARES.values()))
    assert sum(rule.kind is Kind.PATTERN for rule in rules) == made.counts["pattern"]
    assert sum(rule.kind is Kind.COMBINATION for rule in rules) == made.counts["combination"]
    assert sum(rule.sound is not None for rule in rules) == made.counts["heard"]
    assert sum(rule.inflect for rule in rules) == made.counts["inflected"]


def test_planted_phrases_are_found(tmp_path: Path) -> None:
    maker = Maker(3)
    made = maker.write(tmp_path, RULES, sounds=False)
    library = Library(tmp_path)
    library.load()
    texts = list(maker.utterances(200, 30, "en", made.planted))
    assert all(len(words) == 30 for words in texts)
    labels = {hit.phrase for words in texts for hit in library.matcher.find(words, 0, "en")}
    assert len(labels & set(made.planted)) >= 10


def test_the_same_seed_makes_the_same(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for place in (one, two):
        place.mkdir()
        Maker(5).write(place, RULES, sounds=False)
    assert {p.name: p.read_text() for p in one.iterdir()} == {p.name: p.read_text() for p in two.iterdir()}
