from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.keywords.normalise import normalise
from monitor.keywords.sound import DEFAULT, MARGIN, SoundIndex, SoundMatch, objection, tokens


def heard(phrase: str, text: str, language: str = "en", wanted: float = DEFAULT, *, near: bool = False) -> list[str]:
    """The stretches of a text in which a phrase is heard."""
    pieces = tokens(normalise(text).text)
    index = SoundIndex([(7, phrase, language, wanted)])
    found = index.find([piece.text for piece in pieces], language, near=near)
    assert all(match.number == 7 for match in found)
    return [normalise(text).text[pieces[match.first].start : pieces[match.last].end] for match in found]


def likeness(phrase: str, text: str, language: str = "en") -> float:
    pieces = [piece.text for piece in tokens(normalise(text).text)]
    found = SoundIndex([(0, phrase, language, 0.6)]).find(pieces, language, near=True)
    return max((match.likeness for match in found), default=0.0)


@pytest.mark.parametrize(
    ("phrase", "text", "matched"),
    [
        ("kill you", "I will keel you now", "keel you"),
        ("gift card", "buy a gift cart.", "gift cart"),
        ("wire the money", "so why are the money", "why are the money"),
        ("wire the money", "wire a money please", "wire a money"),
        ("verification code", "the very vacation code", "very vacation code"),
        ("there is a flavor", "there is a flavour", "there is a flavour"),
        ("therefore we go", "there for we go", "there for we go"),
        ("giftcards", "he has gift cards", "gift cards"),
        ("I know where you live", "I no wear you leave", "i no wear you leave"),
        ("bring a gun to school", "bring the gun to school", "bring the gun to school"),
    ],
)
def test_english_mishearings_are_found(phrase: str, text: str, matched: str) -> None:
    assert heard(phrase, text) == [matched]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("kill", "keel the boat"),  # three sounds: the same pronunciation or nothing
        ("plane", "the plan is good"),
        ("kill you", "can you tell you will you"),
        ("gift card", "a greeting card"),
        ("kill you", "skill you need"),  # begins inside a word
        ("wire the money", "what the many"),
    ],
)
def test_everyday_words_are_not_taken_for_phrases(phrase: str, text: str) -> None:
    assert heard(phrase, text) == []


def test_short_words_need_the_same_pronunciation() -> None:
    assert heard("kill", "kil bill", wanted=0.6) == ["kil"]
    assert heard("kill", "the keel broke", wanted=0.6) == []
    assert heard("plane", "a plain field", wanted=0.6) == ["plain"]
    assert heard("plane", "the plan", wanted=0.6) == []


@pytest.mark.parametrize(
    ("phrase", "text", "matched"),
    [
        ("集会", "他们去集汇了", "集汇"),  # two syllables, all the tones
        ("安全账户", "转到暗全长户", "暗全长户"),  # an ān àn, zh ch
        ("转账", "赚帐不行", None),  # zhuǎn against zhuàn: a tone is missing
        ("集会", "我们有机会", None),  # the example that flooded feeds
        ("杀了你", "我沙了你", "沙了你"),
        ("杀了你", "我傻了你", "傻了你"),  # three syllables, one without its tone
        ("四十万", "是十万", "是十万"),  # s sh, once
        ("什么样", "怎么样", None),  # another initial is another word
        ("打断你的腿", "打断里的腿", "打断里的腿"),  # n l
        ("身份证号码", "深分阵号吗", "深分阵号吗"),
        ("转账到安全账户", "轉賬倒安全帳戶", "转账倒安全账户"),
        ("加V信", "家V信", "家v信"),
        ("加V信", "假威信", None),
    ],
)
def test_mandarin_by_syllables_and_tones(phrase: str, text: str, matched: str | None) -> None:
    assert heard(phrase, text, "zh") == ([matched] if matched else [])


@pytest.mark.parametrize(
    ("phrase", "text", "language", "matched"),
    [
        ("tarjeta de regalo", "una targeta de regallo", "es", "targeta de regallo"),
        ("código de verificación", "el kodigo de berificasion", "es", "kodigo de berificasion"),
        ("перевести деньги", "надо перивести денги", "ru", "перивести денги"),
        ("carte cadeau", "une karte kado", "fr", None),
    ],
)
def test_other_languages_by_letters(phrase: str, text: str, language: str, matched: str | None) -> None:
    assert heard(phrase, text, language) == ([matched] if matched else [])


