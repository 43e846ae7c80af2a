"""Rooms share the recogniser, tracks stay in order, and what is given up is given up by who has most."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import RATE, Cut, Speaker, Utterance
from monitor.speech.recogniser import Hints
from monitor.speech.schedule import Schedule, Waiting


def said(name: str, room: str = "a", track: str = "", seconds: float = 2.0) -> Utterance:
    audio = np.zeros(round(seconds * RATE), np.int16)
    return Utterance(name, room, Speaker("s", "S"), track or f"{room}-{name}", 0.0, 0, audio, Cut.SILENCE)


def filled(*utterances: Utterance, ahead: float = 0.0) -> Schedule:
    schedule = Schedule(ahead=ahead)
    for since, utterance in enumerate(utterances):
        schedule.add(utterance, Hints(), float(since))
    return schedule


def taken(schedule: Schedule) -> list[str]:
    found = []
    while (item := schedule.take(())) is not None:
        found.append(item.utterance.id)
    return found


def test_a_room_comes_in_order() -> None:
    assert taken(filled(said("1"), said("2"), said("3"))) == ["1", "2", "3"]


def test_a_shouting_room_starves_nobody() -> None:
    loud = [said(f"loud{n}", "loud") for n in range(20)]
    order = taken(filled(*loud, said("calm1", "calm"), said("calm2", "calm")))
    assert order.index("calm1") <= 1
    assert order.index("calm2") <= 3


def test_who_talks_at_length_comes_in_order_until_it_is_more_than_a_fair_start() -> None:
    talk = [said(f"t{n}", "talker", seconds=4.0) for n in range(6)]
    order = taken(filled(*talk[:4], said("calm1", "calm"), *talk[4:], said("calm2", "calm"), ahead=16.0))
    assert order == ["t0", "t1", "t2", "t3", "calm1", "t4", "calm2", "t5"]


def test_a_room_that_was_silent_has_saved_nothing_up() -> None:
    schedule = filled(*[said(f"a{n}") for n in range(4)])
    for _ in range(3):
        schedule.take(())
    for n in range(4):
        schedule.add(said(f"b{n}", "b"), Hints(), 10.0 + n)
    assert taken(schedule).index("a3") <= 1, "the newcomer's share begins when it comes"


def test_none_of_a_track_is_taken_while_some_of_it_is_in_work() -> None:
    schedule = filled(said("x1", track="x"), said("x2", track="x"), said("y", track="y"))
    first = schedule.take(())
    assert first is not None
    assert first.utterance.id == "x1"
    second = schedule.take({"x"})
    assert second is not None
    assert second.utterance.id == "y"
    assert schedule.take({"x"}) is None
    assert taken(schedule) == ["x2"]


def test_those_that_fit_go_together_and_only_the_first_of_each_track() -> None:
    schedule = filled(
        said("one"), said("x1", track="x"), said("x2", track="x"), said("longer", seconds=5.0), said("z", room="b")
    )
    one = schedule.take(())
    assert one is not None
    alike = [
        item.utterance.id
        for item in schedule.take_with(one, (), lambda _: 0, lambda item, got: item.seconds == got[0].seconds, 5)
    ]
    assert set(alike) == {"x1", "z"}
    assert set(taken(schedule)) == {"x2", "longer"}


def test_no_more_go_together_than_may_and_each_is_asked_with_those_before_it() -> None:
    schedule = filled(*(said(str(n), track=str(n)) for n in range(6)))
    one = schedule.take(())
    assert one is not None
    sizes: list[int] = []
    found = schedule.take_with(one, (), lambda _: 0, lambda _, got: sizes.append(len(got)) or True, 3)
    assert len(found) == 3
    assert sizes == [1, 2, 3]
    assert len(schedule) == 2


def test_the_nearest_come_along_first() -> None:
    schedule = filled(*(said(str(n), track=str(n), seconds=float(n)) for n in range(1, 7)))
    one = schedule.take(())
    assert one is not None
    found = schedule.take_with(one, (), lambda item: abs(item.seconds - 4.2), lambda *_: True, 2)
    assert [item.utterance.id for item in found] == ["4", "5"]


def test_who_has_most_gives_up_and_never_what_came_last() -> None:
    schedule = filled(said("few", "b"), said("old", "a"), said("older", "a"), said("newest", "c", seconds=30.0))
    gone = schedule.give_up()
    assert gone is not None
    assert gone.utterance.id == "old"
    assert {item.utterance.id for item in schedule} == {"few", "older", "newest"}
    assert schedule.give_up() is not None
    assert schedule.give_up() is not None
    assert schedule.give_up() is None
    assert taken(schedule) == ["newest"]


waits = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.floats(0.1, 20)), max_size=40)


@given(waits)
def test_each_comes_out_once_and_each_track_in_order(rows: list[tuple[int, int, float]]) -> None:
    utterances = [said(str(n), f"r{room}", f"{room}/{track}", s) for n, (room, track, s) in enumerate(rows)]
    schedule = filled(*utterances)
    order = taken(schedule)
    assert sorted(order, key=int) == [str(n) for n in range(len(rows))]
    for track in {u.track for u in utterances}:
        mine = [u.id for u in utterances if u.track == track]
        assert [name for name in order if name in mine] == mine
    assert len(schedule) == 0
    assert schedule.seconds == 0.0


@given(waits)
def test_no_room_is_ahead_of_another_that_waits_by_more_than_one_utterance(rows: list[tuple[int, int, float]]) -> None:
    """Goyal et al., theorem 1: while two rooms wait, what they got differs by at most one utterance of each."""
    schedule = filled(*[said(str(n), f"r{room}", seconds=s) for n, (room, _, s) in enumerate(rows)])
    longest = {room: max((s for r, _, s in rows if r == room), default=0.0) for room in range(5)}
    got = dict.fromkeys(range(5), 0.0)
    while (item := schedule.take(())) is not None:
        got[int(item.utterance.room[1:])] += item.seconds
        waiting = {int(left.utterance.room[1:]) for left in schedule}
        for one in waiting:
            for other in waiting:
                assert abs(got[one] - got[other]) <= longest[one] + longest[other] + 1e-3


def test_a_room_whose_seconds_cost_more_has_fewer_of_them() -> None:
    schedule = Schedule(ahead=0.0)
    for n in range(8):
        for room, cost in (("big", 4.0), ("base", 1.0)):
            schedule.add(said(f"{room}{n}", room), Hints(), float(n), cost)
    first = taken(schedule)[:10]
    assert sum(name.startswith("base") for name in first) == 8
    assert first[:2] == ["big0", "base0"]


def test_clearing_gives_all_of_it_the_oldest_first() -> None:
    schedule = filled(said("1", "b"), said("2", "a"), said("3", "b"))
    left: list[Waiting] = schedule.clear()
    assert [item.utterance.id for item in left] == ["1", "2", "3"]
    assert taken(schedule) == []
