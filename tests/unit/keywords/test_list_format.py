"""The whole format of lists: rules of all kinds and their options, and what is said of what is wrong."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date

import pytest

from monitor.keywords.fields import SOUND_DEFAULT
from monitor.keywords.lists import ListRefused, decoded, parse, read, try_examples
from monitor.keywords.match import Matcher
from monitor.keywords.rules import Combination, KeywordList, Kind, Reach
from monitor.model import RuleState, Severity

WHOLE = """\
name = "whole"
title = "All there is"
languages = ["en", "zh"]
severity = "low"
state = "shadow"
owner = "trust team"
note = "for the test"
rooms = ["lobby", "den"]
expires = 2027-01-31
floor = 0.6
inflect = true
cool_down = 30

phrases = [
  "send money",
  { text = "gift card", severity = "high", note = "often", sound = true, disguise = true, cool_down = 0, \
languages = ["en"], rooms = ["den"], expires = 2026-12-24, owner = "ann", floor = 0.9, inflect = false },
  { text = "验证码告诉我", sound = 0.9 },
]
exceptions = ["gift card shop"]

[[rules]]
label = "money, by code"
pattern = 'pay(pal|ment)? to \\d{4}'
severity = "critical"

[[rules]]
label = "both"
all = ["your bank", "your pin"]
not = ["never tell"]
inflect = false

[[rules]]
label = "close"
near = ["send", "bitcoin"]
words = 4

