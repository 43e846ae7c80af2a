"""Opening a websocket to somebody's signalling server: what can go wrong is told apart here, once for all kinds."""

from __future__ import annotations

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from monitor.errors import ConnectionLost, Refused, Step
from monitor.rooms import progress

MESSAGE_LIMIT = 1 << 20
"""Bytes of one message from a server: a description with hundreds of m-lines has less."""
OPEN_SECONDS = 4.0
"""A network that is cut swallows the first packet, and TCP says it again after 1, 3, 7, 15 s: beginning anew is sooner
back. From far away and with TLS, opening takes a second or two."""
PING_SECONDS = 5.0
"""Between pings; a server that answers none within twice that is gone (its socket may stay open without it)."""


async def dial(url: str, subprotocol: str = "") -> ClientConnection:
    """An open websocket. Raises Refused where another try makes no sense, else ConnectionLost."""
    try:
        socket = await connect(
            url,
            subprotocols=[Subprotocol(subprotocol)] if subprotocol else None,
            proxy=None,  # media goes straight to the server: signalling through somebody else's machine is no help
            compression=None,
            open_timeout=OPEN_SECONDS,
            close_timeout=1.0,
            ping_interval=PING_SECONDS,
            ping_timeout=2 * PING_SECONDS,
            max_size=MESSAGE_LIMIT,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        if 400 <= status < 500:
            step = Step.PERMISSION if status in (401, 403) else Step.ROOM
            raise Refused(f"{url} answered {status}: no such room, or not for us", step=step) from error
        raise ConnectionLost(f"{url} answered {status}", step=Step.SIGNALLING) from error
    except InvalidURI as error:
        raise Refused(f"{url} is not a websocket address", step=Step.SIGNALLING) from error
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise ConnectionLost(f"{url} can't be reached: {error}", step=Step.SIGNALLING) from error
    progress.reached(Step.SIGNALLING, url)
    return socket
