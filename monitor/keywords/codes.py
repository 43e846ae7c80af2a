"""Words as strings in which plain edit distance is a distance of sounds.

Each sound is written as three signs: its family, its kind within the family, and itself. So the plain edit distance of
two such strings, which a library computes in a quarter of a microsecond, is an edit distance on sounds with costs by
class: 1/3 for sounds of one kind (t–d, i–ɪ, zh–z, an–ang), 2/3 for those of one family, 1 for strangers and for sounds
left out or put in; 2/3 for those that are easily swallowed (schwa, h, y).

The *bones* of a word are the kinds of its sounds that stay when speech is slurred: its consonants, or initials and
finals in Mandarin. An index of bones finds the few candidates that are worth an exact comparison.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import count, product

from monitor.keywords.phones import pronunciations

MAX_VARIANTS = 4
"""Ways in which one phrase may be pronounced, as far as they are followed."""

_signs = map(chr, count(0xE100))  # private use: never in a normal form but for STAR, which is U+E000


@dataclass(frozen=True, slots=True)
class Coded:
    """One word, or one character of a script without spaces."""

    code: str  # three signs a sound; in Mandarin three for the initial, three for the final, one for the tone
    bones: str
    sounds: int  # in Mandarin: syllables


def _families(*families: str) -> dict[str, str]:
    """Sound → its three signs. A family is written as kinds with commas between, a kind as sounds with spaces."""
    codes: dict[str, str] = {}
    for family in families:
        of_family = next(_signs)
        for kind in family.split(","):
            of_kind = next(_signs)
            codes |= {sound: of_family + of_kind + next(_signs) for sound in kind.split()}
    return codes


_CONSONANTS = _families("P B, F V", "T D, TH DH", "S Z, SH ZH CH JH", "K G", "M, N NG", "L, R, W")
_VOWELS = _families("IY IH, EH EY AE, AA AO OW AH, UW UH, ER, AY, AW, OY")
_WEAK = {"AH": _VOWELS["AH"][:2], "HH": next(_signs) * 2, "Y": next(_signs) * 2}
_PHONES = _CONSONANTS | _VOWELS | _WEAK


def english(word: str) -> tuple[Coded, ...]:
    """The pronunciations of an English word, likeliest first; () where it is not written in English letters."""
    return tuple(_phones(phones) for phones in pronunciations(word))


@lru_cache(maxsize=16_384)
def _phones(phones: tuple[str, ...]) -> Coded:
    bones = "".join(_CONSONANTS[phone][1] for phone in phones if phone in _CONSONANTS)
    return Coded("".join(_PHONES[phone] for phone in phones), bones, len(phones))


_INITIALS = _families("b, p", "m", "f h", "d, t", "n l, r", "g, k", "j, q, x", "zh z, ch c, sh s", "y", "w", "0")
_FINALS = _families(
    "a, ia, ua", "ai, uai, ei, ui", "an ang, ian iang, uan uang, van", "ao, iao, ou, iu",
    "en eng, in ing, un, vn, ong, iong", "e, o uo", "ie, ve, i, v", "er", "u",
)  # fmt: skip
_TONES = {tone: next(_signs) for tone in "12345"}
_SYLLABLE = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)([a-zü]+)([1-5]?)")
_DIGIT_SYLLABLES = ("ling2", "yi1", "er4", "san1", "si4", "wu3", "liu4", "qi1", "ba1", "jiu3")


def mandarin(tokens: Sequence[str]) -> list[tuple[Coded, ...]]:
    """Each token's readings: characters as they are read in their context, digits one by one, other words as English.

    () for what can't be read. The context is the unbroken run of Han characters around it.
    """
    out: list[tuple[Coded, ...]] = []
    place = 0
    while place < len(tokens):
        end = place
        while end < len(tokens) and _is_han(tokens[end]):
            end += 1
        if end > place:
            read = (_syllable(pinyin) for pinyin in _read(tokens[place:end]))
            out.extend((coded,) if coded else () for coded in read)
            place = end
            continue
        word = tokens[place]
        out.append((_digits(word),) if word.isdecimal() and word.isascii() else _loan(word))
        place += 1
    return out


def _loan(word: str) -> tuple[Coded, ...]:
    """An English word in Mandarin: as long as its syllables."""
    return tuple(
        replace(_phones(phones), sounds=max(1, sum(phone in _VOWELS for phone in phones)))
        for phones in pronunciations(word)
    )


def _is_han(token: str) -> bool:
    return len(token) == 1 and ("\u3400" <= token <= "\u9fff" or "\U00020000" <= token <= "\U000323af")


def _read(chars: Sequence[str]) -> list[str]:
    """Pinyin with the tone as a digit, one for each character; "" where there is none.

    What pypinyin's lazy_pinyin gives (a test holds them together), at a quarter of its cost: its segmenter and its
    dictionaries, without its styles.
    """
    # a third of a second and 60 MB: only where Mandarin is looked for
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
    from pypinyin.seg.mmseg import seg

    out: list[str] = []
    for word in seg.cut("".join(chars)):
        phrase = PHRASES_DICT.get(word) if len(word) > 1 else None
        read = [one[0] for one in phrase] if phrase else [PINYIN_DICT.get(ord(char), "").split(",")[0] for char in word]
        out.extend(_tone_as_digit(pinyin) for pinyin in read)
    return out


@lru_cache(maxsize=4096)
def _tone_as_digit(pinyin: str) -> str:
    from pypinyin.contrib.tone_convert import to_tone3

    return str(to_tone3(pinyin, neutral_tone_with_five=True)) if pinyin else ""


@lru_cache(maxsize=4096)  # Mandarin has some 1,300 syllables with tones
def _syllable(pinyin: str) -> Coded | None:
    """None for interjections such as "ng" or "hm", which stand outside the system of initials and finals."""
    parts = _SYLLABLE.fullmatch(pinyin)
    if parts is None:
        return None
    initial, final, tone = parts[1] or "0", parts[2].replace("ü", "v"), parts[3] or "5"
    if initial in "jqxy" and final[0] == "u":
        final = "v" + final[1:]
    final = {"ue": "ve", "von": "iong", "vong": "iong", "io": "o", "ueng": "eng"}.get(final, final)
    if final not in _FINALS:
        return None
    bones = _INITIALS[initial][1] + _FINALS[final][1]
    return Coded(_INITIALS[initial] + _FINALS[final] + _TONES[tone], bones, 1)


def _digits(number: str) -> Coded:
    return joined([coded for digit in number if (coded := _syllable(_DIGIT_SYLLABLES[int(digit)]))])


_LETTERS = _families("p, b v, f, w", "t, d", "s z c, x j", "k q, g", "m, n", "l, r", "i y, e, a, o, u")
_SPELLED = (
    (re.compile(r"(\w)\1"), r"\1"),  # doubled letters
    (re.compile(r"ph"), "f"),
    (re.compile(r"sch|[sct]h(?=[^lmnr]|$)"), "x"),
    (re.compile(r"gu(?=[ei])"), "g"),
    (re.compile(r"qu|c(?=[^eiyh]|$)|ck"), "k"),
    (re.compile(r"h"), ""),
)
_LATIN = str.maketrans(
    dict(
        zip(
            "абвгґдежзийіїклмнопрстуўфхцчшщыэєюяαβγδεζηθικλμνξοπρστυφχψω",
            "abvggdexziiiiklmnoprstuufksxxxieeuaabgdeziΘiklmnxoprstifkpo".replace("Θ", "t"),
            strict=True,
        )
    )
    | {"ъ": "", "ь": "", "ß": "s", "þ": "t", "ð": "d"}
)


@lru_cache(maxsize=16_384)
def letters(word: str) -> tuple[Coded, ...]:
    """A word of any other language by its letters: near to its sound where spelling is, and no further.

    Latin, Cyrillic and Greek letters have costs by class; those of other scripts are alike or not, a syllable of Hangul
    by its parts.
    """
    parts = unicodedata.normalize("NFD", word) if any("가" <= char <= "힣" for char in word) else word
    spelled = parts.translate(_LATIN)
    for pattern, said in _SPELLED:
        spelled = pattern.sub(said, spelled)
    code = "".join(_LETTERS.get(char, char * 3) for char in spelled)
    bones = "".join(_LETTERS[char][1] if char in _LETTERS else char for char in spelled if char not in "aeiouy")
    return (Coded(code, bones, len(spelled)),) if spelled else ()


def joined(words: Iterable[Coded]) -> Coded:
    """Words said in a row, as one."""
    parts = tuple(words)
    return Coded(
        "".join(part.code for part in parts),
        "".join(part.bones for part in parts),
        sum(part.sounds for part in parts),
    )


def ways(readings: Iterable[tuple[Coded, ...]]) -> list[Coded]:
    """The pronunciations of a phrase from those of its words: at most MAX_VARIANTS, likeliest first.

    None where one of the words can't be read.
    """
    return list(dict.fromkeys(joined(one) for one, _ in zip(product(*readings), range(MAX_VARIANTS), strict=False)))


class Scheme(StrEnum):
    """What a language is compared by."""

    PHONES = "phones"  # English
    PINYIN = "pinyin"  # Mandarin
    LETTERS = "letters"  # all others

    def read(self, tokens: Sequence[str]) -> list[tuple[Coded, ...]]:
        """The readings of each token, likeliest first; () for what can't be read."""
        if self is Scheme.PINYIN:
            return mandarin(tokens)
        return [english(token) if self is Scheme.PHONES else letters(token) for token in tokens]


def schemes_for(language: str, text: str) -> tuple[Scheme, ...]:
    """By which schemes a phrase can be heard: its language's; without a language, those that its script allows."""
    if language:
        return (scheme_of(language),)
    if any(_is_han(char) for char in text):
        return (Scheme.PINYIN,)
    return (Scheme.PHONES, Scheme.LETTERS) if text.isascii() else (Scheme.LETTERS,)


def scheme_of(language: str) -> Scheme:
    return {"en": Scheme.PHONES, "zh": Scheme.PINYIN}.get(language, Scheme.LETTERS)
