"""The loaded models: one instance each, however many rooms and languages it hears; more, fewer and others at run time.

`choose` is asked for each batch, in the event loop. So another model takes over between two batches: what a thread is
at work on ends with the model that it began with, and what waits is heard by the new one. The old one's memory is
given back once nobody uses it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from monitor import memory
from monitor.errors import Busy, ModelMissing, ModelUnfit
from monitor.model import Transcript, Utterance
from monitor.speech.choice import ENGLISH, Choice
from monitor.speech.recogniser import Hints, Recogniser, hear_one

_log = structlog.get_logger(__name__)

DOUBTED = 0.6
"""Mean probability of the words below which a model of English alone may have heard another language. With tiny.en, on
clips of up to 6 s of half of the speakers: 14 in English 0.60 to 0.93; 41 in other languages 0.57 or less, or none."""

Load = Callable[[str], Recogniser]
"""Blocks. Raises ModelMissing, ModelUntrusted, ModelUnfit."""
Trial = Callable[[Recogniser], str]
"""Hears something with a model that was just loaded, and says how it went. Blocks. Raises ModelUnfit."""


@dataclass(frozen=True, slots=True)
class Used:
    """What came of a change."""

    model: str
    before: str  # what heard this until now
    language: str  # empty: all that have no model of their own
    trial: str  # how the model did, in plain words; empty: it was loaded already
    took: float  # seconds until it was in use


@dataclass(frozen=True, slots=True)
class _Table:
    """Replaced as a whole: threads read it, too."""

    choice: Choice
    loaded: Mapping[str, Recogniser]  # by the name that the choice knows
    english: frozenset[str]  # those that know no other language


class Models:
    """A Recogniser that is several."""

    def __init__(
        self,
        choice: Choice,
        load: Load,
        trial: Trial = lambda _: "",
        english: Callable[[str, Recogniser], bool] = lambda _, one: not getattr(one, "multilingual", True),
    ) -> None:
        """Nothing is loaded yet: `begin`. `english`: whether a model knows English alone."""
        self._load = load
        self._trial = trial
        self._knows_english_alone = english
        self._table = _Table(choice, {}, frozenset())
        self._changing = asyncio.Lock()  # one model is loaded at a time: two beside the old ones need too much memory

    @classmethod
    def fixed(cls, recogniser: Recogniser) -> Models:
        """One that somebody has loaded, and no others."""

        def none(name: str) -> Recogniser:
            raise ModelMissing(f"The model {name} can't be loaded: this service was given its recogniser.")

        models = cls(Choice(recogniser.model), none)
        models._table = _Table(models.choice, {recogniser.model: recogniser}, frozenset())
        return models

    def begin(self) -> None:
        """Load what is needed. Blocks. Raises what loading raises."""
        loaded = {name: self._load(name) for name in self.choice.names}
        self._table = _Table(self.choice, loaded, self._english(loaded))

    @property
    def choice(self) -> Choice:
        return self._table.choice

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are loaded, the default one first."""
        return tuple(self._table.loaded)

    @property
    def model(self) -> str:
        """The default one's name, as shown beside transcripts."""
        table = self._table
        return table.loaded[table.choice.default].model

    def english_only(self, name: str) -> bool:
        return name in self._table.english

    def choose(self, utterance: Utterance, hints: Hints, haste: bool = False) -> Recogniser:
        """The model that hears it now; `haste`: too much waits."""
        table = self._table
        of = table.choice.in_haste if haste else table.choice.of
        name = of(utterance.room, hints.languages, hints.likely, table.english)
        return table.loaded.get(name) or table.loaded[table.choice.default]

    def after(self, heard_by: Recogniser, transcript: Transcript, hints: Hints) -> Recogniser | None:
        """The model for the language that was found, where that is another one than `heard_by`; or one that can tell
        the language, where a model of English alone was unsure of what it heard. From any thread."""
        table, room = self._table, transcript.utterance.room
        name = next((name for name, one in table.loaded.items() if one is heard_by), "")
        if name in table.english:
            doubtful = _mean(transcript) < DOUBTED
            return table.loaded.get(table.choice.able(room, hints.languages, table.english)) if doubtful else None
        if not name or not transcript.words:
            return None
        return table.loaded.get(table.choice.after(room, hints.languages, name, transcript.language))

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        """One by one, each with its model."""
        return [hear_one(self.choose(*each), *each) for each in batch]

    async def use(self, name: str, language: str = "") -> Used:
        """Hear this language with the named model, or all that has none of its own; the old one goes on until the new
        one has passed its trial, and if it doesn't.

        Raises Busy while another change is under way, ModelMissing, ModelUntrusted, ModelUnfit.
        """
        if self._changing.locked():
            raise Busy("Another model is being loaded: try again when it is in use.")
        began = time.monotonic()
        async with self._changing:
            before = self.choice.of("", (language,) if language else (), None)
            new, trial = await self._made(name)
            if language not in ("", ENGLISH) and self._english(new) | (self._table.english & {name}):
                raise ModelUnfit(f"The model {name} knows English alone: it can't hear {language!r}.")
            self._change(lambda choice: choice.with_language(language, name), new)
        return Used(name, before, language, trial, time.monotonic() - began)

    async def take_room(self, room: str, name: str) -> None:
        """A room with a model of its own, from now on. Raises ModelMissing, ModelUntrusted, ModelUnfit."""
        if self.choice.rooms.get(room, "") == name:
            return
        async with self._changing:
            new, _ = await self._made(name) if name else ({}, "")
            self._change(lambda choice: choice.with_room(room, name), new)

    def drop_room(self, room: str) -> None:
        """The room is gone, and all that was heard there is done with."""
        if room in self.choice.rooms:
            self._change(lambda choice: choice.with_room(room, ""), {})

    async def _made(self, name: str) -> tuple[dict[str, Recogniser], str]:
        """The model, where it isn't loaded yet, and how it did in its trial."""
        if name in self._table.loaded:
            return {}, ""
        return await asyncio.to_thread(self._tried, name)

    def _tried(self, name: str) -> tuple[dict[str, Recogniser], str]:
        with _short_of_memory(name):
            recogniser = self._load(name)
            return {name: recogniser}, self._trial(recogniser)

    def _change(self, change: Callable[[Choice], Choice], new: Mapping[str, Recogniser]) -> None:
        choice = change(self.choice)
        known = {**self._table.loaded, **new}
        loaded = {name: known[name] for name in choice.names if name in known}
        gone = [known[name] for name in known if name not in loaded]
        self._table = _Table(choice, loaded, self._english(loaded))
        if gone:
            _log.info("model.unloaded", models=[one.model for one in gone])
            known.clear()
            asyncio.get_running_loop().run_in_executor(None, _let_go, gone)

    def _english(self, loaded: Mapping[str, Recogniser]) -> frozenset[str]:
        return frozenset(name for name, one in loaded.items() if self._knows_english_alone(name, one))


def _mean(transcript: Transcript) -> float:
    words = transcript.words
    return sum(word.probability for word in words) / len(words) if words else 0.0


def _let_go(gone: list[Recogniser]) -> None:
    """In a thread: destroying a model ends its threads and returns gigabytes. Where a batch still uses one, that ends
    with the batch."""
    gone.clear()
    memory.give_back()


@contextmanager
def _short_of_memory(name: str) -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise ModelUnfit(f"There is not enough memory for the model {name} beside what is in use.") from error
