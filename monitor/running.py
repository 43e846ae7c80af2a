"""Running a coroutine from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from monitor.errors import MonitorError

T = TypeVar("T")


def run_expected(coroutine: Coroutine[Any, Any, T]) -> T:
    """asyncio.run; an expected error that comes out of task groups is raised as itself."""
    try:
        return asyncio.run(coroutine)
    except BaseExceptionGroup as group:
        expected, rest = group.split(MonitorError)
        if expected is None or rest is not None:
            raise
        error: BaseException = expected
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
