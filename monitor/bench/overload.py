"""`bench overload`: more rooms than the machine can hear, for a while; what becomes of each second, and how soon all is
as before.

The same rooms as in `bench capacity`, without a network. Some are there all the time; in others somebody comes after a
minute, talks for a while and leaves. Every sample of every speaker must be in the ledger in the end, in one state.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from monitor.bench.account import Delay, delays
from monitor.bench.capacity import SHORT, prepared, talks_of
from monitor.bench.capacity_show import pair
from monitor.bench.clips import Clip
from monitor.bench.hold import Held, Plan, Second, Shift, hold
from monitor.bench.machine import describe
from monitor.bench.progress import progress
from monitor.config import Settings
from monitor.model import Heard
from monitor.speech.effort import STEPS

BEFORE, AFTER = 60.0, 90.0
"""Seconds with the usual rooms alone, before and after."""
SETTLING = 10.0
"""Seconds at the beginning that say nothing of what is usual."""
NORMAL = 1.5
"""What counts as normal again: the p95 of before, times this."""
SOON = 30.0
"""Seconds after the end by which all is to be normal again."""
REST = 15.0
"""Seconds over which it must be, at least."""
UNBOOKED = 1.0
"""Seconds by which the ledger may be off what came, of all rooms together."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was tried."""

    usual: int  # rooms
    most: int
    seconds: float  # with the most

    @property
    def end(self) -> float:
        """Seconds from the beginning."""
        return BEFORE + self.seconds

    @property
    def over(self) -> float:
        return self.end + AFTER


async def measure(
    settings: Settings, clips: Sequence[Clip], rooms: int, times: float, seconds: float, out: Console
) -> bool:
    """Measure and print; whether every sample is in the ledger. Raises OperatorError."""
    talks, words = await asyncio.to_thread(talks_of, clips)
    load = Load(rooms, round(rooms * times), seconds)
    shifts = [Shift(rooms, 0.0, load.over), Shift(load.most - rooms, BEFORE, load.end)]
    plan = Plan(tuple(shift for shift in shifts if shift.rooms))
    with tempfile.TemporaryDirectory(prefix="room-monitor-overload-") as name:
        scratch = Path(name)
        ready = prepared(settings, load.most, scratch, words, SHORT)
        async with progress(out, f"{rooms} rooms, {load.most} for {seconds:g} s, {rooms} again", load.over):
            held = await hold(ready, plan, talks, scratch)
    return show(held, load, out)


def show(held: Held, load: Load, out: Console) -> bool:
    table = Table(title=f"{load.usual} rooms, then {load.most} for {load.seconds:g} s, then {load.usual} again")
    for name in ("when", "texts", "p50 / p95 s to the text", "steps", "waits s", "on disk s", "MB"):
        table.add_column(name, justify="left" if name == "when" else "right")
    found = delays(held.record, held.ends).texts
    for name, first, last in (
        ("before", 0.0, BEFORE),
        ("too many", BEFORE, load.end),
        (f"the first {SOON:g} s after", load.end, load.end + SOON),
        (f"from {SOON:g} s after on", load.end + SOON, load.over),
    ):
        moments = [one for one in held.moments if first <= one.at - held.began < last]
        then = between(found, held.began + first, held.began + last)
        table.add_row(
            name,
            str(len(then)),
            pair(then),
            " ".join(map(str, _changes(moments))),
            f"{max((one.waiting for one in moments), default=0):.0f}",
            f"{max((one.late for one in moments), default=0):.0f}",
            f"{max((one.memory for one in moments), default=0):.0f}",
        )
    out.print(table)
    out.print("Most of each in that time; from the end of speech to the stored text.", highlight=False)
    for line in (*_steps(held), _memory(held, load), *_normal_again(held, load, found), *_ledger(held)):
        out.print(line, highlight=False)
    out.print(describe(), style="dim", highlight=False)
    return accounted(held)


def between(found: Sequence[Delay], start: float, end: float) -> list[Delay]:
    """Of speech that ended then."""
    return [one for one in found if start <= one.ended < end]


def accounted(held: Held) -> bool:
    """Whether the ledger has each second that came, each in one state, and none is still to be examined."""
    pending = held.states.get(Heard.PENDING, 0.0)
    return pending < UNBOOKED and sum(one.off for one in held.booked) < UNBOOKED


def _changes(moments: Sequence[Second]) -> list[int]:
    """The steps, each as long as it lasted once."""
    steps = [one.step for one in moments]
    return [step for n, step in enumerate(steps) if n == 0 or step != steps[n - 1]]


def _steps(held: Held) -> list[str]:
    """As the feed told them."""
    if not held.record.steps:
        return ["The feed told of no other step of effort: all was done for each utterance."]
    return [
        "Steps of effort, as the feed told them:",
        *(
            f"  {one.at - held.began:6.1f} s  step {one.step} of {len(STEPS) - 1}: {one.words} "
            f"(the oldest had waited for {one.oldest:.1f} s, {one.waiting:.0f} s of speech waited)"
            for one in held.record.steps
        ),
    ]


def _memory(held: Held, load: Load) -> str:
    def most(first: float, last: float) -> float:
        return max((one.memory for one in held.moments if first <= one.at - held.began < last), default=0.0)

    last = held.moments[-1].memory if held.moments else 0.0
    return (
        f"Memory: {most(SETTLING, BEFORE):.0f} MB before, {most(BEFORE, load.over):.0f} MB at most, "
        f"{last:.0f} MB at the end."
    )


def _normal_again(held: Held, load: Load, found: Sequence[Delay]) -> list[str]:
    """When texts came again as quickly as before, and when nothing waited any more."""
    end = held.began + load.end
    queue = [one.at - end for one in held.moments if one.at >= end and one.late > 0]
    caught = f"What waited on disk was heard by {max(queue):.0f} s after it." if queue else "Nothing waited on disk."
    usual = [one.seconds for one in between(found, held.began + SETTLING, held.began + BEFORE)]
    if not usual:
        return ["Too little was said before to know what is normal.", caught]
    limit = NORMAL * float(np.percentile(usual, 95))
    again = normal_after(found, end, limit)
    rule = f"{limit:.2f} s ({NORMAL:g} times what it was before)"
    if again is None:
        return [f"p95 to the text did not come within {rule} again.", caught]
    verdict = "in time" if again <= SOON else f"not within {SOON:g} s"
    return [
        f"p95 to the text was within {rule} again for all that was said from {again} s after it: {verdict}.",
        caught,
    ]


def normal_after(found: Sequence[Delay], end: float, limit: float) -> int | None:
    """Whole seconds after `end` (wall time) from which p95 of all later speech is within `limit`; None: never for the
    last REST seconds and more."""
    last = max((one.ended for one in found), default=end)
    for after in range(int(last - end - REST) + 1):
        rest = [one.seconds for one in found if one.ended >= end + after]
        if rest and float(np.percentile(rest, 95)) <= limit:
            return after
    return None


def _ledger(held: Held) -> list[str]:
    booked = sum(held.states.values())
    states = ", ".join(f"{state.value} {value:.1f} s" for state, value in sorted(held.states.items()) if value >= 0.05)
    came, idle = sum(one.given for one in held.booked), sum(one.idle for one in held.booked)
    verdict = "every second is accounted for" if accounted(held) else "NOT every second is accounted for"
    return [
        f"In the ledger: {states}; together {booked:.1f} s. {came:.1f} s came, and for {idle:.1f} s more somebody was "
        f"there and nothing came (time between frames): {verdict}.",
        f"What was left when the last room was left took {held.drained:.1f} s.",
    ]
