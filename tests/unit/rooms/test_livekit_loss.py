"""What the SDK's counters say of its audio."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.rooms.livekit.loss import NOTHING, Counts, Judge, Verdict


def after(judge: Judge, *counts: Counts, frames: int = 10) -> Verdict:
    """The last verdict."""
    return [judge.look(frames, each) for each in counts][-1]


def test_what_comes_without_a_hole_is_heard() -> None:
    assert after(Judge(), Counts(10, 0, 0), Counts(20, 0, 0)) == Verdict(heard=10)


def test_what_is_missing_and_was_made_up_is_lost() -> None:
    assert after(Judge(), Counts(10, 0, 0), Counts(17, 3, 3 * 960)) == Verdict(heard=7, lost=3)


def test_what_was_brought_back_from_redundancy_is_heard() -> None:
    assert after(Judge(), Counts(10, 0, 0), Counts(17, 3, 0)) == Verdict(heard=10)


def test_what_was_made_up_for_a_packet_that_came_late_or_for_a_pause_is_not_lost() -> None:
    assert after(Judge(), Counts(10, 0, 0), Counts(20, 0, 4 * 960)) == Verdict(heard=10)


def test_a_hole_is_counted_once_where_the_counters_know_of_it_at_different_times() -> None:
    judge = Judge()
    after(judge, Counts(10, 0, 0))
    lost = [
        after(judge, counts).lost
        for counts in (Counts(17, 3, 0), Counts(27, 3, 3 * 960), Counts(37, 3, 3 * 960), Counts(47, 3, 3 * 960))
    ]
    assert lost == [0, 3, 0, 0]


def test_what_came_late_after_all_is_not_missing_any_more() -> None:
    assert after(Judge(), Counts(10, 0, 0), Counts(17, 3, 0), Counts(30, 0, 3 * 960)) == Verdict(heard=10)


def test_while_nothing_comes_the_audio_is_held_back_but_for_what_the_decoder_still_had() -> None:
    judge = Judge()
    assert after(judge, Counts(10, 0, 0)) == Verdict(heard=10)
    assert after(judge, Counts(10, 0, 2000), frames=4) == Verdict(heard=4)
    assert after(judge, Counts(10, 0, 5000), frames=6) == Verdict(heard=1, held=5)
    assert after(judge, Counts(10, 0, 9000)) == Verdict(held=10)
    assert judge.held == 15


def test_nothing_at_all_is_never_heard() -> None:
    judge = Judge()
    assert after(judge, NOTHING) == Verdict(held=10)
    assert after(judge, NOTHING) == Verdict(held=10)
    assert after(judge, Counts(5, 0, 9000)) == Verdict(heard=10), "media time begins with the first packet"


def test_what_was_missing_while_nothing_came_is_lost_and_the_rest_was_a_pause() -> None:
    held = Counts(10, 0, 0), Counts(10, 0, 0), Counts(10, 0, 0)
    assert after(Judge(), *held, Counts(15, 12, 0)) == Verdict(lost_before=12, quiet_before=3, heard=10)
    assert after(Judge(), *held, Counts(15, 0, 0)) == Verdict(quiet_before=15, heard=10)


def test_what_was_believed_as_a_gap_began_is_made_up_for_at_its_end() -> None:
    held = Counts(10, 0, 0), Counts(10, 0, 9600), Counts(10, 0, 19200)
    assert after(Judge(), *held, Counts(15, 22, 22000)) == Verdict(lost_before=15, lost_first=7, heard=3)


def test_after_a_long_gap_the_room_s_word_counts_as_libwebrtc_counts_nothing() -> None:
    for talking, lost in ((True, 46), (False, 0)):
        judge = Judge()
        after(judge, Counts(10, 0, 0))
        for _ in range(10):
            judge.look(10, Counts(10, 0, 0), talking=talking)
        assert judge.look(10, Counts(20, 0, 0)) == Verdict(lost_before=lost - talking, heard=10)


def test_a_mute_makes_silence_of_what_was_held_back() -> None:
    judge = Judge()
    after(judge, Counts(10, 0, 0), Counts(10, 0, 0), Counts(10, 0, 0))
    assert judge.quiet() == 15
    assert after(judge, Counts(20, 10, 0)).lost_before == 0


def test_counters_that_begin_anew_are_no_loss() -> None:
    assert after(Judge(), Counts(100, 20, 9000), Counts(5, 0, 9000)) == Verdict(heard=10)


def test_without_counters_the_audio_is_believed() -> None:
    assert Judge().look(7, None) == Verdict(heard=7)


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(-3, 12), st.integers(0, 9600), st.integers(0, 12)), max_size=40)
)
def test_no_frame_is_judged_twice_and_none_forgotten(steps: list[tuple[int, int, int, int]]) -> None:
    judge, packets, missing, made_up = Judge(), 0, 0, 0
    for came, lost, concealed, frames in steps:
        packets, missing, made_up = packets + came, max(0, missing + lost), made_up + concealed
        held = judge.held
        verdict = judge.look(frames, Counts(packets, missing, made_up))
        assert verdict.lost_first + verdict.heard + verdict.lost + verdict.held == frames
        assert (
            min(
                verdict.lost_first, verdict.heard, verdict.lost, verdict.held, verdict.lost_before, verdict.quiet_before
            )
            >= 0
        )
        assert verdict.lost_before + verdict.quiet_before <= held
        assert judge.held == (held + verdict.held if verdict.held or not came else 0)
