"""Hits that come at the same time, over a real database and real evidence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from monitor.messages import AlertChanged, AlertRaised, Numbered
from monitor.model import Cut, Utterance
from monitor.speech.outcomes import Transcribed
from monitor.speech.recogniser import Hints
from tests.helpers.floor import ANN, ROOM, Clock, Typist, all_is_speech, house
from tests.helpers.voicelike import voice


async def test_what_joins_an_alert_that_is_just_being_raised_is_told_after_it(tmp_path: Path) -> None:
    told: list[Numbered] = []
    clock, typist = Clock(), Typist(lambda _: "ask not what your country can do")
    audio = np.asarray(voice(2))
    said = [Utterance(f"u{n}", ROOM, ANN, f"track{n}", clock.now, 0, audio, Cut.SILENCE) for n in range(2)]
    async with house(tmp_path, typist, told.append, clock=clock) as built:
        built.keeping.vault.entered(ROOM)
        async with asyncio.TaskGroup() as tasks:
            for utterance in said:
                built.pipeline.accept(utterance)
                (transcript,) = typist.transcribe([(utterance, Hints())])
                verdict = all_is_speech(utterance.audio)
                tasks.create_task(built.pipeline.settle(Transcribed(transcript, verdict)))
        hits = await built.store.stored_hits()
    alerts = [message for message in told if isinstance(message, AlertRaised | AlertChanged)]
    assert [type(message) for message in alerts] == [AlertRaised, AlertChanged]
    (raised, changed) = alerts
    assert (changed.alert.id, changed.alert.count) == (raised.alert.id, 2)
    assert (changed.alert.clip, changed.seq > raised.seq) == (raised.alert.clip, True)
    assert [hit.alert for hit in hits] == [raised.alert.id] * 2
