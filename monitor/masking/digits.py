"""Runs of digits in a text, as figures or as words: "5551234", "five five five one two", "一三八". Pure.

Recognisers write a number that is said digit by digit in either way, and change between them within one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ONES = {"zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "three": "3", "four": "4"}
_ONES |= {"five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "niner": "9"}
_TEENS = dict(
    zip(
        ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
        (str(n) for n in range(10, 20)),
        strict=True,
    )
)
_TENS = {"twenty": "2", "thirty": "3", "forty": "4", "fourty": "4", "fifty": "5"}
_TENS |= {"sixty": "6", "seventy": "7", "eighty": "8", "ninety": "9"}
_TIMES = {"double": 2, "triple": 3, "treble": 3}
_HAN = {han: str(n) for n, han in enumerate("零一二三四五六七八九")} | {"〇": "0", "幺": "1", "两": "2", "兩": "2"}

_WORD = "|".join(sorted([*_ONES, *_TEENS, *_TENS, *_TIMES], key=len, reverse=True))
_PIECE = re.compile(
    rf"(?P<money>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+\.\d+%?)(?!\d)|(?P<figures>\d+)"
    rf"|\b(?P<word>{_WORD})\b|(?P<han>[{''.join(_HAN)}])",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[\s\-–—./()+·,，、。]*(?:\b(?:dash|hyphen|uh|um|er|then|space)\b[\s,]*)?", re.IGNORECASE)
"""What may stand between two pieces of one number."""


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces of a number one after another."""

    start: int  # in characters of the text
    end: int
    digits: str
    years: bool  # all of it may be years: "2019, 2020"


_YEAR = re.compile(r"(?:1[6-9]|20)\d\d")


def runs(text: str) -> Iterator[Run]:
    """In order. "1,000,000" and "3.14" are amounts and no runs: nobody gives a telephone number so."""
    start, end, digits, years, times, tens = -1, -1, "", True, 1, False
    for found in _PIECE.finditer(text):
        joins = start >= 0 and _BETWEEN.fullmatch(text, end, found.start()) is not None and not found["money"]
        if not joins:
            if digits:
                yield Run(start, end, digits, years)
            start, digits, years, times, tens = found.start(), "", True, 1, False
            if found["money"]:
                start = end = -1
                continue
        end = found.end()
        word = (found["word"] or "").lower()
        if word in _TIMES:
            times = _TIMES[word]
            continue
        if tens and word in _ONES and _ONES[word] != "0":  # "twenty three" is 23
            digits = digits[:-1] + _ONES[word]
            tens = False
            continue
        digits += _said(found) * times
        times, tens, years = 1, word in _TENS, years and _YEAR.fullmatch(found[0]) is not None
    if digits:
        yield Run(start, end, digits, years)


def _said(found: re.Match[str]) -> str:
    if found["figures"]:
        return "".join(str(int(figure)) for figure in found["figures"])  # also those of other scripts
    if found["han"]:
        return _HAN[found["han"]]
    word = found["word"].lower()
    return _ONES.get(word) or _TEENS.get(word) or _TENS[word] + "0"


def luhn(digits: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, figure in enumerate(reversed(digits)):
        value = int(figure) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
