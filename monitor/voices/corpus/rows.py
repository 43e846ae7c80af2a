"""One recording of the corpus, and the table that lists them all (`manifest.tsv`)."""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from monitor.errors import OperatorError

MANIFEST = "manifest.tsv"


class CorpusInvalid(OperatorError):
    """A corpus that can't be used, with what to do."""


class Label(StrEnum):
    """Who spoke."""

    GENUINE = "genuine"
    SYNTHETIC = "synthetic"


class Split(StrEnum):
    """What a recording is for. NONE: a voice of one split speaks a text of another, so it fits in none."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Row:
    """One recording."""

    path: str  # relative to the manifest's directory; 16 kHz mono WAV
    label: Label
    source: str  # collection that it comes from, or that its text comes from
    speaker: str  # a person, or a synthetic voice; one name for one voice, whatever engine speaks with it
    generator: str  # family-engine, such as "diphone-flite"; "" for people
    text_id: str  # equal texts, equal names
    pair_id: str  # equal for a recording and its synthetic twin: same text in the same person's voice; "" without one
    language: str  # ISO 639-1
    licence: str
    weights_ok: bool  # weights trained on it may be given away
    split: Split
    seconds: float

    @property
    def family(self) -> str:
        """The method of synthesis: what is left out together when a generator is left out."""
        return self.generator.partition("-")[0]


def text_id(text: str, language: str) -> str:
    """A name for what is said, equal where only case, punctuation, accents' encoding or spaces differ."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
    return f"{language}-{hashlib.sha256(plain.encode()).hexdigest()[:12]}"


def file_name(name: str) -> str:
    """`name` fit for a file."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", name).strip("_.")[:80]


def write(directory: Path, rows: Iterable[Row]) -> Path:
    """The table, whole or not at all. Raises OSError."""
    target = directory / MANIFEST
    part = target.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        names = [field.name for field in fields(Row)]
        writer = csv.DictWriter(file, names, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar="\\")
        writer.writeheader()
        for row in rows:
            values = asdict(row)
            values |= {"weights_ok": "yes" if row.weights_ok else "no", "seconds": f"{row.seconds:.2f}"}
            writer.writerow(values)
    part.replace(target)
    return target


def read(directory: Path) -> list[Row]:
    """The rows of a corpus. Raises CorpusInvalid."""
    path = directory / MANIFEST
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar="\\"))
    except OSError as error:
        raise CorpusInvalid(f"{path}: {error.strerror}. Make the corpus first: room-monitor voices data") from error
    rows = []
    for number, cells in enumerate(table, 2):
        try:
            rows.append(_row(cells))
        except (KeyError, ValueError, TypeError) as error:
            raise CorpusInvalid(f"{path}, line {number}: {error!r}. Make the corpus anew.") from error
    return rows


def _row(cells: dict[str, str]) -> Row:
    values = {field.name: cells[field.name] for field in fields(Row)}
    return Row(
        path=values["path"],
        label=Label(values["label"]),
        source=values["source"],
        speaker=values["speaker"],
        generator=values["generator"],
        text_id=values["text_id"],
        pair_id=values["pair_id"],
        language=values["language"],
        licence=values["licence"],
        weights_ok={"yes": True, "no": False}[values["weights_ok"]],
        split=Split(values["split"]),
        seconds=float(values["seconds"]),
    )
