"""What `room-monitor rooms …` prints."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.errors import Step
from monitor.rooms.verdict import Found, Report

NAMES = {
    Step.SIGNALLING: "Server answers",
    Step.PERMISSION: "Lets us in",
    Step.ROOM: "Room is there",
    Step.RELAY: "STUN and TURN",
    Step.PATH: "Path for media (ICE)",
    Step.ENCRYPTION: "Encryption (DTLS)",
    Step.MEDIA: "Audio comes",
    Step.SOUND: "Somebody is heard",
}
SIGNS = {"ok": ("ok", "green"), "failed": ("FAILED", "bold red"), "not tried": ("-", "dim")}


def print_report(out: Console, report: Report) -> None:
    """The steps as a table, then what came of it."""
    table = Table("Step", "", "After", "", box=None, header_style="bold", show_edge=False)
    for found in report.steps:
        sign, style = SIGNS[found.outcome]
        after = f"{found.at:.2f} s" if found.at is not None else ""
        table.add_row(NAMES[found.step], Text(sign, style), after, Text(found.detail))
    out.print(table)
    for line in _summary(report):
        out.print(line, markup=False, highlight=False)


def _summary(report: Report) -> list[str]:
    lines = []
    if report.present:
        lines.append(f"In the room: {', '.join(report.present)}")
    if report.voices:
        heard = ", ".join(f"{v.name} ({v.seconds:.1f} s, {v.sound:.1f} s of it sound)" for v in report.voices)
        lines.append(f"Heard: {heard}")
    if report.loss is not None:
        lines.append(f"Lost on the way: {report.loss:.1%}")
    if report.failed is not None:
        lines += [f"{NAMES[report.failed]}: FAILED. {report.reason}", f"What to do: {report.advice}"]
    elif report.reason:
        lines.append(f"Nothing failed, but: {report.reason}")
    else:
        lines.append("All is well.")
    return lines


def as_object(report: Report, room: str) -> dict[str, Any]:
    """For programs: times in seconds since the beginning."""
    return {
        "room": room,
        "failed": report.failed,
        "reason": report.reason,
        "advice": report.advice,
        "took": round(report.took, 3),
        "steps": [_step(found) for found in report.steps],
        "present": list(report.present),
        "speakers": [
            {"name": v.name, "seconds": round(v.seconds, 2), "sound": round(v.sound, 2), "lost": round(v.lost, 2)}
            for v in report.voices
        ],
        "loss": None if report.loss is None else round(report.loss, 4),
    }


def _step(found: Found) -> dict[str, Any]:
    at = None if found.at is None else round(found.at, 3)
    return {"step": found.step, "outcome": found.outcome, "at": at, "detail": found.detail}
