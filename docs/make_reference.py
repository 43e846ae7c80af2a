"""Writes the generated pages of docs/reference from the code.

`python docs/make_reference.py`; with `--check` it only compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import typer
from pydantic import BaseModel

from monitor import errors
from monitor.cli import app
from monitor.config import Settings
from monitor.config_ice import TurnServer
from monitor.config_rooms import JanusRoom, LiveKitRoom, Room, WhepRoom, WhepStream
from monitor.config_webhooks import NoticeWebhook, SignedWebhook
from monitor.consent.machine import as_table as consent_table
from monitor.messages import FEED, Hello
from monitor.probe_routes import probe_routes
from monitor.room_routes import room_routes
from monitor.rooms.lifecycle import as_diagram, as_table
from monitor.telemetry.metrics import Metrics
from monitor.web.app import WebDeps, create_app
from monitor.web.host import host
from monitor.web.host_links import host_links
from monitor.web.models import models
from monitor.web.review_actions import room_actions
from monitor.web.webhooks import webhooks

HERE = Path(__file__).parent / "reference"
HEAD = "<!-- Made by docs/make_reference.py from the code: change it there. -->\n\n"


def settings() -> str:
    lines = [
        "# Settings",
        "",
        "In the settings file, or from the environment: `[web] port` is `ROOM_MONITOR_WEB__PORT`.",
        "",
    ]
    lines += _fields("", Settings)
    lines += _fields("[[ice.turn]]", TurnServer)
    lines += _fields('[[webhooks]] with kind = "signed"', SignedWebhook)
    lines += _fields('[[webhooks]] with kind = "notice"', NoticeWebhook)
    lines += _fields("[[rooms]]", Room)
    lines += [
        "A secret is never in the file: `env:NAME` is an environment variable, `file:PATH` a file (its path counts"
    ]
    lines += ["from the settings file). It is read at each try to join, so a renewed one counts without a restart.", ""]
    lines += _fields('[[rooms]] with kind = "janus"', JanusRoom, without=Room)
    lines += _fields('[[rooms]] with kind = "whep"', WhepRoom, without=Room)
    lines += _fields('[[rooms.streams]] of kind = "whep"', WhepStream)
    lines += _fields('[[rooms]] with kind = "livekit"', LiveKitRoom, without=Room)
    return "\n".join(lines)


def _fields(title: str, model: type[BaseModel], without: type[BaseModel] | None = None) -> list[str]:
    known = {name for name in without.model_fields if name != "kind"} if without else {"rooms", "webhooks"}
    own = {n: f for n, f in model.model_fields.items() if n not in known and (without or not _section(f.annotation))}
    lines = [
        f"## `{title}`" if title else "## At the top of the file",
        "",
        "| setting | default | what it is |",
        "|---|---|---|",
    ]
    for name, field in own.items():
        lines.append(f"| `{name}` | {_default(field)} | {field.description or ''} |")
    lines.append("")
    for name, field in model.model_fields.items():
        if _section(field.annotation) and not without:
            lines += _fields(f"[{name}]", field.annotation)  # type: ignore[arg-type]
    return lines


def _section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _default(field: Any) -> str:
    if field.is_required():
        return "(needed)"
    if field.default_factory is not None:
        return "the user's data directory"
    value = "" if isinstance(field.default, BaseModel) else field.default
    return (
        f"`{str(value).lower() if isinstance(value, bool) else value}`" if value not in ("", (), {}, None) else "(none)"
    )


def commands() -> str:
    lines = ["# Commands", ""]
    for path, command in _walk(typer.main.get_command(app), "room-monitor"):
        lines += [f"## `{path}`", "", (command.help or "").strip(), ""]
        rows = [_parameter(p) for p in command.params if p.name not in ("help", "version")]
        if rows:
            lines += ["| | | |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from _walk(child, f"{path} {name}")


def _parameter(parameter: Any) -> str:
    name = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
    plain = parameter.default is not None and not callable(parameter.default) and parameter.default not in ("", ())
    default = f"default `{parameter.default}`" if plain and not isinstance(parameter.default, Path) else ""
    return f"| `{name}` | {getattr(parameter, 'help', None) or ''} | {default} |"


def feed() -> str:
    schema = FEED.json_schema(mode="serialization")
    lines = [
        "# The websocket feed",
        "",
        "`ws://host:port/feed?after=<seq>`. Each message is a JSON object with a `type`. The first is `hello`.",
        "Messages with `seq` are stored before they are sent: come back with `?after=` and the last `seq` you have",
        "seen, and nothing is lost or told twice. Without `after`, the newest 200 come first. A client that reads too",
        "slowly is closed with 1013 and comes back the same way. Who follows it needs the permission `see`: a",
        "session's cookie with the page's own Origin, or `Authorization: Bearer <API token>`; else the handshake is",
        "answered with 401. When the session or token is over, or the account has other rights, it ends with 4401.",
        "`room-monitor feed-schema` prints the source of this page as JSON Schema.",
        "",
    ]
    tops = [ref["$ref"].rsplit("/", 1)[1] for ref in schema["oneOf"]]
    rest = [name for name in schema["$defs"] if name not in tops]
    for name in tops + rest:
        lines += _definition(name, schema["$defs"][name])
    return "\n".join(lines)


def _definition(name: str, definition: dict[str, Any]) -> list[str]:
    kind = definition["properties"].get("type", {}).get("const")
    lines = [
        f"## `{kind}`" if kind else f"## {name}",
        "",
        definition.get("description", ""),
        "",
        "| field | type | what it is |",
        "|---|---|---|",
    ]
    for field, about in definition["properties"].items():
        if field != "type" or not kind:
            lines.append(f"| `{field}` | {_type(about)} | {about.get('description', '')} |")
    return [*lines, ""]


def _type(about: dict[str, Any]) -> str:
    if "$ref" in about:
        return f"[{about['$ref'].rsplit('/', 1)[1]}](#{about['$ref'].rsplit('/', 1)[1].lower()})"
    if "anyOf" in about:
        return " or ".join(_type(one) for one in about["anyOf"])
    if "enum" in about:
        return " · ".join(f"`{value}`" for value in about["enum"])
    if about.get("type") == "array":
        return f"list of {_type(about['items'])}"
    return str(about.get("type", "any"))


def error_codes() -> str:
    lines = [
        "# Error codes",
        "",
        "Stable; the command line and the feed name them.",
        "",
        "| code | class | what it means |",
        "|---|---|---|",
    ]
    for kind in _tree(errors.MonitorError):
        if kind.__module__ != errors.__name__:
            continue  # carries the code of the class above it
        about = (kind.__doc__ or "").strip().splitlines()
        lines += [f"| `{kind.code}` | {kind.__name__} | {about[0] if about else ''} |"]
    return "\n".join([*lines, ""])


def _tree(kind: type[errors.MonitorError]) -> Iterator[type[errors.MonitorError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _tree(child)


def metrics() -> str:
    lines = ["# Metrics", "", "At `/metrics`, for Prometheus.", "", "| metric | type | what it is |", "|---|---|---|"]
    lines += [
        f"| `{family.name}` | {family.type} | {family.documentation} |" for family in Metrics().registry.collect()
    ]
    return "\n".join([*lines, ""])


def lifecycle() -> str:
    return "\n".join(
        [
            "# The life of a room",
            "",
            "Drawn from the table in `monitor/rooms/lifecycle.py`.",
            "",
            as_table(),
            "",
            "```mermaid",
            as_diagram().strip(),
            "```",
            "",
            "# Consent",
            "",
            "Beside it, and longer than any visit: what the room has agreed to, from the table in",
            "`monitor/consent/machine.py`.",
            "Somebody is listened to where the room is LIVE, its consent GRANTED, and they are not opted out.",
            "",
            consent_table(),
        ]
    )


def api() -> str:
    lines = [
        "# The HTTP API",
        "",
        "What `/openapi.json` of the running service says in full. `/api/...` speaks JSON; a request that can't be",
        "answered gets a `detail` in words, and where there is one, a `code` of [error codes](errors.md): 401 for",
        "whoever has not signed in (a cookie, or `Authorization: Bearer <API token>`), 403 for whoever may not do it.",
        "The last column is the permission that a request needs, `x-permission` in the document; `/api/me` says which",
        "one has, and the [guide](../guide/operator.md#accounts-who-may-do-what) which role has which. Pages of other",
        "sites may change nothing.",
        "",
    ]
    tags: dict[str, list[str]] = {}
    for path, methods in create_app(_without_parts()).openapi()["paths"].items():
        for method, about in methods.items():
            word = " ".join(about.get("description", "").split("\n\n")[0].split())
            tags.setdefault(about["tags"][0], []).append(
                f"| `{method.upper()} {path}` | {word} | {about['x-permission']} |"
            )
    for tag, rows in sorted(tags.items()):
        lines += [f"## {tag.capitalize()}", "", "| request | what it does | needs |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _without_parts() -> WebDeps:
    """Enough to know the routes; nothing of it is asked."""
    nothing: Any = None
    hello = Hello(version="0", seq=0, after=0, model="", lists=[], rooms=[], heartbeat=0)
    some: Any = object()
    parts: dict[str, Any] = {
        "catalog": some,
        "backtests": some,
        "keeping": SimpleNamespace(vault=some),
        "exporter": some,
        "access": some,
        "provider": some,
        "routes": [
            room_routes(some),
            probe_routes(some),
            models(some),
            webhooks(some, some),
            host(some),
            host_links(some),
            room_actions(some, some),
        ],
    }
    return WebDeps(nothing, nothing, lambda: hello, list, nothing, nothing, **parts)


PAGES = {
    "settings": settings,
    "commands": commands,
    "api": api,
    "feed": feed,
    "errors": error_codes,
    "metrics": metrics,
    "lifecycle": lifecycle,
}


def main() -> int:
    stale = []
    for name, page in PAGES.items():
        path, text = HERE / f"{name}.md", HEAD + page().rstrip() + "\n"
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
    print(("out of date: " if "--check" in sys.argv else "written: ") + (", ".join(stale) or "nothing"))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
