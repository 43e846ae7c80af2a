"""An alert or an incident as one signed archive: what was heard, what was found in it and why, what people decided.

What is in it follows the rights of whoever asks: no clip for somebody who may not hear audio, and personal data in the
transcript masked for somebody who may not see it. The manifest says what was left out, and why.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from monitor import __version__
from monitor.audit.bundle import pack
from monitor.audit.signing import Signer, written
from monitor.audit.trail import Trail
from monitor.errors import EvidenceUnknown, EvidenceUnreadable
from monitor.masking import hide
from monitor.messages import HeardMessage
from monitor.model import Alert
from monitor.store.store import Store
from monitor.views import alert_view

AROUND = 30.0
"""Seconds of transcript before and after an alert's words."""
MOST = 1000
"""Entries of the audit log about one subject, the newest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants it, and what they may have of it."""

    who: str
    reason: str
    audio: bool  # they may hear audio
    personal: bool  # they may see personal data in transcripts


class Exporter:
    """Makes archives. `clip` gives an alert's audio as WAV; raises EvidenceUnknown or EvidenceUnreadable."""

    def __init__(
        self,
        store: Store,
        trail: Trail,
        directory: Path,
        clip: Callable[[str], Awaitable[bytes]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`directory`: of the data; the signing key is there."""
        self._store = store
        self._trail = trail
        self._directory = directory
        self._clip = clip
        self._clock = clock

    async def alert(self, alert_id: str, asked: Asked) -> bytes:
        """Raises EvidenceUnknown where there is no such alert. It is in the audit log before anything is given."""
        found = await self._store.alert(alert_id)
        if found is None:
            raise EvidenceUnknown(f"There is no alert {alert_id!r}; it may be older than alerts are kept.")
        await self._note(asked, alert_id, found.room, kind="alert")
        decisions = await self._store.decisions(found.incident) if found.incident is not None else []
        of_it = [asdict(one) for one in decisions if one.alert in ("", alert_id)]
        about = {"subject": {"kind": "alert", "id": alert_id, "incident": found.incident}}
        return await self._pack(asked, about, [found], of_it)

    async def incident(self, incident_id: int, asked: Asked) -> bytes:
        """The same for all alerts of an incident. Raises EvidenceUnknown."""
        found = [alert for _, alert in await self._store.incident_alerts([incident_id])]
        if not found:
            raise EvidenceUnknown(f"There is no incident {incident_id}; it may be older than alerts are kept.")
        rooms = {alert.room for alert in found}
        room = rooms.pop() if len(rooms) == 1 else ""
        await self._note(asked, str(incident_id), room, kind="incident", alerts=len(found))
        decisions = [asdict(one) for one in await self._store.decisions(incident_id)]
        about = {"subject": {"kind": "incident", "id": str(incident_id), "incident": incident_id}}
        return await self._pack(asked, about, found, decisions)

    async def public_key(self) -> str:
        """The public half of the key that signs, base64."""
        signer = await asyncio.to_thread(Signer, self._directory)
        return written(signer.public)

    async def _note(self, asked: Asked, subject: str, room: str, **more: str | int) -> None:
        detail = {"reason": asked.reason, "audio": asked.audio, "personal": asked.personal, **more}
        await self._trail.note(asked.who, "evidence.exported", subject, room, **detail)

    async def _pack(
        self,
        asked: Asked,
        about: dict[str, Any],
        alerts: Sequence[Alert],
        decisions: Sequence[dict[str, Any]],
    ) -> bytes:
        files: dict[str, bytes] = {"decisions.json": _json({"decisions": list(decisions)})}
        left_out = [] if asked.personal else ["personal data in transcripts: who asked may not see it"]
        for alert in alerts:
            files |= await self._words(alert, asked)
            if alert.clip:
                files |= await self._audio(alert, asked, left_out)
        files |= await self._rules(alerts)
        files["audit.json"] = _json({"entries": await self._audited(alerts)})
        made = {"product": f"Room Monitor {__version__}", "made_by": asked.who, "reason": asked.reason}
        signer = await asyncio.to_thread(Signer, self._directory)
        return await asyncio.to_thread(pack, signer, {**about, **made}, files, left_out, self._clock())

    async def _words(self, alert: Alert, asked: Asked) -> dict[str, bytes]:
        at = alert.spoken_at
        said = await self._store.around(alert.room, at - AROUND, at + AROUND)
        again = await self._store.revisions([one.utterance for one in said])
        view = alert_view(alert)
        revisions = [asdict(one) for one in again]
        if not asked.personal:
            view, said = hide.alert(view), [hide.heard(one) for one in said]
            revisions = [one | {"text": hide.text(one["text"])} for one in revisions]
        verdicts = [asdict(one) for one in await self._store.verdicts(alert.id)]
        place = f"alerts/{alert.id}"
        return {
            f"{place}/alert.json": _json({"alert": view.model_dump(mode="json"), "verdicts": verdicts}),
            f"{place}/transcript.json": _json({"utterances": [_heard(one) for one in said], "revisions": revisions}),
        }

    async def _audio(self, alert: Alert, asked: Asked, left_out: list[str]) -> dict[str, bytes]:
        if not asked.audio:
            left_out.append(f"the clip of alert {alert.id}: who asked may not hear audio")
            return {}
        try:
            return {f"alerts/{alert.id}/clip.wav": await self._clip(alert.id)}
        except (EvidenceUnknown, EvidenceUnreadable) as error:
            left_out.append(f"the clip of alert {alert.id}: {error}")
            return {}

    async def _rules(self, alerts: Sequence[Alert]) -> dict[str, bytes]:
        """The whole list of each rule, as it was at the time."""
        wanted = {(hit.list_name, hit.list_version) for alert in alerts for hit in alert.hits}
        files = {}
        for name, version in sorted(wanted):
            text = await self._store.version(name, version)
            if text is not None:
                files[f"rules/{name}@{version}.toml"] = text.encode()
        return files

    async def _audited(self, alerts: Sequence[Alert]) -> list[dict[str, Any]]:
        """What the audit log says of them and of their incidents, oldest first, each entry with its place in the chain.

        Alerts that share an incident share what was decided about it.
        """
        entries = [entry for alert in alerts for entry in await self._store.audit(MOST, subject=alert.id)]
        for incident in {str(alert.incident) for alert in alerts if alert.incident is not None}:
            for action in ("incident.", "evidence.exported"):
                entries += await self._store.audit(MOST, subject=incident, action=action)
        found = {entry.number: asdict(entry) for entry in entries}
        return [found[number] for number in sorted(found)]


def _heard(message: HeardMessage) -> dict[str, Any]:
    return message.model_dump(mode="json", exclude={"type"})


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str).encode()
