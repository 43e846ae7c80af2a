"""Another model at run time, on somebody's word: audited first, then loaded, tried and put to use, and told.

It holds until the service stops: what is in the settings counts at the next start, so that a file says what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from monitor.audit.trail import Trail
from monitor.errors import Busy, ModelUnfit, OperatorError
from monitor.messages import ModelChanged
from monitor.speech.choice import ENGLISH
from monitor.speech.known import by_name
from monitor.speech.models import Models, Used
from monitor.store.store import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Standing:
    """One loaded model."""

    name: str
    uses: tuple[str, ...]  # in plain words
    english: bool  # knows no other language


class Swapping:
    def __init__(
        self,
        models: Models,
        store: Store,
        trail: Trail,
        named: Callable[[str], str],
        spoken: Mapping[str, tuple[str, ...]],
    ) -> None:
        """`named`: a model as `Models` knows it, from what somebody called it; raises ModelMissing for one that nobody
        may name from outside. `spoken`: each room's set of languages, as it is now."""
        self._spoken = spoken
        self._models = models
        self._store = store
        self._trail = trail
        self._named = named

    def loaded(self) -> list[Standing]:
        models = self._models
        return [Standing(name, models.choice.uses_of(name), models.english_only(name)) for name in models.names]

    async def use(self, who: str, called: str, language: str) -> Used:
        """`language`: ISO 639-1; empty: all that has no model of its own.

        Raises Busy, ModelMissing, ModelUntrusted, ModelUnfit; then what was in use goes on.
        """
        name = self._named(called)
        self._refuse_english(name, language)
        await self._trail.note(who, "model.used", name, language=language)
        before = self._models.choice.of("", (language,) if language else (), None)
        try:
            used = await self._models.use(name, language)
        except Busy:
            raise
        except OperatorError as error:
            log.error("model.failed", model=name, language=language, reason=str(error))
            await self._tell(ModelChanged(**_NOW, model=name, before=before, language=language, outcome="failed"))
            raise
        log.info("model.used", model=name, language=language, before=used.before, trial=used.trial)
        took = round(used.took, 2)
        told = ModelChanged(
            **_NOW, model=name, before=used.before, language=language, outcome="used", detail=used.trial, took=took
        )
        await self._tell(told)
        return used

    def _refuse_english(self, name: str, language: str) -> None:
        """Where others are spoken for certain, nobody would notice that a model makes English of it."""
        model, after = by_name(name), self._models.choice.with_language(language, name)
        if model is None or model.multilingual:
            return
        foreign = [
            room
            for room, spoken in self._spoken.items()
            if any(code != ENGLISH and after.of(room, (code,), None) == name for code in spoken)
        ]
        if foreign or language not in ("", ENGLISH):
            where = f"what is spoken in {', '.join(foreign)}" if foreign else repr(language)
            raise ModelUnfit(f"The model {name} knows English alone: it would make English of {where}.")

    async def _tell(self, message: ModelChanged) -> None:
        await self._store.add_model(message)


_NOW = {"seq": 0, "at": 0.0}  # the database gives both
