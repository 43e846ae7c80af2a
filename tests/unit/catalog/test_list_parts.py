"""Rules and exceptions one by one, what was nearly a hit, and lists from other programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.catalog.parts import Parts
from monitor.errors import KeywordListInvalid, KeywordListUnknown
from monitor.keywords.lists import parse
from monitor.model import NearMiss, RuleState, Severity
from tests.helpers.catalogs import SCAMS, Desk, catalog
from tests.helpers.storing import transcript

MISS = NearMiss(
    list_name="scams-en",
    list_version="1",
    phrase="gift card",
    matched=" gift guard,",
    before="buy a",
    after="now",
    start=0.0,
    end=1.0,
    likeness=0.78,
    wanted=0.85,
    cause="sounds alike, 0.78 of the wanted 0.85",
)


async def missed(desk: Desk) -> int:
    await desk.store.add_near_misses([MISS], transcript("u1"))
    return (await desk.store.near_misses())[0].id


def hits(desk: Desk, text: str) -> dict[str, Severity]:
    return {hit.phrase: hit.severity for hit in desk.catalog.matcher.find_text(text, "en")}


async def test_rules_and_exceptions_come_and_go_and_comments_stay(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        parts = Parts(desk.catalog)
        await parts.add_rule("scams-en", {"text": "easy cash", "severity": "low"}, "ann", "new")
        await parts.add_rule("scams-en", {"label": "wire", "all": ["wire", "money"]}, "ann", "new")
        assert hits(desk, "easy cash") == {"easy cash": Severity.LOW}
        assert hits(desk, "wire me some money") == {"wire": Severity.HIGH}
        await parts.remove_rule("scams-en", "wire", "ann", "no")
        assert hits(desk, "wire me some money") == {}
        await parts.add_exception("scams-en", "free money market", "bob", "a bank's word")
        assert hits(desk, "the free money market") == {}
        await parts.remove_exception("scams-en", "free money market", "bob", "no")
        assert hits(desk, "the free money market") == {"free money": Severity.HIGH}
        text = desk.file().read_text("utf-8")
        assert text.startswith("# who wrote this knows why\n")
        assert "# a comment that must stay" in text
        assert [entry.who for entry in await desk.catalog.history("scams-en")][:2] == ["bob", "bob"]


async def test_a_rule_that_cant_be_used_is_not_added(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        for table in ({"text": "!!"}, {"label": "x", "pattern": "("}, {"text": "free money"}, {}):
            with pytest.raises(KeywordListInvalid):
                await Parts(desk.catalog).add_rule("scams-en", table, "ann", "x")
        assert desk.file().read_text("utf-8") == SCAMS


async def test_what_is_not_there_cant_be_removed(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        with pytest.raises(KeywordListUnknown, match="no rule 'nope'"):
            await Parts(desk.catalog).remove_rule("scams-en", "nope", "ann", "x")
        with pytest.raises(KeywordListUnknown, match="no exception 'nope'"):
            await Parts(desk.catalog).remove_exception("scams-en", "nope", "ann", "x")


async def test_a_near_miss_becomes_a_phrase_as_severe_as_the_rule_it_nearly_hit(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        number = await missed(desk)
        await Parts(desk.catalog).rule_from_near_miss(number, None, None, "ann", "that was one")
        assert hits(desk, "a gift guard") == {"gift guard": Severity.CRITICAL}
        await Parts(desk.catalog).rule_from_near_miss(number, "buy a gift guard", Severity.LOW, "ann", "better")
        assert hits(desk, "buy a gift guard")["buy a gift guard"] is Severity.LOW


async def test_a_near_miss_becomes_an_exception(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        number = await missed(desk)
        await Parts(desk.catalog).exception_from_near_miss(number, None, "ann", "harmless")
        assert desk.catalog.find("scams-en").exceptions == ("no free money", "gift guard")
        with pytest.raises(KeywordListUnknown, match="no near miss 99"):
            await Parts(desk.catalog).exception_from_near_miss(99, None, "ann", "harmless")


async def test_a_table_is_imported_whole_or_not_at_all(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        parts = Parts(desk.catalog)
        content = await parts.imported("codes-en", "text,severity\nblue sky,low\nred sky,\n", "csv")
        await desk.catalog.put("codes-en", content, "ann", "from the old program")
        assert hits(desk, "a blue sky") == {"blue sky": Severity.LOW}
        with pytest.raises(KeywordListInvalid, match=r"\.csv:3:"):
            await parts.imported("codes-en", "text,severity\nblue sky,low\nred sky,awful\n", "csv")


@pytest.mark.parametrize("kind", ["csv", "toml"])
async def test_what_is_exported_can_be_imported_and_is_the_same_list(tmp_path: Path, kind: str) -> None:
    async with catalog(tmp_path) as desk:
        parts = Parts(desk.catalog)
        text = await parts.exported("scams-en", kind)  # type: ignore[arg-type]
        content = await parts.imported("scams-en", text, kind)  # type: ignore[arg-type]
        assert parse(content, "x") == desk.catalog.find("scams-en")


async def test_a_sentence_is_tried_with_a_draft_or_with_what_is_in_force(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        parts = Parts(desk.catalog)
        draft = SCAMS.replace('"free money",', '"easy cash",').replace("title", 'state = "draft"\ntitle')
        assert [hit.phrase for hit in await parts.test("easy cash, free money", "en", draft)] == ["easy cash"]
        assert [hit.phrase for hit in await parts.test("easy cash, free money", "en", None)] == ["free money"]
        await desk.catalog.set_rule_state("scams-en", "free money", RuleState.RETIRED, "ann", "x")
        assert await parts.test("free money", "en", None) == []
