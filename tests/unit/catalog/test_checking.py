"""Lists are checked apart from the service, and what is wrong with them comes back whole."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from monitor.catalog.checking import Apart, Check, Question, in_a_thread
from monitor.errors import Overloaded
from monitor.keywords.refusal import ListRefused
from monitor.model import RuleState
from tests.helpers.catalogs import SCAMS

OTHER = SCAMS.replace("scams-en", "more-en")


async def both(check: Check) -> None:
    draft = SCAMS.replace('"free money",', '"easy cash",').replace("title", 'state = "shadow"\ntitle')
    found = await check(Question(draft, "scams-en.toml", SCAMS, (OTHER,)))
    assert (found.name, found.state, found.before, found.rules) == ("scams-en", RuleState.SHADOW, RuleState.LIVE, 2)
    assert (found.difference.added, found.difference.removed) == (("easy cash",), ("free money",))
    assert any("more-en" in remark.what for remark in found.remarks)
    with pytest.raises(ListRefused) as refused:
        await check(Question(SCAMS.replace('"high"', '"hihg"'), "scams-en.toml"))
    assert [(problem.line, problem.column) for problem in refused.value.problems] == [(5, 12)]
    assert str(refused.value).startswith("scams-en.toml:5:12: ")


async def test_in_a_thread() -> None:
    await both(in_a_thread)


async def test_in_a_process_of_its_own_that_may_end_and_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Apart() as check:
        await both(check)
        assert check._pool is not None
        (worker,) = check._pool._processes
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(Overloaded):
            await asyncio.wait_for(_for_ever(check), 60)
        assert (await check(Question(SCAMS, "x"))).name == "scams-en"


async def _for_ever(check: Check) -> None:
    while True:
        await check(Question(SCAMS, "x"))
