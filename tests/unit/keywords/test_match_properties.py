"""What holds for any words and any rules: hits lead back to the words as shown, and the same is found again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.keywords.index import Index
from monitor.keywords.match import Matcher
from monitor.keywords.normalise import is_spaced, normalise, normalise_phrase
from monitor.keywords.phrases import forms, objection
from monitor.keywords.rules import Combination, KeywordList, Kind, Rule
from monitor.model import KeywordHit, Severity, Way, Word

_TEXT = """
kill you Kills KILL k1ll k-i-l-l kіll yоu killll you! don’t dont bomb bombs bómb BOMB B0mb send money sending moneys
杀了你 殺了你 杀 了 你 加V信 加 V 信 app 下载app吧 验证码 驗證碼 ﬁre fire ½ ... — 5,000 5000 \u200b죽여 죽여버린다
keel feel you're ё ё ǅ ß ﷺ नमस्ते
"""
PIECES = _TEXT.split()
_S = Severity.HIGH


def rule(text: str, **options: object) -> Rule:
    return Rule(text, _S, text=text, **options)  # type: ignore[arg-type]


RULES = (
    rule("kill you", inflect=True, disguise=True, sound=0.8),
    rule("bomb*", disguise=True),
    rule("send money", inflect=True),
    rule("don't"),
    rule("杀了你", sound=0.9),
    rule("加V信"),
    rule("app"),
    rule("验证码"),
    rule("fire"),
    rule("죽여*"),
    rule("5000"),
    Rule("pattern", _S, kind=Kind.PATTERN, text="(kill|bomb)s? ?(you|the)?", disguise=True),
    Rule("both", _S, kind=Kind.COMBINATION, combination=Combination(("kill", "money"), words=6), inflect=True),
    Rule("without", _S, kind=Kind.COMBINATION, combination=Combination(("fire",), ("app",))),
)
EXCEPTIONS = ("feel you kill you", "下载app")
ONE = KeywordList("l", "l", (), _S, RULES, EXCEPTIONS, (), (), "v1")
OTHER = KeywordList("m", "m", (), _S, RULES[:3], (), (), (), "v2")
MATCHER = Matcher([ONE, OTHER])


@st.composite
def spoken(draw: st.DrawFn) -> list[Word]:
    """Words in any cut, with odd characters among them and pauses between some."""
    texts = draw(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=14))
    out: list[Word] = []
    at = 0.0
    for text in texts:
        text = draw(st.sampled_from((" ", "", " "))) + text
        at += draw(st.sampled_from((0.0, 0.0, 0.0, 3.0)))
        out.append(Word(text, at, at + 0.5, draw(st.sampled_from((0.3, 0.9)))))
        at += 0.5
    return out


def brief(hits: list[KeywordHit]) -> list[tuple[object, ...]]:
    return [(hit.list_name, hit.phrase, hit.matched, hit.start, hit.end, hit.way, hit.grade) for hit in hits]


@settings(deadline=None, max_examples=300)
@given(spoken(), st.sampled_from(("", "en", "zh")))
def test_each_hit_leads_back_to_the_words_as_shown(words: list[Word], language: str) -> None:
    text = "".join(word.text for word in words)
    for hit in MATCHER.find(words, 0, language):
        assert hit.matched
        assert hit.before + hit.matched + hit.after in text
        starts, ends = [word.start for word in words], [word.end for word in words]
        own = words[starts.index(hit.start) : len(ends) - ends[::-1].index(hit.end)]
        shown = "".join(word.text for word in own)
        assert hit.matched in shown
        assert shown.index(hit.matched) < len(own[0].text) or not own[0].text, "begins in its first word"
        assert hit.probability in [word.probability for word in own]
        if hit.way is Way.EXACT and hit.phrase in ("app", "don't", "验证码", "fire", "5000"):
            assert normalise_phrase(hit.phrase) in normalise(hit.matched).text


@settings(deadline=None, max_examples=200)
@given(spoken(), st.integers(0, 14), st.sampled_from(("", "en")))
def test_the_same_words_give_the_same_hits(words: list[Word], fresh: int, language: str) -> None:
    first = MATCHER.find(words, fresh, language)
    assert MATCHER.find(list(words), fresh, language) == first
    assert list(MATCHER.examine(words, fresh, language).hits) == first
    keys = [(hit.start, hit.list_name, hit.phrase, hit.matched) for hit in first]
    assert len(keys) == len({(*key, hit.end) for key, hit in zip(keys, first, strict=True)}), "nothing twice"


@settings(deadline=None, max_examples=40)
@given(spoken())
def test_built_again_or_from_a_thread_it_finds_the_same(words: list[Word]) -> None:
    shuffled = KeywordList("l", "l", (), _S, RULES[::-1], EXCEPTIONS[::-1], (), (), "v1")
    again = Matcher([OTHER, shuffled])
    expected = brief(MATCHER.find(words, 0, "en"))
    assert brief(again.find(words, 0, "en")) == expected
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: MATCHER.find(words, 0, "en"), range(8)):
            assert brief(found) == expected


@settings(deadline=None, max_examples=200)
@given(spoken(), st.integers(0, 14))
def test_only_what_touches_a_fresh_word_and_all_of_that(words: list[Word], fresh: int) -> None:
    """Combinations apart: which parts go together depends on where one begins to look."""
    ends = [word.end for word in words]

    def fresh_ones(hits: list[KeywordHit]) -> list[tuple[object, ...]]:
        return brief([h for h in hits if len(ends) - 1 - ends[::-1].index(h.end) >= fresh and h.phrase != "both"])

    assert fresh_ones(MATCHER.find(words, fresh)) == fresh_ones(MATCHER.find(words))


FORMS = tuple(sorted({form for text in PIECES if not objection(text) for form in forms(text)}))


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=10), st.sampled_from(("", " ")))
def test_the_index_finds_what_a_plain_search_finds(texts: list[str], gap: str) -> None:
    text = normalise(gap.join(texts)).text
    found = sorted(Index((form, number) for number, form in enumerate(FORMS)).find(text))
    expected = []
    for number, form in enumerate(FORMS):
        start = text.find(form)
        while start >= 0:
            end = start + len(form)
            begins = not start or not (is_spaced(text[start]) and is_spaced(text[start - 1]))
            closes = end == len(text) or not (is_spaced(text[end - 1]) and is_spaced(text[end]))
            if begins and closes:
                expected.append((number, start, end))
            start = text.find(form, start + 1)
    assert found == sorted(expected)
