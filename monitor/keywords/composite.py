"""Rules that are more than a phrase: the tables under `[[rules]]`, patterns and combinations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.keywords import fields, patterns
from monitor.keywords.phrases import forms, objection
from monitor.keywords.places import Path
from monitor.keywords.refusal import Wrong, did_you_mean
from monitor.keywords.rules import Combination, KeywordList, Kind, Reach, Rule

MAX_LENGTH = 200
"""Characters in one phrase, exception or label."""
MAX_PARTS = 8
"""Phrases in a combination, and as many under its `not`."""
MAX_WORDS = 50
MAX_SECONDS = 60.0
"""What is remembered of a speaker and of a room, so no combination reaches further."""
_COMBINES = ("all", "near", "sequence")
RULE_KEYS = fields.OPTIONS | {"label", "pattern", "not", "words", "seconds", "reach", *_COMBINES}


def check_phrase(kind: str, text: str, path: Path) -> None:
    """Raises Wrong for a phrase, exception or part of a combination that can't be searched for."""
    if len(text) > MAX_LENGTH:
        raise Wrong(path, f"a {kind} has {len(text)} characters; at most {MAX_LENGTH}", "shorten it")
    if found := objection(text):
        raise Wrong(path, f"{kind} {text!r} {found[0]}", found[1])


def check_scope(options: dict[str, Any], path: Path, draft: KeywordList) -> None:
    """A rule narrows its list's languages and rooms and never widens them: outside it would never be searched."""
    for key, allowed in (("languages", draft.languages), ("rooms", draft.rooms)):
        if allowed and (outside := [item for item in options.get(key, ()) if item not in allowed]):
            reason = f"{outside[0]!r} is not among the list's {key}, so the rule would never be looked for there"
            raise Wrong((*path, key), reason, f"add it to the list's `{key}`, or drop it here")


def composite(label: str, entry: Mapping[str, Any], path: Path, options: dict[str, Any]) -> Rule:
    """The rule of one `[[rules]]` table whose options are read already. Raises Wrong."""
    kinds = [key for key in ("pattern", *_COMBINES) if key in entry]
    if len(kinds) != 1:
        has = f"has {' and '.join(f'`{kind}`' for kind in kinds)}" if kinds else "looks for nothing"
        raise Wrong(path, f"rule {label!r} {has}", "a rule has exactly one of `pattern`, `all`, `near` and `sequence`")
    if kinds == ["pattern"]:
        return _pattern(label, entry, path, options)
    found = _combination(kinds[0], entry, path, f"rule {label!r}")
    return Rule(label, kind=Kind.COMBINATION, combination=found, **options)


def _pattern(label: str, entry: Mapping[str, Any], path: Path, options: dict[str, Any]) -> Rule:
    pattern = entry["pattern"]
    where = (*path, "pattern")
    if not isinstance(pattern, str):
        raise Wrong(where, f"`pattern` must be a text, not {fields.shown(pattern)}", "write it between '…'")
    if extra := [key for key in ("inflect", "sound", "not", "words", "seconds", "reach") if key in entry]:
        reason = f"rule {label!r} is a pattern, and `{extra[0]}` does nothing for it"
        raise Wrong((*path, extra[0]), reason, "leave it out, or use phrases", of_key=True)
    if found := patterns.objection(pattern):
        raise Wrong(where, f"pattern {fields.shown(pattern)} {found[0]}", found[1])
    options = {**options, "inflect": False, "sound": None}
    return Rule(label, kind=Kind.PATTERN, text=pattern, **options)


def _combination(kind: str, entry: Mapping[str, Any], path: Path, what: str) -> Combination:
    parts = _parts(entry[kind], (*path, kind), f"`{kind}`")
    without = _parts(entry.get("not", []), (*path, "not"), "`not`")
    if len(parts) < 2 and not (parts and without):
        raise Wrong(
            (*path, kind), f"`{kind}` needs two phrases, or one and a `not`", "a single phrase is for `phrases`"
        )
    if both := {forms(part)[0] for part in parts} & {forms(part)[0] for part in without}:
        raise Wrong((*path, "not"), f"{what} asks for {min(both)!r} and for its absence", "drop one of the two")
    reach = _reach(entry, path)
    words, seconds = _limits(kind, entry, path, reach)
    return Combination(parts, without, kind == "sequence", words, seconds, reach)


def _reach(entry: Mapping[str, Any], path: Path) -> Reach:
    value = entry.get("reach", Reach.UTTERANCE)
    if not isinstance(value, str) or value not in list(Reach):
        near = {"sentence": "utterance", "person": "speaker", "track": "speaker", "session": "room", "all": "room"}
        mend = did_you_mean(value, list(Reach), near) if isinstance(value, str) else ""
        raise Wrong((*path, "reach"), f"`reach` {fields.shown(value)} is none of {', '.join(Reach)}", mend)
    return Reach(value)


def _limits(kind: str, entry: Mapping[str, Any], path: Path, reach: Reach) -> tuple[int | None, float | None]:
    """`words` and `seconds`, each None where it is not limited."""
    words, seconds = entry.get("words"), entry.get("seconds")
    if words is not None:
        where = (*path, "words")
        if not isinstance(words, int):
            raise Wrong(where, f"`words` must be a whole number, not {fields.shown(words)}")
        fields.number(words, where, "`words`", 0, MAX_WORDS, "it is how many words may stand between two phrases")
        if reach is not Reach.UTTERANCE:
            raise Wrong(where, f"`words` counts within an utterance, not with reach {reach.value!r}", "use `seconds`")
    if seconds is not None:
        mend = "that is how long a speaker and a room are remembered"
        seconds = fields.number(seconds, (*path, "seconds"), "`seconds`", 0.1, MAX_SECONDS, mend)
    limited = words is not None or seconds is not None
    if kind == "near" and not limited:
        raise Wrong((*path, kind), "`near` needs `words` or `seconds`", "such as words = 5; without a limit use `all`")
    if kind == "all" and limited:
        key = "words" if words is not None else "seconds"
        raise Wrong((*path, key), f"`all` has no `{key}`", "use `near`, which is `all` within a limit", of_key=True)
    return words, seconds


def _parts(value: Any, path: Path, what: str) -> tuple[str, ...]:
    found = fields.texts(value, path, what, MAX_PARTS, MAX_LENGTH)
    for index, part in enumerate(found):
        check_phrase("phrase", part, (*path, index))
    return found
