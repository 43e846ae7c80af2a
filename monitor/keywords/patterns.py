"""RE2 patterns of rules: how they are compiled, and which are refused when a list is saved.

What a pattern means: it is searched in the *normalised* text (normalise.py) of a stretch of speech without a long
pause: case folded, accents and punctuation gone, traditional characters simplified, one space between words of scripts
that have spaces and none beside the others. Word edges are not implied: `\\b` asks for one, where the letters are ASCII
(RE2 knows no other). `^` and `$` are the ends of the stretch. Literal letters of the pattern are folded as the text is.
Whoever searches uses `compiled`, so that what was checked is what runs.

RE2 (Cox, "Regular Expression Matching in the Wild", 2010) takes time linear in the text whatever the pattern; what a
pattern can cost is memory and a constant, both by the size of its program, which is bounded here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from monitor.keywords.normalise import normalise

MAX_LENGTH = 500
"""Characters in one pattern."""
MAX_PROGRAM = 5_000
"""Instructions of one pattern's program. `(kill|hurt).{0,30}you` has about 300."""
MAX_PROGRAMS = 200_000
"""Instructions of all patterns of one list."""
_CHEAPER = "repeat less, and write `[^ ]` or `.` instead of classes such as `\\pL`"
_CONTEXTS = ("", "a", " ")  # before or after an empty match: an end of the text, a letter, none
_SINGLES = "aemtxz05 你是机"  # whoever matches one of these alone matches too much
_ESCAPE = re.compile(
    r"\\(?:[pP]\{[^}]*\}|x\{[^}]*\}|.)|\(\?(?:P?<\w+>|[a-zA-Z-]*[:)])|\[\[:\^?\w+:\]|\{\d+,?\d*\}", re.DOTALL
)


def compiled(pattern: str) -> Any:
    """The pattern as it is searched: `.finditer(normalised_text)`, spans in characters. Raises re2.error."""
    return _compile(fold(pattern))


@lru_cache(maxsize=256)
def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False  # else RE2 writes to stderr by itself
    return re2.compile(pattern, options)


def fold(pattern: str) -> str:
    """Literal letters beyond ASCII in their normal form, where that is one letter: 殺 → 杀, é → e."""
    if pattern.isascii():
        return pattern
    return "".join(char if char.isascii() else _fold_char(char) for char in pattern)


def _fold_char(char: str) -> str:
    folded = normalise(char).text
    return folded if len(folded) == 1 and (folded.isalnum()) else char


def size(pattern: str) -> int:
    """Instructions of its program. Raises re2.error."""
    return int(compiled(pattern).programsize)


def objection(pattern: str) -> tuple[str, str] | None:
    """(reason, mend) why a pattern can't be used, in plain words; None where it can."""
    if len(pattern) > MAX_LENGTH:
        return f"has {len(pattern)} characters; at most {MAX_LENGTH}", "split it into several rules"
    if not pattern.strip():
        return "is empty", "write what to look for"
    if forbidden := re.search(r"(?<!\\)(?:\\\\)*(\\[QC])", pattern):
        return (
            f"has `{forbidden[1]}`, which is not allowed here",
            "write each sign, with a \\ before those that mean something",
        )
    try:
        program = size(pattern)
    except re2.error as error:
        return _refused_by_re2(error)
    if program > MAX_PROGRAM:
        return f"is too costly: {program} instructions; at most {MAX_PROGRAM}", _CHEAPER
    if matches_empty(pattern):
        return "can match nothing at all, so it would hit everywhere", "replace a `*` by `+`, or drop what is optional"
    if single := next((char for char in _SINGLES if _exactly(pattern, char)), None):
        return f"matches a single sign such as {single!r}, which is too broad", "ask for more letters around it"
    return None


def matches_empty(pattern: str) -> bool:
    """Whether it can match without taking a letter, anywhere in any text. Exact: RE2's empty-width assertions look at
    nothing but the sign before and after, and whether there is one."""
    return any(_exactly(pattern, "", before, after) for before in _CONTEXTS for after in _CONTEXTS)


def _exactly(pattern: str, text: str, before: str = "", after: str = "") -> bool:
    """Whether the pattern can match precisely `text` between `before` and `after`."""
    whole = _compile(f"(?:{before})(?:{fold(pattern)})(?:{after})")
    return whole.fullmatch(before + text + after) is not None


def strange_signs(pattern: str) -> str:
    """Literal signs in a pattern that normalised text never has, so that what asks for them never matches."""
    literal = _ESCAPE.sub("", fold(pattern))
    return "".join(dict.fromkeys(c for c in literal if c not in " .*+?|()[]{}^$-\\" and not _in_text(c.lower())))


def _in_text(char: str) -> bool:
    return normalise(char).text == char


def _refused_by_re2(error: Exception) -> tuple[str, str]:
    told = error.args[0] if error.args else ""
    reason = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    mend = ""
    if "too large" in reason:
        return "is too costly: RE2 gave up making a program of it", _CHEAPER
    if "perl operator: (?" in reason or "\\1" in reason:
        mend = "RE2 has no look-around and no back-references; a combination with `not`, or an exception, often does it"
    elif "missing )" in reason or "unexpected )" in reason or "missing ]" in reason:
        mend = "a bracket has no partner; write \\( \\) \\[ \\] for the signs themselves"
    elif "repetition" in reason:
        mend = "RE2 repeats at most 1,000 times in all, and `*`, `+`, `?` need something before them"
    elif "escape" in reason:
        mend = "in a TOML text between \" each \\ is written twice; between ' once"
    return f"is no RE2 pattern: {reason}", mend
