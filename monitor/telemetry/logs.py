"""Structured logs on standard error.

Rules for callers: the event is a fixed phrase, what varies goes into keys; what was said, names and other personal data
only under keys that begin with `pii_`. Those are dropped here unless the operator allows them, so that logs can be kept
and passed on.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

PERSONAL = "pii_"
"""How keys with personal data begin."""

_CHATTY = (
    "aiortc",
    "aioice",
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "websockets",
    "alembic",
    "faster_whisper",
    "httpx",
)
"""Libraries that are heard from WARNING on only, whatever the level of our own log."""


def configure(form: Literal["text", "json"] = "text", *, personal: bool = False, level: int = logging.INFO) -> None:
    """Send our log and that of the libraries to standard error. `personal`: keep the `pii_` keys. May be repeated."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not personal:
        shared.append(drop_personal)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_render(form)],
        )
    )
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h.formatter, structlog.stdlib.ProcessorFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # configuring again must reach the loggers made before
    )


def drop_personal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Remove the keys with personal data, and say that there were some."""
    personal = [key for key in event if key.startswith(PERSONAL)]
    for key in personal:
        del event[key]
    if personal:
        event["withheld"] = len(personal)
    return event


def _render(form: Literal["text", "json"]) -> list[Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    ]
