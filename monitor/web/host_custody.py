"""What hosts may know of the evidence of their room, and have erased: over monitor/keeping.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.errors import EvidenceHeld, EvidenceUnknown
from monitor.evidence_model import Kind, Scope
from monitor.keeping import Keeping
from monitor.web.host_answers import DeletionView, RoomErasure
from monitor.web.host_views import Fate


class KeptCustody:
    """A `Custody`."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    async def fates(self, room: str, alerts: Sequence[str]) -> Mapping[str, Fate]:
        found = await self._keeping.fates(alerts)
        return {alert: Fate(None if hold else due.at, hold is not None) for alert, (due, hold) in found.items()}

    async def deletions(self, room: str, limit: int) -> list[DeletionView]:
        receipts = await self._keeping.store.receipts(limit, room=room)
        return [DeletionView(id=one.id, at=one.at, kind=one.kind, why=one.why) for one in receipts]

    async def erase_room(self, room: str, who: str, why: str) -> RoomErasure:
        """Nothing of it is erased while any of it is on legal hold: who put it there says when."""
        try:
            receipt = await self._keeping.erase(Scope(Kind.ROOM, room), why, who)
        except EvidenceUnknown:
            return RoomErasure(state="nothing", receipt=None)
        except EvidenceHeld:
            return RoomErasure(state="held", receipt=None)
        return RoomErasure(state="erased", receipt=receipt.id)
