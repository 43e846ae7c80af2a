"""What the `room-monitor keywords` commands share."""

from __future__ import annotations

import getpass
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import quote

import typer
from rich.console import Console

from monitor.config import load
from monitor.config_access import token_for_commands
from monitor.errors import KeywordListInvalid, KeywordListUnknown, OperatorError
from monitor.running import run_expected

if TYPE_CHECKING:
    from monitor.desk import Desk

out = Console()
err = Console(stderr=True)
T = TypeVar("T")

Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file (TOML); without it: the defaults")]
Url = Annotated[
    str | None, typer.Option(help="A service that runs elsewhere; default: the one on this data directory, or none")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables")]
Name = Annotated[str, typer.Argument(metavar="LIST", help="Name of a list")]
AnyName = Annotated[str | None, typer.Argument(metavar="LIST", help="Name of a list; default: all")]
Why = Annotated[str, typer.Option(help="For the history: why")]
Who = Annotated[str, typer.Option(help="For the history: who", show_default="the user of this system")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only say what it would do")]


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "somebody"


ME: str = _user()


def ask(work: Callable[[Desk], Awaitable[T]], config: Path | None, url: str | None) -> T:
    """What `work` gives, with a desk of the settings."""
    from monitor.desk import desk  # here, as it takes a second that `--help` need not wait for

    settings = load(config)

    async def run() -> T:
        async with desk(settings.keywords.lists, settings.storage.data, url, token_for_commands()) as asked:
            return await work(asked)

    return run_expected(run())


def part(text: str) -> str:
    """A piece of a path, quoted."""
    return quote(text, safe="")


async def etag_of(asked: Desk, name: str) -> str:
    """Of the list's present file; empty where there is no such list."""
    try:
        return str((await asked.get(f"/api/keywords/lists/{part(name)}", limit=0))["etag"])
    except KeywordListUnknown:
        return ""


def text_of(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise OperatorError(f"{file}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise KeywordListInvalid(f"{file}:1:1: not UTF-8 text; save the file as UTF-8") from None


def needs(text: str, near: int | None) -> None:
    if not text and near is None:
        raise OperatorError("Say the text, or the number of a near miss with --near.")


def say(found: Any, table: Callable[[Console, Any], None], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        table(out, found)