def test_same_pronunciation_is_likeness_one_and_less_for_less() -> None:
    assert likeness("flower shop", "a flour shop") == 1.0
    assert 1.0 > likeness("gift card", "gift cart") > likeness("gift card", "lift cart") > 0.8
    assert likeness("安全账户", "安全账户", "zh") == 1.0
    assert likeness("安全账户", "暗全账户", "zh") > likeness("安全账户", "昂全长户", "zh") > 0.8


def test_a_near_miss_says_by_how_much() -> None:
    pieces = ["the", "keel", "broke"]
    index = SoundIndex([(3, "kill", "en", 0.85)])
    assert index.find(pieces, "en") == []
    (miss,) = index.find(pieces, "en", near=True)
    assert (miss.number, miss.first, miss.last) == (3, 1, 1)
    assert miss.wanted - MARGIN <= miss.likeness < miss.wanted
    assert miss.miss == "sounds alike, 0.89 of the wanted 0.98"


def test_a_hit_is_told_rather_than_a_near_miss_beside_it() -> None:
    assert heard("gift card", "gift card gift cart", near=True) == ["gift card", "gift cart"]
    index = SoundIndex([(0, "gift card", "en", 0.97)])
    found = index.find(["gift", "card", "gift", "cart"], "en", near=True)
    assert [(match.first, bool(match.miss)) for match in found] == [(0, False), (2, True)]


def test_languages_are_kept_apart_unless_one_is_not_known() -> None:
    index = SoundIndex([(0, "gift card", "en", 0.85), (1, "gift card", "es", 0.85), (2, "gift card", "", 0.85)])
    words = ["gift", "card"]
    assert [match.number for match in index.find(words, "en")] == [0, 2]
    assert [match.number for match in index.find(words, "es")] == [1, 2]
    assert [match.number for match in index.find(words)] == [0, 1, 2]
    assert [match.number for match in index.find(words, "zh")] == []


@pytest.mark.parametrize(
    ("phrase", "language", "reason"),
    [
        ("kill*", "en", "`*`"),
        ("oh", "en", "too short"),
        ("I owe you", "en", "consonant"),
        ("你", "zh", "2 syllables"),
        ("...", "en", "nothing to say"),
        ("бомба", "en", "not known"),
    ],
)
def test_phrases_without_a_usable_sound_are_refused_with_the_reason(phrase: str, language: str, reason: str) -> None:
    assert reason in (objection(phrase, language) or "")
    assert SoundIndex([(0, phrase, language, 0.6)]).find(["oh", "kill", "你"]) == []


@pytest.mark.parametrize(("phrase", "language"), [("kill you", "en"), ("集会", "zh"), ("加V信", "zh"), ("бомба", "")])
def test_usable_phrases_have_no_objection(phrase: str, language: str) -> None:
    assert objection(phrase, language) is None


def test_tokens_are_words_and_single_characters_of_unspaced_scripts() -> None:
    normal = normalise("Send 加V信 to him").text
    found = tokens(normal)
    assert [token.text for token in found] == ["send", "加", "v", "信", "to", "him"]
    assert all(normal[token.start : token.end] == token.text for token in found)


_WORDS = st.sampled_from(
    ["kill", "keel", "you", "gift", "cart", "集", "机", "会", "zz9", "бом", "한", "", "v", "\u0301"]
)


@given(st.lists(_WORDS, max_size=12), st.sampled_from(["", "en", "zh", "es", "ko"]))
def test_same_words_same_matches_within_the_words(words: list[str], language: str) -> None:
    index = SoundIndex([(0, "kill you", "en", 0.7), (1, "集会", "zh", 0.7), (2, "gift card", "", 0.7)])
    found = index.find(words, language, near=True)
    assert found == index.find(words, language, near=True)
    for match in found:
        assert isinstance(match, SoundMatch)
        assert 0 <= match.first <= match.last < len(words)
        assert 0 < match.likeness <= 1
        assert bool(match.miss) is (match.likeness < match.wanted - 1e-9)
    assert found == sorted(found, key=lambda match: (match.first, match.last, match.number))
    hits = index.find(words, language)
    assert {(m.number, m.first, m.last) for m in hits} >= {(m.number, m.first, m.last) for m in found if not m.miss}


@given(st.lists(st.sampled_from(["kill", "you", "now", "gift", "cart", "and", "words"]), max_size=8), st.integers(0, 8))
def test_a_phrase_is_heard_wherever_it_stands(around: list[str], place: int) -> None:
    place = min(place, len(around))
    words = [*around[:place], "verify", "occasion", "code", *around[place:]]
    index = SoundIndex([(0, "verification code", "en", 0.8)])
    assert any(match.first <= place + 2 and match.last >= place for match in index.find(words, "en"))
