"""`room-monitor check`: what is missing or wrong, and how to mend it."""

from __future__ import annotations

import importlib.util
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from monitor.admission import reached_by_others, refuse_without_accounts
from monitor.check_models import Finding, model_findings, speed_findings
from monitor.config import Settings, load, secret
from monitor.config_rooms import JanusRoom, LiveKitRoom, WhepRoom
from monitor.connecting import ice_for
from monitor.errors import AccountsMissing, ConfigInvalid, DataInUse, OperatorError
from monitor.keywords.library import Library
from monitor.registered import Register
from monitor.rooms import opus
from monitor.rooms.livekit.sdk import INSTALL
from monitor.store.access_records import accounts_in
from monitor.store.lock import owned
from monitor.store.schema import check_schema, schema_version
from monitor.voice_house import detector
from monitor.web.deps import STATIC

ROOM_FOR_DATA = 1_000_000_000
"""Bytes that should be free where the database and the clips go."""


def findings(config: Path | None, measure: bool = False) -> Iterator[Finding]:
    """Each finding as it is made; after unusable settings nothing else can be looked at. `measure`: hear something, for
    some seconds on all cores; not while a service runs on the data directory."""
    try:
        settings = load(config)
    except OperatorError as error:
        yield Finding("wrong", "settings", str(error), "mend the lines named")
        return
    yield Finding("ok", "settings", str(config or "defaults"))
    try:
        rooms = Register(settings.storage.data, settings.rooms).all_ready
    except ConfigInvalid as error:
        yield Finding("wrong", "rooms", str(error), "mend it, or move it away")
        rooms = settings.rooms
    settings = settings.model_copy(update={"rooms": rooms})
    for look in (_rooms, _secrets, _model, _voices, _opus, _lists, _canary, _access, _port, _data, _console):
        yield from look(settings)
    if measure:
        yield from _speed(settings)


def _rooms(settings: Settings) -> Iterator[Finding]:
    if settings.rooms:
        yield Finding("ok", "rooms", ", ".join(f"{room.id} ({room.kind})" for room in settings.rooms))
    else:
        yield Finding("note", "rooms", "none configured", "add a [[rooms]] table, or try `room-monitor demo`")


def _secrets(settings: Settings) -> Iterator[Finding]:
    for room in settings.rooms:
        references = [getattr(room, name) for name in room.SECRETS]
        if isinstance(room, WhepRoom):
            references += [stream.token for stream in room.streams]
        try:
            for reference in references:
                secret(reference)
            ice = ice_for(room, settings.ice)
            if ice.relay_only and isinstance(room, JanusRoom) and all(one.kind == "stun" for one in ice.servers):
                mend = "name one in [[ice.turn]], or leave relay_only out"
                yield Finding("wrong", f"room {room.id}", "relay_only, and no TURN server is named", mend)
        except ConfigInvalid as error:
            yield Finding("wrong", f"room {room.id}", str(error), "it can't be joined without")
        if isinstance(room, LiveKitRoom) and importlib.util.find_spec("livekit") is None:
            yield Finding("wrong", f"room {room.id}", "LiveKit's SDK is not installed", INSTALL)


def _model(settings: Settings) -> Iterator[Finding]:
    yield from model_findings(settings)


def _speed(settings: Settings) -> Iterator[Finding]:
    if _running(settings.storage.data):
        mend = "measure while it is stopped; `room-monitor top` shows the load"
        yield Finding("note", "speed", "a room-monitor runs on this data directory: not measured", mend)
    else:
        yield from speed_findings(settings)


def _voices(settings: Settings) -> Iterator[Finding]:
    name = settings.voices.model
    if not name:
        return
    try:
        loaded = detector(settings.voices)
    except OperatorError as error:
        yield Finding("wrong", "voice detector", str(error), f"room-monitor voices models {name}")
        return
    assert loaded is not None  # noqa: S101  a name was given
    if loaded.calibration is None:
        mend = "room-monitor voices calibrate"
        yield Finding("note", "voice detector", f"{loaded.model}, without a calibration: it says nothing", mend)
    else:
        yield Finding("ok", "voice detector", f"{loaded.model}, calibration {loaded.calibration.name}")


