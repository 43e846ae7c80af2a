"""The soak's arithmetic: what a sender counts, what an utterance's pauses are, and how both meet the ledger."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from monitor.bench.crowd import Plan, Seat
from monitor.bench.crowd_voice import MUTED, CountedVoice, Sound, Truth, Turn, rounds, sound
from monitor.bench.soak_account import Books, accounts, read, strangers_of, total
from monitor.bench.soak_ear import silence as silent_seconds
from monitor.bench.vitals import held, slope
from monitor.model import Gap, Heard, Speaker
from monitor.rooms.opus import make_decoder
from monitor.store.store import Store
from tests.helpers.storing import database
from tests.helpers.voicelike import silence, voice

SAID = Sound(tuple(bytes([n]) for n in range(10)), (b"fade", None, b"refresh", None))


def test_talk_goes_round_and_a_pause_is_what_an_encoder_makes_of_it() -> None:
    told = list(rounds(SAID, [Turn(12, 3), Turn(2, 0)], at=8))
    talk = [packet for packet, stretch in told if stretch == 1]
    assert talk == [bytes([n % 10]) for n in range(8, 20)]
    assert [packet for packet, stretch in told if stretch == 0] == [b"fade", None, b"refresh"]
    assert [stretch for _, stretch in told[-2:]] == [2, 2]


def test_who_mutes_sends_nothing_after_a_moment() -> None:
    pause = tuple(b"noise" for _ in range(100))
    sent = [packet for packet, _ in rounds(Sound((b"a",), pause), [Turn(1, 80, mute=True)], 0)][1:]
    assert sent == [b"noise"] * MUTED + [None] * (80 - MUTED)


async def test_every_packet_of_talk_counts_also_the_lost_ones() -> None:
    truth = Truth("room", "Ann")
    mine = CountedVoice(truth, rounds(SAID, [Turn(10, 2), Turn(5, 0)], 3), 0.3, random.Random(1))
    lost = 0
    for _ in range(10 + 1 + 5):
        await mine.recv()
        lost += mine.loses()
    assert truth.frames == 15
    assert truth.seconds == pytest.approx(0.3)
    assert 0 < truth.lost <= lost
    assert len(truth.spans) == 2
    assert all(began < ended for began, ended in truth.spans)


def test_a_sound_is_heard_as_it_was_meant() -> None:
    made, decoder = sound(voice(1.0)), make_decoder()
    heard = np.concatenate([decoder.decode(packet) for packet in made.talk]).astype(float)
    assert len(heard) == 16_000
    assert np.sqrt(np.mean(heard**2)) > 1000
    assert sum(packet is not None for packet in made.pause[:50]) < 20


def test_only_the_silence_around_the_talk_is_a_pause() -> None:
    audio = np.concatenate([silence(0.4), voice(1.0), silence(0.5), voice(1.0), silence(0.3)])
    assert silent_seconds(audio) == pytest.approx(0.7, abs=0.02)
    assert silent_seconds(silence(1.0)) == pytest.approx(1.0)


def test_the_ledger_meets_the_truth_speaker_by_speaker() -> None:
    truths = [
        Truth("r", "whole", frames=500, spans=[[100.0, 110.0]]),
        Truth("r", "absent", frames=500, spans=[[200.0, 210.0]]),
        Truth("r", "missed", frames=500, spans=[[300.0, 310.0]]),
        Truth("r", "doubled", frames=500, spans=[[400.0, 410.0]]),
    ]
    books = Books(
        tracks={
            ("r", "whole"): Counter({"examined": 8.0, "silence": 50.0, "lost-network": 1.0, "lost-error": 1.4}),
            ("r", "absent"): Counter({"examined": 6.0}),
            ("r", "missed"): Counter({"examined": 7.0}),
            ("r", "doubled"): Counter({"examined": 12.0}),
            ("r", "stranger"): Counter({"examined": 1.0}),
        },
        absences={"r": [(206.0, 250.0)], "other": [(300.0, 310.0)]},
    )
    found = accounts(truths, books, {("r", "whole"): 0.4})
    assert (found["r", "whole"].short, found["r", "whole"].over) == pytest.approx((0, 0))
    assert (found["r", "absent"].absent, found["r", "absent"].short) == pytest.approx((4, 0))
    assert found["r", "missed"].short == pytest.approx(3)
    assert found["r", "doubled"].over == pytest.approx(2)
    both = total([found["r", "missed"], found["r", "doubled"]])
    assert (both.short, both.over) == pytest.approx((3, 2))  # the one does not make up for the other
    assert strangers_of(found, books) == [("r", "stranger")]


async def test_the_books_are_read_from_the_database(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), lambda _: None) as store:
        await store.begin_session()
        await store.open_track("t1", "r", Speaker("1", "Ann"), 100.0)
        await store.add_gap(Gap("r", None, "", 90.0, 5.0, Heard.LOST_ERROR, "the monitor was not in the room: x"))
        cause = "3 short holes over the whole visit: packets lost on the way"
        await store.add_gap(Gap("r", Speaker("1", "Ann"), "t1", 101.0, 0.5, Heard.LOST_NETWORK, cause))
    books = read(tmp_path / "monitor.db")
    assert books.absences == {"r": [(90.0, 95.0)]}
    assert list(books.tracks) == [("r", "Ann")]
    assert books.causes == {("lost-network", "packets lost on the way"): 0.5}


def test_a_plan_survives_the_way_to_the_other_process() -> None:
    plan = Plan((Seat("a", "ws://x", 7), Seat("b", "ws://y")), seed=3, talk=(1.0, 2.0), warm=False)
    assert Plan.parse(plan.dump()) == plan


async def test_what_a_process_holds_and_how_it_grows() -> None:
    assert held().tasks == 1
    assert slope([(0, 10.0), (30, 11.0), (60, 12.0)]) == pytest.approx(1 / 30)
    assert slope([(0, 1.0)]) == 0.0
