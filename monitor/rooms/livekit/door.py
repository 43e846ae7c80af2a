"""Whether a LiveKit server would let us in, asked over HTTP before the SDK is set to it.

The SDK's own clients ask the same (`/rtc/validate`) to learn why they weren't let in: its answer has a status and a
reason, where the SDK has one sentence for everything and retries by itself.
"""

from __future__ import annotations

import httpx

from monitor.errors import ConnectionLost, Refused, Step
from monitor.rooms import progress
from monitor.rooms.livekit.protocol import Place

SECONDS = 5.0
WORDS = 200
"""Characters of the server's answer that are passed on."""


async def knock(place: Place) -> None:
    """Returns where the token opens the room now. Raises Refused, ConnectionLost."""
    try:
        # No proxy: media goes straight to the server, so signalling through somebody else's machine is no help.
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            answer = await client.get(
                place.url("/rtc/validate", web=True), headers={"Authorization": f"Bearer {place.token}"}
            )
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Refused(f"{place.address} is no address of a LiveKit server: {error}", step=Step.SIGNALLING) from error
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        raise ConnectionLost(f"{place.address} can't be reached: {why}", step=Step.SIGNALLING) from error
    words = " ".join(answer.text[:WORDS].split())
    match answer.status_code:
        case 200:
            progress.reached(Step.SIGNALLING, place.address)
            progress.reached(Step.PERMISSION)
        case 401 | 403:
            raise Refused(f"LiveKit doesn't let us in ({answer.status_code}): {words}", step=Step.PERMISSION)
        case 404 if "room" in words:
            raise ConnectionLost(f"LiveKit has no room {place.room!r} (yet): {words}", step=Step.ROOM)
        case 404:
            raise ConnectionLost(f"{place.address} answers, and is no LiveKit server: {words}", step=Step.SIGNALLING)
        case status:
            raise ConnectionLost(f"{place.address} answered {status}: {words}", step=Step.SIGNALLING)
