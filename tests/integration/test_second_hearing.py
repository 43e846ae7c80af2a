"""Hits that a bigger model hears again, through the real pipeline, policy and database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from monitor.messages import AlertChanged, AlertRaised, HeardMessage, Numbered
from monitor.model import Reheard, Transcript, Utterance
from monitor.speech.recogniser import Hints
from monitor.store.records import Revision, StoredHit
from tests.helpers.floor import Clock, MemoryTrack, Part, Typist, house, watch
from tests.helpers.voicelike import silence, voice

SAID = "ask not what your country can do"


class Rehearsed:
    """One run: what was told, and which hits were stored."""

    def __init__(self, told: list[Numbered], hits: list[StoredHit], bigger: Typist, revisions: list[Revision]) -> None:
        self.revisions = revisions
        self.raised = [m.alert for m in told if isinstance(m, AlertRaised)]
        self.changed = [m.alert for m in told if isinstance(m, AlertChanged)]
        self.heard = [m for m in told if isinstance(m, HeardMessage)]
        self.hits = hits
        self.bigger = bigger


async def run(
    directory: Path,
    bigger: Callable[[Utterance], str],
    *parts: Part,
    first: Callable[[Utterance], str] = lambda _: SAID,
) -> Rehearsed:
    told: list[Numbered] = []
    clock, big = Clock(), Typist(bigger)
    big.model = "big"
    async with house(directory, Typist(first), told.append, clock=clock, bigger=big) as built:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(built.run())
            room = watch(built, clock)
            await room.on_track(MemoryTrack(clock, parts or (Part(voice(2)), Part(silence(1)))))
            built.batcher.close()
        hits = await built.store.stored_hits()
        heard = [message.utterance for message in told if isinstance(message, HeardMessage)]
        revisions = await built.store.revisions(heard)
    return Rehearsed(told, hits, big, revisions)


async def test_what_the_bigger_model_hears_too_is_confirmed(tmp_path: Path) -> None:
    done = await run(tmp_path, lambda _: "do not ask what your country can do")
    (raised,), (changed,) = done.raised, done.changed
    assert (raised.state, raised.hits[0].second) == ("open", None)
    assert (changed.id, changed.state, changed.count) == (raised.id, "confirmed", 1)
    again = changed.hits[0].second
    assert again is not None
    assert (again.model, again.outcome) == ("big", "confirmed")
    assert "your country" in again.text
    (hit,) = done.hits
    assert (hit.alert, hit.hit.second and hit.hit.second.outcome) == (raised.id, Reheard.CONFIRMED)


async def test_what_it_does_not_hear_is_withdrawn_with_its_words_as_the_reason(tmp_path: Path) -> None:
    done = await run(tmp_path, lambda _: "ask not what your cousin three can do")
    (changed,) = done.changed
    assert (changed.id, changed.state) == (done.raised[0].id, "withdrawn")
    again = changed.hits[0].second
    assert again is not None
    assert again.outcome == "withdrawn"
    assert "your cousin three" in again.text
    assert [h.hit.second and h.hit.second.outcome for h in done.hits] == [Reheard.WITHDRAWN]
    (revision,), (heard,) = done.revisions, done.heard
    assert (revision.utterance, revision.model) == (heard.utterance, "big")
    assert revision.text == "ask not what your cousin three can do"
    assert heard.text == SAID, "what was read first stays as it was"


async def test_the_same_words_elsewhere_confirm_nothing(tmp_path: Path) -> None:
    late = "well well well well well well well well well well your country"
    done = await run(
        tmp_path, lambda _: late, Part(voice(7.5)), Part(silence(1)), first=lambda _: f"your country {'well ' * 10}"
    )
    assert [alert.state for alert in done.changed] == ["withdrawn"]


async def test_a_model_that_fails_leaves_the_alert_as_it_was(tmp_path: Path) -> None:
    def breaks(_: Utterance) -> str:
        raise RuntimeError("out of memory")

    done = await run(tmp_path, breaks)
    assert [alert.state for alert in done.raised] == ["open"]
    assert done.changed == []
    assert [hit.hit.second for hit in done.hits] == [None]


async def test_utterances_without_a_hit_are_not_heard_again(tmp_path: Path) -> None:
    done = await run(tmp_path, lambda _: SAID, first=lambda _: "nothing of note")
    assert len(done.heard) == 1
    assert (done.bigger.heard, done.raised, done.hits) == ([], [], [])


async def test_a_phrase_across_two_utterances_is_heard_again_from_its_beginning(tmp_path: Path) -> None:
    texts = iter(["you and your", "country man"])
    parts = [Part(voice(2)), Part(silence(1)), Part(voice(2, seed=1)), Part(silence(1))]
    done = await run(tmp_path, lambda _: "you and your country man", *parts, first=lambda _: next(texts))
    (again,) = done.bigger.heard
    (raised,) = done.raised
    assert raised.hits[0].matched.strip() == "your country"
    assert again.seconds > 3.0, "both utterances"
    assert [alert.state for alert in done.changed] == ["confirmed"]


async def test_alerts_do_not_wait_for_the_second_hearing_and_a_stop_waits_for_it(tmp_path: Path) -> None:
    alerted, order = threading.Event(), []

    def slowly(_: Utterance) -> str:
        order.append("second" if alerted.wait(30) else "too late")
        return SAID

    class Told(list[Numbered]):
        def append(self, message: Numbered) -> None:
            super().append(message)
            if isinstance(message, AlertRaised):
                order.append("alert")
                alerted.set()

    told, clock = Told(), Clock()
    async with house(tmp_path, Typist(lambda _: SAID), told.append, clock=clock, bigger=Typist(slowly)) as built:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(built.run())
            await watch(built, clock).on_track(MemoryTrack(clock, (Part(voice(2)), Part(silence(1)))))
            built.batcher.close()
        await built.store.end_session(clean=True)
    assert order == ["alert", "second"]
    assert [m.alert.state for m in told if isinstance(m, AlertChanged)] == ["confirmed"]


async def test_a_stop_that_comes_too_soon_loses_no_alert(tmp_path: Path) -> None:
    busy, go = threading.Event(), threading.Event()

    def stuck(_: Utterance) -> str:
        busy.set()
        assert go.wait(30)
        return SAID

    told: list[Numbered] = []
    clock = Clock()
    async with house(tmp_path, Typist(lambda _: SAID), told.append, clock=clock, bigger=Typist(stuck)) as built:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(built.run())
            await watch(built, clock).on_track(MemoryTrack(clock, (Part(voice(2)), Part(silence(1)))))
            await asyncio.to_thread(busy.wait, 30)
            running.cancel()
        (stored,) = await built.store.stored_hits()
        go.set()
    assert [m.alert.id for m in told if isinstance(m, AlertRaised)] == [stored.alert]
    assert stored.hit.second is None


async def test_a_model_of_another_language_has_nothing_to_say(tmp_path: Path) -> None:
    class Foreign(Typist):
        def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
            return [replace(heard, language="zh") for heard in super().transcribe(batch)]

    told: list[Numbered] = []
    clock = Clock()
    async with (
        house(tmp_path, Typist(lambda _: SAID), told.append, clock=clock, bigger=Foreign()) as built,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(built.run())
        await watch(built, clock).on_track(MemoryTrack(clock, (Part(voice(2)), Part(silence(1)))))
        built.batcher.close()
    assert [m for m in told if isinstance(m, AlertChanged)] == []
