"""The canary's part of the API: what came of its last try, and speaking on request."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import Field

from monitor.access.roles import Permission
from monitor.errors import Busy, OperatorError
from monitor.messages import CanaryRan
from monitor.web.answers import Answer, Trouble
from monitor.web.deps import WebDeps
from monitor.web.permits import needs

OFF = "The canary is off: set [canary] enabled = true in the settings file, and restart."
TROUBLES: dict[int | str, dict[str, Any]] = {
    404: {"model": Trouble, "description": "The canary is off"},
    409: {"model": Trouble, "description": "It speaks for somebody already"},
    503: {"model": Trouble, "description": "The service starts or stops"},
}


class CanaryState(Answer):
    """Whether the canary is on, and what came of its last try."""

    enabled: bool
    last: CanaryRan | None = Field(description="null: none since the service began")


def canary_api(deps: WebDeps) -> APIRouter:
    router = APIRouter(tags=["canary"])

    @router.get("/api/canary", dependencies=[needs(Permission.SEE)])
    async def state() -> CanaryState:
        """Whether the canary is on, and what came of its last try."""
        return CanaryState(enabled=deps.canary is not None, last=deps.canary.last if deps.canary else None)

    @router.post("/api/canary", responses=TROUBLES, dependencies=[needs(Permission.HEALTH)])
    async def speak() -> CanaryRan:
        """Speak the canary's phrase now. Answers when its alert has come, or has not: up to two minutes by default."""
        if deps.canary is None:
            raise HTTPException(404, OFF)
        try:
            return await deps.canary.ask()
        except Busy as error:
            raise HTTPException(409, str(error)) from error
        except OperatorError as error:
            raise HTTPException(503, str(error)) from error

    return router
