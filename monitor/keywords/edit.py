"""Changes of a list file that keep its comments and its layout. Pure: the file's text in, the new text out.

The new text is TOML again, and nothing more is promised: whoever writes it parses it first (lists.parse), so a rule
that can't be used is refused then, with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Table

from monitor.errors import KeywordListInvalid
from monitor.keywords.phrases import forms
from monitor.model import RuleState

_FIRST = frozenset({"name", "title", "languages", "severity"})


class NotThere(KeywordListInvalid):
    """The rule or exception to be changed is not in the list."""


def set_state(text: str, state: RuleState) -> str:
    """The list in another state of its life. `live` is the default, so a list without the key gets none for it."""
    document = _parsed(text)
    if "state" in document or state is not RuleState.LIVE:
        _set(document, "state", state.value)
    return tomlkit.dumps(document)


def set_value(text: str, key: str, value: Any) -> str:
    """One key of the list itself, such as `owner` or `severity`; None takes it out."""
    document = _parsed(text)
    _set(document, key, value)
    return tomlkit.dumps(document)


def add_phrase(text: str, phrase: str, options: Mapping[str, Any] | None = None) -> str:
    """A phrase at the end of `phrases`; options as in the file: severity, sound, note …"""
    document = _parsed(text)
    entry = {"text": phrase, **(options or {})}
    phrases = document.get("phrases")
    if isinstance(phrases, AoT):  # written as [[phrases]]
        _append_table(phrases, entry)
    else:
        _append(document, "phrases", _inline(entry) if options else phrase)
    return tomlkit.dumps(document)


def add_rule(text: str, table: Mapping[str, Any]) -> str:
    """A `[[rules]]` table, after those that are there."""
    document = _parsed(text)
    rules = document.get("rules")
    if isinstance(rules, AoT):
        _append_table(rules, table)
    elif rules is None:
        new = tomlkit.aot()
        _append_table(new, table)
        document.append("rules", new)
    else:
        rules.append(_inline(table))  # written as an array of inline tables
    return tomlkit.dumps(document)


def add_exception(text: str, exception: str) -> str:
    """An exception; nothing changes where it is there already, in whatever spelling."""
    document = _parsed(text)
    exceptions = document.get("exceptions", ())
    if not any(forms(str(one))[0] == forms(exception)[0] for one in exceptions):
        _append(document, "exceptions", exception)
    return tomlkit.dumps(document)


def remove_exception(text: str, exception: str) -> str:
    """Raises NotThere."""
    document = _parsed(text)
    exceptions = document.get("exceptions", [])
    places = [index for index, one in enumerate(exceptions) if str(one) == exception]
    if not places:
        raise NotThere(f"there is no exception {exception!r} in the list")
    del exceptions[places[0]]
    return tomlkit.dumps(document)


def remove_rule(text: str, label: str) -> str:
    """A phrase or a `[[rules]]` table, by its label. Raises NotThere."""
    document = _parsed(text)
    holder, index, _ = _find(document, label)
    del holder[index]
    if isinstance(holder, AoT) and not len(holder):
        document.remove(next(key for key in ("phrases", "rules") if document.get(key) is holder))
    return tomlkit.dumps(document)


def set_option(text: str, label: str, key: str, value: Any) -> str:
    """One option of a rule, such as its severity; None takes it out. Raises NotThere."""
    document = _parsed(text)
    holder, index, entry = _find(document, label)
    if isinstance(entry, InlineTable | Table):
        _set(entry, key, value)
    elif value is not None:
        holder[index] = _inline({"text": str(entry), key: value})
    return tomlkit.dumps(document)


def _parsed(text: str) -> TOMLDocument:
    """Raises KeywordListInvalid."""
    try:
        document = tomlkit.parse(text)
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise KeywordListInvalid(f"not valid TOML: {error}; mend the list first: room-monitor keywords lint") from None
    for key, kinds in (("phrases", (Array, AoT)), ("rules", (Array, AoT)), ("exceptions", (Array,))):
        if not isinstance(document.get(key, tomlkit.array()), kinds):
            raise KeywordListInvalid(f"`{key}` is no array; mend the list first: room-monitor keywords lint")
    return document


def _find(document: TOMLDocument, label: str) -> tuple[Any, int, Any]:
    """(what holds it, its index there, the entry) of a rule. Raises NotThere."""
    for holder, key in ((document.get("phrases", ()), "text"), (document.get("rules", ()), "label")):
        for index, entry, name in _entries(holder, key):
            if name == label:
                return holder, index, entry
    raise NotThere(f"there is no rule {label!r} in the list")


def _entries(holder: Sequence[Any], key: str) -> Iterator[tuple[int, Any, str]]:
    for index, entry in enumerate(holder):
        yield index, entry, str(entry.get(key, "")) if isinstance(entry, Mapping) else str(entry)


def _set(table: TOMLDocument | InlineTable | Table, key: str, value: Any) -> None:
    """Keeps the comment behind a value that was there. A new key goes above the first table of a document."""
    if value is None:
        table.pop(key, None)
    elif key in table or not isinstance(table, TOMLDocument):
        table[key] = _item(value)
    else:
        _insert(table, key, _item(value))


def _insert(document: TOMLDocument, key: str, item: Any) -> None:
    """A new key of the list: behind what it is called and how grave it is."""
    # A table of such a name (the list is refused for it) would take the key in.
    before = [one for one in document if one in _FIRST and not isinstance(document[one], Table | AoT)]
    if before:
        document._insert_after(before[-1], key, item)  # tomlkit has no public way to insert at a place
    else:
        document.add(key, item)


def _append_table(tables: AoT, values: Mapping[str, Any]) -> None:
    made = tomlkit.table()
    for key, value in values.items():
        made.add(key, _item(value))
    if len(tables):
        tables[-1].add(tomlkit.nl())
    tables.append(made)


def _append(document: TOMLDocument, key: str, entry: Any) -> None:
    array = document.get(key)
    if not array:  # one entry a line, as in the lists that come with the service
        made = tomlkit.parse(f"x = [\n  {_item(entry).as_string()},\n]\n")["x"]
        document[key] = made
    else:
        array.append(entry)


def _inline(values: Mapping[str, Any]) -> InlineTable:
    """`{ text = "…", sound = true }`, with the spaces that people write."""
    written = ", ".join(tomlkit.dumps({key: value}).strip() for key, value in values.items())
    table = tomlkit.parse(f"x = {{ {written} }}")["x"]
    assert isinstance(table, InlineTable)  # noqa: S101 - for the type checker
    return table


def _item(value: Any) -> Any:
    return tomlkit.item(value.value if isinstance(value, RuleState) else value)
