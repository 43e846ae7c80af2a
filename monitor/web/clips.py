"""The audio behind alerts: decrypted in memory, for who may listen, and each hearing noted in the audit log."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, HTTPException
from pydantic import Field
from starlette.responses import Response

from monitor.access.roles import Permission, Person
from monitor.evidence_model import Clip
from monitor.vault import Vault
from monitor.web.answers import Answer, Trouble
from monitor.web.deps import WebDeps
from monitor.web.permits import needs

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Trouble}}
AGAIN = 60.0
"""Seconds in which further requests of one person for one clip are one hearing: players ask for it in pieces."""
NOTED = 1000
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class ClipView(Answer):
    """What is known of the audio behind an alert."""

    alert: str
    state: Literal["recording", "complete"] = Field(
        description="recording: what comes after the hit is still to be added; ask again in some seconds"
    )
    began: float = Field(description="Unix time of its first sample: words and hits are placed in it by this")
    seconds: float = Field(description="Length; pauses are silence in it")
    session: str = Field(description="The visit to the room whose key it is under")
    address: str = Field(description="Where its audio is, for who may listen")


class Hearings:
    """Who was just noted to have heard what."""

    def __init__(self) -> None:
        self._at: OrderedDict[tuple[str, str], float] = OrderedDict()

    def first(self, who: str, alert: str) -> bool:
        """Whether this is to be noted."""
        now = time.monotonic()
        known = self._at.get((who, alert))
        if known is not None and now - known < AGAIN:
            return False
        self._at[who, alert] = now
        self._at.move_to_end((who, alert))
        while len(self._at) > NOTED:
            self._at.popitem(last=False)
        return True


def clips(deps: WebDeps, vault: Vault) -> APIRouter:
    router = APIRouter(tags=["alerts"], responses=NOT_FOUND)
    hearings = Hearings()

    @router.get(
        "/api/clips/{alert}.wav",
        response_class=Response,
        responses={
            200: {"content": {"audio/wav": {}}},
            206: {"description": "The range asked for", "content": {"audio/wav": {}}},
            416: {"description": "There is no such range"},
        },
    )
    async def clip_audio(
        alert: str,
        who: Annotated[Person, needs(Permission.LISTEN)],
        wanted: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
    ) -> Response:
        """What was heard around an alert, as WAV. Takes one range. Each hearing is noted in the audit log."""
        known = await _known(vault, alert)
        if hearings.first(who.name, alert):
            await deps.trail.note(who.name, "evidence.heard", alert, known.room)
        return ranged(await vault.wav(alert), wanted)

    @router.get("/api/clips/{alert}", dependencies=[needs(Permission.SEE)])
    async def clip_state(alert: str) -> ClipView:
        """How long the clip of an alert is, when it began, and whether its end is still to come."""
        known = await _known(vault, alert)
        return ClipView(
            alert=alert,
            state=known.state.value,
            began=known.began,
            seconds=known.seconds,
            session=known.session,
            address=f"/api/clips/{alert}.wav",
        )

    return router


async def _known(vault: Vault, alert: str) -> Clip:
    known = await vault.clip(alert)
    if known is None:
        raise HTTPException(404, f"There is no clip of an alert {alert!r}.")
    return known


def ranged(content: bytes, wanted: str | None) -> Response:
    """The content, or one range of it (RFC 9110, 14.2); several ranges, or none that is understood, are the whole."""
    headers = {"Cache-Control": "private, no-store", "Accept-Ranges": "bytes"}
    found = _RANGE.fullmatch(wanted.strip()) if wanted else None
    if found is None or not (found[1] or found[2]):
        return Response(content, media_type="audio/wav", headers=headers)
    size = len(content)
    if found[1]:
        first, last = int(found[1]), min(int(found[2]) if found[2] else size - 1, size - 1)
    else:
        first, last = max(0, size - int(found[2])), size - 1
    if first > last:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(content[first : last + 1], 206, media_type="audio/wav", headers=headers)
