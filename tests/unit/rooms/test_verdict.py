"""What the notes of a probe mean: which step failed."""

from __future__ import annotations

import pytest

from monitor.errors import ConnectionLost, Refused, Step
from monitor.rooms.verdict import ADVICE, Notes, Report, report


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def notes(clock: Clock) -> Notes:
    return Notes(clock)


def joined(notes: Notes, *more: Step) -> Notes:
    for step in (Step.SIGNALLING, Step.PERMISSION, Step.ROOM, *more):
        notes.reached(step)
    return notes


CONNECTED = (Step.PATH, Step.ENCRYPTION)


def outcomes(made: Report) -> dict[Step, str]:
    return {found.step: found.outcome for found in made.steps if found.outcome != "not tried"}


def test_nothing_is_wrong(notes: Notes, clock: Clock) -> None:
    joined(notes, *CONNECTED, Step.MEDIA, Step.SOUND)
    clock.now += 2
    notes.voice("Ann").seconds, notes.voice("Ann").lost = 2.0, 0.1
    made = report(notes)
    assert (made.failed, made.reason, made.advice, made.took) == (None, "", "", 2.0)
    assert made.loss == pytest.approx(0.05)
    assert set(outcomes(made).values()) == {"ok"}


def test_an_error_knows_its_step(notes: Notes) -> None:
    notes.reached(Step.SIGNALLING, "ws://somewhere")
    notes.broke(ConnectionLost("no such room", step=Step.ROOM))
    made = report(notes)
    assert (made.failed, made.reason) == (Step.ROOM, "no such room")
    assert made.advice == ADVICE[Step.ROOM]
    assert outcomes(made) == {Step.SIGNALLING: "ok", Step.ROOM: "failed"}


@pytest.mark.parametrize(
    ("reached", "error", "step"),
    [
        ((), ConnectionLost("gone"), Step.SIGNALLING),
        ((Step.SIGNALLING,), Refused("no"), Step.PERMISSION),
    ],
)
def test_an_error_at_the_join_that_does_not_say_where(
    notes: Notes, reached: tuple[Step, ...], error: ConnectionLost | Refused, step: Step
) -> None:
    notes.began(Step.SIGNALLING)
    for one in reached:
        notes.reached(one)
    notes.broke(error)
    assert report(notes).failed is step


def test_a_path_that_is_not_found(notes: Notes) -> None:
    joined(notes).began(Step.PATH)
    notes.voice("Ann")
    assert report(notes).failed is Step.PATH
    notes.broke(ConnectionLost("no media comes"))
    assert (report(notes).failed, report(notes).reason) == (Step.PATH, "no media comes")


def test_a_path_without_encryption(notes: Notes) -> None:
    joined(notes, Step.PATH).began(Step.ENCRYPTION)
    assert report(notes).failed is Step.ENCRYPTION


def test_a_server_that_does_not_work_is_named_though_another_does(notes: Notes) -> None:
    joined(notes, Step.RELAY, *CONNECTED, Step.MEDIA, Step.SOUND)
    notes.failed(Step.RELAY, "turn:here refuses")
    notes.failed(Step.RELAY, "turn:here refuses")
    made = report(notes)
    assert (made.failed, made.reason) == (Step.RELAY, "turn:here refuses")
    assert outcomes(made)[Step.SOUND] == "ok"


def test_a_path_that_failed_at_first_and_was_found_then(notes: Notes) -> None:
    joined(notes).failed(Step.PATH, "no pair")
    for step in (*CONNECTED, Step.MEDIA, Step.SOUND):
        notes.reached(step)
    assert report(notes).failed is None


def test_a_silent_publisher(notes: Notes) -> None:
    joined(notes, *CONNECTED).voice("Ann")
    notes.said({"Ann": False, "Guest": False})
    made = report(notes)
    assert made.failed is Step.SOUND
    assert "Ann publishes and sends nothing" in made.reason


def test_a_publisher_of_silence(notes: Notes) -> None:
    joined(notes, *CONNECTED, Step.MEDIA).voice("Ann")
    made = report(notes)
    assert made.failed is Step.SOUND
    assert "all of it is silence" in made.reason


def test_a_server_that_sends_nothing_of_who_talks(notes: Notes, clock: Clock) -> None:
    joined(notes, *CONNECTED).voice("Ann")
    for _ in range(5):
        notes.said({"Ann": True})
        clock.now += 0.1
    made = report(notes)
    assert made.failed is Step.MEDIA
    assert "Ann talks" in made.reason


def test_talk_that_has_just_begun_proves_nothing(notes: Notes) -> None:
    joined(notes, *CONNECTED).voice("Ann")
    notes.said({"Ann": False})
    notes.said({"Ann": True})
    assert report(notes).failed is Step.SOUND


def test_nothing_comes_and_the_room_says_nothing_of_who_talks(notes: Notes) -> None:
    joined(notes, *CONNECTED).voice("stream")
    assert report(notes).failed is Step.MEDIA


@pytest.mark.parametrize("steps", [(), CONNECTED])
@pytest.mark.parametrize("said", [{}, {"Guest": False}])
def test_nobody_publishes(notes: Notes, said: dict[str, bool], steps: tuple[Step, ...]) -> None:
    joined(notes, *steps).said(said)
    notes.present = ("Guest",)
    made = report(notes)
    assert made.failed is None
    assert "nobody in the room publishes" in made.reason


def test_the_mix_of_an_empty_room(notes: Notes) -> None:
    """Only where the room says who is in it."""
    joined(notes, *CONNECTED, Step.MEDIA).voice("mixed")
    notes.present = ()
    assert report(notes).failed is None
    notes.present = ("Ann",)
    assert report(notes).failed is Step.SOUND


def test_steps_that_nobody_told_of_are_done_when_a_later_one_is(notes: Notes) -> None:
    joined(notes, Step.MEDIA, Step.SOUND)
    made = report(notes)
    assert outcomes(made)[Step.PATH] == "ok"
    assert Step.RELAY not in outcomes(made)


def test_a_server_that_refuses_has_answered(notes: Notes) -> None:
    notes.broke(Refused("wrong key", step=Step.PERMISSION))
    assert outcomes(report(notes)) == {Step.SIGNALLING: "ok", Step.PERMISSION: "failed"}


def test_who_is_thrown_out_lacks_permission(notes: Notes) -> None:
    joined(notes, *CONNECTED, Step.MEDIA, Step.SOUND).broke(Refused("thrown out of the room"))
    assert report(notes).failed is Step.PERMISSION


def test_a_visit_that_ends_while_all_is_well(notes: Notes) -> None:
    joined(notes, *CONNECTED, Step.MEDIA, Step.SOUND).broke(ConnectionLost("the server has ended"))
    assert (report(notes).failed, report(notes).reason) == (Step.MEDIA, "the server has ended")


def test_there_is_advice_for_every_step() -> None:
    assert set(ADVICE) == set(Step)
