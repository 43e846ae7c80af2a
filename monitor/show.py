"""Tables and progress bars of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn
from rich.table import Table

from monitor.errors import MediaUnreadable
from monitor.media import probe
from monitor.messages import CanaryRan
from monitor.model import Coverage

COLOURS = {"info": "blue", "low": "cyan", "medium": "yellow", "high": "red", "critical": "bold red"}


def alert_table() -> Table:
    table = Table(box=None, header_style="bold", show_edge=False)
    for column in ("At", "Severity", "Grade", "List", "Phrase", "Words"):
        table.add_column(column, no_wrap=column != "Words")
    return table


def alert_row(row: dict[str, Any]) -> tuple[str, ...]:
    """The cells for one object of `replay`, of type alert, second or voice."""
    if row["type"] == "voice":
        said = "withdrawn" if row["withdrawn"] else "synthetic-voice signature, for review"
        ratio = f"LLR {row['llr']:+.1f} over {row['speech']:.0f} s of speech"
        return clock(row["at"]), row["severity"], "", "voices", escape(row["model"]), f"{said}: {ratio}"
    if row["type"] == "second":
        heard = f"{escape(row['model'])} heard: {escape(row['heard']) or '[dim]nothing[/]'}"
        return clock(row["at"]), f"[bold]{row['outcome']}[/]", row["grade"], escape(row["list"]), row["phrase"], heard
    colour = COLOURS[row["severity"]]
    words = f"{escape(row['before'])} [bold {colour}]{escape(row['matched'].strip())}[/] {escape(row['after'])}"
    return (
        clock(row["at"]),
        f"[{colour}]{row['alert_severity']}[/]",
        row["grade"],
        escape(row["list"]),
        escape(row["phrase"]),
        f"{words.strip()}  [dim]{escape(row['speaker'])}, sure to {row['probability']:.0%}{_way(row)}[/]",
    )


def _way(row: dict[str, Any]) -> str:
    """How the words were found, where they are not the rule's own."""
    ways = {"inflected": "another form", "disguised": "disguised", "alternative": "in another reading"}
    if row["way"] == "sound":
        return f", sounds alike ({row['likeness']:.0%})"
    return f", {ways[row['way']]}" if row["way"] in ways else ""


def clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes):02d}:{rest:05.2f}"


def print_summary(out: Console, table: Table, coverage: list[Coverage], closing: dict[str, Any]) -> None:
    """What a replay found, and how much of it was examined."""
    if table.row_count:
        out.print(table)
    else:
        out.print("No alerts.")
    sums: dict[str, float] = {}
    for part in coverage:
        for state, seconds in part.seconds.items():
            sums[state.value] = sums.get(state.value, 0.0) + seconds
    states = ", ".join(f"{state} {seconds:.1f} s" for state, seconds in sums.items() if seconds)
    out.print(
        f"{closing['files']} file(s), {closing['seconds']:.1f} s in {closing['took']:.1f} s "
        f"({closing['times_real_time']} times real time): "
        f"{closing['utterances']} utterances, {closing['alerts']} alerts{_second(closing)}",
        highlight=False,
    )
    if closing["alternatives"]["utterances"]:
        looked, seconds = closing["alternatives"]["utterances"], closing["alternatives"]["seconds"]
        plain = closing["recogniser"] - seconds
        out.print(
            f"Unsure words: other readings looked for in {looked} utterances; "
            f"{seconds:.1f} s beside the {plain:.1f} s of recognising",
            highlight=False,
        )
    out.print(f"Coverage: {states or 'nothing heard'}", highlight=False)


def _second(closing: dict[str, Any]) -> str:
    if not closing["confirmed"] + closing["withdrawn"]:
        return ""
    return f" ({closing['confirmed']} confirmed and {closing['withdrawn']} withdrawn by the second hearing)"


def print_finding(out: Console, grade: str, what: str, found: str, mend: str) -> None:
    """One finding of `check`; nothing is cut off, so that paths can be copied."""
    colour = {"ok": "green", "note": "yellow", "wrong": "bold red"}[grade]
    out.print(f"[{colour}]{grade:5}[/]  [bold]{what:14}[/] {escape(found)}", soft_wrap=True, highlight=False)
    if mend:
        out.print(f"{'':22}→ {escape(mend)}", soft_wrap=True, highlight=False)


def print_canary(out: Console, ran: CanaryRan) -> None:
    """What came of the canary's phrase."""
    colour = {"heard": "green", "slow": "yellow"}.get(ran.outcome, "bold red")
    out.print(f"[{colour}]{ran.outcome}[/]  {escape(ran.detail)} ({ran.list_name}, room {ran.room})", soft_wrap=True)


@contextmanager
def download_progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Gives `report(what, bytes done, bytes in all)`; nothing is shown until something is downloaded."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total or None)
            progress.update(tasks[what], completed=done, total=total or None)

        yield report


@contextmanager
def file_progress(console: Console, files: list[Path]) -> Iterator[Callable[[Path, float], None]]:
    """Gives `report(file, seconds done)` over all files."""
    lengths = {path: _length(path) for path in files}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Listening", total=sum(lengths.values()) or None)
        done: dict[Path, float] = {}

        def report(path: Path, seconds: float) -> None:
            done[path] = seconds
            progress.update(task, completed=sum(done.values()), description=escape(path.name))

        yield report


def _length(path: Path) -> float:
    try:
        return probe(path).seconds
    except MediaUnreadable:
        return 0.0  # replay itself says so
