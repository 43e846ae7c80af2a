"""The `room-monitor keywords` commands that look at lists and change them, through the API (monitor/desk.py)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.commands import keywords_show as show
from monitor.commands.keywords_common import (
    ME,
    Config,
    Dry,
    Json,
    Name,
    Url,
    Who,
    Why,
    ask,
    etag_of,
    needs,
    part,
    say,
    text_of,
)
from monitor.errors import OperatorError

if TYPE_CHECKING:
    from monitor.desk import Desk

PAGE = 5000
"""Rules asked for at a time."""
app = typer.Typer(help="Keyword lists: write, lint, try, shadow, live, measure.", no_args_is_help=True)


# look


@app.command("list")
def lists(as_json: Json = False, config: Config = None, url: Url = None) -> None:
    """The lists in force, their versions and states, and what is wrong with others."""

    async def work(asked: Desk) -> Any:
        return await asked.get("/api/keywords/lists")

    say(ask(work, config, url), show.lists, as_json)


@app.command("show")
def one(
    name: Name,
    version: Annotated[str, typer.Option(help="Print the file as it was in this version")] = "",
    file: Annotated[bool, typer.Option("--file", help="Print the file instead of its rules")] = False,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """A list with its rules and their states; or its file, now or as it was."""

    async def work(asked: Desk) -> Any:
        path = f"/api/keywords/lists/{part(name)}"
        if version:
            return await asked.get(f"{path}/versions/{part(version)}")
        found = await asked.get(path, limit=0 if file else PAGE)
        while not file and (more := (await asked.get(path, offset=len(found["rules"]), limit=PAGE))["rules"]):
            found["rules"] += more
        return found

    found = ask(work, config, url)
    if file or version:
        sys.stdout.write(found["content"])
    else:
        say(found, show.one, as_json)


@app.command()
def history(name: Name, as_json: Json = False, config: Config = None, url: Url = None) -> None:
    """Every version of a list and every change of a state, newest first: when, who, why."""

    async def work(asked: Desk) -> Any:
        return await asked.get(f"/api/keywords/lists/{part(name)}/history")

    say(ask(work, config, url), show.history, as_json)


@app.command()
def diff(
    name: Name,
    before: Annotated[str, typer.Argument(help="Version; default: the one before AFTER")] = "",
    after: Annotated[str, typer.Argument(help="Version; default: the present file")] = "",
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """What is different between two versions of a list: rules, settings, and lines of the file."""

    async def work(asked: Desk) -> Any:
        return await asked.get(f"/api/keywords/lists/{part(name)}/difference", before=before, after=after)

    say(ask(work, config, url), show.difference, as_json)


# change


@app.command()
def put(
    file: Annotated[Path, typer.Argument(help="A list (TOML); the one with the same name gets this content")],
    why: Why,
    who: Who = ME,
    dry_run: Dry = False,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Write a new list, or a new version of one: checked first, and in force when this returns."""
    from monitor.keywords.lists import parse

    content = text_of(file)
    name = parse(content, file).name

    async def work(asked: Desk) -> Any:
        body = {"content": content, "base": await etag_of(asked, name), "who": who, "why": why, "dry_run": dry_run}
        return await asked.ask("PUT", f"/api/keywords/lists/{part(name)}", body)

    say(ask(work, config, url), show.written, as_json)


