"""Where each key and value of a TOML file stands. The standard library's reader tells only what, not where.

For text that `tomllib` has accepted: this walks over it, and checks nothing. Used once something is to be said about a
file, never on the way of a good one.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]
"""Keys and array indexes from the top: ("phrases", 3, "severity")."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")


class Places:
    """The places of one text. Lines and columns count from 1; a column is in characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(place.end() for place in re.finditer("\n", text))]
        self._keys: dict[Path, int] = {}
        self._values: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}  # arrays of tables: the index of the newest
        self._walk()

    def key(self, path: Path) -> tuple[int, int]:
        """(line, column) of a key; of the nearest thing around it where the file doesn't have it."""
        return self._place(path, self._keys)

    def value(self, path: Path) -> tuple[int, int]:
        """(line, column) of a value; of the nearest thing around it where the file doesn't have it."""
        return self._place(path, self._values)

    def _place(self, path: Path, wanted: dict[Path, int]) -> tuple[int, int]:
        offset = wanted.get(path)
        while offset is None and path:
            offset = self._values.get(path, self._keys.get(path))
            path = path[:-1]
        return self.at(offset or 0)

    def at(self, offset: int) -> tuple[int, int]:
        """(line, column) of a character."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def _walk(self) -> None:
        text, at = self._text, 0
        table: Path = ()
        while (at := self._blank(at)) < len(text):
            if text.startswith("[[", at):
                at, table = self._header(at, 2)
            elif text[at] == "[":
                at, table = self._header(at, 1)
            else:
                at = self._pair(at, table)

    def _header(self, at: int, brackets: int) -> tuple[int, Path]:
        start = at
        at, keys = self._dotted(at + brackets)
        path: Path = ()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            if brackets == 2 and number == len(keys):
                self._arrays[path] = self._arrays.get(path, -1) + 1
                self._keys.setdefault(path, start)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        self._keys.setdefault(path, start)
        self._values.setdefault(path, start)
        return self._blank(at) + brackets, path

    def _pair(self, at: int, table: Path) -> int:
        start = at
        at, keys = self._dotted(at)
        path = table
        for key in keys:
            path = (*path, key)
            self._keys.setdefault(path, start)
        return self._value(self._blank(self._blank(at) + 1), path)  # + 1: the equals sign

    def _dotted(self, at: int) -> tuple[int, list[str]]:
        keys: list[str] = []
        while True:
            at = self._blank(at)
            quoted = _STRING.match(self._text, at)
            found = quoted or _BARE.match(self._text, at)
            if found is None:
                return len(self._text), keys  # not TOML: go no further
            keys.append(str(tomllib.loads(f"x = {found[0]}")["x"]) if quoted else found[0])
            at = self._blank(found.end())
            if self._text[at : at + 1] != ".":
                return at, keys
            at += 1

    def _value(self, at: int, path: Path) -> int:
        self._values.setdefault(path, at)
        char = self._text[at : at + 1]
        if char == "[":
            return self._array(at + 1, path)
        if char == "{":
            return self._inline(at + 1, path)
        found = _STRING.match(self._text, at) or _SCALAR.match(self._text, at)
        return found.end() if found else len(self._text)

    def _array(self, at: int, path: Path) -> int:
        index = 0
        while (at := self._blank(at)) < len(self._text) and self._text[at] != "]":
            at = self._blank(self._value(at, (*path, index)))
            index += 1
            at += self._text[at : at + 1] == ","
        return at + 1

    def _inline(self, at: int, path: Path) -> int:
        while (at := self._blank(at)) < len(self._text) and self._text[at] != "}":
            at = self._blank(self._pair(at, path))
            at += self._text[at : at + 1] == ","
        return at + 1

    def _blank(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return found.end() if found else at
