from __future__ import annotations

import random

import pytest
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT
from rapidfuzz.distance import Levenshtein

from monitor.keywords import codes
from monitor.keywords.codes import Coded, Scheme, english, joined, letters, mandarin, schemes_for, ways
from monitor.keywords.phones import MAX_PRONUNCIATIONS, pronunciations


def apart(one: str, other: str) -> float:
    """Distance of two English words, in sounds."""
    return Levenshtein.distance(english(one)[0].code, english(other)[0].code) / 3


def test_known_words_are_looked_up_with_their_variants() -> None:
    assert pronunciations("kill") == (("K", "IH", "L"),)
    assert {("R", "EH", "D"), ("R", "IY", "D")} == set(pronunciations("read"))
    assert pronunciations("dont")[0] == ("D", "OW", "N", "T")
    assert pronunciations("ill")[0] == ("IH", "L"), "the word before the contraction"
    assert all(len(pronunciations(word)) <= MAX_PRONUNCIATIONS for word in ("the", "read", "tomato", "a"))


@pytest.mark.parametrize(
    ("word", "like"),
    [
        ("flavour", "flavor"),  # British spelling
        ("realise", "realize"),
        ("giftcards", "gift cards"),
        ("bitcoins", "bit coins"),
        ("911", "nine one one"),
        ("gaslighters", "gas lighters"),
    ],
)
def test_unknown_words_are_taken_apart_or_guessed(word: str, like: str) -> None:
    expected = tuple(phone for part in like.split() for phone in pronunciations(part)[0])
    assert pronunciations(word)[0] == expected


def test_words_of_other_scripts_have_no_english_pronunciation() -> None:
    assert pronunciations("бомба") == ()
    assert pronunciations("") == ()


def test_costs_by_class_of_sound() -> None:
    assert apart("bet", "bed") == pytest.approx(1 / 3)  # one kind
    assert apart("pat", "fat") == pytest.approx(2 / 3)  # one family
    assert apart("pat", "sat") == pytest.approx(1)  # strangers
    assert apart("bid", "bead") == pytest.approx(1 / 3)
    assert apart("stay", "tay") == pytest.approx(1)  # left out
    assert apart("heat", "eat") == pytest.approx(2 / 3)  # easily swallowed
    assert apart("flower", "flour") == 0


def test_pinyin_is_what_the_library_reads() -> None:
    chance = random.Random(4)
    phrases = chance.sample(sorted(PHRASES_DICT), 300)
    texts = phrases + ["".join(chance.sample(phrases, 3)) for _ in range(100)] + ["银行行长行走", "重庆重要", "龘"]
    for text in texts:
        han = [char for char in text if codes._is_han(char)]
        expected = lazy_pinyin("".join(han), style=Style.TONE3, neutral_tone_with_five=True)
        if len(expected) == len(han):
            assert codes._read(han) == expected


def test_each_syllable_of_the_dictionary_has_a_code() -> None:
    spoken = {pinyin for text in PHRASES_DICT for pinyin in codes._read([c for c in text[:2] if codes._is_han(c)])}
    unknown = {pinyin for pinyin in spoken if pinyin and codes._syllable(pinyin) is None}
    assert len(spoken) > 1000
    assert {pinyin[:-1] for pinyin in unknown} <= {"n", "m", "ng", "hm", "hng", "ê"}, "interjections only"


def test_mandarin_reads_digits_and_english_words_between_characters() -> None:
    read = mandarin(["加", "5", "张", "card", "龘", "бом"])
    assert [len(options) > 0 for options in read] == [True, True, True, True, True, False]
    assert read[1] == mandarin(["五"])[0]
    assert read[3][0].sounds == 1, "an English word is as long as its syllables"


@pytest.mark.parametrize(
    ("one", "other"), [("regallo", "regalo"), ("phone", "fone"), ("berde", "verde"), ("kasa", "casa")]
)
def test_letters_are_made_alike_where_they_sound_alike(one: str, other: str) -> None:
    distance = Levenshtein.distance(letters(one)[0].code, letters(other)[0].code) / 3
    assert distance <= 1 / 3 + 1e-9


def test_a_syllable_of_hangul_is_compared_by_its_parts() -> None:
    one, other, third = (letters(text)[0].code for text in ("한국", "항국", "사람"))
    assert 0 < Levenshtein.distance(one, other) < Levenshtein.distance(one, third)


def test_ways_are_few_and_need_every_word() -> None:
    a, b = Coded("x", "x", 1), Coded("y", "y", 1)
    assert ways([(a, b)] * 5)[0] == joined([a] * 5)
    assert len(ways([(a, b)] * 5)) == codes.MAX_VARIANTS
    assert ways([(a,), ()]) == []


def test_a_phrase_without_a_language_is_heard_as_its_script_allows() -> None:
    assert schemes_for("en", "集会") == (Scheme.PHONES,)
    assert schemes_for("", "集会") == (Scheme.PINYIN,)
    assert schemes_for("", "kill") == (Scheme.PHONES, Scheme.LETTERS)
    assert schemes_for("", "бомба") == (Scheme.LETTERS,)
