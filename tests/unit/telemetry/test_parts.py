"""Processor time is booked on the part of the service that it was spent for."""

from __future__ import annotations

import _thread
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitor.priority import FIRST, SECOND
from monitor.telemetry.parts import PARTS, Meter, Parts

SPENT = 0.2


def spend(seconds: float = SPENT) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def grown(parts: Parts, before: dict[str, float]) -> dict[str, float]:
    parts.look()
    return {part: parts.sums[part] - before[part] for part in PARTS}


@pytest.mark.parametrize(
    ("prefix", "part"),
    [("recogniser", "recogniser"), ("store-writer", "database"), ("asyncio", "helpers"), ("second hearing", "second")],
)
def test_a_pool_is_its_part(prefix: str, part: str) -> None:
    parts = Parts(Meter(), Meter())
    with ThreadPoolExecutor(1, thread_name_prefix=prefix) as pool:
        pool.submit(spend, 0.0).result()
        parts.look()
        before = dict(parts.sums)
        pool.submit(spend).result()
        more = grown(parts, before)
    assert more[part] >= SPENT - 0.03  # Linux counts in hundredths
    assert sum(more.values()) - more[part] < SPENT


@pytest.mark.parametrize(("more_nice", "part"), [(0, "recogniser"), (FIRST, "recogniser"), (SECOND, "second")])
def test_a_thread_that_python_did_not_start_works_for_a_model(more_nice: int, part: str) -> None:
    parts, went_on, done = Parts(Meter(), Meter()), threading.Event(), threading.Event()
    parts.look()
    before = dict(parts.sums)

    def native() -> None:  # never asks who it is, so `threading` doesn't know it
        number = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, number, os.getpriority(os.PRIO_PROCESS, number) + more_nice)
        spend()
        done.set()
        went_on.wait()

    _thread.start_new_thread(native, ())
    done.wait()
    more = grown(parts, before)
    went_on.set()
    assert more[part] >= SPENT - 0.03


def test_measured_work_is_taken_from_the_part_whose_thread_does_it() -> None:
    gate, voices = Meter(), Meter()
    parts = Parts(gate, voices)
    parts.look()
    before = dict(parts.sums)
    assert gate.measured(lambda word: word)("out") == "out"
    with ThreadPoolExecutor(1, thread_name_prefix="recogniser") as pool:
        pool.submit(gate.measured(spend)).result()
        pool.submit(spend).result()
        voices.add(0.05)
        spend(0.1)  # in the main thread
        more = grown(parts, before)
    assert more["gate"] == pytest.approx(gate.seconds)
    assert gate.seconds >= SPENT
    assert SPENT - 0.06 <= more["recogniser"] < 2 * SPENT
    assert more["voices"] == pytest.approx(0.05)
    assert more["loop"] >= 0.07


def test_all_parts_together_are_the_process_and_none_falls() -> None:
    gate = Meter()
    parts = Parts(gate, Meter())
    last = dict(parts.sums)
    for _ in range(5):
        threading.Thread(target=spend, args=(0.03,)).start()  # ends between two looks
        spend(0.02)
        gate.add(0.01)
        parts.look()
        assert all(parts.sums[part] >= last[part] for part in PARTS)
        last = dict(parts.sums)
    assert sum(last.values()) == pytest.approx(time.process_time(), abs=0.1)
