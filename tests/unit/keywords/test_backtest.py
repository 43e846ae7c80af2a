"""A backtest gives what the matchers give on every utterance; how it is cut into pieces changes nothing."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.keywords import backtest as backtests
from monitor.keywords.backtest import Backtest, Report, run
from monitor.keywords.compare import Change
from monitor.keywords.lists import parse
from monitor.keywords.match import Matcher
from monitor.keywords.prefilter import Sieve, Text
from monitor.keywords.rules import Combination, KeywordList, Kind, Reach, Rule
from monitor.keywords.spoken import form, spoken
from monitor.model import Grade, RuleState, Severity, Spoken, Way, Word
from monitor.store.archive import Archive
from monitor.store.schema import migrate
from tests.helpers.archives import add, chance_words, made

KEYS = 'name = "scam"\ntitle = "Scam"\nseverity = "high"\n'


def list_of(content: str, version: str = "") -> KeywordList:
    found = parse(KEYS + content, "scam.toml")
    return replace(found, version=version) if version else found


NEW = """
languages = ["en", "zh"]
phrases = [
  "free money", "kill*", "bit coin", "e-mail", "加V信", "*coin", "5,000", "k*y",
  { text = "kill you", inflect = true, severity = "critical" },
  { text = "send gift", inflect = true },
  { text = "free money now", disguise = true },
  { text = "kill time", disguise = true },
  { text = "gift card", sound = true },
  { text = "send money", sound = 0.7 },
  { text = "转账", sound = true },
  { text = "机会", sound = 0.8 },
]
exceptions = ["killing time", "overkill", "路口交"]
[[rules]]
label = "pattern"
pattern = "mon(ey|key) .{0,10}home"
[[rules]]
label = "disguised pattern"
pattern = "fre+ mon"
disguise = true
[[rules]]
label = "both"
all = ["send", "home"]
not = ["bomb"]
[[rules]]
label = "near"
near = ["give", "card"]
words = 3
inflect = true
[[rules]]
label = "speaker"
all = ["bitcoin", "account"]
not = ["monkey"]
reach = "speaker"
[[rules]]
label = "room"
sequence = ["微信", "杀"]
reach = "room"
"""
OLD = """
languages = ["en", "zh"]
phrases = [
  "free money", "kill", "口交", "money", { text = "send gift", sound = 0.9 }, { text = "card", inflect = true },
]
[[rules]]
label = "room"
all = ["微信", "杀"]
reach = "room"
"""


def whole(path: Path) -> tuple[list[int], Archive]:
    archive = Archive(path)
    with closing(sqlite3.connect(path)) as db:
        return [seq for (seq,) in db.execute("SELECT seq FROM utterances ORDER BY seq")], archive


def test_the_sieve_keeps_every_utterance_that_a_matcher_hits() -> None:
    lists = [list_of(NEW, "new"), replace(list_of(OLD, "old"), name="old")]
    # Each rule by itself too: most utterances hit one or another of all.
    lists += [replace(lists[0], name=f"only {n}", rules=(rule,)) for n, rule in enumerate(lists[0].rules)]
    chance = random.Random(5)
    heard = [(chance_words(chance, chinese=n % 3 == 0), ("", "en", "zh")[n % 4 % 3]) for n in range(2000)]
    texts = [Text(language, (one := spoken(words)).normal, one.unfolded) for words, language in heard]
    for one in lists:
        kept = Sieve([one]).keep(texts)
        matcher = Matcher([one])
        for index, (words, language) in enumerate(heard):
            found = matcher.examine(words, 0, language)
            assert not (found.hits or found.parts) or index in kept.indexes, (one.rules, texts[index])
            by_sound = any(hit.way is Way.SOUND for hit in found.hits)
            assert not by_sound or index in kept.sounding, (one.rules, texts[index])
        assert len(kept.indexes) < 1900, "a sieve that keeps everything is none"


def plainly(archive: Archive, seqs: Sequence[int], one: KeywordList) -> Counter[tuple[str, str, float]]:
    """(utterance, rule, end) by the plain matcher, on everything."""
    matcher = Matcher([one])
    return Counter(
        (heard.id, hit.phrase, hit.end)
        for heard in archive.whole(seqs)
        for hit in matcher.find(heard.words, 0, heard.language, room=heard.room, biased=heard.biased)
    )


def test_the_counts_are_those_of_the_matchers_on_every_utterance(tmp_path: Path) -> None:
    seqs, archive = whole(made(tmp_path, 3000))
    new, old = (without_reach(list_of(content)) for content in (NEW, OLD))
    found = run(Backtest(new, old, 0.0, 1e12), archive)
    now, before = plainly(archive, seqs, new), plainly(archive, seqs, old)
    assert found.utterances == 3000
    assert 500 < found.candidates < 3000
    assert {rule.rule: rule.hits for rule in found.rules if rule.hits} == rules(now)
    assert {rule.rule: rule.hits_before for rule in found.rules if rule.hits_before} == rules(before)
    assert sum(rules(now).values()) > 1000
    for rule in found.rules:
        assert rule.hits - rule.hits_before == rule.gained - rule.lost


def without_reach(one: KeywordList) -> KeywordList:
    kept = [r for r in one.rules if r.combination is None or r.combination.reach is Reach.UTTERANCE]
    return replace(one, rules=tuple(kept))


def rules(found: Counter[tuple[str, str, float]]) -> dict[str, int]:
    return dict(Counter(rule for _, rule, _ in found.elements()))


@pytest.mark.parametrize(("stretch", "workers"), [(64, 1), (300, 2)])
def test_pieces_and_processes_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stretch: int, workers: int
) -> None:
    """Alerts chain over the pieces, and combinations reach over them."""
    archive = Archive(made(tmp_path, 900))
    asked = Backtest(list_of(NEW), list_of(OLD), 0.0, 1e12, cool_down=30.0)
    at_once = run(asked, archive)
    monkeypatch.setattr(backtests, "STRETCH", stretch)
    told: list[tuple[int, int]] = []
    in_pieces = run(asked, archive, lambda done, total: told.append((done, total)), workers)
    assert comparable(in_pieces) == comparable(at_once)
    assert {rule.rule for rule in at_once.rules} >= {"speaker", "room", "both", "near", "pattern"}
    assert told[0] == (0, 900)
    assert told[-1] == (900, 900)
    assert told == sorted(told)


def comparable(report: Report) -> Report:
    return replace(report, took=0.0)


def write(path: Path, texts: Sequence[str], **changes: object) -> Archive:
    """An utterance of one speaker every ten seconds."""
    migrate(path)
    with closing(sqlite3.connect(path)) as db, db:
        for number, text in enumerate(texts):
            words = [Word(f" {word}", 0.3 * n, 0.3 * n + 0.2, 0.9) for n, word in enumerate(text.split())]
            add(db, number + 1, words, at=1000.0 + 10.0 * number, **changes)
    return Archive(path)


def test_gained_lost_and_regraded_hits_have_examples_with_their_words(tmp_path: Path) -> None:
    archive = write(tmp_path / "m.db", ["my free money here", "gift cards for you", "a gift card", "nothing"])
    old = list_of('phrases = ["free money", { text = "gift card", inflect = true }]\nlanguages = ["en"]')
    new = list_of('phrases = ["gift card", "nothing", { text = "gift cards", severity = "low" }]\nlanguages = ["en"]')
    found = run(Backtest(new, old, 0.0, 1e12), archive)
    assert (found.gained, found.lost, found.regraded) == (2, 2, 0)
    told = [(e.change, e.rule, e.utterance, e.before, e.matched.strip(), e.after, e.old, e.new) for e in found.examples]
    assert told == [
        (Change.GAINED, "gift cards", "u2", "", "gift cards", " for you", None, Grade.A),
        (Change.GAINED, "nothing", "u4", "", "nothing", "", None, Grade.A),
        (Change.LOST, "free money", "u1", "my ", "free money", " here", Grade.A, None),
        (Change.LOST, "gift card", "u2", "", "gift cards", " for you", Grade.B, None),
    ]
    severe = list_of('phrases = [{ text = "nothing", severity = "critical" }]')
    (changed,) = run(Backtest(severe, new, 0.0, 1e12), archive).examples[-1:]
    assert (changed.change, changed.rule) == (Change.REGRADED, "nothing")


def test_without_another_version_all_is_gained(tmp_path: Path) -> None:
    archive = write(tmp_path / "m.db", ["free money", "free money"])
    found = run(Backtest(list_of('phrases = ["free money"]'), None, 0.0, 1e12), archive)
    assert (found.gained, found.lost, found.rules[0].hits_before) == (2, 0, 0)


def test_alerts_an_hour_are_those_of_the_cool_down(tmp_path: Path) -> None:
    archive = write(tmp_path / "m.db", ["free money"] * 361)  # every ten seconds for an hour
    one = list_of('phrases = ["free money"]')
    assert [a.alerts for a in run(Backtest(one, None, 0.0, 1e12, cool_down=30.0), archive).rules] == [1]
    often = run(Backtest(one, None, 0.0, 1e12, cool_down=5.0), archive)
    assert often.rules[0].alerts == 361
    assert often.alerts_an_hour == pytest.approx(361, rel=0.01)
    own = list_of('phrases = [{ text = "free money", cool_down = 5 }]')
    assert run(Backtest(own, one, 0.0, 1e12, cool_down=30.0), archive).rules[0].alerts == 361


def test_what_does_not_alert_is_no_alert(tmp_path: Path) -> None:
    archive = write(tmp_path / "m.db", ["free money"], biased=1)  # so grade C
    one = list_of('phrases = ["free money"]')
    assert [(r.hits, r.alerts) for r in run(Backtest(one, one, 0.0, 1e12), archive).rules] == [(1, 0)]
    every = frozenset(Grade)
    assert [r.alerts for r in run(Backtest(one, one, 0.0, 1e12, grades=every), archive).rules] == [1]


def test_draft_and_shadow_rules_are_tried_as_live_and_the_old_version_is_as_it_is(tmp_path: Path) -> None:
    archive = write(tmp_path / "m.db", ["free money and gold"])
    states = {("scam", "gold"): RuleState.RETIRED, ("scam", "free money"): RuleState.SHADOW}
    draft = replace(list_of('phrases = ["free money", "gold"]'), state=RuleState.DRAFT)
    live = replace(draft, state=RuleState.LIVE)
    (tried,) = run(Backtest(draft, live, 0.0, 1e12, states=states), archive).rules
    assert (tried.rule, tried.hits_before, tried.alerts_before, tried.hits, tried.alerts) == ("free money", 1, 0, 1, 1)
    (as_is,) = run(Backtest(live, None, 0.0, 1e12, states=states, as_live=False), archive).rules
    assert (as_is.hits, as_is.alerts) == (1, 0)
    assert run(Backtest(draft, None, 0.0, 1e12, as_live=False), archive).rules == ()


def test_only_what_was_stored_in_the_time_asked_for_is_searched(tmp_path: Path) -> None:
    archive = write(tmp_path / "m.db", ["free money"] * 10)
    one = list_of('phrases = ["free money"]')
    assert run(Backtest(one, None, 1020.0, 1050.0), archive).utterances == 3
    empty = run(Backtest(one, None, 5000.0, 6000.0), archive)
    assert (empty.utterances, empty.hours, empty.alerts_an_hour, empty.rules) == (0, 0.0, 0.0, ())


def test_missing_texts_and_those_in_another_form_are_made_once(tmp_path: Path) -> None:
    archive = write(tmp_path / "m.db", ["free money"] * 3, filled=False)
    archive.fill([(2, Spoken("0-old", "nothing of the kind"))])
    one = list_of('phrases = ["free money"]')
    assert [row[0] for row in archive.texts(1, 3)] == [2]
    assert run(Backtest(one, None, 0.0, 1e12), archive).gained == 3
    assert [(row[0], row[1], row[4]) for row in archive.texts(1, 3)] == [(n, form(), "free money") for n in (1, 2, 3)]
    assert run(Backtest(one, None, 0.0, 1e12), archive).gained == 3


class Enough(Exception):
    pass


@pytest.mark.parametrize("workers", [1, 2])
def test_what_progress_raises_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setattr(backtests, "STRETCH", 20)
    archive = Archive(made(tmp_path, 400))
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append(done)
        if done >= 40:
            raise Enough

    with pytest.raises(Enough):
        run(Backtest(list_of(NEW), None, 0.0, 1e12), archive, progress, workers)
    assert max(seen) < 400


def test_a_rule_of_a_kind_that_no_list_can_write_yet_is_not_lost_in_the_sieve() -> None:
    """Wildcards at both ends, parts with wildcards: the sieve asks for less, never for more."""
    rule = Rule("x", Severity.LOW, kind=Kind.COMBINATION, combination=Combination(("*oney", "hom*"), ("bomb",)))
    sieve = Sieve([replace(list_of('phrases = ["q q"]'), rules=(rule,))])
    assert sieve.keep([Text("en", "my money is at home", ""), Text("en", "hello", "")]).indexes == [0]
