"""Files of a service that has stopped: its settings, and alerts with clips that a real vault has sealed."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from monitor.config import load
from monitor.evidence.ring import Part, Ring
from monitor.keeping_house import make_keeping
from monitor.store.store import Store
from tests.helpers.storing import alert, database, transcript
from tests.helpers.trails import trail_of

SOUND = Part(0, np.arange(16_000, dtype=np.int16))


async def filled(directory: Path) -> str:
    """A database with one alert of this minute and one that has had its time, both with clips; the visit's id."""
    (directory / "monitor.toml").write_text('[storage]\ndata = "data"\n')
    settings = load(directory / "monitor.toml")
    data = settings.storage.data
    data.mkdir()
    async with Store.open(database(data), lambda _: None) as store:
        vault = make_keeping(settings, data, store, Ring(), await trail_of(store, data), time.time).vault
        speech = transcript("u1").utterance
        for name, raised in (("new", time.time()), ("old", 1000.0)):
            clip = await vault.keep_parts(name, speech, [SOUND])
            await store.add_alert(alert(name, clip=clip, raised_at=raised))
        await vault.end()
        (session,) = await store.room_sessions()
    return session.id
