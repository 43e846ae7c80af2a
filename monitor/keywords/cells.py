"""The table that a keyword list is in CSV: its columns, and its cells to values and back.

One row a rule. Several values in one cell stand between ` | `; a `|`, a backslash, or a space at an edge that belongs
to the text has a backslash before it. A text that a spreadsheet would run as a formula gets an apostrophe before it,
which is taken away again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from monitor.keywords.fields import check_keys
from monitor.keywords.places import Path
from monitor.keywords.refusal import ListRefused, Problem, Wrong, did_you_mean

COLUMNS = (
    "kind", "text", "label", "not", "words", "seconds", "reach", "severity", "inflect", "disguise", "sound",
    "cool_down", "languages", "rooms", "expires", "owner", "floor", "note", "title", "state",
)  # fmt: skip
"""`text` is a phrase, a pattern, the parts of a combination, an exception, an example, or the name of the list."""
KINDS = ("list", "phrase", "pattern", "all", "near", "sequence", "exception", "hit", "miss")
MAX_ROWS = 250_000
_SEVERAL = {"not", "languages", "rooms", "all", "near", "sequence"}
_NUMBERS = {"seconds", "cool_down", "floor", "sound"}
_FORMULA = tuple("=+-@\t'")
_CELL = re.compile(r'"(?:[^"]|"")*"|[^,;\t\r\n]*')
_ALIASES = {"phrase": "text", "keyword": "text", "word": "text", "term": "text", "type": "kind", "level": "severity",
            "language": "languages", "room": "rooms", "comment": "note", "cooldown": "cool_down"}  # fmt: skip


def cells_of(values: Mapping[str, Any]) -> list[str]:
    """The row of one rule, exception or example, or of the list itself (kind `list`)."""
    kind = values["kind"]
    text = values[kind] if kind in values else values["text"]
    row = {**values, "text": text}
    return [_guarded(_cell(row.get(column))) for column in COLUMNS]


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return " | ".join(map(_escaped, value))
        case float():
            return repr(value)
        case _:
            return str(value)


def _escaped(text: str) -> str:
    edges = {0, len(text) - 1}
    return "".join(
        "\\" + char if char in "\\|" or (place in edges and char.isspace()) else char for place, char in enumerate(text)
    )


def _several(cell: str) -> list[str]:
    """The texts of a cell that may have several."""
    parts = [[""]]
    for sign in re.findall(r"\\.|.", cell, re.DOTALL):
        if sign == "|":
            parts.append([""])
        else:
            parts[-1].append(sign)
    return [_unescaped(part) for part in parts]


def _unescaped(signs: list[str]) -> str:
    first, last = 0, len(signs)
    while first < last and not signs[first].strip():
        first += 1
    while last > first and not signs[last - 1].strip():
        last -= 1
    return "".join(sign[1:] if len(sign) == 2 else sign for sign in signs[first:last])


def _guarded(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


class Sheet:
    """One table: its data as a list file would have them, and where each of them stands."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._rows: dict[Path, int] = {}  # the row of each entry of the data
        self._kinds: dict[Path, str] = {}
        first = text.split("\n", 1)[0]
        self._delimiter = max(",;\t", key=first.count)
        try:
            self._cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            self._refuse(0, f"not a CSV table: {error}", 'a cell with quotes, commas or line breaks stands between "…"')
        if not self._cells or not any(self._cells[0]):
            self._refuse(0, "the table is empty", f"its first row names its columns: {', '.join(COLUMNS[:3])} …")
        if len(self._cells) > MAX_ROWS:
            self._refuse(0, f"has {len(self._cells)} rows; at most {MAX_ROWS}", "split the list")
        self._columns = [cell.strip().lower() for cell in self._cells[0]]
        self._check_columns()

    def data(self, name: str) -> dict[str, Any]:
        """As tomllib would give them. Raises ListRefused for what has no place in a list."""
        data: dict[str, Any] = {"name": name} if name else {}
        phrases: list[Any] = []
        rules: list[Any] = []
        texts: dict[str, list[Any]] = {"exception": [], "hit": [], "miss": []}
        for number, cells in enumerate(self._cells[1:], 1):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(self._columns):
                mend = 'a cell with a comma stands between "…"'
                self._refuse(number, f"the row has {len(cells)} cells, the first row {len(self._columns)}", mend)
            row = {key: cell for key, raw in zip(self._columns, cells, strict=False) if (cell := _unguarded(raw))}
            kind = row.pop("kind", "phrase").strip().lower()
            match kind:
                case "list":
                    self._list_row(number, row, data)
                case "phrase":
                    self._rows["phrases", len(phrases)] = number
                    phrases.append(_values(row))
                case "pattern" | "all" | "near" | "sequence":
                    self._rows["rules", len(rules)] = number
                    self._kinds["rules", len(rules)] = kind
                    rules.append(_values({kind if key == "text" else key: cell for key, cell in row.items()}))
                case "exception" | "hit" | "miss":
                    path = ("exceptions",) if kind == "exception" else ("examples", kind)
                    self._rows[*path, len(texts[kind])] = number
                    self._only_text(number, row, kind)
                    texts[kind].append(row.get("text", ""))
                case _:
                    self._refuse(
                        number, f"kind {kind!r} is none of {', '.join(KINDS)}", did_you_mean(kind, KINDS), "kind"
                    )
        data |= {"phrases": phrases} if phrases or not rules else {}
        data |= {"rules": rules} if rules else {}
        data |= {"exceptions": texts["exception"]} if texts["exception"] else {}
        examples = {key: texts[key] for key in ("hit", "miss") if texts[key]}
        return data | ({"examples": examples} if examples else {})

    def place(self, path: Path) -> tuple[int, int]:
        """(line, column) of what a path of the data leads to."""
        for length in range(len(path), 0, -1):
            number = self._rows.get(path[:length])
            if number is not None:
                key = str(path[length]) if length < len(path) else "text"
                kind = self._kinds.get(path[:length])
                return self._at(number, "text" if key == kind else key)
        return self._at(self._rows.get(("list",), 0), str(path[0]) if path else "")

    def _list_row(self, number: int, row: dict[str, str], data: dict[str, Any]) -> None:
        if ("list",) in self._rows:
            self._refuse(number, "a second row of the kind `list`", "a file holds one list")
        self._rows["list",] = number
        data |= _values({"name" if key == "text" else key: cell for key, cell in row.items()})

    def _only_text(self, number: int, row: dict[str, str], kind: str) -> None:
        if extra := [key for key in row if key != "text"]:
            self._refuse(number, f"the kind `{kind}` has a text and no `{extra[0]}`", "leave that cell empty", extra[0])

    def _check_columns(self) -> None:
        try:
            check_keys(dict.fromkeys(self._columns), COLUMNS, (), "the table", ())
        except Wrong as wrong:
            column = str(wrong.path[0])
            mend = did_you_mean(column, COLUMNS, _ALIASES) or f"known are {', '.join(COLUMNS)}"
            self._refuse(0, f"there is no column `{column}`", mend, column)
        if "text" not in self._columns:
            self._refuse(0, "the column `text` is missing", "the first row names the columns; each phrase is a `text`")
        if len(set(self._columns)) < len(self._columns):
            twice = next(one for one in self._columns if self._columns.count(one) > 1)
            self._refuse(0, f"the column `{twice}` is there twice", "drop one of the two", twice)

    def _at(self, number: int, column: str) -> tuple[int, int]:
        """(line, column) of a cell: rows may go over several lines, so the rows before are counted through."""
        source = io.StringIO(self._text, newline="")
        rows = csv.reader(iter(source.readline, ""), delimiter=self._delimiter)
        for _ in range(number):
            next(rows, None)
        start = source.tell()
        index = self._columns.index(column) if column in getattr(self, "_columns", ()) else 0
        at = start
        for _ in range(index):
            found = _CELL.match(self._text, at)
            at = found.end() + 1 if found else at
        before = self._text[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1

    def _refuse(self, number: int, reason: str, mend: str = "", column: str = "") -> Any:
        raise ListRefused(self._file, [Problem(*self._at(number, column), reason, mend)])


def _values(row: Mapping[str, str]) -> dict[str, Any]:
    """Typed values of a row; a cell that is not what its column asks for stays a text, which the reader refuses."""
    return {key: _value(key, cell) for key, cell in row.items()}


def _value(key: str, cell: str) -> Any:
    word = cell.strip().lower()
    if key in _SEVERAL:
        return _several(cell)
    if key in {"inflect", "disguise", "sound"} and word in {"true", "false"}:
        return word == "true"
    try:
        if key == "words":
            return int(word)
        if key in _NUMBERS:
            return float(word)
        if key == "expires":
            return date.fromisoformat(word)
    except ValueError:
        return cell
    return word if key in {"severity", "state", "reach"} else cell
