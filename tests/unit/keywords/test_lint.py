"""Lint says what would go wrong, and is silent on what would not."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.keywords.commonness import common_words, firings, languages_of
from monitor.keywords.lint import Remark, lint
from monitor.keywords.lists import read
from monitor.keywords.remarks import MAX_OF_A_KIND
from monitor.keywords.rules import KeywordList

HEAD = 'name = "a"\nlanguages = ["en"]\n'
EXAMPLES = '[examples]\nhit = ["quantum zebra"]\nmiss = ["zebra"]\n'
QUIET = HEAD + 'phrases = ["quantum zebra"]\n' + EXAMPLES


SOUND = 'phrases = [{ text = "wright", sound = 1.0 }]'


def a_list(text: str) -> KeywordList:
    return read(text, "a.toml")


def remarks(text: str, *others: str, today: date | None = None, common: bool = False) -> list[Remark]:
    """Without the common words, which take a second, but where they are the subject."""
    return lint(a_list(text), [a_list(other) for other in others], text, today=today, common=common)


def grave(text: str, *others: str, today: date | None = None, common: bool = False) -> list[tuple[str, int, str]]:
    """(grade, line, rule) of what is more than a hint."""
    found = remarks(text, *others, today=today, common=common)
    return [(remark.grade, remark.line, remark.rule) for remark in found if remark.grade != "hint"]


def test_a_good_list_has_no_remarks() -> None:
    assert remarks(QUIET, common=True) == []


def test_the_same_rule_in_another_list() -> None:
    mine = HEAD + 'phrases = [\n"Quantum-zebra", "blue zebra"]\nrooms = ["den", "hall"]'
    other = 'name = "b"\nphrases = [{ text = "quantum zebra", severity = "low" }]\n'
    assert grave(mine, other) == [("warning", 4, "Quantum-zebra")]
    assert "low there and medium here" in remarks(mine, other)[0].what
    for elsewhere in ('languages = ["de"]\n', 'rooms = ["lobby"]\n'):
        assert grave(mine, elsewhere + other) == []
    pattern = "\n[[rules]]\nlabel = '%s'\npattern = 'quantum zeb'\n"
    assert grave(HEAD + pattern % "x", 'name = "b"\n' + pattern % "y") == [("warning", 4, "x")]


def test_a_longer_phrase_that_hides_a_graver_one() -> None:
    found = grave(HEAD + 'phrases = [\n{ text = "zebra", severity = "high" },\n"quantum zebra",\n"zebras",\n]')
    assert found == [("warning", 5, "quantum zebra")]


def test_a_longer_phrase_that_adds_nothing() -> None:
    found = remarks(
        HEAD + 'phrases = [\n"zebra crossing",\n"a zebra crossing",\n"un zebra"]\n' + EXAMPLES.replace("quantum", "un")
    )
    assert [(one.grade, one.line) for one in found if "part of it" in one.what] == [("hint", 5)]


def test_a_phrase_that_is_never_shown() -> None:
    text = HEAD + 'phrases = [\n"zebra*",\n{ text = "zebras", severity = "low" },\n"zebra crossing",\n]'
    assert grave(text) == [("warning", 5, "zebras")]
    assert "'zebra*' takes its place" in remarks(text)[0].what


def test_a_phrase_that_a_pattern_takes_the_place_of() -> None:
    pattern = "[[rules]]\nlabel = 'r'\npattern = '(zebra|horse) crossings?( ahead)?'\nseverity = 'high'\n"
    assert grave(HEAD + 'phrases = [\n"zebra crossing",\n"zebra"]\n' + pattern) == [("warning", 4, "zebra crossing")]


def test_a_phrase_that_an_exception_covers_always() -> None:
    text = HEAD + 'phrases = [\n"zebra crossings",\n"zebra crossing rule",\n]\nexceptions = ["zebra cross*"]'
    assert grave(text) == [("wrong", 4, "zebra crossings")]
    assert "'zebra cross*' covers it" in remarks(text)[0].what


def test_an_exception_that_does_nothing() -> None:
    text = HEAD + 'phrases = [\n"zebra",\n]\nexceptions = [\n"zebra cross*",\n"horse",\n"zebras",\n]\n'
    assert grave(text) == [("warning", 8, "horse"), ("warning", 9, "zebras")]


@pytest.mark.parametrize(
    ("pattern", "grade", "what"),
    [
        ("don't (go|run)", "wrong", "asks for"),
        ("pay, (now|then)", "wrong", "asks for"),
        ("two  words", "wrong", "two spaces"),
        ("杀 你全家", "wrong", "has none"),
        (r"\bубью\b", "wrong", "letters a-z alone"),
        (".*kill you", "warning", "begins or ends"),
        ("kill you.+", "warning", "begins or ends"),
        ("kill.*you", "hint", "joins what is far apart"),
        (r"\pL{1,2} kill", "hint", "instructions"),
        ("[A-Z]ill you", "hint", "capital"),
    ],
)
def test_patterns(pattern: str, grade: str, what: str) -> None:
    found = remarks(f"name = \"a\"\n[[rules]]\nlabel = \"r\"\npattern = '''{pattern}'''\n")
    assert (grade, 2) in [(one.grade, one.line) for one in found if what in one.what]


def test_a_good_pattern() -> None:
    text = HEAD + "[[rules]]\nlabel = 'r'\npattern = '\\bquantum .{0,9}zebra\\.?'\n" + EXAMPLES
    assert remarks(text) == []


def test_a_combination_that_its_not_forbids() -> None:
    text = HEAD + '[[rules]]\nlabel = "r"\nall = ["quantum zebra", "horse"]\nnot = ["%s"]'
    assert grave(text % "zebra") == [("wrong", 3, "r")]
    assert grave(text % "zeb") == []
    assert grave(text.replace("horse", "杀全家") % "全家") == [("wrong", 3, "r")]


def test_common_parts_over_a_minute() -> None:
    text = HEAD + '[[rules]]\nlabel = "r"\nall = ["quantum zebra", "the"]\n'
    assert grave(text) == []
    assert grave(text + 'reach = "room"') == [("warning", 3, "r")]


def test_sound() -> None:
    assert grave('name = "a"\nphrases = [{ text = "quantum zebra", sound = true }]') == [
        ("warning", 2, "quantum zebra")
    ]
    short = remarks('name = "a"\nlanguages = ["zh"]\nphrases = [{ text = "集会", sound = true }]')
    assert any("two syllables" in one.what for one in short)


def test_phrases_that_have_no_sound_to_be_found_by() -> None:
    found = remarks('name = "a"\nlanguages = ["en", "zh"]\nphrases = [{ text = "oh zebra*", sound = true }]')
    assert any(one.line == 3 and "never found by its sound: it has a `*`" in one.what for one in found)
    some = remarks('name = "a"\nlanguages = ["en", "zh"]\nphrases = [{ text = "quantum zebra", sound = true }]')
    assert not any("sound" in one.what for one in some)


def test_sound_of_what_has_none() -> None:
    phrases = 'phrases = [\n{ text = "zebra*", sound = 0.9 },\n"quantum zebra", "blue zebra"]\n'
    text = HEAD + phrases + '[[rules]]\nlabel = "r"\nsound = 0.9\n'
    assert grave(text + 'all = ["quantum zebra", "zeb*"]') == [("warning", 4, "zebra*")]
    as_default = 'name = "a"\nlanguages = ["en"]\nsound = true\nphrases = ["zebra*", "quantum zebra", "blue zebra"]'
    assert grave(as_default) == []


def test_what_expires() -> None:
    text = HEAD + 'expires = 2026-06-01\nphrases = [\n{ text = "quantum zebra", expires = 2026-07-01 },\n"blue zebra"]'
    assert grave(text) == [("warning", 5, "quantum zebra")]
    assert grave(text, today=date(2026, 6, 1)) == [("warning", 5, "quantum zebra")]
    assert grave(text, today=date(2026, 6, 2))[0] == ("warning", 3, "")
    assert grave(text, today=date(2026, 7, 2)) == [("warning", 3, ""), ("warning", 5, "quantum zebra")]


def test_common_words_and_how_often() -> None:
    (firing,) = firings(a_list(HEAD + 'phrases = ["thank*"]'))
    assert [word for word, _ in firing.words][:3] == ["thank", "thanks", "thanksgiving"]
    assert firing.per_hour == pytest.approx(sum(rate for _, rate in firing.words))
    share = common_words("en")["thank"]
    assert firing.words[0] == ("thank", pytest.approx(share * 9000))
    assert grave(HEAD + 'phrases = ["thank*"]', common=True) == [("warning", 3, "thank*")]
    assert grave(HEAD + 'phrases = ["thank*"]\nexceptions = ["thanks", "thank"]\n', common=True) == []


def test_common_words_that_sound_alike_or_are_forms() -> None:
    assert {"right", "write"} <= {word for word, _ in firings(a_list(HEAD + SOUND))[0].words}
    forms = remarks(HEAD + 'phrases = [{ text = "steal", inflect = true }]', common=True)
    assert any("'stealing'" in one.what and "'stolen'" in one.what for one in forms)


def test_common_words_in_chinese() -> None:
    (firing,) = firings(a_list('name = "a"\nphrases = ["交通"]'))
    assert firing.language == "zh"
    assert {"交通", "交通部"} <= {word for word, _ in firing.words}


def test_phrases_of_common_words() -> None:
    text = HEAD + 'phrases = ["of the", "verification zebra"]'
    (found,) = [one for one in remarks(text, common=True) if one.grade == "warning"]
    assert (found.line, found.rule) == (3, "of the")
    assert "independent" in found.what
    assert [one.label for one in firings(a_list('name = "a"\nphrases = ["是我的"]')) if one.per_hour > 0.01] == [
        "是我的"
    ]


def test_languages_without_a_list_of_words() -> None:
    assert languages_of(a_list('name = "a"\nlanguages = ["xx"]\nphrases = ["of the"]')) == []
    assert languages_of(a_list('name = "a"\nphrases = ["kill you", "杀了你"]')) == ["en", "zh"]
    assert firings(a_list('name = "a"\nlanguages = ["xx"]\nphrases = ["the"]')) == []


def test_examples() -> None:
    none = remarks(HEAD + 'phrases = ["quantum zebra"]')
    assert [(one.grade, one.what) for one in none] == [("hint", "no example says what must be found")]
    (untried,) = remarks(
        QUIET.replace("[examples]", "[[rules]]\nlabel = 'r'\nall = ['red zebra', 'horse']\n[examples]")
    )
    assert (untried.line, untried.what) == (4, "no example hits 'r'")
    broken = lint(a_list(QUIET.replace('["zebra"]', '["a quantum zebra"]')))
    assert [one.grade for one in broken] == ["wrong"]


def test_no_more_than_anybody_reads() -> None:
    phrases = [f"quantum zebra {chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(200)]
    text = HEAD + f"phrases = {[*phrases, 'quantum zebra']}"
    about = [one for one in remarks(text) if "part of it" in one.what or "more phrases" in one.what]
    assert len(about) == MAX_OF_A_KIND + 1
    assert about[0].what == "and 150 more phrases with another one in them"


def test_the_gravest_first() -> None:
    text = HEAD + 'phrases = [\n"of the",\n"zebra crossings"]\nexceptions = ["zebra cross*"]'
    assert [one.grade for one in remarks(text, common=True)] == ["wrong", "warning", "hint"]
