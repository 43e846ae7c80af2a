"""More comes than can be heard: less is done for each, what memory can't hold is heard later, and nothing is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from monitor.model import RATE, Heard, Transcript, Utterance, Word
from monitor.speech.batcher import Batcher, GivenUp, Outcome, Transcribed
from monitor.speech.late import Late
from monitor.speech.outcomes import utterance_of
from monitor.speech.recogniser import Hints
from tests.helpers.utterances import all_is_speech, spoken


class Model:
    """Waits for the test at the first utterance; notes what it was told of each."""

    def __init__(self, name: str = "model") -> None:
        self.model = name
        self.heard: list[tuple[str, Hints]] = []
        self.go = threading.Event()
        self.calls: list[list[str]] = []
        self.called = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        self.calls.append([utterance.id for utterance, _ in batch])
        self._loop.call_soon_threadsafe(self.called.set)
        assert self.go.wait(30)
        self.heard += [(utterance.id, hints) for utterance, hints in batch]
        return [Transcript(u, "en", (Word(u.id, 0.0, 1.0, 0.9),), self.model, 0.0) for u, _ in batch]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.heard]


class Run:
    def __init__(self, tmp_path: Path, *, late: float = 100.0, **more: object) -> None:
        self.model = Model()
        self.outcomes: list[Outcome] = []
        self.now = 0.0
        self.batcher = Batcher(
            self.model,
            all_is_speech,
            veto=0.5,
            backlog_seconds=3.0,
            done=self._done,
            clock=lambda: self.now,
            late=Late(tmp_path / "late", late),
            **more,  # type: ignore[arg-type]
        )

    async def _done(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    async def all(self) -> None:
        self.batcher.close()
        self.model.go.set()
        await self.batcher.run()

    def lost(self) -> list[str]:
        return [utterance_of(outcome).id for outcome in self.outcomes if isinstance(outcome, GivenUp)]


async def test_what_memory_cannot_hold_is_heard_when_nothing_new_waits(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for n in range(6):
        run.batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    assert (run.batcher.waiting_seconds, run.batcher.late_seconds) == (6.0, 3.0)
    await run.all()
    assert run.model.names == ["u3", "u4", "u5", "u0", "u1", "u2"]
    assert run.lost() == []
    assert run.batcher.lost_seconds == 0.0
    assert run.batcher.waiting_seconds == 0.0


async def test_past_the_disk_s_limit_the_oldest_is_given_up_and_counted(tmp_path: Path) -> None:
    run = Run(tmp_path, late=2.0)
    for n in range(6):
        run.batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    await run.all()
    assert len(run.lost()) == 1
    assert sorted(run.model.names + run.lost()) == [f"u{n}" for n in range(6)]
    assert run.batcher.lost_seconds == 1.0


async def test_rooms_of_less_weight_are_late_first(tmp_path: Path) -> None:
    run = Run(tmp_path, weight=lambda room: {"hall": 4.0, "shed": 0.25}[room])
    for n in range(3):
        for room in ("hall", "shed"):
            run.batcher.submit(spoken(f"{room}{n}", track=f"{room}{n}", room=room), Hints())
    await run.all()
    assert run.model.names[:3] == ["hall0", "hall1", "hall2"]
    assert sorted(run.model.names[3:]) == ["shed0", "shed1", "shed2"]


async def test_the_longer_they_wait_the_less_is_done_for_each_and_later_all_again(tmp_path: Path) -> None:
    small = Model("small")
    small.go.set()
    run = Run(tmp_path, smaller=small)
    before = np.ones(8 * RATE, np.int16)
    run.batcher.submit(spoken("a", track="a"), Hints(before=before))
    run.batcher.submit(spoken("b", track="b"), Hints(before=before))
    run.now = 5.0
    step, effort = run.batcher.follow()
    assert (step, effort.smaller) == (4, True)
    await run.all()
    assert small.names == ["a", "b"]
    assert all(hints.quick and hints.before is not None and len(hints.before) == 0 for _, hints in small.heard)
    assert run.model.names == []
    steps = []
    for second in range(5, 60):
        run.now = float(second)
        steps.append(run.batcher.follow()[0])
    assert (steps[0], steps[-1]) == (4, 0)


async def test_nobody_looks_while_others_wait_long(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.model.go.set()
    run.batcher.submit(spoken("a", track="a"), Hints())
    run.now = 1.0
    run.batcher.follow()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run.batcher.run())
        run.batcher.look(spoken("b", track="b", open_=True), Hints())
        await run.batcher.settle()
        run.batcher.submit(spoken("c", track="c"), Hints())
        await run.batcher.settle()
        run.batcher.close()
    assert run.model.names == ["a", "c"]


async def test_what_may_no_longer_be_heard_is_gone_from_the_disk(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for n in range(6):
        run.batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    run.batcher.withdraw({"t0", "t1"}, "withdrawn")
    assert len(list((tmp_path / "late").iterdir())) == 1
    await run.all()
    given = {utterance_of(o).id: o.state for o in run.outcomes if isinstance(o, GivenUp)}
    assert given == {"u0": Heard.NOT_CONSENTED, "u1": Heard.NOT_CONSENTED}
    assert "u0" not in run.model.names


async def test_what_the_disk_has_lost_is_recorded(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for n in range(4):
        run.batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    for path in (tmp_path / "late").iterdir():
        path.unlink()
    await run.all()
    (lost,) = [outcome for outcome in run.outcomes if isinstance(outcome, GivenUp)]
    assert (lost.utterance.id, lost.state) == ("u0", Heard.LOST_ERROR)
    assert lost.utterance.seconds == 1.0


async def test_a_stop_s_deadline_books_what_is_on_disk(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for n in range(5):
        run.batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    running = asyncio.ensure_future(run.batcher.run())
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])
    run.model.go.set()
    assert sorted(run.lost()) == [f"u{n}" for n in range(5)]
    assert isinstance(run.outcomes[0], GivenUp)
    assert not any(isinstance(outcome, Transcribed) for outcome in run.outcomes)


async def test_who_is_the_only_one_waits_for_company_while_a_thread_is_at_work(tmp_path: Path) -> None:
    run = await pressed(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run.batcher.run())
        await run.model.called.wait()
        run.batcher.submit(spoken("b", track="b"), Hints())
        for _ in range(10):
            await asyncio.sleep(0)
        assert run.model.calls == [["a"]]
        run.batcher.submit(spoken("c", track="c"), Hints())
        run.model.go.set()
        run.batcher.close()
    assert run.model.calls == [["a"], ["b", "c"]]


async def test_but_not_for_long(tmp_path: Path) -> None:
    run = await pressed(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run.batcher.run())
        await run.model.called.wait()
        run.model.called.clear()
        run.batcher.submit(spoken("b", track="b"), Hints())
        run.now += 0.2
        await run.model.called.wait()  # while the first is still being heard
        assert run.model.calls == [["a"], ["b"]]
        run.model.go.set()
        run.batcher.close()


async def pressed(tmp_path: Path) -> Run:
    """Two threads, and a queue that has just been long."""
    run = Run(tmp_path, workers=2, together=3)
    run.batcher.submit(spoken("a", track="a"), Hints())
    run.now = 0.6
    run.batcher.follow()
    return run
