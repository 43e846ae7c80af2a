"""Whatever the network does to the packets, the steps cover the sender's time once, in order, in bounded memory."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rooms.reorder import (
    CONCEALED,
    DEPTH,
    DROPOUT,
    HEAD_START,
    LONGEST_GAP,
    RETURN_AFTER,
    Conceal,
    Decode,
    Lost,
    Packet,
    Quiet,
    Recover,
    Reorder,
    Restart,
    Step,
)

D = 320
TICKS = 960


def packet(
    number: int, *, sequence: int = 0, timestamp: int = 0, source: int = 1, pause: int = 0, fec: int = D
) -> Packet:
    """The `number`th packet of 20 ms of a sender that was silent for `pause` ticks before it."""
    return Packet(
        source,
        (sequence + number) % 0x10000,
        (timestamp + number * TICKS + pause) % 0x1_0000_0000,
        number.to_bytes(4, "big"),
        D,
        fec,
    )


def play(reorder: Reorder, packets: list[Packet]) -> list[Step]:
    steps: list[Step] = []
    for number, each in enumerate(packets):
        steps += reorder.push(each, number * 0.02)
    return [*steps, *reorder.flush()]


def length(steps: list[Step]) -> int:
    return sum(step.samples for step in steps if not isinstance(step, Restart))


def numbers(steps: list[Step]) -> list[int]:
    return [int.from_bytes(step.payload, "big") for step in steps if isinstance(step, Decode)]


def test_packets_in_order_come_out_at_once() -> None:
    reorder = Reorder()
    assert reorder.push(packet(0), 0) == [Restart(), Decode(packet(0).payload, D)]
    for n in range(1, 50):
        assert reorder.push(packet(n), n * 0.02) == [Decode(packet(n).payload, D)]
    assert not reorder.waiting


def test_a_hole_waits_for_three_packets_and_is_won_back() -> None:
    reorder = Reorder()
    play(reorder, [packet(0)])
    assert reorder.push(packet(2), 0.04) == []
    assert reorder.waiting
    assert reorder.push(packet(3), 0.06) == []
    steps = reorder.push(packet(4), 0.08)
    assert steps[0] == Recover(packet(2).payload, D)
    assert numbers(steps) == [2, 3, 4]
    assert not reorder.waiting
    assert reorder.counts.missing == 1


def test_a_packet_that_comes_in_time_fills_the_hole() -> None:
    reorder = Reorder()
    steps = play(reorder, [packet(0), packet(2), packet(3), packet(1), packet(4)])
    assert numbers(steps) == [0, 1, 2, 3, 4]
    assert length(steps) == 5 * D
    assert reorder.counts.missing == 0


def test_a_packet_that_comes_too_late_or_twice_is_dropped() -> None:
    reorder = Reorder()
    steps = play(reorder, [packet(n) for n in (0, 2, 2, 3, 4, 1, 4, 5)])
    assert numbers(steps) == [0, 2, 3, 4, 5]
    assert length(steps) == 6 * D
    assert reorder.counts.late == 3


def test_a_hole_of_several_packets_is_guessed_and_its_end_won_back() -> None:
    steps = play(Reorder(), [packet(0), packet(4)])
    assert steps[2:] == [Conceal(2 * D), Recover(packet(4).payload, D), Decode(packet(4).payload, D)]


def test_without_a_copy_in_the_next_packet_all_is_guessed() -> None:
    steps = play(Reorder(), [packet(0), packet(2, fec=0)])
    assert steps[2:] == [Conceal(D), Decode(packet(2).payload, D)]


def test_a_long_outage_is_guessed_at_its_beginning_and_then_lost() -> None:
    steps = play(Reorder(), [packet(0), packet(101)])
    assert steps[2:4] == [Conceal(CONCEALED), Lost(99 * D - CONCEALED)]
    assert length(steps) == 102 * D


def test_a_jump_of_the_timestamp_alone_is_quiet_and_nothing_is_lost() -> None:
    reorder = Reorder()
    steps = play(reorder, [packet(0), packet(1, pause=20 * TICKS)])
    assert steps[2:] == [Quiet(20 * D), Decode(packet(1).payload, D)]
    assert reorder.counts.missing == 0


def test_a_loss_at_the_edge_of_a_pause_is_counted_as_one_packet_not_as_the_pause() -> None:
    steps = play(Reorder(), [packet(0), packet(2, pause=50 * TICKS)])
    assert steps[2:] == [Quiet(50 * D), Recover(packet(2).payload, D), Decode(packet(2).payload, D)]
    steps = play(Reorder(), [packet(0), packet(2, pause=50 * TICKS, fec=0)])
    assert steps[2:] == [Conceal(D), Quiet(50 * D), Decode(packet(2).payload, D)]


def test_a_new_source_starts_afresh_and_time_goes_on() -> None:
    reorder = Reorder()
    steps = play(reorder, [packet(0), packet(1), packet(0, source=2, sequence=777, timestamp=123456789)])
    assert steps[-2:] == [Restart(), Decode(packet(0).payload, D)]
    assert length(steps) == 3 * D
    assert reorder.counts.sources == 2


def test_stragglers_of_the_source_before_are_dropped_but_it_may_come_back() -> None:
    reorder = Reorder()
    play(reorder, [packet(0), packet(1)])
    reorder.push(packet(0, source=2), 0.04)
    assert reorder.push(packet(2), 0.05) == []
    later = 0.04 + RETURN_AFTER
    assert reorder.push(packet(99), later) == [Restart(), Decode(packet(99).payload, D)]


def test_one_packet_far_off_is_a_stray_two_are_a_new_count() -> None:
    reorder = Reorder()
    play(reorder, [packet(0)])
    assert reorder.push(packet(30_000), 0.02) == []
    assert numbers(reorder.push(packet(1), 0.04)) == [1]
    assert reorder.push(packet(40_000), 0.06) == []
    steps = reorder.push(packet(40_001), 0.08)
    assert numbers(steps) == [40_000, 40_001]
    assert Restart() in steps


def test_an_outage_longer_than_the_sequence_allows_is_lost_time() -> None:
    reorder = Reorder()
    reorder.push(packet(0), 0.0)
    missing = DROPOUT + 500
    at = missing * 0.02
    assert reorder.push(packet(missing + 1), at) == []
    steps = reorder.push(packet(missing + 2), at + 0.02)
    assert length(steps) == (missing + 2) * D
    assert any(isinstance(s, Lost) for s in steps)
    assert not any(isinstance(s, Quiet) for s in steps)


@pytest.mark.parametrize("jump", [LONGEST_GAP * 2, 0x7FFF_0000])
def test_an_absurd_jump_makes_no_more_time_than_has_passed(jump: int) -> None:
    reorder = Reorder()
    reorder.push(packet(0), 0.0)
    steps = reorder.push(packet(1, pause=jump), 3.0)
    made = length(steps) - D
    assert made == (HEAD_START + 3 * 48_000) // 3
    assert reorder.counts.skipped == (jump - HEAD_START - 3 * 48_000) // 3
    # and again at once: the head start is used up
    again = reorder.push(packet(2, pause=jump + LONGEST_GAP), 3.02)
    assert length(again) - D <= 0.02 * 16_000


def test_a_mute_of_minutes_is_kept_whole_up_to_the_limit() -> None:
    reorder = Reorder()
    reorder.push(packet(0), 0.0)
    steps = reorder.push(packet(1, pause=300 * 48_000), 300.0)
    assert steps == [Quiet(300 * 16_000), Decode(packet(1).payload, D)]
    steps = reorder.push(packet(2, pause=(300 + 7200) * 48_000), 7500.0)
    assert length(steps) == LONGEST_GAP // 3 + D


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[Packet], int, int]:
    """Packets as a bad network delivers them, and the numbers of the first and the last that arrive."""
    count = draw(st.integers(2, 120))
    sequence = draw(st.sampled_from([0, 65_530, 65_400, 32_760]) | st.integers(0, 65_535))
    timestamp = draw(st.sampled_from([0, 2**32 - 5_000]) | st.integers(0, 2**32 - 1))
    chance = random.Random(draw(st.integers(0, 2**32)))
    loss, swap, double, pause = (draw(st.sampled_from([0.0, 0.03, 0.3])) for _ in range(4))
    silent, sent = 0, []
    for number in range(count):
        if number and chance.random() < pause:
            silent += chance.randrange(1, 30) * 120  # any multiple of 2.5 ms
        sent.append(packet(number, sequence=sequence, timestamp=timestamp, pause=silent, fec=chance.choice([0, D])))
    kept = [sent[0]] + [p for p in sent[1:-1] if chance.random() >= loss] + [sent[-1]]
    keyed = [(index + (chance.randrange(0, 6) if chance.random() < swap else 0), p) for index, p in enumerate(kept)]
    keyed[0] = (-1, kept[0])
    arrived = [p for _, p in sorted(keyed, key=lambda pair: pair[0])]
    doubled = [p for p in arrived for _ in range(2 if chance.random() < double else 1)]
    return doubled, count, silent


@given(networks())
def test_the_steps_cover_the_timeline_exactly(network: tuple[list[Packet], int, int]) -> None:
    arrived, count, silent = network
    reorder = Reorder()
    steps: list[Step] = []
    for n, each in enumerate(arrived):
        steps += reorder.push(each, n * 0.2)
        assert len(reorder._held) < DEPTH
    steps += reorder.flush()
    assert not reorder.waiting
    assert length(steps) == (count * TICKS + silent) // 3
    decoded = numbers(steps)
    assert decoded == sorted(set(decoded)), "out of order or twice"
    position = 0
    for step in steps:  # each packet is heard at its own place in time
        if isinstance(step, Decode):
            own = next(p for p in arrived if p.payload == step.payload)
            assert (own.timestamp - arrived[0].timestamp) % 2**32 == position * 3
        position += 0 if isinstance(step, Restart) else step.samples


@given(networks())
def test_what_is_not_lost_is_never_called_lost(network: tuple[list[Packet], int, int]) -> None:
    arrived, count, _ = network
    reorder = Reorder()
    steps = play(reorder, arrived)
    lost = sum(s.samples for s in steps if isinstance(s, Conceal | Lost | Recover))
    assert lost == (count - len(numbers(steps))) * D
    assert reorder.counts.missing == count - len(numbers(steps))


@given(
    st.lists(
        st.builds(
            Packet,
            st.integers(0, 2),
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFFFFFF),
            st.just(b"x"),
            st.sampled_from([0, 40, 320, 1920]),
            st.sampled_from([0, 320]),
        ),
        max_size=200,
    )
)
def test_any_packets_at_all_stay_bounded(hostile: list[Packet]) -> None:
    reorder = Reorder()
    made = 0
    for n, each in enumerate(hostile):
        steps = reorder.push(each, n * 0.02)
        assert len(reorder._held) < DEPTH
        assert all(s.samples > 0 for s in steps if not isinstance(s, Restart))
        made += length(steps)
    made += length(reorder.flush())
    decoded = sum(p.samples for p in hostile)
    assert made <= decoded + HEAD_START // 3 + len(hostile) * 320


def test_gaps_that_are_no_whole_samples_add_up() -> None:
    reorder = Reorder()
    steps = play(reorder, [packet(n, pause=n * 100) for n in range(31)])  # 100 ticks are 33⅓ samples
    assert length(steps) == 31 * D + 30 * 100 // 3
