"""Rules in each other's way: in other lists, in the same list, and exceptions that do nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ahocorasick_rs import AhoCorasick

from monitor.keywords import patterns
from monitor.keywords.lists import as_tried
from monitor.keywords.match import Matcher
from monitor.keywords.normalise import STAR, is_spaced, is_unspaced
from monitor.keywords.phrases import anchor, expression, forms
from monitor.keywords.remarks import Lines, Remark, Weight
from monitor.keywords.rules import KeywordList, Kind, Rule


def across(one: KeywordList, others: Sequence[KeywordList], lines: Lines) -> Iterator[Remark]:
    """What another list looks for, too, in the same languages and rooms: each hit is two."""
    for other in others:
        if other.name == one.name or not _meet(one.languages, other.languages) or not _meet(one.rooms, other.rooms):
            continue
        known = {sought: rule for rule in other.rules for sought in _sought(rule)}
        for rule in one.rules:
            same = next((known[sought] for sought in _sought(rule) if sought in known), None)
            if same is not None and _meet(rule.languages, same.languages) and _meet(rule.rooms, same.rooms):
                alike = "" if same.severity is rule.severity else f", {same.severity} there and {rule.severity} here"
                what = f"the list {other.name!r} has it, too{alike}: each hit counts in both"
                yield Remark(Weight.WARNING, lines.rule(rule.label), rule.label, what, "drop it from one of the two")


def contained(one: KeywordList, lines: Lines) -> Iterator[Remark]:
    """Phrases that have another phrase of the list in them. Of the two the longer is what is shown."""
    by_form = {form: rule for rule in one.rules if rule.kind is Kind.PHRASE for form in forms(rule.text)}
    plain = [form for form in by_form if STAR not in form]
    if len(plain) < 2:
        return
    search = AhoCorasick(plain)
    for form in plain:
        rule = by_form[form]
        seen: set[str] = {rule.label}
        for number, start, end in search.find_matches_as_indexes(form, overlapping=True):
            inner = by_form[plain[number]]
            if inner.label in seen or not _at_edges(form, start, end) or not _covers(inner, rule):
                continue
            seen.add(inner.label)
            if inner.severity.rank > rule.severity.rank:
                what = f"where it is found it hides {inner.label!r}, which is {inner.severity} and part of it"
                mend = f"give it the severity {inner.severity}, too, or drop it"
                yield Remark(Weight.WARNING, lines.rule(rule.label), rule.label, what, mend)
            elif inner.severity is rule.severity and not rule.note:
                what = f"{inner.label!r} is part of it and finds all of it, at the same severity"
                yield Remark(
                    Weight.HINT, lines.rule(rule.label), rule.label, what, "drop it, unless its name is of use"
                )


def never_first(one: KeywordList, matcher: Matcher, lines: Lines) -> Iterator[Remark]:
    """Phrases that are not found even where somebody says just them: an exception or another rule takes their place."""
    bare: Matcher | None = None
    for rule in _crossed(one):
        language = next(iter(rule.languages or one.languages), "")
        instead: set[str] = set()
        for text in _instances(forms(rule.text)[0]):
            found = {hit.phrase for hit in matcher.find_text(text, language)}
            if rule.label in found:
                break
            instead |= found
        else:
            line = lines.rule(rule.label)
            if instead:
                what = f"is never shown: {min(instead)!r} takes its place wherever it is found"
                yield Remark(Weight.WARNING, line, rule.label, what, "drop it")
                continue
            bare = bare or Matcher([as_tried(_exceptions_as_rules(one))])
            covering = [hit.phrase for hit in bare.find_text(_instances(forms(rule.text)[0])[0], language)]
            why = f"the exception {covering[0]!r} covers it wherever it is" if covering else "it is not in the text"
            mend = "make the exception longer, or drop one of the two"
            yield Remark(Weight.WRONG, line, rule.label, f"can never be found: {why}", mend)


def _crossed(one: KeywordList) -> Iterator[Rule]:
    """Phrases that have the core of another phrase or of an exception in them, or a pattern's match: no others can be
    hidden where they are found as they are written."""
    cores: dict[str, set[str]] = {}  # the longest part without wildcards → labels; "" stands for exceptions
    phrases = [rule for rule in one.rules if rule.kind is Kind.PHRASE]
    for rule in phrases:
        for form in forms(rule.text):
            cores.setdefault(anchor(form), set()).add(rule.label)
    for text in one.exceptions:
        for form in forms(text):
            cores.setdefault(anchor(form), set()).add("")
    owners = list(cores.values())
    search = AhoCorasick(list(cores))
    sought = [patterns.compiled(rule.text) for rule in one.rules if rule.kind is Kind.PATTERN]
    for rule in phrases:
        form = forms(rule.text)[0].replace(STAR, "")
        found = search.find_matches_as_indexes(form, overlapping=True)
        if any(owners[number] != {rule.label} for number, *_ in found) or any(one.search(form) for one in sought):
            yield rule


def idle_exceptions(one: KeywordList, lines: Lines) -> Iterator[Remark]:
    """Exceptions in which nothing of the list would be found anyway. One that ends with the beginning of a phrase, or
    the other way round, covers nothing, either: an exception wins where it covers all of a hit."""
    if not one.exceptions:
        return
    bare = Matcher([as_tried(replace(one, exceptions=()))])
    languages = one.languages or ("",)
    phrases = [forms(rule.text)[0].replace(STAR, "") for rule in one.rules if rule.kind is Kind.PHRASE]
    for text in one.exceptions:
        form = forms(text)[0]
        spoken = _instances(form)
        if STAR in form:  # what it stands for may be what a phrase has there
            sought = expression(form)
            spoken += tuple(phrase for phrase in phrases if sought.search(phrase))
        if not any(bare.find_text(instance, language) for instance in spoken for language in languages):
            what = f"the exception {text!r} has no rule of this list in it, so it does nothing"
            mend = "an exception has to cover all of what is found; write the words around it, too"
            yield Remark(Weight.WARNING, lines.exception(text), text, what, mend)


def _exceptions_as_rules(one: KeywordList) -> KeywordList:
    unique = dict.fromkeys(one.exceptions)
    return replace(one, rules=tuple(Rule(text, one.severity, text=text) for text in unique), exceptions=())


def _sought(rule: Rule) -> tuple[object, ...]:
    """What a rule looks for, to be compared."""
    if rule.kind is Kind.PHRASE:
        return forms(rule.text)
    return ((rule.kind, rule.text, rule.combination),)


def _meet(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two scopes have something in common; an empty one is everything."""
    return not some or not others or not set(some).isdisjoint(others)


def _covers(inner: Rule, outer: Rule) -> bool:
    """Whether `inner` counts wherever `outer` does."""
    return all(
        not mine or (theirs and set(theirs) <= set(mine))
        for mine, theirs in ((inner.languages, outer.languages), (inner.rooms, outer.rooms))
    ) and (inner.expires is None or (outer.expires is not None and outer.expires <= inner.expires))


def _at_edges(text: str, start: int, end: int) -> bool:
    """Whether [start, end) does not begin or end inside a word of a script with spaces."""
    begins = start == 0 or not (is_spaced(text[start]) and is_spaced(text[start - 1]))
    ends = end == len(text) or not (is_spaced(text[end - 1]) and is_spaced(text[end]))
    return begins and ends


def _instances(form: str) -> tuple[str, ...]:
    """What somebody may say for a normal form: with nothing for each wildcard, and with something rare."""
    if STAR not in form:
        return (form,)
    filled = ""
    for place, char in enumerate(form):
        if char != STAR:
            filled += char
            continue
        around = form[max(place - 1, 0) : place] + form[place + 1 : place + 2]
        filled += "某" if any(is_unspaced(near) for near in around) else "qx"
    return form.replace(STAR, ""), filled