[[rules]]
label = "in turn"
sequence = ["your account", "safe account"]
seconds = 20
reach = "speaker"
"""


def whole(change: tuple[str, str] | None = None) -> KeywordList:
    text = WHOLE
    if change:
        assert change[0] in text
        text = text.replace(*change)
    return read(text, "w.toml")


def refused(text: str) -> ListRefused:
    with pytest.raises(ListRefused) as caught:
        read(text, "w.toml")
    return caught.value


def test_head() -> None:
    found = whole()
    assert (found.name, found.title, found.languages) == ("whole", "All there is", ("en", "zh"))
    assert (found.state, found.owner, found.note) == (RuleState.SHADOW, "trust team", "for the test")
    assert (found.rooms, found.expires, found.floor) == (("lobby", "den"), date(2027, 1, 31), 0.6)


def test_options_of_phrases() -> None:
    plain, full, sound = whole().rules[:3]
    assert (plain.label, plain.text, plain.kind) == ("send money", "send money", Kind.PHRASE)
    assert (plain.inflect, plain.cool_down, plain.sound, plain.disguise) == (True, 30.0, None, False)
    assert (full.inflect, full.cool_down, full.sound, full.disguise) == (False, 0.0, SOUND_DEFAULT, True)
    assert (full.severity, full.note, full.owner) == (Severity.HIGH, "often", "ann")
    assert (full.languages, full.rooms, full.expires, full.floor) == (("en",), ("den",), date(2026, 12, 24), 0.9)
    assert sound.sound == 0.9


def test_rules_of_other_kinds() -> None:
    pattern, both, close, turn = whole().rules[3:]
    assert (pattern.kind, pattern.text) == (Kind.PATTERN, r"pay(pal|ment)? to \d{4}")
    assert pattern.severity is Severity.CRITICAL
    assert not pattern.inflect, "the list's default does nothing for a pattern"
    assert both.kind is Kind.COMBINATION
    assert both.severity is Severity.LOW
    assert both.combination == Combination(("your bank", "your pin"), ("never tell",))
    assert close.combination == Combination(("send", "bitcoin"), words=4)
    assert close.inflect
    assert turn.combination == Combination(
        ("your account", "safe account"), ordered=True, seconds=20.0, reach=Reach.SPEAKER
    )


@pytest.mark.parametrize(
    "change",
    [
        ('state = "shadow"', 'state = "live"'),
        ('rooms = ["lobby", "den"]', 'rooms = ["lobby", "den", "hall"]'),
        ("2027-01-31", "2027-02-01"),
        ("floor = 0.6", "floor = 0.7"),
        ("sound = 0.9", "sound = 0.95"),
        ("inflect = true", "inflect = false"),
        ("cool_down = 0,", "cool_down = 1,"),
        ("disguise = true", "disguise = false"),
        ('rooms = ["den"]', 'rooms = ["lobby"]'),
        ("2026-12-24", "2026-12-25"),
        ("floor = 0.9", "floor = 0.8"),
        ("(pal|ment)", "(ment|pal)"),
        ('"in turn"', '"one by one"'),
        ("words = 4", "words = 5"),
        ("sequence", "all"),
        ('reach = "speaker"', 'reach = "room"'),
        ('not = ["never tell"]', ""),
        ('"your bank", "your pin"', '"your pin code", "your bank"'),
    ],
)
def test_what_changes_the_version(change: tuple[str, str]) -> None:
    if change[0] == "sequence":
        change = ('sequence = ["your account", "safe account"]\nseconds = 20', 'all = ["your account", "safe account"]')
    assert whole(change).version != whole().version


@pytest.mark.parametrize(
    "change",
    [
        ('owner = "trust team"', 'owner = "night shift"'),
        ('note = "often", ', ""),
        ('"your bank", "your pin"', '"your pin", "your bank"'),
        ('["lobby", "den"]', '["den", "lobby"]'),
        ('phrases = [\n  "send money",', "phrases = [ # money"),
    ],
)
def test_what_does_not_change_the_version(change: tuple[str, str]) -> None:
    if change[0].startswith("phrases"):
        moved = WHOLE.replace('  "send money",\n', "").replace("sound = 0.9 },", 'sound = 0.9 },\n  "send money",')
        assert read(moved, "w.toml").version == whole().version
    else:
        assert whole(change).version == whole().version


def test_digest_of_a_plain_list_is_that_of_before() -> None:
    """Versions that alerts carry stay the same where nothing new is used; 5,000 phrases are sorted in shards."""
    phrases = [f"word {number} of many" for number in range(5_000)]
    found = read(json.dumps("name")[1:-1] + f' = "a"\nphrases = {json.dumps(phrases)}\nexceptions = ["a b", "a"]'
                 .replace('"a"]', '"a c"]'), "a.toml")  # fmt: skip
    content = {
        "name": "a",
        "title": "a",
        "languages": [],
        "phrases": sorted((phrase, "medium") for phrase in phrases),
        "exceptions": ["a b", "a c"],
    }
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert found.version == hashlib.sha256(plain.encode()).hexdigest()[:8]


HEAD = 'name = "a"\n'
PHRASES = 'phrases = ["good one"]\n'
RULE = HEAD + '[[rules]]\nlabel = "r"\n'


@pytest.mark.parametrize(
    ("text", "place", "reason", "mend"),
    [
        (HEAD + 'phrase = ["x y"]', "2:1", "unknown key `phrase`", "did you mean `phrases`?"),
        (HEAD + PHRASES + 'keywords = ["x y"]', "3:1", "unknown key `keywords`", "did you mean `phrases`?"),
        (HEAD + 'phrases = [{ text = "x y", sevrity = "low" }]', "2:28", "unknown key `sevrity`", "`severity`?"),
        (HEAD + 'phrases = [{ text = "x y", severity = "hgih" }]', "2:39", "severity 'hgih' is none", "`high`?"),
        (HEAD + 'phrases = [{ text = "x y", severity = "urgent" }]', "2:39", "severity", "`critical`?"),
        (HEAD + 'phrases = [{ text = "x y", pattern = "x" }]', "2:28", "can't have `pattern`", "[[rules]]"),
        (HEAD + 'phrases = [{ text = "x y", sound = 2 }]', "2:36", "from 0.6 to 1, not 2", "0.85"),
        (HEAD + 'phrases = [{ text = "x y", sound = nan }]', "2:36", "from 0.6 to 1", ""),
        (HEAD + 'phrases = [{ text = "x y", inflect = "yes" }]', "2:38", "must be true or false", "without quotes"),
        (HEAD + 'phrases = [{ text = "x y", expires = "2027-01-01" }]', "2:38", "must be a date", "without quotes"),
        (HEAD + 'phrases = [{ text = "x y", expires = 2027-01-01T10:00:00 }]', "2:38", "must be a date", ""),
        (HEAD + 'phrases = [{ text = "x y", floor = 80 }]', "2:36", "from 0 to 1", "0.8 for 80 %"),
        (HEAD + 'phrases = [{ text = "x y", cool_down = -1 }]', "2:40", "from 0 to 86400", "in seconds"),
        (HEAD + 'phrases = [{ text = "x y", cool_down = true }]', "2:40", "not true", ""),
        (HEAD + PHRASES + 'languages = ["Mandarin"]', "3:14", "ISO 639-1", "did you mean `zh`?"),
        (HEAD + PHRASES + 'languages = "en"', "3:13", "must be an array", "write ['en']"),
        (HEAD + PHRASES + 'rooms = "den"', "3:9", "must be an array", "write ['den']"),
        (HEAD + PHRASES + 'state = "active"', "3:9", "state 'active' is none of", "did you mean `live`?"),
        ('name = "Big Threats"\n' + PHRASES, "1:8", "`name` must be", 'such as "big-threats"'),
        (
            HEAD + 'languages = ["en"]\nphrases = [{ text = "x y", languages = ["zh"] }]',
            "3:40",
            "not among the list's languages",
            "",
        ),
        (HEAD + 'rooms = ["a"]\nphrases = [{ text = "x y", rooms = ["b"] }]', "3:36", "not among the list's rooms", ""),
        (HEAD + PHRASES + "[[rules]]\npattern = 'x y'", "3:1", "`label`, the rule's name", ""),
        (RULE, "2:1", "looks for nothing", "exactly one of"),
        (RULE + "pattern = 'x y'\nall = ['a b', 'c d']", "2:1", "has `pattern` and `all`", "exactly one of"),
        (RULE + "pattern = 'x y'\nsound = true", "5:1", "`sound` does nothing", ""),
        (RULE + "pattern = '(x y'", "4:11", "missing )", "no partner"),
        (RULE + "pattern = '(?=x)y'", "4:11", "perl operator", "no look-around"),
        (RULE + "pattern = '(xy)?'", "4:11", "can match nothing at all", "`+`"),
        (RULE + "pattern = '[a-z]+'", "4:11", "matches a single sign such as 'a'", ""),
        (RULE + "pattern = '(\\pL{1,50} ){1,9}xy'", "4:11", "is too costly", "repeat less"),
        (RULE + "pattern = '(\\pL{1,30} ){1,3}xy'", "4:11", "at most 5000", "repeat less"),
        (RULE + 'all = ["one thing"]', "4:7", "`all` needs two phrases", ""),
        (RULE + 'all = ["one thing", "*"]', "4:21", "phrase '*' has no letter", ""),
        (RULE + 'near = ["one thing", "another"]', "4:8", "needs `words` or `seconds`", "words = 5"),
        (RULE + 'near = ["one thing", "another"]\nwords = 2.5', "5:9", "whole number", ""),
        (
            RULE + 'near = ["one thing", "another"]\nwords = 5\nreach = "room"',
            "5:9",
            "within an utterance",
            "`seconds`",
        ),
        (RULE + 'near = ["one thing", "another"]\nseconds = 90', "5:11", "from 0.1 to 60", "remembered"),
        (RULE + 'all = ["one thing", "another"]\nwords = 5', "5:1", "`all` has no `words`", "use `near`"),
        (RULE + 'all = ["one thing", "another"]\nreach = "sentence"', "5:9", "`reach` 'sentence' is none", "utterance"),
        (RULE + 'all = ["one thing", "another"]\nnot = ["One, thing"]', "5:7", "and for its absence", ""),
        (RULE + "pattern = 'x y'\n[[rules]]\nlabel = 'r'\npattern = 'z y'", "6:9", "label 'r' is taken", ""),
        (RULE + "pattern = 'x y'\n[[rules]]\nlabel = 's'\npattern = 'x y'", "5:1", "the same as 'r'", "drop one"),
        (RULE + "pattern = 'x y'\nexceptions = ['x y z']", "5:1", "unknown key `exceptions`", "top of the file"),
        (HEAD + "phrases = [\n'a b'\n'c d']", "4:1", "not valid TOML: Unclosed array", "comma missing"),
        (HEAD + "phrases = ['a b'", "2:17", "the file ends too early", "not closed"),
        (HEAD + "phrases = " + "[" * 3000, "1:1", "too deep", ""),
        (HEAD + "floor = " + "9" * 5000, "1:1", "not valid TOML", ""),
        (HEAD + 'phrases = [{ text = "x y",\nnote = "" }]', "2:27", "not valid TOML", "stands on one line"),
        (HEAD + 'phrases = ["a\\tb"]', "2:12", "control character", "in one line"),
        (HEAD + PHRASES + 'title = "\\u0007"', "3:9", "control character", ""),
    ],
)
def test_refusals_say_where_why_and_what_instead(text: str, place: str, reason: str, mend: str) -> None:
    error = refused(text)
    first = error.problems[0]
    assert str(error).startswith(f"w.toml:{place}: "), str(error)
    assert reason in first.reason
    assert mend in first.mend
    assert bool(first.mend) or not mend


def test_all_that_is_wrong_is_told_at_once() -> None:
    error = refused('name = "A"\nphrases = [\n"x",\n"good one",\n{ text = "two", note = 1 },\n]\nstate = "on"\n')
    assert [(one.line, one.column) for one in error.problems] == [(1, 8), (3, 1), (5, 24), (7, 9)]
    assert str(error).endswith("(and 3 more)")


def test_told_of_at_most_twenty() -> None:
    assert len(refused(HEAD + f"phrases = {['x'] * 100}").problems) == 20


def test_a_list_may_have_rules_and_no_phrases() -> None:
    found = read(RULE + "pattern = 'x y'", "w.toml")
    assert [rule.label for rule in found.rules] == ["r"]


EXAMPLES = """\
name = "a"
languages = ["en"]
state = "draft"
rooms = ["den"]
expires = 2020-01-01
[[rules]]
label = "in turn"
sequence = ["your account", "safe account"]
seconds = 20
reach = "room"
[[rules]]
label = "pattern"
pattern = "pay .{0,10}bitcoin"
[examples]
hit = ["close your account and open a safe account", "Pay me in Bitcoin."]
miss = ["a safe account, not your account"]
"""


def test_examples_are_tried_wherever_the_list_counts() -> None:
    """In a draft, for another room, expired, and with what reaches over the room: in the one sentence."""
    one = parse(EXAMPLES, "w.toml")
    assert one.state is RuleState.DRAFT
    assert try_examples(one, EXAMPLES, Matcher([replace(one, state=RuleState.LIVE)])) == []
    with pytest.raises(ListRefused, match=r"^w\.toml:15:8: example 'a safe account"):
        parse(EXAMPLES.replace('["close your', '["a safe account", "close your'), "w.toml")
    with pytest.raises(ListRefused, match=r"^w\.toml:16:9: example .* phrase 'in turn' is found in"):
        parse(EXAMPLES.replace('["a safe', '["your account, a safe'), "w.toml")


def test_bytes() -> None:
    assert decoded("\ufeffname".encode(), "w.toml") == "name"
    with pytest.raises(ListRefused, match=r"^w\.toml:2:4: not UTF-8"):
        decoded("a\n验ab".encode() + b"\xffc", "w.toml")
