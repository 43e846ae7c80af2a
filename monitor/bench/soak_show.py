"""The figures of a soak, and whether they are within their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from monitor.bench.machine import describe, quantiles
from monitor.bench.soak_account import Account, strangers_of, total
from monitor.bench.vitals import Held, slope

if TYPE_CHECKING:
    from monitor.bench.soak import Found, Soak

MISSED = 0.005
"""Share of the true talking time that may be nowhere in the ledger, and that the ledger may have too much."""
GROWTH = 1.0
"""MB a minute after warming up."""


def show(plan: Soak, found: Found, out: Console) -> bool:
    """Print; True when all is within the limits."""
    good = [_ledger(found, out), _memory(found, out), _leaks(found, out)]
    if found.back:
        out.print(f"Janus back → a room of it live again: {quantiles(found.back)}", highlight=False)
    for line in found.slow:
        out.print(f"  after its death: {line}", highlight=False)
    out.print(
        f"{plan.minutes:g} minutes, {plan.rooms} rooms (half built-in, half Janus VideoRoom), {found.visits} visits, "
        f"{found.packets} packets of talk, {found.lost} of them lost on purpose "
        f"({100 * found.lost / max(1, found.packets):.2f} %), Janus killed {plan.kills} times, seed {plan.seed}",
        highlight=False,
    )
    out.print(
        f"Recogniser: scripted (it hears nothing; {found.utterances} utterances). CPU of one core: service with its "
        f"built-in rooms {100 * found.cpu:.0f} %, speakers {100 * found.crowd_cpu:.0f} %",
        highlight=False,
    )
    out.print(describe(), style="dim", highlight=False)
    return all(good)


def _ledger(found: Found, out: Console) -> bool:
    table = Table("Talking time", "built-in", "Janus", "all", box=None, header_style="bold")
    columns = [
        total([one for (room, _), one in found.accounts.items() if room.startswith(kinds)])
        for kinds in (("b",), ("j",), ("b", "j"))
    ]
    rows = {
        "said, by the senders' count": [f"{each.said:.1f} s" for each in columns],
        "in the ledger as talk": [f"{each.booked:.1f} s" for each in columns],
        "while the monitor was not in the room, on record": [f"{each.absent:.1f} s" for each in columns],
        "difference of the sums": [_share(each.booked + each.absent - each.said, each) for each in columns],
        "said and nowhere, speaker by speaker": [_share(each.short, each) for each in columns],
        "in the ledger and not said, speaker by speaker": [_share(each.over, each) for each in columns],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    out.print(table)
    for (state, cause), seconds in found.books.causes.most_common(8):
        out.print(f"  {state} {seconds:.1f} s: {cause}", highlight=False)
    worst = sorted(found.accounts.items(), key=lambda each: -max(each[1].short, each[1].over))[:3]
    for (_, name), one in worst:
        out.print(f"  furthest off: {name} said {one.said:.2f} s, missing {one.short:.2f} s, too much {one.over:.2f} s")
    unknown = strangers_of(found.accounts, found.books)
    out.print(f"Speakers in the ledger who never were: {len(unknown)}", highlight=False)
    whole = columns[-1]
    return not unknown and max(whole.short, whole.over) <= MISSED * whole.said


def _share(seconds: float, of: Account) -> str:
    return f"{seconds:.1f} s ({100 * seconds / max(of.said, 1e-9):.2f} %)"


def _memory(found: Found, out: Console) -> bool:
    after = [point for point in found.memory if point[0] >= found.warm]
    growth = 60 * slope(after)
    first, last = (after[0][1], after[-1][1]) if after else (0.0, 0.0)
    out.print(
        f"Memory after the first {found.warm:.0f} s: {growth:+.2f} MB a minute ({first:.0f} → {last:.0f} MB)",
        highlight=False,
    )
    return growth < GROWTH


def _leaks(found: Found, out: Console) -> bool:
    good = True
    for name, pair in (("With all rooms empty, before and after", found.quiet), ("Service gone", found.over)):
        if pair is None:
            continue
        before, after = pair
        if pair is found.over:  # empty rooms keep their connections, and each m-line that was ever used
            good &= after.tasks <= before.tasks and after.threads <= before.threads
            good &= after.descriptors <= before.descriptors
        out.print(f"{name}: {_held(before)} → {_held(after)}", highlight=False)
    return good


def _held(held: Held) -> str:
    return f"{held.tasks} tasks, {held.threads} threads, {held.descriptors} descriptors"
