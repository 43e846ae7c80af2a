"""Lists that people change: files, versions, states."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from monitor.catalog.files import etag
from monitor.catalog.parts import Parts
from monitor.errors import KeywordListConflict, KeywordListInvalid, KeywordListUnknown, OperatorError
from monitor.messages import RuleStateChanged
from monitor.model import RuleState
from tests.helpers.catalogs import SCAMS, Desk, catalog

SECOND = SCAMS.replace('"free money",', '"free money", "easy cash",')
THIRD = SECOND.replace('"easy cash"', '"quick cash"')


def found(desk: Desk, text: str) -> list[str]:
    return [hit.phrase for hit in desk.catalog.matcher.find_text(text, "en")]


async def put(desk: Desk, content: str, who: str = "ann", why: str = "because") -> str:
    base = (await desk.catalog.show("scams-en")).etag
    return (await desk.catalog.put("scams-en", content, who, why, base=base)).version


async def test_a_put_is_in_force_at_once_and_on_the_record_with_who_and_why(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        first = desk.catalog.find("scams-en").version
        assert found(desk, "easy cash") == []
        second = await put(desk, SECOND, "ann", "they say it now")
        assert found(desk, "easy cash") == ["easy cash"]
        assert desk.file().read_text("utf-8") == SECOND
        newest, oldest = await desk.catalog.history("scams-en")
        assert (newest.version, newest.who, newest.why) == (second, "ann", "they say it now")
        assert (oldest.version, oldest.who) == (first, "file")
        assert await desk.catalog.version("scams-en", first) == SCAMS
        assert [label for change in desk.told for label in change.changed] == [
            f"scams-en@{first}",
            f"scams-en@{second}",
        ]


async def test_a_list_that_cant_be_used_changes_nothing(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        before = await desk.catalog.history("scams-en")
        for content in ('name = "scams-en"\nphrases = ["!!"]', "name = ", SCAMS.replace("scams-en", "other")):
            with pytest.raises(KeywordListInvalid, match=r"scams-en\.toml:\d"):
                await put(desk, content)
        assert desk.file().read_text("utf-8") == SCAMS
        assert await desk.catalog.history("scams-en") == before
        assert found(desk, "free money") == ["free money"]


async def test_a_change_that_nobody_saw_is_not_written_over(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        seen = (await desk.catalog.show("scams-en")).etag
        desk.file().write_text(SECOND, "utf-8")
        with pytest.raises(KeywordListConflict, match=etag(SECOND)):
            await desk.catalog.put("scams-en", THIRD, "ann", "x", base=seen)
        with pytest.raises(KeywordListConflict, match="is there already"):
            await desk.catalog.put("scams-en", THIRD, "ann", "x")
        assert desk.file().read_text("utf-8") == SECOND
        await desk.catalog.put("scams-en", THIRD, "ann", "x", base=etag(SECOND))
        assert [entry.who for entry in await desk.catalog.history("scams-en")] == ["ann", "file", "file"]


async def test_of_two_changes_at_once_one_is_refused(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        seen = (await desk.catalog.show("scams-en")).etag
        answers = await asyncio.gather(
            desk.catalog.put("scams-en", SECOND, "ann", "x", base=seen),
            desk.catalog.put("scams-en", THIRD, "bob", "y", base=seen),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers].count(KeywordListConflict) == 1
        assert len(await desk.catalog.history("scams-en")) == 2


async def test_a_new_list_gets_a_file_of_its_name(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        content = SCAMS.replace("scams-en", "new-en")
        written = await desk.catalog.put("new-en", content, "ann", "first")
        assert (written.before, written.difference.added) == ("", ("free money", "gift card"))
        assert desk.file("new-en").read_text("utf-8") == content
        assert [one.name for one in desk.catalog.lists] == ["new-en", "scams-en"]


async def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        base = (await desk.catalog.show("scams-en")).etag
        written = await desk.catalog.put("scams-en", SECOND, "ann", "x", base=base, dry=True)
        assert written.difference.added == ("easy cash",)
        assert '+  "free money", "easy cash",' in written.difference.lines
        assert desk.file().read_text("utf-8") == SCAMS
        assert len(await desk.catalog.history("scams-en")) == 1


async def test_rolling_back_goes_one_step_back_each_time(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        first = desk.catalog.find("scams-en").version
        second, third = await put(desk, SECOND), await put(desk, THIRD)
        assert (await desk.catalog.roll_back("scams-en", "bob", "wrong")).version == second
        assert (await desk.catalog.roll_back("scams-en", "bob", "wrong")).version == first
        assert desk.file().read_text("utf-8") == SCAMS
        with pytest.raises(KeywordListUnknown, match="no version before"):
            await desk.catalog.roll_back("scams-en", "bob", "wrong")
        assert (await desk.catalog.roll_back("scams-en", "bob", "again", third)).version == third
        newest = (await desk.catalog.history("scams-en"))[0]
        assert (newest.who, newest.why) == ("bob", f"back to {third}: again")
        assert found(desk, "quick cash") == ["quick cash"]


async def test_the_difference_between_versions_can_be_asked_for(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        first = desk.catalog.find("scams-en").version
        second = await put(desk, SECOND)
        await put(desk, THIRD)
        latest = await desk.catalog.difference("scams-en")
        assert (latest.added, latest.removed) == (("quick cash",), ("easy cash",))
        assert (await desk.catalog.difference("scams-en", first)).added == ("quick cash",)
        assert (await desk.catalog.difference("scams-en", first, second)).added == ("easy cash",)
        whole = await desk.catalog.difference("scams-en", after=first)
        assert whole.added == ("free money", "gift card")
        with pytest.raises(KeywordListUnknown, match="no version 'nope'"):
            await desk.catalog.difference("scams-en", "nope")


async def test_what_was_changed_by_hand_is_on_the_record_after_the_next_look(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        desk.file().write_text(SECOND, "utf-8")
        changes = await desk.catalog.reload()
        assert changes.changed == (desk.catalog.find("scams-en").label,)
        assert (await desk.catalog.history("scams-en"))[0].who == "file"
        assert not await desk.catalog.reload()


async def test_a_file_that_was_broken_by_hand_is_shown_as_it_is_and_can_be_mended(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        desk.file().write_text("name = ", "utf-8")
        await desk.catalog.reload()
        present = await desk.catalog.show("scams-en")
        assert (present.content, bool(present.problem)) == ("name = ", True)
        assert found(desk, "free money") == ["free money"]
        with pytest.raises(KeywordListConflict, match="by hand"):
            await Parts(desk.catalog).add_exception("scams-en", "free money for you", "ann", "x")
        assert desk.file().read_text("utf-8") == "name = "
        await put(desk, SECOND)
        assert not (await desk.catalog.show("scams-en")).problem


async def test_a_restart_adds_nothing_to_the_history(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        await put(desk, SECOND)
        before = await desk.catalog.history("scams-en")
    async with catalog(tmp_path, SECOND) as desk:
        assert await desk.catalog.history("scams-en") == before


async def test_a_list_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        for asked in (
            desk.catalog.show("nope"),
            desk.catalog.history("nope"),
            desk.catalog.roll_back("nope", "a", "b"),
        ):
            with pytest.raises(KeywordListUnknown, match=r"'nope'; there are: scams-en"):
                await asked


async def test_a_file_that_cant_be_written_leaves_all_as_it_was(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        desk.file("new-en").mkdir()
        with pytest.raises(OperatorError, match=r"new-en\.toml"):
            await desk.catalog.put("new-en", SCAMS.replace("scams-en", "new-en"), "ann", "x")
        assert [one.name for one in desk.catalog.lists] == ["scams-en"]
        with pytest.raises(KeywordListUnknown):
            await desk.catalog.history("new-en")


# states


async def test_the_state_of_a_list_is_in_its_file_and_told(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        written = await desk.catalog.set_list_state("scams-en", RuleState.SHADOW, "ann", "first look")
        assert written.state is RuleState.SHADOW
        text = desk.file().read_text("utf-8")
        assert 'state = "shadow"' in text
        assert "# a comment that must stay" in text
        (hit,) = desk.catalog.matcher.find_text("free money", "en")
        assert hit.state is RuleState.SHADOW
        (told,) = [event for event in desk.events if isinstance(event, RuleStateChanged)]
        assert (told.list_name, told.rule, told.before, told.state, told.who) == (
            "scams-en", "", "live", "shadow", "ann",
        )  # fmt: skip
        assert told.seq > 0


async def test_one_rule_can_be_held_back_whatever_versions_come(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        now = await desk.catalog.set_rule_state("scams-en", "free money", RuleState.SHADOW, "ann", "floods")
        assert now is RuleState.SHADOW
        await put(desk, SECOND)
        hits = desk.catalog.matcher.find_text("free money and a gift card", "en")
        assert {hit.phrase: hit.state for hit in hits} == {
            "free money": RuleState.SHADOW,
            "gift card": RuleState.LIVE,
        }
        await desk.catalog.set_rule_state("scams-en", "free money", RuleState.RETIRED, "ann", "no use")
        assert found(desk, "free money") == []
        await desk.catalog.set_rule_state("scams-en", "free money", None, "ann", "after all")
        assert found(desk, "free money") == ["free money"]
        told = [(e.before, e.state) for e in desk.events if isinstance(e, RuleStateChanged)]
        assert told == [("live", "shadow"), ("shadow", "retired"), ("retired", "live")]


async def test_a_rule_may_be_live_before_its_list_and_is_taken_back_with_it(tmp_path: Path) -> None:
    async with catalog(tmp_path, SCAMS.replace("title", 'state = "shadow"\ntitle')) as desk:
        assert await desk.catalog.set_rule_state("scams-en", "free money", RuleState.LIVE, "ann", "x") is RuleState.LIVE
        (hit,) = desk.catalog.matcher.find_text("free money", "en")
        assert hit.state is RuleState.LIVE
        await desk.catalog.set_list_state("scams-en", RuleState.LIVE, "ann", "all of it")
        await desk.catalog.set_list_state("scams-en", RuleState.SHADOW, "ann", "too many alerts")
        (hit,) = desk.catalog.matcher.find_text("free money", "en")
        assert hit.state is RuleState.SHADOW


async def test_the_brake_works_by_hand_too(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        await desk.catalog.set_rule_state("scams-en", "free money", RuleState.LIVE, "ann", "x")
        desk.file().write_text(SCAMS.replace("title", 'state = "shadow"\ntitle'), "utf-8")
        await desk.catalog.reload()
        (hit,) = desk.catalog.matcher.find_text("free money", "en")
        assert hit.state is RuleState.SHADOW


async def test_a_retired_list_silences_its_rules(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        await desk.catalog.set_list_state("scams-en", RuleState.RETIRED, "ann", "no use")
        assert await desk.catalog.set_rule_state("scams-en", "free money", RuleState.LIVE, "ann", "x") is (
            RuleState.RETIRED
        )
        assert found(desk, "free money") == []


async def test_a_rule_that_is_not_there_has_no_state(tmp_path: Path) -> None:
    async with catalog(tmp_path) as desk:
        with pytest.raises(KeywordListUnknown, match="no rule 'nope'"):
            await desk.catalog.set_rule_state("scams-en", "nope", RuleState.SHADOW, "ann", "x")
