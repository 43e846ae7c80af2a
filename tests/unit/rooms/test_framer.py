"""Pieces of any length become frames: every sample once, in order, with the worst origin of its frame."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import FRAME, Origin, Samples
from monitor.rooms.framer import SILENCE, Block, Framer

RANK = [Origin.QUIET, Origin.HEARD, Origin.LOST]


def expand(blocks: list[Block]) -> tuple[Samples, list[Origin]]:
    frames = [block.samples for block in blocks for _ in range(block.count)]
    origins = [block.origin for block in blocks for _ in range(block.count)]
    return np.concatenate([np.zeros(0, np.int16), *frames]), origins


@given(st.lists(st.tuples(st.integers(1, 2000), st.sampled_from(RANK), st.booleans()), max_size=30))
def test_every_sample_comes_out_once_in_its_place(pieces: list[tuple[int, Origin, bool]]) -> None:
    framer, blocks = Framer(), []
    sound, origins, counter = [], [], 0
    for size, origin, silent in pieces:
        if silent:
            blocks += framer.silence(size, origin)
            sound.append(np.zeros(size, np.int16))
        else:
            piece = (np.arange(counter, counter + size) % 30_000 + 1).astype(np.int16)
            counter += size
            blocks += framer.add(piece, origin)
            sound.append(piece)
        origins += [origin] * size
    blocks += framer.finish()
    out, frame_origins = expand(blocks)
    expected = np.concatenate([np.zeros(0, np.int16), *sound])
    padding = -len(expected) % FRAME
    assert np.array_equal(out, np.concatenate([expected, np.zeros(padding, np.int16)]))
    for number, origin in enumerate(frame_origins):
        own = origins[number * FRAME : (number + 1) * FRAME]
        assert origin is max(own, key=RANK.index)


def test_hours_of_silence_are_one_block() -> None:
    blocks = Framer().silence(3600 * 16_000, Origin.QUIET)
    assert [(b.origin, b.count) for b in blocks] == [(Origin.QUIET, 180_000)]


def test_silence_is_shared_and_can_not_be_written_to() -> None:
    assert not SILENCE.flags.writeable


def test_nothing_begun_nothing_finished() -> None:
    framer = Framer()
    framer.add(np.ones(FRAME, np.int16), Origin.HEARD)
    assert framer.finish() == []
