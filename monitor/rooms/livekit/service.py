"""LiveKit's server API, as far as it is used: messages to people in a room, sent by the server in nobody's name.

Over HTTP, as the monitor itself joins without the right to send anything. It takes an API key: who has only a ready
token can't. Twirp with JSON (`/twirp/livekit.RoomService/SendData`); LiveKit documents it as RoomService.
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

from monitor.errors import Refused
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
        # No proxy, as at the door.
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            for topic, payload in ((CHAT, chat), (NOTICE, text)):
                answer = await client.post(
                    place.url("/twirp/livekit.RoomService/SendData", web=True),
                    headers={"Authorization": f"Bearer {_token(place)}"},
                    json={
                        "room": place.room,
                        "data": base64.b64encode(payload.encode()).decode(),
                        "kind": "RELIABLE",
                        "topic": topic,
                        "destinationIdentities": list(to),
                    },
                )
                answer.raise_for_status()
    except (httpx.HTTPError, Refused) as error:
        log.warning("livekit.notice_not_sent", room=place.room, reason=str(error) or type(error).__name__)
        return False
    return True


def _token(place: Place) -> str:
    """For this call alone: whoever has it may send messages into the room. Raises Refused."""
    api = load_api()
    token = (
        api.AccessToken(place.key, place.secret)
        .with_ttl(datetime.timedelta(seconds=TOKEN_SECONDS))
        .with_grants(api.VideoGrants(room_admin=True, room=place.room))
    )
    return str(token.to_jwt())
