"""One client of the websocket feed: hello, what it missed, then what happens.

Nothing is lost and nothing comes twice, because the client is subscribed before the database is read, every event is
told after its commit, and a live event whose number was sent already is left out.
"""

from __future__ import annotations

import asyncio
import re
import time

from starlette.websockets import WebSocket, WebSocketDisconnect

from monitor.access.accounts import Accounts
from monitor.alerts.feed import Item, Overrun, Subscription
from monitor.mailbox import Closed
from monitor.masking import hide
from monitor.messages import Goodbye, Heartbeat, Message, Problem
from monitor.web.deps import WebDeps

PAGE = 500
"""Events read from the database at once."""
SIGNED_OUT = 4401
"""Code of the close when the session or token is over, or the account may no longer see this."""
GARBAGE = 20
"""Messages that a client may send in vain before it is closed."""
CLOSING = 30.0
"""Seconds that a close may wait for a client that doesn't read."""

_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


class _End(Exception):
    """Close the connection with this code; 0: it is gone already."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def serve_feed(socket: WebSocket, deps: WebDeps) -> None:
    """Returns when the client is gone or was closed."""
    await socket.accept()
    with deps.feed.subscribe() as subscription:
        deps.metrics.feed_clients(deps.feed.clients)
        client = _Client(socket, deps, subscription)
        end = _End(0)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(client.read())
                tasks.create_task(client.send())
                tasks.create_task(client.watch())
                if deps.access is not None:
                    tasks.create_task(client.stay(deps.access))
        except* _End as group:
            end = _first(group)
        except* WebSocketDisconnect:
            pass
    deps.metrics.feed_clients(deps.feed.clients)
    if end.code:
        await _close(socket, end)


class _Client:
    def __init__(self, socket: WebSocket, deps: WebDeps, subscription: Subscription) -> None:
        self._socket = socket
        self._deps = deps
        self._subscription = subscription
        self._sent = 0  # number of the last event that went out, or after which the client asked

    async def read(self) -> None:
        """The feed takes no messages: say so, and don't be flooded. Raises _End."""
        for _ in range(GARBAGE):
            if (await self._socket.receive())["type"] == "websocket.disconnect":
                raise _End(0)
            self._subscription.offer(Item(0, _problem("no-input", "The feed takes no messages; it only sends.")))
        raise _End(1008, f"more than {GARBAGE} messages that the feed doesn't take")

    async def watch(self) -> None:
        """Raises _End when the client reads too slowly, also while `send` is stuck."""
        await self._subscription.wait_overrun()
        self._deps.metrics.feed_overrun()
        raise _End(1013, "too slow; come back with ?after=<seq of the last message>")

    async def stay(self, access: Accounts) -> None:
        """Raises _End when the session or token that it came with is over."""
        await access.until_over(self._socket.state.lease)
        raise _End(SIGNED_OUT, "the session has ended; sign in again")

    async def send(self) -> None:
        """Raises _End when the feed closes."""
        await self._begin()
        await self._history()
        loop = asyncio.get_running_loop()
        beat = loop.time() + self._deps.heartbeat
        while True:
            try:
                async with asyncio.timeout_at(beat):
                    item = await self._subscription.get()
            except TimeoutError:
                item = None
            except Overrun:
                return  # `watch` ends the connection
            except Closed:
                await self._say(Goodbye(seq=self._sent))
                raise _End(1001, "the service stops") from None
            if item is not None:
                await self._pass(item)
            if loop.time() >= beat:
                await self._say(Heartbeat(at=time.time(), seq=self._sent))
                beat = loop.time() + self._deps.heartbeat

    async def _begin(self) -> None:
        """The hello, and a problem where the client asked for something that isn't there."""
        store = self._deps.store
        newest = await store.last_seq()
        after, problem = _after(self._socket.query_params.get("after"), newest)
        truncated = after is not None and not await store.complete_after(after)
        if after is None:
            after = await store.tail_after(self._deps.history)
        hello = self._deps.hello()  # from here to `seq` nothing waits: the state belongs to the number
        seq = max(newest, self._deps.feed.seq)
        changes = {"seq": seq, "after": after, "truncated": truncated, "heartbeat": self._deps.heartbeat}
        await self._say(hello.model_copy(update=changes))
        if problem:
            await self._socket.send_text(problem)
        self._sent = after

    async def _history(self) -> None:
        while page := await self._deps.store.events(self._sent, PAGE):
            for message in page:
                await self._say(hide.message(message))
                self._sent = message.seq
            if len(page) < PAGE:
                return

    async def _pass(self, item: Item) -> None:
        if item.seq == 0:
            await self._socket.send_text(item.text)
        elif item.seq > self._sent:
            await self._socket.send_text(item.text)
            self._sent = item.seq
            self._deps.metrics.stage("sent", time.monotonic() - item.told)

    async def _say(self, message: Message) -> None:
        await self._socket.send_text(message.model_dump_json())


def _after(given: str | None, newest: int) -> tuple[int | None, str]:
    """The number asked for, or None for the usual history; and a problem (JSON) or nothing."""
    if given is None:
        return None, ""
    if not _NUMBER.fullmatch(given):
        text = "after= wants the seq of a message, a whole number. This starts with the recent history instead."
        return None, _problem("bad-after", text)
    if int(given) > newest:
        text = (
            f"There is no message {given}: the newest is {newest}, so the database is another one than before. "
            "This starts with the recent history instead."
        )
        return None, _problem("unknown-after", text)
    return int(given), ""


def _problem(code: str, text: str) -> str:
    return Problem(code=code, message=text).model_dump_json()


def _first(group: BaseExceptionGroup[_End]) -> _End:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, _End)  # noqa: S101 - for the type checker
    return error


async def _close(socket: WebSocket, end: _End) -> None:
    try:
        async with asyncio.timeout(CLOSING):
            await socket.close(end.code, end.reason)
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        return  # it went away meanwhile, or never read again: the server drops the connection
