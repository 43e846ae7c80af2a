"""The values of a list file, one by one: each checked, or refused with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from monitor.keywords.places import Path
from monitor.keywords.refusal import Wrong, did_you_mean
from monitor.model import RuleState, Severity

MAX_TEXT = 2_000
"""Characters in a note or title."""
MAX_ROOMS = 1_000
SOUND_DEFAULT = 0.85
"""Likeness that `sound = true` asks for."""
SOUND_LEAST = 0.6
MAX_COOL_DOWN = 86_400.0
OPTIONS = frozenset(
    {"severity", "note", "owner", "inflect", "disguise", "sound", "cool_down", "languages", "rooms", "expires", "floor"}
)
"""What every rule may say for itself."""
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ALIASES = {
    "keywords": "phrases", "words": "phrases", "terms": "phrases", "phrase": "text", "keyword": "text",
    "regex": "pattern", "regexp": "pattern", "re": "pattern", "and": "all", "without": "not", "unless": "not",
    "order": "sequence", "within": "seconds", "scope": "reach", "allow": "exceptions", "allowlist": "exceptions",
    "whitelist": "exceptions", "ignore": "exceptions", "lang": "languages", "language": "languages",
    "level": "severity", "priority": "severity", "comment": "note", "description": "note", "id": "label",
    "name": "label", "until": "expires", "expiry": "expires", "fuzzy": "sound", "phonetic": "sound",
    "soundalike": "sound", "stem": "inflect", "inflection": "inflect", "leet": "disguise", "throttle": "cool_down",
    "status": "state", "precision": "floor", "example": "examples", "must": "hit", "positive": "hit",
    "negative": "miss",
}  # fmt: skip


def check_keys(table: Mapping[str, Any], known: Iterable[str], path: Path, what: str, top: Iterable[str] = ()) -> None:
    """Raises Wrong for the first key that is not known. `top`: keys that belong at the file's top instead."""
    names = sorted(known)
    for key in table:
        if key in names:
            continue
        if key in set(top):
            mend = f"`{key}` belongs at the top of the file, above the first [table]"
        else:
            mend = did_you_mean(key, names, _ALIASES) or f"known are {', '.join(names)}"
        raise Wrong((*path, key), f"{what} has an unknown key `{key}`", mend, of_key=True)


def text(value: Any, path: Path, what: str, limit: int = MAX_TEXT) -> str:
    """A text with something in it."""
    if not isinstance(value, str) or not value.strip():
        raise Wrong(path, f"{what} must be a text" + ("" if value == "" else f", not {shown(value)}"))
    if len(value) > limit:
        raise Wrong(path, f"{what} has {len(value)} characters; at most {limit}", "shorten it")
    if _CONTROL.search(value):
        raise Wrong(path, f"{what} has a control character", "leave it out")
    return value


def texts(value: Any, path: Path, what: str, most: int, limit: int = MAX_TEXT) -> tuple[str, ...]:
    """An array of texts."""
    if isinstance(value, str):
        raise Wrong(path, f"{what} must be an array of texts", f"write [{shown(value)}]")
    if not isinstance(value, list):
        raise Wrong(path, f"{what} must be an array of texts, not {shown(value)}")
    if len(value) > most:
        raise Wrong(path, f"{what} has {len(value)} entries; at most {most}", "split the list into several files")
    return tuple(text(item, (*path, index), f"an entry of {what}", limit) for index, item in enumerate(value))


