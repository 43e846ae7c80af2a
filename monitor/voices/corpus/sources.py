"""Where people's speech comes from, each collection with its licence, and which of it may go into weights.

Nothing is downloaded here: Debian packages are read where apt puts them, and other speech from directories that the
user gives (`manifest.tsv` with file, language, speaker, licence and transcript or text).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.voices.corpus.rows import CorpusInvalid, Label, text_id

FILLETS = Path("/usr/share/games/fillets-ng")
ASTERISK = Path("/usr/share/asterisk/sounds")
PACKAGES = "fillets-ng-data fillets-ng-data-cs fillets-ng-data-nl " + " ".join(
    f"asterisk-core-sounds-{language}-g722" for language in ("en", "es", "fr", "it", "ru")
)
"""Debian packages with people's speech."""

CLEAR = re.compile(r"\b(MIT|Apache-2\.0|BSD|CC0|CC-BY-[34]\.0|public domain)\b", re.IGNORECASE)
UNCLEAR = re.compile(r"CC-BY-(SA|NC|ND)|GPL|origin not documented|Apache-2\.0 \(repo[);]", re.IGNORECASE)
"""Share-alike and non-commercial terms; and a repository's licence that says nothing of the recordings in it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One recording somewhere on this machine."""

    path: Path
    label: Label
    source: str
    speaker: str
    generator: str
    text: str  # "" where nobody wrote down what is said
    text_id: str
    pair_id: str
    language: str
    licence: str
    weights_ok: bool


def weights_ok(licence: str) -> bool:
    """Whether weights trained on speech with this licence may be given away under the project's licence.

    In doubt no: this decides what is published. Attribution is given in docs/discussion/voice-data.md.
    """
    return bool(CLEAR.search(licence)) and not UNCLEAR.search(licence)


def from_manifest(directory: Path) -> Iterator[Found]:
    """Recordings of a directory with `manifest.tsv`. Raises CorpusInvalid."""
    path = directory / "manifest.tsv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except OSError as error:
        raise CorpusInvalid(f"{path}: {error.strerror}. Give a directory with a manifest.tsv") from error
    for number, row in enumerate(rows, 2):
        try:
            yield _pair(directory, row) if "system" in row else _person(directory, row)
        except KeyError as error:
            raise CorpusInvalid(f"{path}, line {number}: no column {error}") from error


def _person(directory: Path, row: dict[str, str]) -> Found:
    text = row["transcript"]
    return Found(
        path=directory / row["file"],
        label=Label.GENUINE,
        source=_collection(row["speaker"]) or directory.name,
        speaker=_one_name(row["speaker"]),
        generator="",
        text=text,
        text_id=text_id(text or row["file"], row["language"]),
        pair_id="",
        language=row["language"],
        licence=row["licence"],
        weights_ok=weights_ok(row["licence"]) and not row.get("human", "yes").startswith("likely"),
    )


SYSTEMS = {
    "FastSpeech2": "fastspeech2-ming024",
    "PortaSpeech": "portaspeech-keonlee",
    "Comprehensive-Transformer-TTS": "transformer-keonlee",
    "VITS LJSpeech": "vits-ljspeech",
    "VITS VCTK": "vits-vctk",
    "VITS AISHELL-3": "vits-aishell3",
    "Piper": "vits-piper",
    "MeloTTS": "vits-melo",
    "VITS zh-hf": "vits-zh",
    "MMS": "vits-mms",
}
"""How a manifest names a system, and what it is called here: all members of the VITS family are left out together."""


def _pair(directory: Path, row: dict[str, str]) -> Found:
    """A system's demonstration, or the recording of a person that goes with it."""
    genuine = row["kind"] == "genuine"
    generator = "" if genuine else _system(row["system"])
    person = _reader(row["pair_id"])
    made = f"{generator}:{person or _voice(row['file'])}"
    return Found(
        path=directory / row["file"],
        label=Label.GENUINE if genuine else Label.SYNTHETIC,
        source="matched-pairs" if row["pair_id"] else "demonstrations",
        speaker=person if genuine else made,
        generator=generator,
        text=row["text"],
        text_id=text_id(row["text"] or row["file"], row["language"]),
        pair_id=row["pair_id"],
        language=row["language"],
        licence=row["licence"],
        weights_ok=genuine and weights_ok(row["licence"].partition("genuine ")[2]),
    )


