"""`room-monitor keywords try`: what a list would have found, in a process of its own beside the service."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.commands import keywords_show as show
from monitor.commands.keywords import app
from monitor.commands.keywords_common import Config, Json, err, out, part, text_of
from monitor.commands.keywords_measure import Since, moment_of
from monitor.config import Settings, load
from monitor.errors import KeywordListUnknown, OperatorError
from monitor.model import RuleState
from monitor.running import run_expected

if TYPE_CHECKING:
    from monitor.desk import Desk
    from monitor.keywords.backtest import Backtest


__all__ = ["app"]  # with the commands of the other two modules


@app.command("try")
def try_(
    which: Annotated[str, typer.Argument(metavar="LIST", help="A draft (a file, *.toml), or the name of a list")],
    since: Since = "7d",
    until: Annotated[str, typer.Option(help="As --since; default: now")] = "",
    version: Annotated[str, typer.Option(help="Of a named list: this version of it; default: the one in force")] = "",
    against: Annotated[str, typer.Option(help="Compare with this version; default: the one in force")] = "",
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Backtest on the stored transcripts: hits gained, lost and regraded, alerts an hour, clips to listen to.

    A draft is compared with the list of the same name that is in force. The list in force itself, without --version,
    is looked at alone: what does it find? Draft and shadow rules are tried as if they were live. Ctrl-C stops it.
    """
    from monitor.keywords.backtest import run
    from monitor.store.archive import Archive

    settings, now = load(config), time.time()
    span = (moment_of(since, now), moment_of(until, now) if until else now + 1)
    backtest = run_expected(_prepared(settings, which, version, against, span))
    archive = Archive(settings.storage.data / "monitor.db")
    try:
        with ExitStack() as stack:
            tell = None if as_json else stack.enter_context(show.utterance_progress(err))
            report = run(backtest, archive, tell)
    except KeyboardInterrupt:
        err.print("Stopped. Nothing was changed.")
        raise typer.Exit(130) from None
    from monitor.web.keyword_backtests import report_view

    found = {"name": backtest.new.name, "version": backtest.new.version, **report_view(report).model_dump(mode="json")}
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        show.trial(out, found)


async def _prepared(settings: Settings, which: str, version: str, against: str, span: tuple[float, float]) -> Backtest:
    from monitor.desk import desk
    from monitor.house import alerting
    from monitor.keywords.backtest import Backtest
    from monitor.keywords.lists import parse

    path = Path(which)
    draft = parse(text_of(path), path) if path.suffix == ".toml" else None
    if draft is not None and version:
        raise OperatorError("--version is for the name of a list, not for a file.")
    name = draft.name if draft else which
    async with desk(settings.keywords.lists, settings.storage.data) as asked:
        present = await _present(asked, name)
        if present is None and draft is None:
            raise KeywordListUnknown(f"There is no list {name!r} in force, and no file: a draft ends in .toml.")
        old = parse(present["content"], name) if present else None
        new = draft or old
        if version:
            new = parse(await _version(asked, name, version), version)
        elif draft is None:
            old = None
        if against:
            old = parse(await _version(asked, name, against), against)
    assert new is not None  # noqa: S101 - for the type checker
    return Backtest(
        new=new,
        old=old,
        since=span[0],
        until=span[1],
        states=_states(name, present),
        day=datetime.now(UTC).date(),
        grades=alerting(settings),
        cool_down=settings.alerts.cool_down,
        nice=5,
    )


async def _present(asked: Desk, name: str) -> Any:
    try:
        return await asked.get(f"/api/keywords/lists/{part(name)}", limit=0)
    except KeywordListUnknown:
        return None


async def _version(asked: Desk, name: str, version: str) -> str:
    found = await asked.get(f"/api/keywords/lists/{part(name)}/versions/{part(version)}")
    return str(found["content"])


def _states(name: str, present: Any) -> dict[tuple[str, str], RuleState]:
    own = present["own_states"] if present else []
    return {(name, rule["rule"]): RuleState(rule["state"]) for rule in own}
