"""Changes of a part of a list: a rule, an exception, what was nearly a hit; and lists from and for other programs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from monitor.catalog.catalog import Catalog, Written
from monitor.errors import KeywordListUnknown
from monitor.keywords import edit
from monitor.keywords.exchange import from_csv, to_csv, to_toml
from monitor.keywords.lists import as_tried, read
from monitor.keywords.match import Matcher
from monitor.keywords.rules import Rule
from monitor.model import KeywordHit, NearMiss, Severity

Kind = Literal["csv", "toml"]


class Parts:
    """Comments of the files stay. Methods raise what those of Catalog raise."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def add_rule(self, name: str, table: Mapping[str, Any], who: str, why: str) -> Written:
        """`table` as in a list file: with `text` a phrase, else one of `[[rules]]`."""
        return await self._catalog.change(name, lambda content: _added(content, table), who, why)

    async def remove_rule(self, name: str, label: str, who: str, why: str) -> Written:
        self._catalog.rule(name, label)
        return await self._catalog.change(name, lambda content: edit.remove_rule(content, label), who, why)

    async def add_exception(self, name: str, text: str, who: str, why: str) -> Written:
        return await self._catalog.change(name, lambda content: edit.add_exception(content, text), who, why)

    async def remove_exception(self, name: str, text: str, who: str, why: str) -> Written:
        if text not in self._catalog.find(name).exceptions:
            raise KeywordListUnknown(f"The list {name!r} has no exception {text!r}.")
        return await self._catalog.change(name, lambda content: edit.remove_exception(content, text), who, why)

    async def rule_from_near_miss(
        self, number: int, text: str | None, severity: Severity | None, who: str, why: str
    ) -> Written:
        """Its words become a phrase of the list that they nearly hit, as severe as the rule that they nearly hit."""
        miss = await self._near_miss(number)
        near = self._rule(miss)
        found = severity or (near.severity if near else None)
        table: dict[str, Any] = {"text": text or _plain(miss.matched), "note": f"nearly “{miss.phrase}”: {miss.cause}"}
        if found is not None and found is not self._catalog.find(miss.list_name).severity:
            table["severity"] = found.value
        return await self.add_rule(miss.list_name, table, who, why)

    async def exception_from_near_miss(self, number: int, text: str | None, who: str, why: str) -> Written:
        miss = await self._near_miss(number)
        return await self.add_exception(miss.list_name, text or _plain(miss.matched), who, why)

    async def imported(self, name: str, text: str, kind: Kind) -> str:
        """The content of a list file."""
        if kind == "toml":
            return text
        return await asyncio.to_thread(_from_csv, text, name)

    async def exported(self, name: str, kind: Kind) -> str:
        """TOML is the file as it is, comments and all."""
        if kind == "toml":
            return (await self._catalog.show(name)).content
        return await asyncio.to_thread(to_csv, self._catalog.find(name))

    async def test(self, text: str, language: str, content: str | None) -> list[KeywordHit]:
        """What would be found in a sentence: with the lists in force, or with a draft as if it were live."""
        if content is None:
            return await asyncio.to_thread(self._catalog.matcher.find_text, text, language)
        return await asyncio.to_thread(_tried, content, text, language)

    async def _near_miss(self, number: int) -> NearMiss:
        stored = await self._catalog.store.near_miss(number)
        if stored is None:
            raise KeywordListUnknown(f"There is no near miss {number}; it may be older than they are kept.")
        return stored.miss

    def _rule(self, miss: NearMiss) -> Rule | None:
        try:
            return self._catalog.rule(miss.list_name, miss.phrase)
        except KeywordListUnknown:
            return None


def _added(content: str, table: Mapping[str, Any]) -> str:
    options = dict(table)
    if isinstance(text := options.pop("text", None), str):
        return edit.add_phrase(content, text, options)
    return edit.add_rule(content, table)


def _plain(matched: str) -> str:
    """Words as recognised, without signs at the ends."""
    return " ".join(matched.split()).strip(" ,.;:!?\"'“”‘’。，！？、…-")


def _from_csv(text: str, name: str) -> str:
    return to_toml(from_csv(text, f"{name}.csv", name=name))


def _tried(content: str, text: str, language: str) -> list[KeywordHit]:
    return Matcher([as_tried(read(content, "the list"))]).find_text(text, language)