def number(value: Any, path: Path, what: str, low: float, high: float, mend: str = "") -> float:
    """A number from `low` to `high`; true, false and nan are none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Wrong(path, f"{what} must be a number from {low:g} to {high:g}, not {shown(value)}", mend)
    return float(value)


def flag(value: Any, path: Path, what: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Wrong(path, f"{what} must be true or false, not {shown(value)}", "write it without quotes")
    return value


def severity(value: Any, path: Path) -> Severity:
    """One of the severities."""
    if not isinstance(value, str) or value not in list(Severity):
        mend = did_you_mean(value, list(Severity), _SEVERITIES) if isinstance(value, str) else ""
        raise Wrong(path, f"severity {shown(value)} is none of {', '.join(Severity)}", mend)
    return Severity(value)


_SEVERITIES = {"warning": "medium", "warn": "medium", "normal": "medium", "error": "high", "urgent": "critical",
               "severe": "critical", "minor": "low", "debug": "info"}  # fmt: skip


def state(value: Any, path: Path) -> RuleState:
    """One of the states of a list's life."""
    if not isinstance(value, str) or value not in list(RuleState):
        near = {
            "on": "live",
            "enabled": "live",
            "active": "live",
            "off": "retired",
            "disabled": "retired",
            "test": "shadow",
        }
        mend = did_you_mean(value, list(RuleState), near) if isinstance(value, str) else ""
        raise Wrong(path, f"state {shown(value)} is none of {', '.join(RuleState)}", mend)
    return RuleState(value)


def languages(value: Any, path: Path) -> tuple[str, ...]:
    """ISO 639-1 codes, each once."""
    if isinstance(value, str):
        raise Wrong(path, "`languages` must be an array", f"write [{shown(value)}]")
    if not isinstance(value, list):
        raise Wrong(path, f'`languages` must be an array of codes such as ["en"], not {shown(value)}')
    for index, code in enumerate(value):
        if not isinstance(code, str) or not _LANGUAGE.fullmatch(code):
            mend = did_you_mean(str(code), _LANGUAGES, _LANGUAGES) if isinstance(code, str) else ""
            reason = f'`languages` must be ISO 639-1 codes such as "en", not {shown(code)}'
            raise Wrong((*path, index), reason, mend)
    return tuple(dict.fromkeys(value))


_LANGUAGES = {"english": "en", "chinese": "zh", "mandarin": "zh", "german": "de", "french": "fr", "spanish": "es",
              "russian": "ru", "japanese": "ja", "korean": "ko", "arabic": "ar", "portuguese": "pt", "italian": "it",
              "zh-cn": "zh", "zh-tw": "zh", "en-us": "en", "en-gb": "en", "cn": "zh", "jp": "ja"} | {
    code: code for code in ("en", "zh", "de", "fr", "es", "ru", "ja", "ko", "ar", "pt", "it")
}  # fmt: skip


def expires(value: Any, path: Path) -> date:
    """A TOML date."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    mend = "write a date without quotes, such as expires = 2027-01-31"
    raise Wrong(path, f"`expires` must be a date, the last day on which it counts, not {shown(value)}", mend)


def sound(value: Any, path: Path) -> float | None:
    """Likeness from which a sound-alike is a hit: false is never, true the default."""
    if isinstance(value, bool):
        return SOUND_DEFAULT if value else None
    mend = f"`sound = true` asks for {SOUND_DEFAULT}; nearer to 1 is stricter"
    return number(value, path, "`sound`", SOUND_LEAST, 1.0, mend)


def floor(value: Any, path: Path) -> float:
    """A precision."""
    return number(value, path, "`floor`", 0.0, 1.0, "write 0.8 for 80 %")


def options(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The options of OPTIONS that a table has, checked; ready to be fields of a Rule."""
    found: dict[str, Any] = {}
    for key in table:
        if key in OPTIONS:
            found[key] = _option(key, table[key], (*path, key))
    return found


def _option(key: str, value: Any, path: Path) -> Any:
    match key:
        case "severity":
            return severity(value, path)
        case "inflect" | "disguise":
            return flag(value, path, f"`{key}`")
        case "sound":
            return sound(value, path)
        case "cool_down":
            return number(value, path, "`cool_down`", 0.0, MAX_COOL_DOWN, "it is in seconds")
        case "languages":
            return languages(value, path)
        case "rooms":
            return texts(value, path, "`rooms`", MAX_ROOMS, 200)
        case "expires":
            return expires(value, path)
        case "floor":
            return floor(value, path)
        case _:
            return text(value, path, f"`{key}`")


def shown(value: Any) -> str:
    """A value as it may stand in a message: short."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "…")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "an array"
    return str(value)[:60]
