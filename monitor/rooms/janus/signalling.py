"""A session of Janus over a websocket that may break: the session is claimed again over a new one.

One task receives; any may send. Requests are answered by events with their transaction, among all others.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from contextlib import AsyncExitStack
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from monitor.errors import ConnectionLost, Refused, Step
from monitor.rooms.dial import dial
from monitor.rooms.janus.protocol import SUBPROTOCOL, Data, Event, Place, dump, parse

ANSWER_SECONDS = 5.0
"""How long Janus may take to answer a request: on a busy machine it takes milliseconds."""
RECLAIM_SECONDS = 3.0
"""How long a broken socket may take to be replaced. Media goes on meanwhile; the server forgets the session sooner or
later (`reclaim_session_timeout`), and at once where that is 0."""
AGAIN_SECONDS = 0.2
GOODBYE_SECONDS = 1.0
EARLY = 256
"""Events that may come before the answer to a join."""

log = structlog.get_logger()


class Signalling:
    """Opened by `open`, ended by `close`."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._socket: ClientConnection | None = None
        self._session = 0
        self._early: deque[Event] = deque(maxlen=EARLY)
        self._receiving = False
        self._replacing = asyncio.Lock()
        self._error: ConnectionLost | None = None  # why the session is over
        self.reclaimed = 0  # times that the socket was replaced: what was told meanwhile is lost

    async def open(self) -> None:
        """Raises Refused, ConnectionLost."""
        self._socket = await dial(self._place.url, SUBPROTOCOL)
        self._session = _id((await self._ask(dump("create", **self._core("0")), "0")).body)

    async def attach(self, plugin: str) -> int:
        """A handle of the plugin. Before `receive` is called. Raises Refused, ConnectionLost."""
        number = self.number()
        text = dump("attach", plugin=f"janus.plugin.{plugin}", **self._core(number))
        return _id((await self._ask(text, number)).body)

    async def ask(self, handle: int, body: Data, jsep: Data | None = None) -> Event:
        """Send a request to a plugin and wait for its answer. Before `receive` is called. Raises as `attach`."""
        number = self.number()
        return await self._ask(self._message(number, handle, body, jsep), number)

    async def send(self, handle: int, body: Data, jsep: Data | None = None, *, number: str = "") -> None:
        """Send a request to a plugin; the event that answers it has this number (see `number`) as its transaction.

        Waits while the socket is being replaced. Raises ConnectionLost.
        """
        await self._send(self._message(number or self.number(), handle, body, jsep))

    async def keep_alive(self) -> None:
        """Without it Janus ends the session after a while (60 s by default). Raises ConnectionLost."""
        await self._send(dump("keepalive", **self._core(self.number())))

    async def receive(self) -> Event:
        """The next message but for acks. For one task. Raises ConnectionLost."""
        self._receiving = True
        while True:
            event = self._early.popleft() if self._early else await self._read()
            if event.kind in ("timeout", "error") and event.error in (0, 458):  # session over, or not known
                raise ConnectionLost("Janus has ended the session")
            if event.kind != "ack":
                return event

    async def close(self) -> None:
        """End the session, so that nobody sees us in the room a moment longer. Never raises."""
        socket, self._socket = self._socket, None
        if socket is None:
            return
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                if self._session:
                    await socket.send(dump("destroy", **self._core(self.number())))
        except (ConnectionClosed, TimeoutError):
            pass  # gone already: that is what we want
        finally:
            await socket.close()

    @staticmethod
    def number() -> str:
        """A new transaction."""
        return secrets.token_hex(6)

    # inside

    def _message(self, number: str, handle: int, body: Data, jsep: Data | None) -> str:
        more: dict[str, Any] = {"jsep": jsep} if jsep else {}
        return dump("message", handle_id=handle, body=body, **self._core(number), **more)

    def _core(self, number: str) -> dict[str, Any]:
        session = {"session_id": self._session} if self._session else {}
        return {"transaction": number, **session, **self._place.pass_word()}

    async def _send(self, text: str) -> None:
        while True:
            socket = self._alive()
            try:
                return await socket.send(text)
            except ConnectionClosed as error:
                await self._replace(socket, error)

    async def _read(self) -> Event:
        while True:
            socket = self._alive()
            try:
                return parse(await socket.recv())
            except ConnectionClosed as error:
                await self._replace(socket, error)

    def _alive(self) -> ClientConnection:
        if self._error is not None:
            raise self._error
        if self._socket is None:
            raise ConnectionLost("the session is over")
        return self._socket

    async def _ask(self, text: str, number: str) -> Event:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._send(text)
                while True:
                    event = await self._read()
                    if event.kind == "ack":
                        continue
                    if event.transaction != number:
                        self._early.append(event)
                    elif event.error:
                        raise event.failure()
                    else:
                        return event
        except TimeoutError:
            text = f"Janus has not answered for {ANSWER_SECONDS:g} s"
            raise ConnectionLost(text, step=Step.SIGNALLING) from None

    async def _replace(self, broken: ClientConnection, error: ConnectionClosed) -> None:
        """Take the session over to a new socket; whoever notices first does it. Raises ConnectionLost."""
        async with self._replacing:
            if self._socket is not broken or self._error is not None:
                return
            await broken.close()
            if not self._receiving:  # still joining: nothing is there yet that would be worth it
                self._error = ConnectionLost(f"the connection to Janus broke: {error}")
                raise self._error
            log.info("janus.socket_broke", code=broken.close_code)
            try:
                async with asyncio.timeout(RECLAIM_SECONDS):
                    self._socket = await self._reclaim()
            except TimeoutError:
                self._error = ConnectionLost("the connection to Janus broke, and the session can't be claimed")
            except (ConnectionLost, Refused) as reason:
                self._error = ConnectionLost(f"the connection to Janus broke: {reason}")
            if self._error is not None:
                raise self._error
            self.reclaimed += 1
            log.info("janus.session_claimed")

    async def _reclaim(self) -> ClientConnection:
        async with AsyncExitStack() as undo:
            socket = await self._dial_again()
            undo.push_async_callback(socket.close)
            try:
                number = self.number()
                await socket.send(dump("claim", **self._core(number)))
                while (event := parse(await socket.recv())).transaction != number or event.kind == "ack":
                    self._early.append(event)
            except ConnectionClosed as error:
                raise ConnectionLost(str(error)) from error
            if event.error:
                raise event.failure()
            undo.pop_all()
        return socket

    async def _dial_again(self) -> ClientConnection:
        while True:
            try:
                return await dial(self._place.url, SUBPROTOCOL)
            except ConnectionLost as error:
                # Nobody listens any more: the process died, and the session with it.
                if isinstance(error.__cause__, ConnectionRefusedError):
                    raise
            await asyncio.sleep(AGAIN_SECONDS)


def _id(body: Data) -> int:
    data = body.get("data")
    found = data.get("id") if isinstance(data, dict) else None
    if not isinstance(found, int):
        raise ConnectionLost("Janus's answer has no id")
    return found