@app.command()
def state(
    name: Name,
    wanted: Annotated[
        str, typer.Argument(metavar="STATE", help="draft, shadow, live or retired; for a rule also `list`: as its list")
    ],
    why: Why,
    rule: Annotated[str, typer.Option(help="Label of one rule; default: the whole list")] = "",
    who: Who = ME,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Bring a list, or one of its rules, to another state: draft → shadow → live → retired.

    A list's state is written into its file, a rule's is kept beside it. A list that is draft or retired silences its
    rules.
    """

    async def work(asked: Desk) -> Any:
        path = f"/api/keywords/lists/{part(name)}"
        signed = {"who": who, "why": why}
        if not rule:
            return await asked.ask("PUT", f"{path}/state", {"state": wanted, **signed})
        body = {"rule": rule, "state": None if wanted == "list" else wanted, **signed}
        return await asked.ask("PUT", f"{path}/rules/state", body)

    say(ask(work, config, url), show.rule_state if rule else show.written, as_json)


@app.command()
def rollback(
    name: Name,
    why: Why,
    to: Annotated[str, typer.Option(help="Version; default: the one before the present one")] = "",
    who: Who = ME,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Back to an earlier version, in one step."""

    async def work(asked: Desk) -> Any:
        body = {"to": to, "who": who, "why": why}
        return await asked.ask("POST", f"/api/keywords/lists/{part(name)}/rollback", body)

    say(ask(work, config, url), show.written, as_json)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or TOML, by its suffix")],
    name: Name,
    why: Why,
    who: Who = ME,
    dry_run: Dry = False,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Make a list from a file of another program. All of it, or nothing where a line can't be used."""
    kind = file.suffix.lower().lstrip(".")
    if kind not in ("csv", "toml"):
        raise OperatorError(f"{file}: CSV and TOML can be imported; the suffix says which.")
    content = text_of(file)

    async def work(asked: Desk) -> Any:
        body = {"format": kind, "content": content, "base": await etag_of(asked, name), "who": who, "why": why}
        return await asked.ask("POST", f"/api/keywords/lists/{part(name)}/import", {**body, "dry_run": dry_run})

    say(ask(work, config, url), show.written, as_json)


@app.command()
def export(
    name: Name,
    kind: Annotated[str, typer.Option("--format", help="toml or csv")] = "toml",
    config: Config = None,
    url: Url = None,
) -> None:
    """Print a list as a file that `import` takes."""

    async def work(asked: Desk) -> Any:
        return await asked.get(f"/api/keywords/lists/{part(name)}/export", format=kind)

    sys.stdout.write(ask(work, config, url))


@app.command()
def rule(
    name: Name,
    why: Why,
    text: Annotated[str, typer.Argument(help="The phrase; with --remove: the label")] = "",
    near: Annotated[int | None, typer.Option(help="Number of a near miss: its words become the phrase")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the rule out of the list")] = False,
    severity: Annotated[str | None, typer.Option(help="default: the list's")] = None,
    who: Who = ME,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Add a phrase to a list, or take a rule out of it. Comments of the file stay."""

    async def work(asked: Desk) -> Any:
        path, signed = f"/api/keywords/lists/{part(name)}/rules", {"who": who, "why": why}
        if near is not None:
            body = {"text": text or None, "severity": severity, **signed}
            return await asked.ask("POST", f"/api/keywords/near-misses/{near}/rule", body)
        if remove:
            return await asked.ask("DELETE", path, query={"rule": text, **signed})
        return await asked.ask("POST", path, {"rule": {"text": text, "severity": severity}, **signed})

    needs(text, near)
    say(ask(work, config, url), show.written, as_json)


@app.command()
def exception(
    name: Name,
    why: Why,
    text: Annotated[str, typer.Argument(help="What cancels a hit that it covers")] = "",
    near: Annotated[int | None, typer.Option(help="Number of a near miss: its words become the exception")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the exception out of the list")] = False,
    who: Who = ME,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Add an exception to a list, or take one out of it. Comments of the file stay."""

    async def work(asked: Desk) -> Any:
        path, signed = f"/api/keywords/lists/{part(name)}/exceptions", {"who": who, "why": why}
        if near is not None:
            body = {"text": text or None, **signed}
            return await asked.ask("POST", f"/api/keywords/near-misses/{near}/exception", body)
        if remove:
            return await asked.ask("DELETE", path, query={"text": text, **signed})
        return await asked.ask("POST", path, {"text": text, **signed})

    needs(text, near)
    say(ask(work, config, url), show.written, as_json)
