"""What could go wrong with a list that can be used: said before it is live, not found out after. Pure.

What a list does is asked of the Matcher itself, so a remark about it is true for all kinds of rules and all options.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from monitor.keywords.commonness import Firing, firings
from monitor.keywords.lint_overlaps import across, contained, idle_exceptions, never_first
from monitor.keywords.lint_reach import combinations, expiry, odd_patterns, sounds
from monitor.keywords.lists import as_tried, wrong_examples
from monitor.keywords.match import Matcher
from monitor.keywords.remarks import Lines, Remark, Weight, named, some
from monitor.keywords.rules import KeywordList, Kind

__all__ = ["Remark", "Weight", "lint"]

OFTEN = 1.0
"""Hits an hour of speech by common words alone, from which a rule is warned of."""
AT_TIMES = 0.1
"""And from which it is worth a hint."""


def lint(
    one: KeywordList,
    others: Sequence[KeywordList] = (),
    text: str = "",
    *,
    today: date | None = None,
    common: bool = True,
) -> list[Remark]:
    """Remarks, the gravest first, then in order of lines. `text`: the list's file, for the lines; `others`: the lists
    that are in force beside it; `today`: to tell what has expired; `common`: try the 20,000 commonest words of its
    languages, too, which takes a second each, and three with sound-alikes.
    """
    lines = Lines(text)
    matcher = Matcher([as_tried(one)])
    kinds = (
        some(_examples(one, matcher), "more examples"),
        some(never_first(one, matcher, lines), "more rules that are never the first"),
        some(odd_patterns(one, lines), "more patterns"),
        some(combinations(one, lines), "more combinations"),
        some(across(one, others, lines), "more rules that other lists have"),
        some(contained(one, lines), "more phrases with another one in them"),
        some(idle_exceptions(one, lines), "more exceptions that do nothing"),
        some(sounds(one, lines), "more rules by sound"),
        some(expiry(one, lines, today), "more rules that expire"),
        some(_common(one, lines) if common else iter(()), "more rules that common words set off"),
        _untried(one, matcher, lines),
    )
    remarks = [remark for kind in kinds for remark in kind]
    return sorted(remarks, key=lambda remark: (list(Weight).index(Weight(remark.grade)), remark.line))


def _examples(one: KeywordList, matcher: Matcher) -> Iterator[Remark]:
    """None in a list that was read with `parse`, which refuses those."""
    for wrong in wrong_examples(one, matcher):
        yield Remark(Weight.WRONG, 0, "", wrong.reason, wrong.mend)


def _untried(one: KeywordList, matcher: Matcher, lines: Lines) -> Iterator[Remark]:
    """Rules that no example shows at work. Not for big lists, where nobody writes one for each."""
    if not one.hits:
        mend = "write [examples] with `hit` and `miss`: they are tried whenever the list is changed"
        yield Remark(Weight.HINT, lines.key("examples"), "", "no example says what must be found", mend)
        return
    if not one.misses:
        mend = "under [examples], `miss`: innocent sentences that come near"
        yield Remark(Weight.HINT, lines.key("examples"), "", "no example says what must not be found", mend)
    languages = one.languages or ("",)
    shown = {hit.phrase for text in one.hits for language in languages for hit in matcher.find_text(text, language)}
    untried = [rule.label for rule in one.rules if rule.label not in shown and rule.kind is not Kind.PHRASE]
    if untried:
        what = f"no example hits {named(untried)}"
        yield Remark(Weight.HINT, lines.rule(untried[0]), "", what, "patterns and combinations need one to be believed")


def _common(one: KeywordList, lines: Lines) -> Iterator[Remark]:
    for firing in firings(one):
        if firing.per_hour >= AT_TIMES:
            weight = Weight.WARNING if firing.per_hour >= OFTEN else Weight.HINT
            yield Remark(weight, lines.rule(firing.label), firing.label, _rate(firing), _calmer(firing))


def _rate(firing: Firing) -> str:
    rate = f"{firing.per_hour:.0f}" if firing.per_hour >= 10 else f"{firing.per_hour:.1f}"
    words = ", ".join(f"{word!r} {per_hour:.2g}" for word, per_hour in firing.words[:5])
    language = f" in {firing.language}" if firing.language else ""
    if firing.guessed:
        return f"expected about {rate} times an hour of speech{language}, were its words independent of each other"
    return f"expected about {rate} times an hour of speech{language} by common words alone: {words}"


def _calmer(firing: Firing) -> str:
    if firing.guessed:
        return "make the phrase longer, or let it go in shadow first"
    return "exceptions for the innocent ones, a longer phrase, a stricter `sound`; or let it go in shadow first"
