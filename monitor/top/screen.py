"""What `room-monitor top` draws. It fits the terminal that it is drawn in: narrow ones leave out columns, low ones
rows. Pure but for the clock of whoever calls it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from monitor.top.moment import Moment, Said
from monitor.top.view import View, lost, talkers

ALERTS, GAPS = 8, 4
"""Shown at most."""
FEWEST = 3
"""Rows of rooms that are kept, whatever else there is."""
_STYLES = {"live": "green", "failed": "red", "waiting": "yellow", "joining": "yellow"}
_SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow"}
_STAGES = ("cut", "queued", "heard", "handed", "matched", "stored", "sent")
_NOTED = ("lost_network", "lost_overload", "lost_error")


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture."""

    now: Moment
    view: View = field(default_factory=View)
    silent: str = ""  # why the service doesn't answer
    silent_for: float = 0.0  # seconds
    keys: bool = False  # somebody can press some

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Rooms get the rows that the rest leaves."""
        wide, high = options.max_width, options.height
        plain = options.update(height=None)
        head = Group(*self._head(wide))
        feet = Group(*self._feet(wide)) if self.keys else Group()
        tails: list[Group] = [Group(Text(), _alerts(self.now, wide, ALERTS)), Group(*_gaps(self.now, wide, GAPS))]
        rooms = self.view.sorted(self.now.rooms)
        room_rows = len(rooms)
        if high:
            lines = [len(console.render_lines(part, plain)) for part in (head, feet, *tails)]
            free = high - lines[0] - lines[1] - 2  # an empty line, and the table's own head
            while tails and free - sum(lines[2:]) < min(FEWEST, len(rooms)):
                tails.pop()
                lines.pop()
            room_rows = max(1, free - sum(lines[2:]))
        yield head
        yield Text()
        yield _rooms(rooms, self.view, wide, room_rows)
        yield from tails
        yield feet

    def _head(self, wide: int) -> Iterable[RenderableType]:
        now, load = self.now.status, self.now.status["load"]
        if self.silent:
            yield Text(f"! No answer for {_long(self.silent_for)}, trying again: {self.silent}", style="bold red")
        title = f"Room Monitor {now['version']} · {now['model']} · up {_long(now['at'] - now['began'])}"
        yield Text(title + (" · PAUSED" if self.view.paused else ""), style="bold")
        yield from (Text(f"! {reason}", style="red") for reason in now["reasons"])
        if not now["reasons"]:
            yield Text("All is well.", style="green")
        table = Table.grid(padding=(0, 2 if wide >= 60 else 1))
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        for name, words in _figures(now, load):
            table.add_row(name, words)
        yield table

    def _feet(self, wide: int) -> Iterable[RenderableType]:
        paused = "p go on" if self.view.paused else "p pause"
        words = f"q quit · s sorted by {self.view.order} · {paused} · ↑↓ rooms"
        yield Text(words if len(words) <= wide else f"q · s {self.view.order} · p · ↑↓", style="dim")


def _figures(now: Said, load: Said) -> Iterable[tuple[str, str]]:
    stages: Mapping[str, Said] = load["stages"]
    yield "Word to text", _spread(load["text_delay"])
    delay = load["alert_delay"]
    yield "Word to alert", f"{delay[0]:.2f} s, {delay[1]:.2f} s for 95 of 100" if delay else "none yet"
    spent = " · ".join(f"{stage} {stages[stage]['half']:.2f}" for stage in _STAGES if stage in stages)
    yield "Stages", spent + " s" if spent else "none yet"
    yield "Waiting", _waiting(load)
    yield "Effort", f"step {load['effort']}: {load['effort_words']}" if load["effort"] else load["effort_words"]
    yield "Recogniser", _recogniser(load)
    yield "Processor", _processor(now["machine"], load)
    yield "Memory", f"{now['machine']['memory'] / 1e6:.0f} MB"
    yield "Speech", _speech(now["coverage"])


def _spread(spread: Said | None) -> str:
    if spread is None:
        return "nothing in the last minutes"
    return f"{spread['half']:.2f} s, {spread['most']:.2f} s for 95 of 100 (of {spread['count']})"


def _waiting(load: Said) -> str:
    text = f"{load['waiting']:.1f} s of speech"
    if load["waiting"]:
        text += f", the oldest for {load['oldest']:.1f} s"
    return text + (f", {load['late']:.0f} s of it on disk" if load["late"] else "")


def _recogniser(load: Said) -> str:
    if load["real_time"] is None:
        return f"idle, {load['threads']} threads"
    parts = load["parts"]
    used = parts.get("recogniser", 0.0) + parts.get("gate", 0.0)
    return f"{used:.2f} of {load['threads']} threads, {load['real_time']:.2f} s for a second of speech"


def _processor(machine: Said, load: Said) -> str:
    if not load["parts"]:
        return f"machine's load {machine['load']:.1f} on {machine['cores']} cores"
    parts = sorted(load["parts"].items(), key=lambda part: -part[1])
    shares = " · ".join(f"{name} {cores:.2f}" for name, cores in parts if cores >= 0.005)
    used = sum(load["parts"].values())
    text = f"{used:.2f} of {machine['cores']} cores, machine's load {machine['load']:.1f}"
    return f"{text}: {shares}" if shares else text


def _speech(cover: Said) -> str:
    share = cover["share"]
    gone = " · ".join(f"{name.removeprefix('lost_')} {cover[name]:.1f} s" for name in _NOTED if cover[name])
    examined = "none yet" if share is None else f"{int(share * 1000 + 1e-9) / 10:.1f} % examined"
    return f"{examined}, lost: {gone}" if gone else f"{examined}, nothing lost"


def _rooms(rooms: Sequence[Said], view: View, wide: int, rows: int) -> RenderableType:
    if not rooms:
        return Text("No rooms. Add one: room-monitor rooms add", style="dim")
    columns = [name for name, least in _COLUMNS if wide >= least]
    first = min(view.first, max(0, len(rooms) - rows))
    shown = rooms[first : first + rows]
    if first + rows < len(rooms) and rows > 1:
        shown = shown[:-1]
    table = _table(columns, [_room(room, wide) for room in shown], wide, longest="STATE")
    more = len(rooms) - first - len(shown)
    return Group(table, Text(f"and {more} more", style="dim")) if more else table


_COLUMNS = (("ROOM", 0), ("STATE", 0), ("SPK", 50), ("TALKING", 70), ("HEARD", 60), ("LOST", 0), ("WAITS", 40))
"""With the width from which there is room for each."""


def _room(room: Said, wide: int) -> dict[str, Text]:
    cover, gone = room["coverage"], lost(room)
    detail = f": {room['detail']}" if room["detail"] and wide >= 60 else ""
    return {
        "ROOM": Text(room["name"]),
        "STATE": Text(room["state"] + detail, style=_STYLES.get(room["state"], "")),
        "SPK": Text(str(len(room["speakers"]))),
        "TALKING": Text(", ".join(talkers(room))),
        "HEARD": Text(f"{cover['examined']:.0f} s"),
        "LOST": Text(f"{gone:.1f} s", style="red" if gone >= 1 else ""),
        "WAITS": Text(f"{cover['pending']:.1f} s"),
    }


def _alerts(now: Moment, wide: int, most: int) -> RenderableType:
    if not now.alerts:
        return Text("No alerts.", style="dim")
    columns = ["AGO", "SEVERITY", "ALERT", *(["ROOM"] if wide >= 50 else []), *(["SPEAKER"] if wide >= 70 else [])]
    rows = [
        {
            "AGO": Text(_long(now.at - alert["raised_at"])),
            "SEVERITY": Text(alert["severity"], style=_SEVERITIES.get(alert["severity"], "")),
            "ALERT": Text(_what(alert)),
            "ROOM": Text(alert["room"]),
            "SPEAKER": Text(alert["speaker"]["name"]),
        }
        for alert in now.alerts[:most]
    ]
    return _table(columns, rows, wide, longest="ALERT")


def _what(alert: Said) -> str:
    if not alert["hits"]:
        return "synthetic-voice signature, for review"
    hit = alert["hits"][0]
    state = f", {alert['state']}" if alert["state"] != "open" else ", tentative" if hit["tentative"] else ""
    return f"{hit['phrase']} ({hit['grade']}{state})"


def _gaps(now: Moment, wide: int, most: int) -> Iterable[RenderableType]:
    rows = [
        {
            "AGO": Text(_long(now.at - gap["began"])),
            "LOST": Text(f"{gap['seconds']:.1f} s"),
            "WHY": Text(f"{gap['state'].removeprefix('lost-')}: {gap['cause']}"),
            "ROOM": Text(gap["room"]),
        }
        for gap in now.gaps
        if gap["state"].startswith("lost-")
    ]
    if rows:
        yield Text()
        yield _table(["AGO", "LOST", "WHY", *(["ROOM"] if wide >= 50 else [])], rows[:most], wide, longest="WHY")


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, Text]], wide: int, longest: str) -> Table:
    """One line a row, whatever is in it: the column `longest` gives way first, and no name takes more than a fourth."""
    gap, widths = 2 if wide >= 60 else 1, {}
    for name in columns:
        needs = max(cell_len(name), *(row[name].cell_len for row in rows))
        widths[name] = min(needs, max(10, wide // 4)) if name in _NAMES else needs
    rest = wide - sum(width for name, width in widths.items() if name != longest) - gap * (len(columns) - 1)
    widths[longest] = max(6, min(widths[longest], rest))
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False)
    for name in columns:
        side: JustifyMethod = "right" if name in _FIGURES else "left"
        table.add_column(name, justify=side, no_wrap=True, overflow="ellipsis", width=widths[name])
    for row in rows:
        table.add_row(*(row[name] for name in columns))
    return table


_NAMES = ("ROOM", "SPEAKER", "TALKING")
_FIGURES = ("AGO", "SPK", "HEARD", "LOST", "WAITS")


def _long(seconds: float) -> str:
    if seconds < 100:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"
