"""A client of the feed, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from websockets.asyncio.client import connect

from monitor.messages import FEED, FeedMessage, Numbered


async def collect(
    url: str, enough: Callable[[list[FeedMessage]], bool], *, after: int = 0, patience: float = 90.0
) -> list[FeedMessage]:
    """Messages of the feed at ws://…, until `enough` says so. Raises TimeoutError with what came."""
    got: list[FeedMessage] = []
    try:
        async with asyncio.timeout(patience), connect(f"{url}/feed?after={after}") as feed:
            async for text in feed:
                got.append(FEED.validate_json(text))
                if enough(got):
                    return got
    except TimeoutError:
        kinds = [message.type for message in got if message.type not in ("coverage", "heartbeat", "talking")]
        raise TimeoutError(f"waited {patience} s; came: {kinds}") from None
    raise ConnectionError("the feed ended before that")


def numbers(messages: list[FeedMessage]) -> list[int]:
    return [message.seq for message in messages if isinstance(message, Numbered)]
