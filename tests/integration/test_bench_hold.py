"""A hold of `bench capacity` and `bench overload`, small: the real service in a process of its own, and its account."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.bench.account import delays
from monitor.bench.capacity import SHORT, prepared
from monitor.bench.hold import Over, Plan, Shift, hold
from monitor.bench.paced import Talk
from monitor.config import Settings
from monitor.model import Heard
from tests.helpers.voicelike import silence, voice

TALKS = [Talk(np.concatenate([voice(1.2), silence(0.1)]), (1.2,))]


def settings(scratch: Path, rooms: int) -> Settings:
    ready = prepared(Settings(), rooms, scratch, ["fox"], SHORT)
    hearing = ready.hearing.model_copy(update={"veto": 0.0})  # nobody really speaks
    return ready.model_copy(update={"hearing": hearing, "voices": ready.voices.model_copy(update={"model": ""})})


@pytest.mark.parametrize("over", [Over.PCM, Over.WEBRTC])
async def test_what_is_said_is_in_the_account_and_every_second_in_the_ledger(tmp_path: Path, over: Over) -> None:
    shifts = (Shift(1, 0.0, 4.0), Shift(1, 1.0, 4.0)) if over is Over.PCM else (Shift(2, 0.0, 3.0),)
    plan = Plan(shifts, over, stages=True, quick=("fox and hound",))
    held = await hold(settings(tmp_path, 2), plan, TALKS, tmp_path)
    assert {text.room for text in held.record.texts} == {"room-0", "room-1"}
    assert all(held.ends[room] for room in ("room-0", "room-1"))
    assert held.record.alerts, "the list's word was said"
    assert delays(held.record, held.ends).texts
    assert Heard.PENDING not in {state for state, seconds in held.states.items() if seconds}
    assert held.states[Heard.EXAMINED] > 0
    assert len(held.booked) == (2 if over is Over.PCM else 0)
    assert all(room.given > 2 and room.off < 0.1 for room in held.booked), held.booked
    assert set(held.arrived) & {text.seq for text in held.record.texts}, "the feed's client saw them"
    assert held.cpu["event loop"] > 0
    assert held.calls["first voice detector"] > 0
    assert held.moments
    assert (held.crowd_cpu > 0) == (over is Over.WEBRTC)
