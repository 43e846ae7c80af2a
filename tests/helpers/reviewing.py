"""Alerts as a reviewer finds them: with words around them and a clip, or very many."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np

from monitor.evidence.ring import Part
from monitor.model import RATE, Alert, Severity, Speaker
from monitor.store.store import Store
from tests.helpers.site import Site
from tests.helpers.storing import alert, hit, transcript

SEVERITIES = tuple(Severity)
AT_ONCE = 50


async def told(it: Site) -> None:
    """The feed knows all incidents as they are."""
    while await it.store.tell_incidents():
        pass


async def with_evidence(it: Site, alert_id: str = "a1", **changes: object) -> None:
    """An alert with its utterance, which begins ten seconds into a clip of twenty."""
    times = np.arange(20 * RATE) / RATE
    sound = Part(0, (6000 * np.sin(600 * times) * np.sin(2 * times)).astype(np.int16))
    said = transcript("u1")
    await it.store.add_heard(said, said.words)
    clip = await it.deps.keeping.vault.keep_parts(alert_id, said.utterance, [sound])
    found = replace(hit(), spoken_at=1001.25)
    await it.store.add_alert(alert(alert_id, utterance="u1", clip=clip, hits=(found,), **changes))
    await told(it)


async def many(store: Store, count: int, first: int = 0, *, began: float = 1_700_000_000.0) -> None:
    """That many incidents of one alert each: speakers, rules and severities differ, and none joins another."""
    for start in range(first, first + count, AT_ONCE):
        async with asyncio.TaskGroup() as tasks:
            for number in range(start, min(start + AT_ONCE, first + count)):
                tasks.create_task(store.add_alert(_one(number, began)))
    while await store.tell_incidents():
        pass


def _one(number: int, began: float) -> Alert:
    said = f"phrase {number}"
    found = replace(hit(said), before="and then", after=f"number {number} of them")
    return alert(
        f"m{number}",
        room_id=f"room-{number % 40}",
        severity=SEVERITIES[number % 5],
        speaker=Speaker(f"s{number}", f"Speaker {number}"),
        hits=(found,),
        spoken_at=began + number,
        raised_at=began + number + 1,
    )
