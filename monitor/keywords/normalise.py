"""One spelling for what sounds and reads the same, with the way back to the original text.

Normal form: compatibility forms folded (NFKC: width, ligatures), case folded, accents of Latin, Greek and Cyrillic
letters removed, traditional Chinese characters made simplified, zero-width signs and apostrophes inside words removed
(don't → dont). What remains are letters, digits and the vowel signs that belong to them; everything else separates.
A separator is one space between two letters of scripts that are written with spaces, and nothing beside a letter of a
script that is not: "加 V 信" and "加V信" are the same.

Punctuation is ignored on purpose: a recogniser guesses it from the melody of the voice, often wrongly.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from monitor.keywords.hanzi import simplified

STAR = "\ue000"
"""Stands for a wildcard in a normalised phrase. Private use: never left in normalised speech."""

UNSPACED = (
    "\u0e01-\u0eff"  # Thai, Lao
    "\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035"  # marks that stand for Han characters or kana
    "\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
)
"""Scripts written without spaces, as the inside of a regular expression's character class."""

_UNSPACED_RANGES = tuple((UNSPACED[i], UNSPACED[i + 2]) for i in range(0, len(UNSPACED), 3))
_ASCII_WORD = re.compile("[0-9A-Za-z]+")
_HAN = re.compile("[\u4e00-\u9fff]+").fullmatch
_APOSTROPHES = frozenset("'’‘ʼ`´＇′‛")
_FOLDED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ς": "σ"}
)  # letters that Unicode does not decompose but that people type without their stroke


@dataclass(frozen=True, slots=True)
class Normal:
    """Normalised text; `text[i]` comes from `original[starts[i]:ends[i]]`."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@lru_cache(maxsize=16_384)
def is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script that is written without spaces."""
    return any(low <= char <= high for low, high in _UNSPACED_RANGES)


def is_spaced(char: str) -> bool:
    """Whether a character of normalised text belongs to a script whose words have edges."""
    return char != " " and not is_unspaced(char)


def normalise(text: str) -> Normal:
    """The normal form of recognised speech."""
    if text.isascii():
        return _plain(text)
    if _HAN(text):
        return Normal(_simplified(text), tuple(range(len(text))), tuple(range(1, len(text) + 1)))
    return _build(text, wildcards=False)


def normalise_phrase(text: str) -> str:
    """The normal form of a phrase of a list: as for speech, and `*` becomes STAR."""
    if text.isascii() and "*" not in text:
        return _plain(text).text
    return _simplified(text) if _HAN(text) else _build(text, wildcards=True).text


def _simplified(text: str) -> str:
    """What `_build` makes of Chinese characters alone: each is one letter, and stays one."""
    return "".join([_parts(char)[0] for char in text])


def _plain(text: str) -> Normal:
    """What `_build` makes of ASCII, word by word instead of letter by letter: a tenth of the time, for most speech."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for word in _ASCII_WORD.finditer(text):
        start, end = word.span()
        gap = text[last:start]
        if (
            out
            and gap not in ("'", "`")
            and not (gap == "," and text[last - 1].isdecimal() and text[start].isdecimal())
        ):
            out.append(" ")
            starts.append(last)
            ends.append(start)
        out.append(word[0].lower())
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))
        last = end
    return Normal("".join(out), tuple(starts), tuple(ends))


def _build(text: str, *, wildcards: bool) -> Normal:
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    separated = False
    for piece, start, end in _clusters(text, wildcards=wildcards):
        if not piece:
            separated = True
            continue
        if separated and out and is_spaced(out[-1]) and is_spaced(piece[0]):
            out.append(" ")
            starts.append(min(ends[-1], start))  # one sign may be two words: ¼ is 1⁄4
            ends.append(start)
        separated = False
        out.extend(piece)
        starts.extend([start] * len(piece))
        ends.extend([end] * len(piece))
    return Normal("".join(out), tuple(starts), tuple(ends))


def _clusters(text: str, *, wildcards: bool) -> Iterator[tuple[str, int, int]]:
    """(normalised letter with its marks, start, end) for each letter; an empty one for each separator."""
    held, start, end = "", 0, 0
    for index, char in enumerate(text):
        for part in _decompose(text, index, char, wildcards=wildcards):
            if held and part and _continues(part):
                held, end = held + part, index + 1
                continue
            if held:
                yield _finish(held), start, end
            held, start, end = part, index, index + 1
            if not part:
                yield "", index, index + 1
    if held:
        yield _finish(held), start, end


def _decompose(text: str, index: int, char: str, *, wildcards: bool) -> tuple[str, ...]:
    """The letters and marks of one character; ("",) for a separator, () for what is simply left out."""
    if wildcards and char in "*＊":
        return (STAR,)
    if char in _APOSTROPHES:
        inside = 0 < index < len(text) - 1 and text[index - 1].isalnum() and text[index + 1].isalnum()
        return () if inside else ("",)
    if char == "," and 0 < index < len(text) - 1 and text[index - 1].isdecimal() and text[index + 1].isdecimal():
        return ()  # 5,000
    return _parts(char)


@lru_cache(maxsize=16_384)
def _parts(char: str) -> tuple[str, ...]:
    """Letters and marks of one character after folding. Cached: the same few thousand characters come all the time."""
    if unicodedata.category(char) == "Cf" or char == "\u0640":  # zero-width, direction, soft hyphen; Arabic tatweel
        return ()
    if "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":  # variation selectors
        return ()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    if folded and is_unspaced(folded[0]):
        folded = "".join(simplified().get(part, part) for part in folded)
    folded = folded.translate(_FOLDED)
    return tuple(part if unicodedata.category(part)[0] in "LNM" else "" for part in folded)


def _continues(part: str) -> bool:
    """Marks, and the vowels and finals of a decomposed Hangul syllable, belong to the letter before."""
    return unicodedata.category(part)[0] == "M" or "\u1160" <= part <= "\u11ff"


@lru_cache(maxsize=16_384)
def _finish(cluster: str) -> str:
    """A letter with its marks, composed; without the marks where they are accents or optional vowel points."""
    base, marks = cluster[0], cluster[1:]
    if not marks:
        return cluster
    if base < "\u0530" or "\u1e00" <= base <= "\u1fff":  # Latin, Greek, Cyrillic
        kept = "\u0306" if base in "иу" and "\u0306" in marks else ""  # й and ў are letters of their own
        return unicodedata.normalize("NFC", base + kept)
    if "\u0590" <= base <= "\u06ff":  # Hebrew and Arabic: vowel points are written or not; hamza and madda stay
        marks = "".join(m for m in marks if not ("\u0591" <= m <= "\u05c7" or "\u064b" <= m <= "\u0652"))
    return unicodedata.normalize("NFC", base + marks)