def _system(name: str) -> str:
    for start, generator in SYSTEMS.items():
        if name.startswith(start):
            return generator
    return "other-" + re.sub(r"[^a-z0-9]+", "", name.lower())


def _reader(utterance: str) -> str:
    """The person behind a corpus's utterance id: LJSpeech, AISHELL-3, VCTK, LibriTTS."""
    if utterance.startswith("LJ"):
        return "ljspeech"
    if found := re.match(r"SSB\d{4}", utterance):
        return f"aishell3-{found[0]}"
    if found := re.match(r"(p\d{3})_", utterance):
        return f"vctk-{found[1]}"
    if found := re.match(r"(\d+)_\d+_", utterance):
        return f"libri-{found[1]}"
    return ""


def _voice(file: str) -> str:
    """A demonstration's voice by the number or name that ends its file's name."""
    stem = re.sub(r"_[0-9a-f]{4}$", "", Path(file).stem)
    found = re.search(r"(\d+)$", stem)
    return found[1] if found else "default"


def _collection(speaker: str) -> str:
    """What stands before the dash of a speaker's name: a manifest may list several collections."""
    name, dash, _ = speaker.partition("-")
    return name if dash else ""


def _one_name(speaker: str) -> str:
    """One name for one person: Allison Smith speaks English and Spanish prompts."""
    return "asterisk-Allison" if "Allison" in speaker else speaker


def asterisk(root: Path = ASTERISK) -> Iterator[Found]:
    """Prompts of a telephone exchange, one speaker a language. Nothing but the file's name says what is said."""
    for folder in sorted(root.glob("??_??_?_*")):
        language = folder.name[:2]
        free = language == "ru"
        for path in sorted(folder.rglob("*.g722")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            if name.startswith(("silence/", "beep")) or "tone" in name:
                continue
            yield Found(
                path=path,
                label=Label.GENUINE,
                source="asterisk",
                speaker=_one_name(f"asterisk-{folder.name}"),
                generator="",
                text="",
                text_id=text_id(f"asterisk {name}", language),
                pair_id="",
                language=language,
                licence="CC-BY-3.0 (Maxim Topal)" if free else "CC-BY-SA-3.0 (Asterisk core sounds)",
                weights_ok=free,
            )


ACTORS = re.compile(r"^[a-z0-9]+-([mv])-[A-Za-z0-9]+$")
"""Files of the two fishes, who speak without effects: m is she, v is he. The game's other figures are disguised."""


def fillets(root: Path = FILLETS) -> Iterator[Found]:
    """Dialogues of the game Fish Fillets: two actors in Czech, two in Dutch."""
    for path in sorted(root.glob("sound/*/??/*.ogg")):
        language, level = path.parent.name, path.parent.parent.name
        if language not in ("cs", "nl") or not (found := ACTORS.match(path.stem)):
            continue
        text = _subtitles(root / "script" / level / f"dialogs_{language}.lua").get(path.stem, "")
        yield Found(
            path=path,
            label=Label.GENUINE,
            source="fillets",
            speaker=f"fillets-{language}-{found[1]}",
            generator="",
            text=text,
            text_id=text_id(text or f"fillets {level} {path.stem}", language),
            pair_id="",
            language=language,
            licence="GPL-2.0-or-later (Fish Fillets NG)",
            weights_ok=False,
        )


_read: dict[Path, dict[str, str]] = {}


def _subtitles(script: Path) -> dict[str, str]:
    """Name of a dialogue → its text. Empty where the game's scripts aren't installed."""
    if script not in _read:
        lines = script.read_text("utf-8", "replace") if script.is_file() else ""
        pattern = re.compile(r'dialogId\("([^"]+)"[^\n]*\ndialogStr\("((?:[^"\\]|\\.)*)"\)')
        _read[script] = {name: text.replace("\\", "") for name, text in pattern.findall(lines)}
    return _read[script]
