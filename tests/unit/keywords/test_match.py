from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.keywords.lists import parse
from monitor.keywords.match import Matcher
from monitor.keywords.rules import KeywordList
from monitor.model import Severity, Word


def make(*phrases: str, name: str = "l", languages: tuple[str, ...] = (), allow: tuple[str, ...] = ()) -> KeywordList:
    lines = (f'name = "{name}"', f"phrases = {list(phrases)}", f"languages = {list(languages)}")
    return parse("\n".join((*lines, f"exceptions = {list(allow)}")), "l.toml")


def spoken(*texts: str, start: float = 0.0, length: float = 0.5) -> list[Word]:
    return [Word(t, start + i * length, start + (i + 1) * length, round(0.9 - i / 100, 2)) for i, t in enumerate(texts)]


@pytest.mark.parametrize(
    ("phrase", "text", "matched"),
    [
        ("gun", "He has a GUN!", ["GUN"]),
        ("gun", "begun gunner", []),
        ("don't move", "Don’t, move.", ["Don’t, move"]),
        ("e-mail", "an e-mail, an E mail, an email", ["e-mail", "E mail", "email"]),
        ("kill*", "kill killing overkill", ["kill", "killing"]),
        ("*kill", "kill killing overkill", ["kill", "overkill"]),
        ("k*ll", "kill kell k ll", ["kill", "kell"]),
        ("*kill*", "overkilling it", ["overkilling"]),
        ("kill* you", "killing you, kill my you", ["killing you"]),
        ("send* mon*", "sending moneys", ["sending moneys"]),
        ("café", "CAFE cafés", ["CAFE"]),
        ("验证码", "把验 证，码发我", ["验 证，码"]),
        ("验证码", "把驗證碼發我", ["驗證碼"]),
        ("杀*全家", "杀全家 杀了你全家 杀一二三四五全家", ["杀全家", "杀了你全家"]),
        ("加V信", "请加 V 信吧", ["加 V 信"]),
        ("app", "下载app吧 apps", ["app"]),
        ("죽여", "죽여 죽여버린다", ["죽여"]),
        ("five", "five five", ["five", "five"]),
        ("five five", "five five five", ["five five"]),
        ("5000", "5,000 dollars", ["5,000"]),
    ],
)
def test_what_is_found(phrase: str, text: str, matched: list[str]) -> None:
    assert [hit.matched for hit in Matcher([make(phrase)]).find_text(text)] == matched


def test_times_probability_and_words_around() -> None:
    words = spoken(" And", " now", " send", " money,", " please", start=10.0)
    (hit,) = Matcher([make("send money")]).find(words)
    assert (hit.start, hit.end) == (11.0, 12.0)
    assert hit.probability == 0.87
    assert (hit.before, hit.matched, hit.after) == ("And now ", "send money", ", please")
    assert (hit.list_name, hit.phrase, hit.severity) == ("l", "send money", Severity.MEDIUM)
    assert hit.list_version == make("send money").version


def test_chinese_words_may_be_cut_anywhere() -> None:
    for parts in (("请", "转账", "到安", "全账户", "吧"), tuple("请转账到安全账户吧"), ("请转账到安全账户吧",)):
        (hit,) = Matcher([make("转账到安全账户")]).find(spoken(*parts))
        assert (hit.before, hit.matched, hit.after) == ("请", "转账到安全账户", "吧")


def test_context_is_bounded_and_never_cuts_a_word() -> None:
    (hit,) = Matcher([make("target")]).find_text("a bb ccc dd e f g h iii target 1 2 3 4 5 6 7 8 9")
    assert hit.before == "bb ccc dd e f g h iii "
    assert hit.after == " 1 2 3 4 5 6 7 8"
    (hit,) = Matcher([make("目标")]).find_text("一" * 40 + "目标" + "二" * 40)
    assert (hit.before, hit.after) == ("一" * 24, "二" * 24)


