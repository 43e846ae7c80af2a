"""Rules that reach too far, not far enough, or nowhere: patterns, combinations, sound-alikes, days."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

from monitor.keywords import patterns
from monitor.keywords.commonness import per_hour
from monitor.keywords.normalise import is_unspaced, normalise
from monitor.keywords.phrases import forms
from monitor.keywords.remarks import Lines, Remark, Weight, named
from monitor.keywords.rules import KeywordList, Kind, Reach, Rule
from monitor.keywords.sound import objection

COSTLY = 1_000
"""Instructions of a pattern's program from which it is worth a word."""
COMMON_PART = 10.0
"""Times an hour by chance from which a part of a combination that reaches over a minute says little."""
_UNSPACED_GAP = re.compile(r"([^\x00-\x7f]) +([^\x00-\x7f])")
_EDGE_BESIDE = re.compile(r"\\[bB][^\x00-\x7f]|[^\x00-\x7f]\\[bB]")


def odd_patterns(one: KeywordList, lines: Lines) -> Iterator[Remark]:
    """Patterns that normalised text can't fulfil, or that take more than they are meant to."""
    for rule in one.rules:
        if rule.kind is Kind.PATTERN:
            line = lines.rule(rule.label)
            yield from (Remark(weight, line, rule.label, what, mend) for weight, what, mend in _odd(rule.text))


def _odd(pattern: str) -> Iterator[tuple[Weight, str, str]]:
    if signs := patterns.strange_signs(pattern):
        what = f"asks for {named(signs)}, which the text that is searched never has, so that part never matches"
        yield Weight.WRONG, what, "leave the sign out: don't is dont, and punctuation is a space or nothing"
    if "  " in pattern:
        yield Weight.WRONG, "asks for two spaces in a row, which never come", "write one"
    gap = _UNSPACED_GAP.search(pattern)
    if gap and is_unspaced(gap[1]) and is_unspaced(gap[2]):
        what = "asks for a space between characters of a script without spaces, where the text has none"
        yield Weight.WRONG, what, "leave the space out"
    if _EDGE_BESIDE.search(pattern):
        what = "`\\b` knows the letters a-z alone, so beside other letters it is not the edge of a word"
        yield Weight.WRONG, what, "write `(?:^| )` and `(?: |$)`, or drop it where the script has no spaces"
    if re.match(r"(?:\(\?:)?\^?\.[*+]", pattern) or re.search(r"(?<!\\)\.[*+]\)?\$?$", pattern):
        what = "begins or ends with `.*`, so all that was said is shown as the hit, and exceptions hardly cover it"
        yield Weight.WARNING, what, "drop it: a pattern is searched anywhere"
    elif re.search(r"(?<!\\)\.[*+]", pattern):
        what = "has a `.*` inside, which joins what is far apart"
        yield Weight.HINT, what, "bound it, such as `.{0,30}`; or use a combination with `near`"
    if (size := patterns.size(pattern)) >= COSTLY:
        what = f"its program has {size} instructions, of at most {patterns.MAX_PROGRAM}"
        yield Weight.HINT, what, "repeat less, and write `[^ ]` or `.` instead of classes such as `\\pL`"
    if "[A-Z" in pattern or "\\p{Lu}" in pattern:
        yield Weight.HINT, "asks for capital letters, which make no difference", "write small ones"


def combinations(one: KeywordList, lines: Lines) -> Iterator[Remark]:
    """Combinations that can't come about, or that reach over more than their parts bear."""
    for rule in one.rules:
        found = rule.combination
        if found is None:
            continue
        line = lines.rule(rule.label)
        for without in found.without:
            inside = next((part for part in found.parts if _has(part, without)), None)
            if inside is not None:
                what = f"can never be found: {without!r}, which must not be there, is part of {inside!r}"
                yield Remark(Weight.WRONG, line, rule.label, what, "make the `not` longer, or drop it")
        often = [part for part in found.parts if _often(part, rule.languages or one.languages)]
        if often and found.reach is not Reach.UTTERANCE:
            what = f"looks for {named(often)} in all that is said in a minute, and that is often there by chance"
            yield Remark(Weight.WARNING, line, rule.label, what, "use longer phrases, or the reach `utterance`")


def _often(part: str, languages: tuple[str, ...]) -> bool:
    return any(per_hour(part, language) >= COMMON_PART for language in languages)


def _has(part: str, inner: str) -> bool:
    """Whether whoever says the part has said the inner phrase."""
    for form in forms(part):
        for short in forms(inner):
            if short == form or f" {short} " in f" {form} " or (is_unspaced(short[0]) and short in form):
                return True
    return False


def sounds(one: KeywordList, lines: Lines) -> Iterator[Remark]:
    """Sound-alikes that have no language to sound in, no sound, or too short a one to be told from everyday words."""
    usual = _default(one)
    for rule in one.rules:
        if rule.sound is None:
            continue
        line = lines.rule(rule.label)
        if not (rule.languages or one.languages):
            what = "`sound` without a language: words sound alike in one language, and not in all"
            yield Remark(Weight.WARNING, line, rule.label, what, 'give the list its `languages`, such as ["en"]')
        if rule.sound != usual and (reason := _unheard(rule, rule.languages or one.languages or ("",))):
            what = f"is never found by its sound: it {reason}"
            yield Remark(Weight.WARNING, line, rule.label, what, "take `sound` away, or write a longer phrase")
        form = normalise(rule.text).text
        if len(form) == 2 and all(is_unspaced(char) for char in form):
            what = "two syllables: of such words 13 % sound like another one, tones and all"
            mend = "a longer phrase, a combination that asks for another sign, or shadow until it has proved itself"
            yield Remark(Weight.HINT, line, rule.label, what, mend)


def _default(one: KeywordList) -> float | None:
    """What most rules of a list have is its default: those that can't be found so were not meant."""
    likeness, count = Counter(rule.sound for rule in one.rules).most_common(1)[0]
    return likeness if 2 <= count > len(one.rules) / 2 else None


def _unheard(rule: Rule, languages: tuple[str, ...]) -> str | None:
    """Why no part of a rule can be found by sound, in any of the languages; None where one can."""
    texts = rule.combination.parts if rule.combination else (rule.text,)
    reasons = [objection(text, language) for text in texts for language in languages]
    return reasons[0] if all(reasons) else None


def expiry(one: KeywordList, lines: Lines, today: date | None) -> Iterator[Remark]:
    """What has expired, or never will in its list."""
    if one.expires and today and one.expires < today:
        what = f"the whole list expired on {one.expires}, and nothing of it is looked for"
        yield Remark(Weight.WARNING, lines.key("expires"), "", what, "give it a later day, or retire it")
    for rule in one.rules:
        if rule.expires is None:
            continue
        line = lines.rule(rule.label)
        if today and rule.expires < today:
            yield Remark(
                Weight.WARNING, line, rule.label, f"expired on {rule.expires}", "drop it, or give it a later day"
            )
        elif one.expires and rule.expires > one.expires:
            what = f"is to last until {rule.expires}, but its list expires on {one.expires}"
            yield Remark(Weight.WARNING, line, rule.label, what, "give the list a later day")