def _opus(settings: Settings) -> Iterator[Finding]:
    version = opus.available()
    if version:
        yield Finding("ok", "Opus decoder", version)
    else:
        yield Finding(
            "note",
            "Opus decoder",
            "libopus can't be loaded: lost packets become silence",
            "pip install --force-reinstall av",
        )


def _canary(settings: Settings) -> Iterator[Finding]:
    plan = settings.canary
    if not plan.enabled:
        return
    library = Library(settings.keywords.lists)
    library.poll()
    if plan.list not in {name.partition("@")[0] for name in library.names()}:
        mend = f"config/keywords has one to copy into {settings.keywords.lists}; or set [canary] list"
        yield Finding("wrong", "canary", f"its keyword list {plan.list!r} is not there", mend)
    elif Path(plan.recording).suffix and not Path(plan.recording).is_file():
        yield Finding("wrong", "canary", f"no file {plan.recording}", "mend [canary] recording")
    else:
        yield Finding("ok", "canary", f"{plan.phrase!r} every {plan.every:g} minutes in room {plan.room}")


def _lists(settings: Settings) -> Iterator[Finding]:
    library = Library(settings.keywords.lists)
    for problem in library.poll().problems:
        yield Finding("wrong", "keyword list", problem, "mend the line named; room-monitor keywords lint FILE")
    if library.names():
        yield Finding("ok", "keyword lists", ", ".join(library.names()))
    else:
        yield Finding(
            "wrong", "keyword lists", f"none in {settings.keywords.lists}", "nothing can be flagged without one"
        )


def _access(settings: Settings) -> Iterator[Finding]:
    count = accounts_in(settings.storage.data / "monitor.db")
    try:
        refuse_without_accounts(settings)
        secret(settings.oidc.client_secret)
    except AccountsMissing as error:
        yield Finding("wrong", "accounts", str(error), "room-monitor users add NAME --role admin")
    except ConfigInvalid as error:
        yield Finding("wrong", "identity provider", str(error), "nobody can sign in there without")
    else:
        alone = "nobody has one: whoever sits at this machine may do all"
        people = f"{count} may sign in" + (f", and at {settings.oidc.issuer}" if settings.oidc.issuer else "")
        yield Finding("ok", "accounts", people if count or settings.oidc.issuer else alone)
    web = settings.web
    if reached_by_others(settings) and web.tls_cert is None and not web.proxies:
        mend = "set [web] tls_cert, or name the proxy that does TLS in proxies"
        yield Finding("note", "TLS", "passwords and cookies would travel in the clear", mend)


def _port(settings: Settings) -> Iterator[Finding]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.web.host, settings.web.port))
        except OSError as error:
            if _running(settings.storage.data):
                yield Finding("note", "port", "in use, and a room-monitor runs on this data directory: it is its own")
                return
            yield Finding(
                "wrong",
                "port",
                f"{settings.web.host}:{settings.web.port}: {error.strerror}",
                "set another [web] port, or stop what uses it",
            )
            return
    yield Finding("ok", "port", f"{settings.web.host}:{settings.web.port} is free")


def _running(data: Path) -> bool:
    if not data.is_dir():
        return False
    try:
        with owned(data):
            return False
    except DataInUse:
        return True


def _data(settings: Settings) -> Iterator[Finding]:
    data = settings.storage.data
    there = next(p for p in (data, *data.parents) if p.exists())
    free = shutil.disk_usage(there).free
    grade: Literal["ok", "note"] = "ok" if free > ROOM_FOR_DATA else "note"
    yield Finding(grade, "data", f"{data}, {free / 1e9:.0f} GB free", "" if grade == "ok" else "make room")
    database = data / "monitor.db"
    if database.exists():
        yield _tried("database", lambda: _schema(database), "room-monitor migrate")


def _schema(database: Path) -> str:
    check_schema(database)
    return f"schema {schema_version(database)}"


def _console(settings: Settings) -> Iterator[Finding]:
    if (STATIC / "index.html").is_file():
        yield Finding("ok", "console", "built")
    else:
        yield Finding("wrong", "console", "not built", "pip install . (in the checkout: make setup)")


def _tried(what: str, attempt: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding("ok", what, attempt())
    except OperatorError as error:
        return Finding("wrong", what, str(error), mend)
