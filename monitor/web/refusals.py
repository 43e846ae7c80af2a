"""Expected errors as answers: the same words as on the command line, and never what was sent (it may be personal)."""

from __future__ import annotations

import math
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from monitor.errors import (
    AccountUnknown,
    Busy,
    ConfigInvalid,
    EvidenceUnknown,
    Forbidden,
    HookUnknown,
    HostLinkUnknown,
    IncidentTaken,
    IncidentUnknown,
    KeywordListConflict,
    KeywordListInvalid,
    KeywordListUnknown,
    MonitorError,
    OperatorError,
    Overloaded,
    PasswordWeak,
    RoomUnknown,
    SignInNeeded,
    StoreFailed,
    TooManyTries,
)
from monitor.keywords.refusal import ListRefused
from monitor.web.keyword_answers import ProblemView, Refusal

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "The request or the list in it can't be used"},
    404: {"model": Refusal, "description": "There is no such thing"},
    409: {"model": Refusal, "description": "It has changed meanwhile, one is running already, or it can't be written"},
}
"""What routes that change something may answer beside what they promise."""
_STATUS: tuple[tuple[type[MonitorError], int], ...] = (
    (KeywordListUnknown, 404),
    (SignInNeeded, 401),
    (Forbidden, 403),
    (TooManyTries, 429),
    (RoomUnknown, 404),
    (HookUnknown, 404),
    (IncidentUnknown, 404),
    (IncidentTaken, 409),
    (EvidenceUnknown, 404),
    (AccountUnknown, 404),
    (HostLinkUnknown, 404),
    (ConfigInvalid, 400),
    (PasswordWeak, 400),
    (KeywordListInvalid, 400),
    (KeywordListConflict, 409),
    (Busy, 409),
    (OperatorError, 409),
    (StoreFailed, 503),
    (Overloaded, 503),
)


def refuse_in_words(app: FastAPI) -> None:
    for kind, _ in _STATUS:
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    code = error.code if isinstance(error, MonitorError) else ""
    problems: list[ProblemView] = []
    if isinstance(error, ListRefused):
        problems = [ProblemView(line=p.line, column=p.column, reason=p.reason, mend=p.mend) for p in error.problems]
    headers = {}
    if isinstance(error, SignInNeeded):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyTries):
        headers["Retry-After"] = str(math.ceil(error.wait))
    answer = Refusal(detail=str(error), code=code, problems=problems).model_dump()
    return JSONResponse(answer, status_code=status, headers=headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """As FastAPI does it, without the value that was sent."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    detail = [{"loc": list(one["loc"]), "msg": one["msg"], "type": one["type"]} for one in found]
    return JSONResponse({"detail": detail}, status_code=422)
