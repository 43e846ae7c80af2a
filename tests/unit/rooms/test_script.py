"""What a speaking peer says when."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from monitor.rooms.builtin.script import GAP, TAIL, Line, Mark, Script, Turn

CLIP = np.full(3 * 320 + 1, 7, np.int16)  # four frames, the last one padded


def indices(lines: list[Line]) -> list[int]:
    return [line.index for line in lines]


def test_recordings_pauses_and_the_end() -> None:
    lines = list(Script([CLIP, CLIP], pause=1.0, loop=False).frames())
    assert indices(lines) == [0] * 4 + [-1] * 50 + [1] * 4 + [-1] * (50 + TAIL)
    assert [line.mark for line in lines[:4]] == [Mark.STARTS, Mark.NOTHING, Mark.NOTHING, Mark.ENDS]
    assert lines[3].samples.tolist() == [7] + [0] * 319


def test_a_loop_goes_on() -> None:
    script = Script([CLIP], pause=0.0).frames()
    assert indices(list(islice(script, 2 * (4 + GAP)))) == ([0] * 4 + [-1] * GAP) * 2


def test_nothing_is_said_before_it_may() -> None:
    allowed = [False, False, True]
    lines = Script([CLIP], loop=False, ready=lambda: allowed.pop(0)).frames()
    assert indices(list(islice(lines, 3))) == [-1, -1, 0]


def test_several_speak_in_turn_and_one_who_stops_holds_nobody_up() -> None:
    turn = Turn()
    one, two = (Script([CLIP], pause=0.0, turn=turn).frames() for _ in range(2))
    spoken = [(next(one).index, next(two).index) for _ in range(200)]
    assert not any(a >= 0 and b >= 0 for a, b in spoken)
    assert sum(a >= 0 for a, _ in spoken) > 15
    assert sum(b >= 0 for _, b in spoken) > 15
    while next(one).index < 0:
        next(two)
    one.close()  # type: ignore[attr-defined]  # while it holds the turn
    assert any(next(two).index >= 0 for _ in range(GAP + 5))


def test_a_recording_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="int16"):
        next(Script([np.zeros(320, np.float32)]).frames())  # type: ignore[list-item]
