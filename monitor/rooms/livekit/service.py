"""LiveKit's server API, as far as it is used: messages to people in a room, sent by the server in nobody's name, and
what staff have done to people there.

Over HTTP, as the monitor itself joins without the right to send anything. It takes an API key: who has only a ready
token can't. Twirp with JSON (`/twirp/livekit.RoomService/…`); LiveKit documents it as RoomService.
"""

from __future__ import annotations

import base64
import datetime
import json
import time
import uuid
from collections.abc import Sequence

import httpx
import structlog

from monitor.errors import ConnectionLost, Refused
from monitor.rooms.livekit.protocol import NOTICE, Place
from monitor.rooms.livekit.sdk import load_api

SECONDS = 3.0
TOKEN_SECONDS = 60.0
CHAT = "lk-chat-topic"
"""The topic that LiveKit's own components show as chat: {id, timestamp, message}."""

log = structlog.get_logger()


async def tell(place: Place, text: str, to: Sequence[str]) -> bool:
    """Show a text to everybody, or to these identities: in the chat, and as a data message of the topic NOTICE for
    apps that show it in another way. False, with the reason in the log, where the server didn't take it.
    """
    if not place.key or not place.secret:
        return False
    chat = json.dumps({"id": uuid.uuid4().hex, "timestamp": int(time.time() * 1000), "message": text})
    try:
        for topic, payload in ((CHAT, chat), (NOTICE, text)):
            data = base64.b64encode(payload.encode()).decode()
            whom = {"topic": topic, "destinationIdentities": list(to)}
            await _ask(place, "SendData", {"data": data, "kind": "RELIABLE", **whom})
    except (httpx.HTTPError, Refused) as error:
        log.warning("livekit.notice_not_sent", room=place.room, reason=str(error) or type(error).__name__)
        return False
    return True


async def mute(place: Place, identity: str, tracks: Sequence[str]) -> None:
    """Mute these tracks (SIDs) of somebody; at LiveKit they can unmute themselves. Raises Refused, ConnectionLost."""
    for track in tracks:
        await _do(place, "MutePublishedTrack", {"identity": identity, "trackSid": track, "muted": True})


async def remove(place: Place, identity: str) -> None:
    """Put somebody out of the room; with a token that is still good they can come back. Raises Refused,
    ConnectionLost.
    """
    await _do(place, "RemoveParticipant", {"identity": identity})


async def _do(place: Place, method: str, asked: dict[str, object]) -> None:
    try:
        await _ask(place, method, asked)
    except httpx.HTTPStatusError as error:
        raise Refused(f"LiveKit refused {method}: HTTP {error.response.status_code}") from error
    except httpx.HTTPError as error:
        raise ConnectionLost(f"LiveKit didn't answer {method}: {error or type(error).__name__}") from error


async def _ask(place: Place, method: str, asked: dict[str, object]) -> None:
    """Raises httpx.HTTPError, Refused."""
    headers = {"Authorization": f"Bearer {_token(place)}"}
    # No proxy, as at the door.
    async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
        url = place.url(f"/twirp/livekit.RoomService/{method}", web=True)
        answer = await client.post(url, headers=headers, json={"room": place.room, **asked})
        answer.raise_for_status()


def _token(place: Place) -> str:
    """For this call alone: whoever has it may do anything with the room. Raises Refused."""
    api = load_api()
    token = (
        api.AccessToken(place.key, place.secret)
        .with_ttl(datetime.timedelta(seconds=TOKEN_SECONDS))
        .with_grants(api.VideoGrants(room_admin=True, room=place.room))
    )
    return str(token.to_jwt())
