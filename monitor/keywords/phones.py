"""How English words are pronounced: CMUdict (the one in pocketsphinx's wheel), and a guess where it has no entry.

Phones are ARPAbet without stress. The dictionary is kept as one text with an index of its words, about 10 MB; as
135,000 Python objects with their phones it would be five times that.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

from monitor.errors import ModelMissing

Phones = tuple[str, ...]

MAX_PRONUNCIATIONS = 3
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NOT_ENGLISH = re.compile(r"[^a-z0-9]")
_VARIANT = re.compile(rb"\(\d+\)")


@lru_cache(maxsize=16_384)
def pronunciations(word: str) -> tuple[Phones, ...]:
    """What a word in normal form (normalise.py) may sound like, likeliest first; () where it is no English spelling.

    Looked up; else in American spelling; else taken apart into known words (giftcard), or a known word and its ending;
    else guessed by letters. Digits are read one by one. Raises ModelMissing where the dictionary is not installed.
    """
    if not word or _NOT_ENGLISH.search(word):
        return ()
    return _dictionary().find(word) or (_respelled(word) or _taken_apart(word) or _guessed(word),)


def warm() -> None:
    """Load the dictionary now (about 0.2 s, once a process) instead of at the first word."""
    _dictionary()


class _Dictionary:
    """The lines of CMUdict, sorted by word, apostrophes left out (don't → dont) as normalise.py does.

    Where two words become one spelling so (ill, I'll), the one without apostrophe is the likelier.
    """

    def __init__(self, content: bytes) -> None:
        lines = content.splitlines()
        plain = [line for line in lines if b"'" not in line]
        elided = [line.replace(b"'", b"") for line in lines if b"'" in line]
        lines = [_VARIANT.sub(b"", line, 1) for line in (*plain, *elided)]
        lines.sort(key=_headword)  # stable: variants stay in their order
        self._words = [_headword(line) for line in lines]
        self._lines = b"\n".join(lines) + b"\n"
        self._starts = array("I", [0, *accumulate(len(line) + 1 for line in lines)])

    def find(self, word: str) -> tuple[Phones, ...]:
        wanted = word.encode("ascii")
        first = bisect_left(self._words, wanted)
        found: dict[Phones, None] = {}
        for index in range(first, min(first + MAX_PRONUNCIATIONS, len(self._words))):
            if self._words[index] != wanted:
                break
            phones = self._lines[self._starts[index] + len(wanted) : self._starts[index + 1]].decode("ascii").split()
            found.setdefault(tuple(phones))
        return tuple(found)


def _headword(line: bytes) -> bytes:
    return line.split(b" ", 1)[0]


@cache
def _dictionary() -> _Dictionary:
    found = find_spec("pocketsphinx")  # its own function for this would load the whole recogniser
    for place in (found and found.submodule_search_locations) or ():
        path = Path(place) / "model" / "en-us" / "cmudict-en-us.dict"
        if path.is_file():
            return _Dictionary(path.read_bytes())
    raise ModelMissing("English pronunciations are not installed; `pip install pocketsphinx` brings them")


_ENDINGS: dict[str, Phones] = {
    "ings": ("IH", "NG", "Z"),
    "ing": ("IH", "NG"),
    "ers": ("ER", "Z"),
    "ies": ("IY", "Z"),
    "er": ("ER",),
    "ed": ("D",),
    "ly": ("L", "IY"),
    "s": ("Z",),
    "y": ("IY",),
}


_BRITISH = (("our", "or"), ("ise", "ize"), ("isa", "iza"), ("ising", "izing"), ("yse", "yze"), ("tre", "ter"),
            ("lled", "led"), ("lling", "ling"), ("ller", "ler"), ("ae", "e"), ("oe", "e"), ("ogue", "og"))  # fmt: skip


def _respelled(word: str) -> Phones:
    """British spelling to American, which CMUdict has; () where that gives no known word."""
    for british, american in _BRITISH:
        if british in word and (found := _dictionary().find(word.replace(british, american))):
            return found[0]
    return ()


def _taken_apart(word: str) -> Phones:
    """A known stem with an ending, or two known words of three letters and more; () where it is neither."""
    for ending, phones in _ENDINGS.items():
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3:
            for whole in (stem, stem + "e", stem[:-1] if stem[-1] == stem[-2] else ""):
                found = _dictionary().find(whole) if whole else ()
                if found:
                    return (*found[0], *phones)
    for cut in range(len(word) - 3, 2, -1):
        first, second = _dictionary().find(word[:cut]), _dictionary().find(word[cut:])
        if first and second:
            return (*first[0], *second[0])
    return ()


_SPELLINGS: dict[str, str] = {
    "tion": "SH AH N", "sion": "ZH AH N", "ture": "CH ER", "ough": "AO", "augh": "AO", "eigh": "EY", "igh": "AY",
    "tch": "CH", "dge": "JH", "sch": "SH", "chr": "K R", "que": "K", "gue": "G", "ck": "K", "ch": "CH", "sh": "SH",
    "th": "TH", "ph": "F", "wh": "W", "kn": "N", "wr": "R", "gh": "G", "ng": "NG", "qu": "K W", "ce": "S EH",
    "ci": "S IH", "cy": "S IY", "ge": "JH EH", "gi": "JH IH", "gy": "JH IY", "ee": "IY", "ea": "IY", "ie": "IY",
    "ei": "EY", "ai": "EY", "ay": "EY", "ey": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "oa": "OW", "oi": "OY",
    "oy": "OY", "au": "AO", "aw": "AO", "ew": "UW", "eu": "UW", "ue": "UW", "ar": "AA R", "er": "ER", "ir": "ER",
    "or": "AO R", "ur": "ER", "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH",
    "i": "IH", "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S",
    "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
"""English spelling to phones, the commonest reading of each; digits come in between as words."""
_LONGEST = max(map(len, _SPELLINGS))
_LONG_VOWELS = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}
_SILENT_E = re.compile(r"(?<=[a-z])([aeiou])([b-df-hj-np-tvz])e$")


def _guessed(word: str) -> Phones:
    """Letter by letter, the longest spelling first: right about consonants, rough about vowels."""
    phones: list[str] = []
    lengthened = _SILENT_E.search(word)
    place = 0
    while place < len(word):
        if lengthened and place == lengthened.start():
            phones.append(_LONG_VOWELS[word[place]])
            place += 1
            continue
        if word[place].isdigit():
            phones.extend(_dictionary().find(_DIGITS[int(word[place])])[0])
            place += 1
            continue
        if lengthened and place == len(word) - 1:
            break
        place += _spell(word, place, phones)
    return tuple(phones)


def _spell(word: str, place: int, phones: list[str]) -> int:
    """Append the phones of the longest spelling here; how many letters it took. Doubled consonants count once."""
    for length in range(min(_LONGEST, len(word) - place), 0, -1):
        spelling = word[place : place + length]
        if spelling in _SPELLINGS:
            said = _SPELLINGS[spelling].split()
            phones.extend(said[1:] if phones and phones[-1] == said[0] and length == 1 else said)
            return length
    return 1
