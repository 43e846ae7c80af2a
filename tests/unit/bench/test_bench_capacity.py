"""The arithmetic of capacity and overload: when speech ended, what was late, what each second became."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pytest

from monitor.bench import crowd_talk, overload, vitals
from monitor.bench.account import Delay, Raised, Record, Step, Text, delays, shares, speech_end
from monitor.bench.capacity import Idle, Result
from monitor.bench.crowd_voice import Truth
from monitor.bench.hold import Booked, Held, Over, Second
from monitor.bench.paced import PacedTrack, Talk, script
from monitor.bench.quick_ear import QuickEar
from monitor.bench.stages import Stages
from monitor.hearing.vad import Vad
from monitor.messages import EffortChanged, GapNoted
from monitor.model import FRAME, RATE, Cut, Heard, Origin, Speaker, Utterance
from monitor.rooms.opus import make_decoder
from monitor.speech.recogniser import Hints
from tests.helpers.voicelike import silence, voice

TALKS = [
    Talk(np.concatenate([silence(0.2), voice(1.0), silence(0.3), voice(0.5), silence(0.2)]), (1.2, 2.0)),
    Talk(voice(0.8), (0.8,)),
]


def text(
    utterance: str, began: float, told: float, *, seconds: float = 2.0, goes_on: bool = False, left: bool = False
) -> Text:
    return Text(utterance, "r", began, seconds, goes_on, left, True, 0.1, told, 1)


def test_a_delay_counts_from_the_end_of_the_speech_and_not_of_the_silence_after_it() -> None:
    assert speech_end(text("u", 100.0, 0.0, seconds=3.0), [99.0, 101.2, 102.5, 110.0]) == 102.5
    assert speech_end(text("u", 100.0, 0.0, seconds=3.0), [103.1]) == 103.1
    assert speech_end(text("u", 100.0, 0.0, seconds=3.0), [99.0]) == 103.0  # nothing known of it
    assert speech_end(text("u", 100.0, 0.0, seconds=3.0, goes_on=True), [102.5]) == 103.0


def test_an_alert_that_came_before_the_end_has_a_delay_below_nothing() -> None:
    record = Record(
        texts=[
            text("early", 100.0, 102.6),
            text("late", 200.0, 203.0),
            text("unmeasured", 10.0, 19.0),
            text("hung up", 300.0, 305.0, left=True),
        ],
        alerts=[
            Raised("early", 100.8, 101.5, tentative=True, seq=2),
            Raised("late", 201.5, 203.2, tentative=False, seq=3),
            Raised("unmeasured", 10.0, 20.0, tentative=True, seq=4),
            Raised("never stored", 10.0, 20.0, tentative=True, seq=5),
            Raised("hung up", 301.0, 305.0, tentative=False, seq=6),
        ],
    )
    found = delays(record, {"r": [102.0, 11.9, 201.8]}, since=50.0)
    assert [one.seconds for one in found.texts] == pytest.approx([0.6, 1.2])
    assert [one.seconds for one in found.alerts] == pytest.approx([-0.5, 1.4])
    assert [one.seconds for one in found.words] == pytest.approx([0.7, 1.7])
    assert [one.seconds for one in found.early] == pytest.approx([0.7])


def test_what_the_feed_tells_of_effort_is_kept_with_its_time() -> None:
    record = Record()
    told = EffortChanged(
        seq=4, at=130.0, step=1, words="no looks", oldest_seconds=0.8, waiting_seconds=7.0, late_seconds=0.0
    )
    record.told(told, 130.1)
    assert record.steps == [Step(130.0, 1, "no looks", 0.8, 7.0)]
    assert shares(record.steps, 100.0, 200.0) == pytest.approx({0: 0.3, 1: 0.7})
    assert shares([], 100.0, 200.0) == {0: 1.0}
    assert shares([Step(90.0, 2, "", 0, 0), Step(150.0, 1, "", 0, 0)], 100.0, 200.0) == {2: 0.5, 1: 0.5}


def test_what_was_lost_is_told_with_its_cause() -> None:
    record = Record()
    for state, seconds in (("lost-network", 0.5), ("lost-network", 0.25), ("vetoed", 9.0)):
        gap = GapNoted(seq=1, at=1.0, room="r", speaker=None, began=1.0, seconds=seconds, state=state, cause="a hole")
        record.told(gap, 1.0)
    assert record.gaps == {"lost-network: a hole": 0.75}


def test_held_is_what_loses_nothing_and_is_in_time() -> None:
    def result(seconds: float, **states: float) -> Result:
        held = Held(states={Heard(name.replace("_", "-")): value for name, value in states.items()})
        found = delays(
            Record([text("u", 100.0, 103.0)], [Raised("u", 101.0, 102.0 + seconds, tentative=False, seq=1)]),
            {"r": [102.0]},
        )
        return Result("way", Over.PCM, 1, held, found)

    assert result(1.9, examined=50.0).held
    assert not result(2.1, examined=50.0).held
    assert not result(1.9, examined=50.0, lost_network=0.5).held
    assert not result(1.9, examined=50.0, pending=0.5).held
    assert not Result("way", Over.PCM, 1).held  # nothing alerted
    assert Idle(Over.PCM, 60, 50, 500.0, 560.0).each == pytest.approx(1.2)


def test_over_a_network_the_same_is_said_in_the_same_order() -> None:
    recorded = [crowd_talk.recorded(talk) for talk in TALKS]
    over_network = list(itertools.islice(crowd_talk.sayings(recorded, 5), 3000))
    track = PacedTrack(TALKS, 5, 0.0)
    without = [origin for _, origin in itertools.islice(track._said(0.0), 3000)]
    talking = [origin is Origin.HEARD for origin in without]
    assert not any(stretch and not said for said, (_, stretch) in zip(talking, over_network, strict=True))
    lasts = [n for n, (_, s) in enumerate(over_network[:-1]) if s and over_network[n + 1][1] != s]
    ends = [end for end in track.ends if end < 3000 * FRAME / RATE]
    assert [(n + 1) * FRAME / RATE for n in lasts] == pytest.approx(ends[: len(lasts)], abs=0.021)
    assert len(lasts) > 5
    numbers = [s for _, s in over_network if s]
    assert numbers == sorted(numbers)


def test_who_is_hushed_ends_what_was_begun_and_says_no_more() -> None:
    hush = False
    (talk,) = recorded = [crowd_talk.recorded(TALKS[1])]
    said = crowd_talk.sayings(recorded, 1, lambda: hush)
    while not next(said)[1]:
        pass
    hush = True
    rest = list(itertools.islice(said, 2000))
    assert [packet for packet, stretch in rest if stretch] == list(talk.packets[1:])
    assert rest[-1] == (None, 0)


def test_silence_is_sent_from_the_beginning_on() -> None:
    recorded = [crowd_talk.recorded(TALKS[0])]
    packet, stretch = next(crowd_talk.sayings(recorded, 5))
    assert packet is not None
    assert stretch == 0
    assert np.abs(make_decoder().decode(packet)).max() < 50


def test_somebody_talks_for_half_of_the_time() -> None:
    lengths = [100, 300, 500]
    said = list(itertools.islice(script(lengths, 3), 400))
    talk = sum(lengths[number] for _, number in said)
    assert sum(pause for pause, _ in said) == pytest.approx(talk, rel=0.1)
    assert len({number for _, number in said}) == 3


def test_recordings_come_whole_to_the_crowd(tmp_path: Path) -> None:
    crowd_talk.save(TALKS, tmp_path / "talks.npz")
    there = crowd_talk.load(tmp_path / "talks.npz")
    assert [one.ends for one in there] == [one.ends for one in TALKS]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(there, TALKS, strict=True))


def test_the_ends_of_speech_are_the_last_packets_of_each_stretch() -> None:
    truths = [Truth("a", "x", spans=[[1.0, 2.0], [3.0, 4.0]]), Truth("a", "y", spans=[[0.5, 1.5]]), Truth("b", "z")]
    assert crowd_talk.speech_ends(truths) == {"a": [1.5, 2.0, 4.0], "b": []}


def test_normal_is_when_all_that_follows_is_as_quick_as_before() -> None:
    slow = [Delay(1000.0 + n, 3.0) for n in range(12)]
    quick = [Delay(1012.0 + n, 0.5) for n in range(60)]
    assert overload.normal_after([*slow, *quick], 1000.0, 1.0) == 9  # 3 slow ones among 63
    assert overload.normal_after([Delay(900.0, 9.0), *quick], 1000.0, 1.0) == 0
    assert overload.normal_after([Delay(1000.0 + n, 3.0) for n in range(60)], 1000.0, 1.0) is None


def test_every_second_that_came_must_be_in_the_ledger() -> None:
    whole = {Heard.EXAMINED: 70.2, Heard.LOST_OVERLOAD: 30.0}
    assert overload.accounted(Held(states=whole, booked=(Booked(60.2, 60.0, 0.3), Booked(40.0, 40.0, 0.1))))
    assert not overload.accounted(Held(states=whole, booked=(Booked(70.0, 60.0, 0.3), Booked(30.0, 40.0, 0.1))))
    assert not overload.accounted(Held(states=whole, booked=(Booked(62.0, 60.0, 0.3),))), "booked twice"
    waiting = {Heard.EXAMINED: 90.0, Heard.PENDING: 10.0}
    assert not overload.accounted(Held(states=waiting, booked=(Booked(100.0, 100.0, 0.0),)))


def test_an_overload_is_told_with_its_steps_and_memory(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    began = 1000.0
    held = Held(
        began=began, seconds=200.0, states={Heard.EXAMINED: 300.0}, booked=(Booked(300.0, 300.0, 0.0),), drained=1.0
    )
    held.moments = [Second(began + n, int(60 <= n < 120), 5.0, float(80 <= n < 130), 400.0 + n) for n in range(200)]
    held.record.texts += [
        text(f"u{n}", began + n - 2.0, began + n + (5.0 if 60 <= n < 115 else 0.5)) for n in range(2, 200)
    ]
    held.record.steps += [Step(began + 60, 1, "no looks", 0.8, 9.0), Step(began + 120, 0, "everything", 0.0, 0.0)]
    good = overload.show(held, overload.Load(2, 6, 50.0), Console(width=200))
    told = capsys.readouterr().out
    assert good
    assert "60.0 s  step 1 of" in told
    assert "459 MB before" in told
    assert "599 MB at most" in told
    assert "in time" in told
    assert "heard by 19 s after it" in told
    assert "every second is accounted for" in told


def test_a_quick_ear_hears_in_a_look_what_it_hears_in_the_whole() -> None:
    ear = QuickEar(["one two three", "four five six seven"])

    def said(seconds: float, name: str) -> list[str]:
        audio = np.zeros(round(seconds * RATE), np.int16)
        utterance = Utterance(name, "r", Speaker("1", "A"), "t", 0.0, 0, audio, Cut.SILENCE)
        (heard,) = ear.transcribe([(utterance, Hints())])
        return [word.text for word in heard.words]

    assert said(4.0, "u")[: len(said(2.0, "u"))] == said(2.0, "u")
    assert len(said(4.0, "u")) == 8
    assert {said(2.0, f"u{n}")[0] for n in range(20)} == {" one", " four"}


def test_cpu_time_counts_for_the_stage_that_spends_it() -> None:
    stages = Stages()
    frame = voice(0.02)
    with stages.counting():
        vad = Vad(1)
        for _ in range(50):
            vad.voiced(frame)
    Vad(1).voiced(frame)
    assert stages.calls["first voice detector"] == 50
    assert 0 < stages.spent["first voice detector"] < 1


def test_threads_are_told_by_what_they_are_for() -> None:
    before = vitals.threads()
    until = time.process_time() + 0.1
    while time.process_time() < until:
        sum(range(1000))
    spent = vitals.since(before, vitals.threads())
    assert max(spent, key=spent.__getitem__) == "event loop"
    assert vitals.busy() > 0