def test_only_what_touches_a_fresh_word() -> None:
    matcher = Matcher([make("send money", "please")])
    words = spoken(" please", " send", " money", " please")
    assert [h.start for h in matcher.find(words, 2)] == [0.5, 1.5]
    assert [h.start for h in matcher.find(words, 3)] == [1.5]
    assert matcher.find(words, 4) == []
    assert matcher.find([], 0) == []


def test_pauses() -> None:
    matcher = Matcher([make("send money")])
    near = [*spoken(" send"), *spoken(" money", start=2.5)]
    far = [*spoken(" send"), *spoken(" money", start=2.6)]
    assert len(matcher.find(near)) == 1
    assert matcher.find(far) == []
    again = [*far, *spoken(" send", " money", start=9.0)]
    assert [(h.start, h.end) for h in matcher.find(again)] == [(9.0, 10.0)]


def test_languages() -> None:
    matcher = Matcher([make("gift", name="en", languages=("en",)), make("gift", name="any")])
    assert [h.list_name for h in matcher.find_text("gift", "de")] == ["any"]
    assert [h.list_name for h in matcher.find_text("gift", "en")] == ["any", "en"]
    assert [h.list_name for h in matcher.find_text("gift", "")] == ["any", "en"]


def test_exceptions_cover_and_are_of_one_list() -> None:
    matcher = Matcher([make("交通", "他妈", allow=("路口交通", "他妈妈")), make("妈妈", name="other")])
    assert [h.phrase for h in matcher.find_text("他妈妈在路口交通灯")] == ["妈妈"]
    assert [h.phrase for h in matcher.find_text("他妈的交通")] == ["他妈", "交通"]
    part = Matcher([make("kill you now", allow=("won't kill you",))])
    assert len(part.find_text("it won't kill you now")) == 1, "an exception that covers a part only"
    wild = Matcher([make("kill you", allow=("w*n't kill you",))])
    assert wild.find_text("it won't kill you") == []
    assert len(wild.find_text("I will kill you")) == 1


def test_longest_wins_within_a_list_and_lists_are_apart() -> None:
    matcher = Matcher([make("send money", "send money now", "money now please"), make("money", name="other")])
    assert [(h.list_name, h.phrase) for h in matcher.find_text("send money now")] == [
        ("l", "send money now"),
        ("other", "money"),
    ]
    assert [h.phrase for h in Matcher([make("a bb", "bb c")]).find_text("a bb c")] == ["a bb"]


def test_at_equal_length_the_more_severe() -> None:
    text = 'name = "l"\nphrases = ["kil*", { text = "kill", severity = "critical" }, "*ill"]'
    (hit,) = Matcher([parse(text, "l.toml")]).find_text("kill")
    assert hit.severity is Severity.CRITICAL


def test_order_of_lists_does_not_matter() -> None:
    one, two = make("send money", name="a"), make("money", name="b")
    assert Matcher([one, two]).find_text("send money money") == Matcher([two, one]).find_text("send money money")


def test_no_lists() -> None:
    assert Matcher([]).find_text("anything") == []


def test_hostile_text_does_not_explode() -> None:
    matcher = Matcher([make("a*a*a*a b*b*b*b c*c*c*c")])
    text = " ".join(("a" * 300 + " " + "b" * 300 + " ") * 5)
    assert matcher.find_text(text) == []


@given(st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta"]), max_size=12), st.integers(0, 12))
def test_agrees_with_a_plain_search(texts: list[str], fresh: int) -> None:
    hits = Matcher([make("alpha beta")]).find(spoken(*(f" {t}" for t in texts)), fresh)
    pairs = pairwise(texts)
    expected = [i * 0.5 for i, pair in enumerate(pairs) if pair == ("alpha", "beta") and i + 1 >= fresh]
    assert [hit.start for hit in hits] == expected


def test_ten_thousand_phrases_are_each_found() -> None:
    phrases = [f"word{i:05d} thing" for i in range(10_000)]
    matcher = Matcher([make(*phrases)])
    for i in (0, 4_999, 9_999):
        assert [h.phrase for h in matcher.find_text(f"there is word{i:05d} thing")] == [phrases[i]]
