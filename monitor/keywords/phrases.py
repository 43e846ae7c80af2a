"""How one phrase becomes something that can be searched for."""

from __future__ import annotations

import re
from functools import lru_cache

from monitor.keywords.normalise import STAR, UNSPACED, is_spaced, is_unspaced, normalise_phrase

MAX_WILDCARDS = 3
"""Wildcards in one word: bounds the work of the search on a hostile text."""
_WORD_REST = f"[^ {UNSPACED}]{{0,30}}"  # what a wildcard may stand for where words have edges
_SOME_SIGNS = f"[{UNSPACED}]{{0,4}}?"  # and where they have none
_LETTER = f"[^ {UNSPACED}]"
_HYPHENS = re.compile(r"(?<=\w)[-‐‑‒–](?=\w)")
_PLAIN = re.compile(r"[A-Za-z0-9 ]*").fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@lru_cache(maxsize=1024)  # reading a list asks several times in a row for the same phrase
def forms(text: str) -> tuple[str, ...]:
    """The normal forms that a phrase stands for: e-mail is written "e mail" or "email"."""
    if _PLAIN(text):  # most phrases of big lists; forty times as fast
        return (" ".join(text.lower().split()),)
    apart = normalise_phrase(text)
    joined = _HYPHENS.sub("", text)
    return (apart,) if joined == text else tuple(dict.fromkeys((apart, normalise_phrase(joined))))


def objection(text: str) -> tuple[str, str] | None:
    """(reason, mend) why a phrase can't be used, in plain words; None where it can."""
    normal = forms(text)[0]
    if len(normal) > 1 and _PLAIN(text):
        return None
    if not normal.replace(STAR, "").strip():
        reason = "has no letter or digit, so it would find nothing or everything"
        return reason, "punctuation and symbols are never heard; write words"
    if _CONTROL.search(text):
        return "has a line break, tab or other control character", "write it in one line, with spaces"
    if STAR in normal and any(set(word) <= {"*", "＊"} for word in text.split()):
        mend = "a `*` stands for the rest of a word, so write it next to letters; for a gap use a rule with `near`"
        return "has a `*` on its own", mend
    if STAR in normal:
        for word in normal.split(" "):
            reason_and_mend = _word_objection(word)
            if reason_and_mend:
                return reason_and_mend
    literal = normal.replace(STAR, "").replace(" ", "")
    if len(literal) == 1 and is_spaced(literal):
        return "is a single letter or digit, which is too broad", "write more of the phrase"
    return None


def _word_objection(word: str) -> tuple[str, str] | None:
    stars = word.count(STAR)
    if not stars:
        return None
    if STAR * 2 in word:
        return "has two `*` side by side", "one is enough"
    if stars > MAX_WILDCARDS:
        return f"has more than {MAX_WILDCARDS} `*` in one word", "use a pattern rule, or several phrases"
    if len(word) - stars < 2:
        return "is too broad: a word with `*` needs at least two letters", "write more letters"
    inner = word.strip(STAR)
    if (word[0] == STAR and is_unspaced(inner[0])) or (word[-1] == STAR and is_unspaced(inner[-1])):
        return "has a `*` at the edge of a script without spaces, where it changes nothing", "leave it out"
    return None


def anchor(form: str) -> str:
    """The longest part of a normal form without wildcards: where it is missing, the phrase can't be there."""
    return max(form.split(STAR), key=len).strip()


def expression(form: str) -> re.Pattern[str]:
    """A regular expression for a normal form with wildcards, to be searched in normalised text.

    Each word is an atomic group that ends at the word's edge, so the work grows with the text and not with the product
    of its words.
    """
    words = form.split(" ")
    return re.compile(" ".join(f"(?>{_word_expression(word)})" for word in words))


def _word_expression(word: str) -> str:
    out = [f"(?<!{_LETTER})"] if is_spaced(word[0]) else []
    for before, char, after in zip(" " + word, word, word[1:] + " ", strict=False):
        if char != STAR:
            out.append(re.escape(char))
        elif is_unspaced(before) or is_unspaced(after):
            out.append(_SOME_SIGNS)
        else:
            out.append(_WORD_REST)
    if is_spaced(word[-1]):
        out.append(f"(?!{_LETTER})")
    return "".join(out)
