"""Unfolds words that are written so that a list does not know them, with the way back to the text as recognised.

Undone are: leet (k1ll, $h!t), letters of other scripts that look the same (kіll with a Cyrillic і: Unicode TS 39, by
confusable-homoglyphs), stretched letters (killll) and letters set apart (k i l l, k-i-l-l). Speech is rarely
transcribed so, but spelled words are, and typed names and captions are full of it.

What looks like leet may be honest (mp3, 4k, h1n1): unfolded text is for rules that ask for it, and what is found only
there is a weaker sign than what is there as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from confusable_homoglyphs import confusables

from monitor.keywords.normalise import Normal, is_spaced, is_unspaced, normalise, normalise_phrase

MAX_READINGS = 4
"""A sign may stand for one letter or another (1 for i or l); so many readings of a text are made at most."""
_LEET = {
    "0": "o", "1": "i", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "€": "e", "!": "i", "|": "l", "£": "l", "$": "s", "+": "t", "¥": "y", "¢": "c",
}  # fmt: skip
_EITHER = frozenset("1!|")  # may be i or l
_INSIDE = "!|+"  # are punctuation at a word's edge
_L_BEFORE = {
    "1": "$1adeilouwy", "^": "1aehijouy", "a": "$1abcefhiklmopstuvwy", "b": "aeimouy", "c": "1eiouy", "d": "eiy",
    "e": "$1abcdefhilmopstuvy", "f": "$aiouy", "g": "1aeiouy", "h": "iy", "i": "$1abcdefghiklmnorstuvwy", "k": "aeiouy",
    "l": "$1aeiouwy", "m": "iy", "n": "1iy", "o": "$1abdefgiklmoptuvy", "p": "1aeiouy", "q": "d", "r": "iwy",
    "s": "1aeiuy", "t": "iy", "u": "$1abefghiklmoptuy", "w": "$aeiy", "y": "$1aeilouv", "z": "eiy",
}  # fmt: skip
"""After this letter (^ a word's start, 1 a sign for i or l) and before those ($ its end) l is likelier than i: true of
91 % of the places in wordfreq's 30,000 commonest English words."""
_FLIPS = ((False, False), (True, True), (False, True), (True, False))  # of the odd and the even ones in a word
_NEVER_DOUBLED = frozenset("ahijkquvwxy")
_WORD = re.compile(r"\S+")
_LETTER = re.compile(r"[^\W\d_]")
_SIGNS = re.escape("".join(_LEET))
_MIXED = re.compile(rf"[a-z][0-9@$]|[{_SIGNS}][a-z]|[a-z][!|+]+[a-z0-9]", re.IGNORECASE)
_BESIDE = re.compile(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}", re.IGNORECASE)
_ONE = rf"(?:[^\W_]|[{re.escape(''.join(c for c in _LEET if not c.isalnum()))}])"
_APART = re.compile(rf"(?<![^\W_]){_ONE}(?:[\s.\-_·*,/]{{1,3}}{_ONE}(?![^\W_])){{2,}}")
_BETWEEN = re.compile(r"[\s.\-_·*,/]{1,3}")


class _Sign(NamedTuple):
    """A character of the text as it is read, and where it comes from."""

    char: str
    start: int
    end: int


def unfold(text: str) -> Normal:
    """The normal form of the likeliest reading; where nothing is disguised, that of the text itself."""
    found = readings(text)
    return found[0] if found else normalise(text)


def readings(text: str) -> tuple[Normal, ...]:
    """Normal forms of what a text may stand for, likeliest first, at most MAX_READINGS; () where nothing is disguised.

    `starts` and `ends` lead back to `text` itself.
    """
    stretched = _STRETCHED.search(text)
    if not (stretched or _MIXED.search(text) or _APART.search(text) or _has_look_alikes(text)):  # nearly all speech
        return ()
    plain = normalise(text).text
    out: dict[str, Normal] = {}
    for doubled in (True, False) if stretched else (True,):
        for flips in _FLIPS if not _EITHER.isdisjoint(text) else _FLIPS[:1]:
            normal = _normal(_read(text, flips, doubled=doubled), len(text))
            if normal.text != plain:
                out.setdefault(normal.text, normal)
    return tuple(out.values())[:MAX_READINGS]


def closed(phrase: str) -> str:
    """The normal form of a phrase without its spaces: what "k i l l y o u" unfolds to.

    To be searched as a word beside the phrase itself, in unfolded text.
    """
    return normalise_phrase(phrase).replace(" ", "")


def _read(text: str, flips: tuple[bool, bool], *, doubled: bool) -> list[_Sign]:
    """One reading. `flips`: whether 1 and its like are the less likely letter; `doubled`: stretched ones were two."""
    signs = [_Sign(char, index, index + 1) for index, char in enumerate(text)]
    for run in _STRETCHED.finditer(text):
        _shorten(signs, *run.span(), doubled=doubled and run[1].lower() not in _NEVER_DOUBLED)
    apart = {index for found in _APART.finditer(text) if _is_spelled(found[0]) for index in range(*found.span())}
    foreign = _is_foreign(text)
    for word in _WORD.finditer(text):
        _look_alikes(signs, *word.span(), foreign=foreign)
        if apart.isdisjoint(range(*word.span())):
            _unleet(signs, *_core(text, *word.span()), flips)
    return [sign for sign in _together(text, signs, flips) if sign.char]


def _shorten(signs: list[_Sign], start: int, end: int, *, doubled: bool) -> None:
    """Three and more of one letter become two or one; the others are left empty."""
    last = start + int(doubled)
    signs[last] = signs[last]._replace(end=end)
    for index in range(last + 1, end):
        signs[index] = signs[index]._replace(char="")


def _is_spelled(run: str) -> bool:
    """Letters set apart, not counted numbers: "a 1 2 3" is a list."""
    return len(_LETTER.findall(run)) >= 2 and not any(is_unspaced(char) for char in run)


def _has_look_alikes(text: str) -> bool:
    """Whether letters of another script may stand for Latin ones: beside one of those, or in a text that is Latin."""
    if text.isascii() or not any(_latin(char) not in ("", char) for char in text if not char.isascii()):
        return False
    return bool(_BESIDE.search(text)) or not _is_foreign(text)


def _is_foreign(text: str) -> bool:
    """Whether the text is written in another script: it has a letter that looks like no Latin one."""
    return any(char.isalpha() and not char.isascii() and is_spaced(char) and not _latin(char) for char in text)


def _look_alikes(signs: list[_Sign], start: int, end: int, *, foreign: bool) -> None:
    """Letters of other scripts in a word with Latin ones; a whole word of them where the text is Latin besides."""
    word = [sign.char for sign in signs[start:end]]
    mixed = any(char.isascii() and char.isalpha() for char in word)
    if not mixed and (foreign or not all(_latin(char) for char in word if char.isalpha())):
        return
    for index in range(start, end):
        sign = signs[index]
        if not sign.char.isascii() and sign.char.isalpha():
            signs[index] = sign._replace(char=_latin(sign.char) or sign.char)


@lru_cache(maxsize=4096)
def _latin(char: str) -> str:
    """The ASCII letter that a letter is (é) or looks like (і); "" where it is like none."""
    base = normalise(char).text
    if len(base) == 1 and base.isascii():
        return char
    found = confusables.is_confusable(char, preferred_aliases=["latin"]) or []
    alike = [other["c"].lower() for one in found for other in one["homoglyphs"] if other["n"].startswith("LATIN")]
    letters = [other for other in alike if len(other) == 1 and other.isascii() and other.isalpha()]
    return letters[0] if letters else ""


def _core(text: str, start: int, end: int) -> tuple[int, int]:
    """A word without the punctuation around it."""
    while start < end and _is_outside(text[start]) and not text[start : start + 2].strip(_INSIDE).isalnum():
        start += 1
    while end > start and _is_outside(text[end - 1]):
        end -= 1
    return start, end


def _is_outside(char: str) -> bool:
    return not char.isalnum() and (char not in _LEET or char in _INSIDE)


def _unleet(signs: list[_Sign], start: int, end: int, flips: tuple[bool, bool]) -> None:
    """A word of letters and leet signs, with at least one of each."""
    chars = [sign.char.lower() for sign in signs[start:end]]
    if not any(char.isalpha() for char in chars) or any(is_unspaced(char) for char in chars if char):
        return
    ambiguous = 0
    for index, char in enumerate(chars):
        if char in _EITHER:
            letter = "l" if _is_l(chars, index) != flips[ambiguous % 2] else "i"
            ambiguous += 1
        else:
            letter = _LEET.get(char, "")
        if letter:
            signs[start + index] = signs[start + index]._replace(char=letter)


def _is_l(chars: list[str], index: int) -> bool:
    """Whether a sign for i or l is likelier an l (he11o, c1ick) than an i (k1ll)."""
    before = _either(chars[index - 1]) if index else "^"
    after = _either(chars[index + 1]) if index + 1 < len(chars) else "$"
    return chars[index] == "|" or after in _L_BEFORE.get(before, "")


def _either(char: str) -> str:
    return "1" if char in _EITHER else _LEET.get(char, char)


def _together(text: str, signs: list[_Sign], flips: tuple[bool, bool]) -> Iterator[_Sign]:
    """Letters set apart, put together. A gap of another kind than the first one is a gap between words."""
    place = 0
    for run in _APART.finditer(text):
        if not _is_spelled(run[0]):
            continue
        yield from signs[place : run.start()]
        gaps = [gap.span() for gap in _BETWEEN.finditer(text, run.start() + 1, run.end())]
        letters = [index for index in range(*run.span()) if not any(start <= index < end for start, end in gaps)]
        spelled = [signs[index] for index in letters]
        _unleet(spelled, 0, len(spelled), flips)
        usual = text[slice(*gaps[0])]
        for index, sign in enumerate(spelled):
            if index and text[slice(*gaps[index - 1])] != usual:
                yield _Sign(" ", *gaps[index - 1])
            yield sign
        place = run.end()
    yield from signs[place:]


def _normal(signs: list[_Sign], length: int) -> Normal:
    """Normalised, with the way back through the signs."""
    normal = normalise("".join(sign.char for sign in signs))
    starts = [signs[place].start if place < len(signs) else length for place in normal.starts]
    ends = [
        signs[end - 1].end if end > place else start
        for place, end, start in zip(normal.starts, normal.ends, starts, strict=True)
    ]
    return Normal(normal.text, tuple(starts), tuple(ends))
