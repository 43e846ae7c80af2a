"""From words to alerts by grade: the real pipeline, lists, policy and database; only the recogniser is scripted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.messages import AlertChanged, AlertRaised, Numbered
from monitor.model import RATE, Cut, Grade, Reheard, RuleState, Speaker, Transcript, Utterance, Way, Word
from monitor.speech.batcher import Transcribed
from monitor.speech.recogniser import Hints
from monitor.store.records import StoredHit, StoredMiss
from tests.helpers.floor import Clock, MemoryTrack, Part, Typist, Verdict, house, watch
from tests.helpers.voicelike import silence, voice

LIST = """
name = "test"
title = "Test"
languages = ["en"]
severity = "critical"
phrases = [
  "burn the barn",
  { text = "secret meeting", sound = 0.8 },
  { text = "only elsewhere", rooms = ["elsewhere"] },
  { text = "long ago", expires = 1970-01-11 },
  { text = "until today", expires = 1970-01-12 },
]
exceptions = ["burn the barn dance"]

[[rules]]
label = "a plan"
all = ["bring the petrol", "at midnight"]
reach = "room"
"""


class Script:
    """A recogniser that says the next of some texts. `word?` is unsure, and after ` / ` comes another reading."""

    model = "script"

    def __init__(self, *texts: str) -> None:
        self._texts = iter(texts)

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        ((utterance, _),) = batch
        best, *others = (words(utterance, text) for text in next(self._texts).split(" / "))
        return [Transcript(utterance, "en", best, self.model, 0.0, alternatives=tuple(others))]


def words(utterance: Utterance, text: str) -> tuple[Word, ...]:
    said = text.split()
    each, at = utterance.seconds / len(said), utterance.start / RATE
    return tuple(
        Word(f" {word.rstrip('?')}", at + n * each, at + (n + 1) * each, 0.2 if word.endswith("?") else 0.9)
        for n, word in enumerate(said)
    )


class Evening:
    """What came of some utterances, each two seconds, half by Ann and half by Bob when `two` speak."""

    def __init__(self, told: list[Numbered], hits: list[StoredHit], misses: list[StoredMiss]) -> None:
        self.alerts = {m.alert.id: m.alert for m in told if isinstance(m, AlertRaised | AlertChanged)}
        self.hits = [stored.hit for stored in hits]
        self.stored = hits
        self.misses = [stored.miss for stored in misses]


async def evening(
    directory: Path,
    *texts: str,
    two: bool = False,
    recogniser: object = None,
    state: str = "live",
    bigger: Script | None = None,
) -> Evening:
    told: list[Numbered] = []
    clock = Clock()
    script = recogniser or Script(*texts)
    speech = [part for n in range(len(texts)) for part in (Part(voice(2, seed=n)), Part(silence(1.0)))]
    turns = [speech[: len(speech) // 2], speech[len(speech) // 2 :]] if two else [speech]
    lists = f'state = "{state}"\n{LIST}'
    made = house(directory, script, told.append, clock=clock, words=lists, bigger=bigger)  # type: ignore[arg-type]
    async with made as built:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(built.run())
            room = watch(built, clock)
            for number, parts in enumerate(turns):
                await room.on_track(MemoryTrack(clock, parts, speaker=Speaker(f"s{number}", f"Speaker {number}")))
            built.batcher.close()
        return Evening(told, await built.store.stored_hits(), await built.store.near_misses())


async def test_sure_words_alert_as_the_rule_says(tmp_path: Path) -> None:
    done = await evening(tmp_path, "they will burn the barn tonight")
    (alert,) = done.alerts.values()
    assert (alert.severity, alert.hits[0].grade, alert.hits[0].way) == ("critical", "A", "exact")
    assert [stored.alert for stored in done.stored] == [alert.id]


async def test_an_unsure_word_alerts_less_severely(tmp_path: Path) -> None:
    done = await evening(tmp_path, "they will burn the barn? tonight")
    (alert,) = done.alerts.values()
    assert (alert.severity, alert.hits[0].grade, alert.hits[0].severity) == ("high", "B", "critical")


async def test_what_only_sounds_alike_is_stored_and_alerts_nobody(tmp_path: Path) -> None:
    done = await evening(tmp_path, "there is a secret meaning tonight")
    assert done.alerts == {}
    (hit,) = done.hits
    assert (hit.grade, hit.way, hit.matched.strip()) == (Grade.C, Way.SOUND, "secret meaning")
    assert done.stored[0].alert == ""


async def test_what_sounds_alike_and_is_then_heard_word_for_word_becomes_an_alert(tmp_path: Path) -> None:
    done = await evening(
        tmp_path, "there is a secret meaning tonight", bigger=Script("there is a secret meeting tonight")
    )
    (alert,) = done.alerts.values()
    assert (alert.state, alert.severity, alert.count, alert.hits[0].grade) == ("confirmed", "critical", 1, "A")
    assert alert.hits[0].matched.strip() == "secret meaning", "what was heard first stays on the record"
    assert alert.clip
    assert [(stored.alert, stored.hit.grade) for stored in done.stored] == [(alert.id, Grade.A)]


@pytest.mark.parametrize("again", ["there is a secret meaning tonight", "there is a sacred morning tonight"])
async def test_what_is_not_confirmed_alerts_nobody_and_joins_nothing(tmp_path: Path, again: str) -> None:
    texts = ("there is a secret meaning tonight", "we have a secret meeting now")
    done = await evening(tmp_path, *texts, bigger=Script(again, texts[1]))
    (alert,) = done.alerts.values()
    assert (alert.state, alert.count) == ("confirmed", 1)
    outcomes = {stored.hit.matched.strip(): stored.hit.second for stored in done.stored}
    first = outcomes["secret meaning"]
    assert first is not None
    assert first.outcome is (Reheard.UNDECIDED if again == texts[0] else Reheard.WITHDRAWN)


async def test_another_reading_is_searched_too(tmp_path: Path) -> None:
    done = await evening(tmp_path, "they will turn? the barn tonight / they will burn the barn tonight")
    (alert,) = done.alerts.values()
    assert (alert.severity, alert.hits[0].grade, alert.hits[0].way) == ("high", "B", "alternative")


async def test_the_same_hit_in_both_readings_is_one(tmp_path: Path) -> None:
    done = await evening(tmp_path, "they burn the barn tonight? / they burn the barn today")
    assert [(hit.grade, hit.way) for hit in done.hits] == [(Grade.A, Way.EXACT)]


async def test_a_list_in_shadow_is_counted_and_silent(tmp_path: Path) -> None:
    done = await evening(tmp_path, "they will burn the barn", "burn the barn again", state="shadow")
    assert done.alerts == {}
    assert [hit.state for hit in done.hits] == [RuleState.SHADOW] * 2


async def test_a_draft_is_not_even_looked_for(tmp_path: Path) -> None:
    done = await evening(tmp_path, "they will burn the barn", state="draft")
    assert (done.alerts, done.hits) == ({}, [])


async def test_rules_of_other_rooms_and_rules_that_are_over_find_nothing(tmp_path: Path) -> None:
    done = await evening(tmp_path, "only elsewhere and long ago but until today")
    assert [hit.phrase for hit in done.hits] == ["until today"]  # the test's clock stands at 12 January 1970


async def test_biased_decoding_is_weak_evidence(tmp_path: Path) -> None:
    class Biased(Typist):
        def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
            return [replace(heard, biased=True) for heard in super().transcribe(batch)]

    done = await evening(tmp_path, "one", recogniser=Biased(lambda _: "they will burn the barn"))
    assert done.alerts == {}
    assert [hit.grade for hit in done.hits] == [Grade.C]


async def test_a_combination_over_two_speakers_is_one_alert_with_both_parts(tmp_path: Path) -> None:
    done = await evening(tmp_path, "bring the petrol with you", "we meet at midnight then", two=True)
    (alert,) = done.alerts.values()
    assert alert.speaker.name == "Speaker 1"
    assert "bring the petrol" in alert.hits[0].matched
    assert "at midnight" in alert.hits[0].matched


async def test_near_misses_are_kept_with_their_cause(tmp_path: Path) -> None:
    done = await evening(tmp_path, "it is the burn the barn dance")
    assert done.alerts == {}
    (miss,) = done.misses
    assert (miss.phrase, miss.matched.strip()) == ("burn the barn", "burn the barn")
    assert "burn the barn dance" in miss.cause


async def test_near_misses_have_a_ration(tmp_path: Path) -> None:
    done = await evening(tmp_path, *["burn the barn dance" for _ in range(20)])
    assert len(done.misses) == 20
    flood = Typist(lambda _: "burn the barn dance " * 50)
    (tmp_path / "two").mkdir()
    again = await evening(tmp_path / "two", "one", "two", "three", recogniser=flood)
    assert len(again.misses) <= 60 + 10


async def test_another_reading_of_audio_that_comes_twice_counts_once(tmp_path: Path) -> None:
    """The end of an utterance that was cut for its length is the head of the next one: both have the same readings."""

    def heard(name: str, start: float, end: float, overlap: float) -> Transcribed:
        audio = np.zeros(round((end - start) * RATE), np.int16)
        at, speaker = round(start * RATE), Speaker("s", "Ann")
        said = Utterance(name, "lobby", speaker, "t", 1e6 + start, at, audio, Cut.LENGTH, round(overlap * RATE))
        best, other = (
            tuple(
                Word(f" {text}", when, when + 0.15, 0.9)
                for text, when in ((first, 6.52), ("the", 6.7), ("barn", 6.88), ("so", 7.2), ("then", 7.6))
                if start <= when and when + 0.15 <= end
            )
            for first in ("turn", "burn")
        )
        return Transcribed(Transcript(said, "en", best, "script", 0.0, alternatives=(other,)), Verdict(1.0, 1.0))

    told: list[Numbered] = []
    async with house(tmp_path, Script(), told.append, clock=Clock(), words=LIST) as built:
        ledger = built.book.open("t", "lobby", Speaker("s", "Ann"), 1e6)
        ledger.extend(12 * RATE)
        for outcome in (heard("u1", 0.0, 8.0, 0.0), heard("u2", 6.5, 12.0, 1.5)):
            await built.pipeline.settle(outcome)
        stored = await built.store.stored_hits()
    assert [(hit.utterance, hit.hit.way) for hit in stored] == [("u1", Way.ALTERNATIVE)]
