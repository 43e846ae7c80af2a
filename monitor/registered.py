"""The rooms that were added at run time: a file in the data directory, beside those of the settings."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from monitor.config_rooms import AnyRoom, with_files_from
from monitor.errors import ConfigInvalid, RoomConflict, RoomUnknown

FILE = "rooms.json"
SECRETS = "secrets"
"""The directory in the data directory whose files such rooms may name as secrets."""
VARIABLE = "ROOM_MONITOR_SECRET_"
"""With this the variables of the environment begin that they may name."""
MOST = 1000
"""Rooms; more are a mistake."""
_ROOM: TypeAdapter[AnyRoom] = TypeAdapter(AnyRoom)
_WORDS = ("name", "notice", "display")
"""Texts for people: what looks like a reference in them is none."""


class Register:
    """One for a data directory. Every change is on the disk when the call returns."""

    def __init__(self, data: Path, fixed: Sequence[AnyRoom]) -> None:
        """`fixed`: the rooms that nobody can add or remove here. Raises ConfigInvalid for a file that can't be used."""
        self._data = data
        self._fixed = {room.id: room for room in fixed}
        self._added: dict[str, AnyRoom] = {}
        for fields in self._read():
            room = _parsed(fields, str(self._path))
            if room.id not in self._fixed:  # else the settings have got it since, and what they say counts
                self._added[room.id] = room

    @property
    def added(self) -> tuple[AnyRoom, ...]:
        """As they were given, files of secrets still relative: `ready` makes them ready to use."""
        return tuple(self._added.values())

    @property
    def fixed(self) -> tuple[AnyRoom, ...]:
        return tuple(self._fixed.values())

    @property
    def all_ready(self) -> tuple[AnyRoom, ...]:
        """All rooms, ready to use."""
        return (*self.fixed, *map(self.ready, self.added))

    def ready(self, room: AnyRoom) -> AnyRoom:
        """The room with the files of its secrets as absolute paths."""
        return with_files_from(room, self._data / SECRETS)

    def check(self, room: AnyRoom) -> None:
        """Raises RoomConflict where it is there, ConfigInvalid where it names secrets that it must not."""
        if room.id in self._fixed:
            raise RoomConflict(f"The settings have a room {room.id!r}. Change it there, or take another id.")
        if room.id in self._added:
            raise RoomConflict(f"There is a room {room.id!r} already. Remove it first, or take another id.")
        if len(self._added) >= MOST:
            raise RoomConflict(f"There are {MOST} rooms that were added at run time: remove some first.")
        _check_secrets(room)

    def add(self, room: AnyRoom) -> None:
        """Raises as `check` does, and ConfigInvalid where the file can't be written."""
        self.check(room)
        self._write({**self._added, room.id: room})

    def removable(self, room_id: str) -> AnyRoom:
        """The room. Raises RoomUnknown; RoomConflict for a room of the settings."""
        if room_id in self._fixed:
            raise RoomConflict(f"The room {room_id!r} is in the settings: take it out there and start again.")
        if room_id not in self._added:
            known = ", ".join([*self._fixed, *self._added]) or "none"
            raise RoomUnknown(f"There is no room {room_id!r}; there are: {known}.")
        return self._added[room_id]

    def remove(self, room_id: str) -> AnyRoom:
        """Raises as `removable` does, and ConfigInvalid where the file can't be written."""
        gone = self.removable(room_id)
        self._write({other: room for other, room in self._added.items() if other != room_id})
        return gone

    @property
    def _path(self) -> Path:
        return self._data / FILE

    def _read(self) -> list[Any]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise ConfigInvalid(f"{self._path}: can't be read: {error}") from error
        rooms = found.get("rooms") if isinstance(found, dict) else None
        if not isinstance(rooms, list):
            raise ConfigInvalid(f"{self._path}: is not a file of rooms; move it away to start without them")
        return rooms

    def _write(self, rooms: dict[str, AnyRoom]) -> None:
        """All of it or nothing, whatever happens to the machine meanwhile. Raises ConfigInvalid."""
        fields = [room.model_dump(mode="json", exclude_unset=True) for room in rooms.values()]
        try:
            content = json.dumps({"rooms": fields}, indent=1, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ConfigInvalid("a text with half of a character can't be used") from None
        new = self._path.with_suffix(".new")
        try:
            with open(new, "wb", opener=_private) as file:
                file.write(content + b"\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise ConfigInvalid(f"{self._path}: can't be written: {error.strerror}") from error
        self._added = rooms


def parsed(fields: Any) -> AnyRoom:
    """A room from its fields as they were said. Raises ConfigInvalid."""
    return _parsed(fields, "the room")


def _parsed(fields: Any, place: str) -> AnyRoom:
    try:
        return _ROOM.validate_python(fields)
    except ValidationError as error:
        lines = [f"  {'.'.join(str(part) for part in e['loc'][1:]) or 'kind'}: {e['msg']}" for e in error.errors()]
        raise ConfigInvalid(f"{place}: {len(lines)} setting(s) can't be used:\n" + "\n".join(lines)) from None


def _check_secrets(room: AnyRoom) -> None:
    """Whoever may add a room chooses its server: without this they could have any file and variable sent to it."""
    for text in _references(room.model_dump(mode="json", exclude=set(_WORDS))):
        kind, _, name = text.partition(":")
        if kind == "env" and not name.startswith(VARIABLE):
            raise ConfigInvalid(f"{text}: rooms that are added at run time read only variables named {VARIABLE}…")
        if kind == "file" and (name != Path(name).name or name in (".", "..")):
            raise ConfigInvalid(
                f"{text}: rooms that are added at run time read only files in the directory {SECRETS!r} of the data "
                "directory: name the file without a path"
            )


def _references(value: Any) -> Iterator[str]:
    match value:
        case str() if value.startswith(("env:", "file:")):
            yield value
        case dict():
            for each in value.values():
                yield from _references(each)
        case list():
            for each in value:
                yield from _references(each)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
