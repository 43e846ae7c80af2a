"""The part of the API about models: which are loaded and for what, and another one without a restart."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from monitor.access.roles import Permission, Person
from monitor.swapping import Swapping
from monitor.web.answers import Answer
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

TAGS: list[str | Enum] = ["models"]
Name = Annotated[str, Field(min_length=1, max_length=300, description="A known model, or one that the settings name")]
Code = Annotated[
    str, Field(pattern=r"^([a-z]{2,3})?$", description="ISO 639-1; empty: all without a model of their own")
]


class LoadedView(Answer):
    """One model in memory."""

    model: str
    uses: list[str] = Field(description="What it hears, in plain words")
    english: bool = Field(description="True: it knows English alone")


class LoadedPage(Answer):
    """The default one first."""

    models: list[LoadedView]


class PutModel(Answer):
    """What is to be heard with which model from now on."""

    model: Name
    language: Code = ""


class UsedView(Answer):
    """It is in use."""

    model: str
    before: str = Field(description="What heard this until now")
    language: str = Field(description="ISO 639-1; empty: all without a model of their own")
    trial: str = Field(description="How it did when it was tried, in plain words; empty: it was loaded already")
    took: float = Field(description="Seconds until it was in use")


def models(swapping: Swapping) -> APIRouter:
    router = APIRouter(responses=REFUSALS)

    @router.get("/api/models", tags=TAGS, dependencies=[needs(Permission.HEALTH)])
    async def loaded() -> LoadedPage:
        """The models that are loaded, and what each of them hears."""
        found = [LoadedView(model=one.name, uses=list(one.uses), english=one.english) for one in swapping.loaded()]
        return LoadedPage(models=found)

    @router.put("/api/models", tags=TAGS)
    async def use(asked: PutModel, who: Annotated[Person, needs(Permission.ROOMS)]) -> UsedView:
        """Load a model beside those in use, try it, and let it take over between two utterances. Where that fails, the
        one before goes on. It holds until the service stops."""
        used = await swapping.use(who.name, asked.model, asked.language)
        return UsedView(
            model=used.model, before=used.before, language=used.language, trial=used.trial, took=round(used.took, 2)
        )

    return router
