"""The `room-monitor keywords` commands that check lists and tell how good their rules are."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.commands import keywords_show as show
from monitor.commands.keywords import app
from monitor.commands.keywords_common import (
    ME,
    AnyName,
    Config,
    Json,
    Name,
    Url,
    Who,
    ask,
    err,
    out,
    part,
    say,
    text_of,
)
from monitor.errors import MonitorError, OperatorError
from monitor.keywords.rules import KeywordList

if TYPE_CHECKING:
    from monitor.desk import Desk

Since = Annotated[str, typer.Option(help="30m, 12h, 7d, or a date such as 2026-01-31")]
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0}


def moment_of(text: str, now: float) -> float:
    """Wall time of "7d" before `now`, or of a date. Raises OperatorError."""
    try:
        if text[-1:] in _UNITS:
            seconds = float(text[:-1]) * _UNITS[text[-1]]
            if seconds >= 0:
                return max(0.0, now - seconds)
        else:
            return max(0.0, time.mktime(time.strptime(text, "%Y-%m-%d")))
    except (ValueError, OverflowError):
        pass
    raise OperatorError(f"{text!r} is no time: write 30m, 12h, 7d, or a date such as 2026-01-31.")


@app.command()
def lint(
    files: Annotated[list[Path], typer.Argument(help="Keyword lists (*.toml)")],
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 on a warning, too")] = False,
    as_json: Json = False,
) -> None:
    """Check lists as the service would, and say what could be better. Exit code 1 where one can't be used.

    Among the remarks: rules that never match or never first, words that are common in the language and how often they
    will fire, what a pattern costs. Several files are compared with each other.
    """
    from monitor.keywords.lint import lint as remarks_on

    lists, broken = _read(files)
    if not as_json:
        for problem in broken:
            err.print("[bold red]wrong[/]   ", end="")
            err.print(problem, markup=False, highlight=False, soft_wrap=True)
    bad = bool(broken)
    report: list[dict[str, Any]] = [{"problem": problem} for problem in broken]
    for path, (one, text) in lists.items():
        others = tuple(other for place, (other, _) in lists.items() if place != path)
        remarks = [asdict(remark) for remark in remarks_on(one, others, text)]
        bad = bad or any(r["grade"] == "wrong" or (strict and r["grade"] == "warning") for r in remarks)
        if as_json:
            report.append({"file": str(path), "name": one.name, "version": one.version, "remarks": remarks})
            continue
        show.remarks(out, str(path), remarks)
        out.print(f"[green]ok[/] {path}: {len(one.rules)} rules, version {one.version}", highlight=False)
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    raise typer.Exit(1 if bad else 0)


def _read(files: list[Path]) -> tuple[dict[Path, tuple[KeywordList, str]], list[str]]:
    """Those that can be used, with their text, and why others can't."""
    from monitor.keywords.lists import parse

    lists: dict[Path, tuple[KeywordList, str]] = {}
    broken: list[str] = []
    for path in files:
        try:
            text = text_of(path)
            lists[path] = parse(text, path), text
        except MonitorError as error:
            broken.append(str(error))
    return lists, broken


@app.command("test")
def sentence(
    text: Annotated[str, typer.Argument(help="A sentence")],
    file: Annotated[Path | None, typer.Option(help="A draft (TOML); default: all lists in force")] = None,
    language: Annotated[str, typer.Option(help="ISO 639-1; default: any")] = "",
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """What would be found in a sentence."""
    content = text_of(file) if file else None

    async def work(asked: Desk) -> Any:
        body = {"text": text, "language": language, "content": content}
        return await asked.ask("POST", "/api/keywords/test", body)

    say(ask(work, config, url), show.tested, as_json)


@app.command()
def precision(
    name: AnyName = None, since: Since = "3650d", as_json: Json = False, config: Config = None, url: Url = None
) -> None:
    """What staff said of each rule's alerts: its precision with the 95 % interval, its floor and its state."""
    _page("/api/keywords/precision", show.precision, name, since, as_json, config, url)


@app.command()
def counts(
    name: AnyName = None, since: Since = "7d", as_json: Json = False, config: Config = None, url: Url = None
) -> None:
    """How often each rule was found, in shadow or live, by grade."""
    _page("/api/keywords/counts", show.counts, name, since, as_json, config, url)


@app.command()
def near(
    name: AnyName = None,
    since: Since = "7d",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the newest")] = 50,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """What almost was a hit, and why it was none. `rule --near` and `exception --near` make something of it."""
    _page("/api/keywords/near-misses", show.near, name, since, as_json, config, url, limit=limit)


@app.command()
def suggest(name: Name, as_json: Json = False, config: Config = None, url: Url = None) -> None:
    """Exceptions that would have spared hits that were judged wrong."""

    async def work(asked: Desk) -> Any:
        return await asked.get(f"/api/keywords/lists/{part(name)}/suggestions")

    say(ask(work, config, url), show.suggestions, as_json)


@app.command()
def verdict(
    alert: Annotated[str, typer.Argument(help="Id of an alert, or hit-12 for a hit without one")],
    said: Annotated[str, typer.Argument(metavar="VERDICT", help="right, wrong or unsure")],
    note: Annotated[str, typer.Option(help="Why")] = "",
    who: Who = ME,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Say whether an alert was right: that is what `precision` counts."""
    kind, _, number = alert.partition("-")
    of_hit = kind == "hit" and number.isdecimal()
    path = f"/api/keywords/hits/{number}/verdict" if of_hit else f"/api/alerts/{part(alert)}/verdict"

    async def work(asked: Desk) -> Any:
        return await asked.ask("POST", path, {"verdict": said, "who": who, "note": note})

    say(ask(work, config, url), show.verdict, as_json)


def _page(
    path: str, table: show.Printer, name: str | None, since: str, as_json: bool, config: Path | None, url: str | None,
    **more: Any,
) -> None:  # fmt: skip
    begin = moment_of(since, time.time())

    async def work(asked: Desk) -> Any:
        return await asked.get(path, list=name, since=begin, **more)

    say(ask(work, config, url), table, as_json)
