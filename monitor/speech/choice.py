"""Which model hears an utterance: the room's own, that of the language spoken, or the default one. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Choice:
    """Names of models."""

    default: str
    languages: Mapping[str, str] = field(default_factory=lambda: _NONE)  # ISO 639-1 → model
    rooms: Mapping[str, str] = field(default_factory=lambda: _NONE)  # rooms with a model of their own
    smaller: str = ""  # for when too much waits; empty: none

    @property
    def names(self) -> tuple[str, ...]:
        """All that must be loaded, each once, the default one first."""
        wanted = (self.default, *self.languages.values(), *self.rooms.values(), self.smaller)
        return tuple(dict.fromkeys(name for name in wanted if name))

    def with_language(self, language: str, name: str) -> Choice:
        """`language`: empty for the default one; `name`: empty, a language has no model of its own any more."""
        if not language:
            return replace(self, default=name)
        return replace(self, languages=_put(self.languages, language, name))

    def with_room(self, room: str, name: str) -> Choice:
        """`name`: empty, the room has no model of its own any more."""
        return replace(self, rooms=_put(self.rooms, room, name))

    def uses_of(self, name: str) -> tuple[str, ...]:
        """What a model is for, in plain words."""
        words = ["default"] if name == self.default else []
        words += [f"language {code}" for code, model in sorted(self.languages.items()) if model == name]
        words += [f"room {room}" for room, model in sorted(self.rooms.items()) if model == name]
        return (*words, *(["when too much waits"] if name == self.smaller else []))

    def of(self, room: str, spoken: Sequence[str], likely: str | None, english: Container[str] = ()) -> str:
        """`spoken`: the room's set of languages, empty for any; `likely`: the speaker's so far; `english`: the models
        that know no other language.

        A model of English alone can't tell what is spoken: where that isn't known and may be something else, one of the
        others hears it, if there is one for this room.
        """
        if own := self.rooms.get(room):
            return own
        if language := _known(spoken, likely):
            return self.languages.get(language, self.default)
        if self.default in english and any(code != ENGLISH for code in spoken):
            able = (self.languages.get(code, self.default) for code in spoken)
            return next((name for name in able if name not in english), self.default)
        return self.default

    def in_haste(self, room: str, spoken: Sequence[str], likely: str | None, english: Container[str] = ()) -> str:
        """The same while too much waits: the smaller model, but for a language that it doesn't know."""
        usual = self.of(room, spoken, likely, english)
        foreign = self.smaller in english and usual not in english and _known(spoken, likely) != ENGLISH
        return usual if foreign or not self.smaller else self.smaller

    def after(self, room: str, spoken: Sequence[str], heard_by: str, language: str) -> str:
        """The model that should hear again what `heard_by` found to be in this language; empty: none, it was right."""
        if len(spoken) == 1 or room in self.rooms:
            return ""
        better = self.languages.get(language, self.default)
        return "" if better == heard_by or language not in self.languages else better

    def able(self, room: str, spoken: Sequence[str], english: Container[str]) -> str:
        """The model that can tell what is spoken in a room of several languages; empty: none, or nothing is to tell."""
        if len(spoken) == 1 or room in self.rooms:
            return ""
        codes = spoken or tuple(self.languages)
        those = (self.default, *(self.languages[code] for code in codes if code in self.languages))
        return next((name for name in those if name not in english), "")


def _known(spoken: Sequence[str], likely: str | None) -> str:
    if len(spoken) == 1:
        return spoken[0]
    return likely if likely and (not spoken or likely in spoken) else ""


def _put(table: Mapping[str, str], key: str, name: str) -> Mapping[str, str]:
    kept = {other: model for other, model in table.items() if other != key}
    return MappingProxyType({**kept, key: name} if name else kept)
