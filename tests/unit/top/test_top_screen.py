"""What `room-monitor top` draws: what the service says, in whatever room there is for it."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from monitor.top.moment import Moment
from monitor.top.screen import Screen
from monitor.top.view import View

COVERAGE: dict[str, Any] = {
    "pending": 1.5,
    "examined": 42.0,
    "lost_network": 2.0,
    "lost_overload": 0.0,
    "lost_error": 0.25,
    "share": 0.9491,
}
LOAD: dict[str, Any] = {
    "waiting": 7.5,
    "oldest": 3.25,
    "late": 12.0,
    "threads": 2,
    "effort": 1,
    "effort_words": "no looks at sentences that aren't over",
    "real_time": 0.21,
    "parts": {"recogniser": 1.25, "gate": 0.125, "loop": 0.4, "voices": 0.0},
    "stages": {"queued": {"half": 0.02, "most": 0.3, "count": 9}, "cut": {"half": 0.61, "most": 0.7, "count": 9}},
    "text_delay": {"half": 0.74, "most": 1.21, "count": 212},
    "alert_delay": [0.7, 1.1],
}
STATUS: dict[str, Any] = {
    "at": 1000.0,
    "began": 400.0,
    "version": "9.9",
    "model": "base",
    "reasons": ["room lobby is waiting"],
    "coverage": COVERAGE,
    "machine": {"cores": 2, "load": 1.5, "memory": 512_000_000},
    "load": LOAD,
}
ROOM: dict[str, Any] = {
    "id": "lobby",
    "name": "The [lobby]",
    "state": "waiting",
    "detail": "the server is gone",
    "speakers": [{"id": "a", "name": "Ann", "talking": True}, {"id": "b", "name": "Bob", "talking": False}],
    "coverage": COVERAGE,
}
ALERT: dict[str, Any] = {
    "raised_at": 940.0,
    "severity": "high",
    "state": "open",
    "room": "lobby",
    "speaker": {"name": "Ann"},
    "hits": [{"phrase": "gift [card]", "grade": "A", "tentative": True}],
}
GAP: dict[str, Any] = {"began": 700.0, "seconds": 4.0, "state": "lost-network", "cause": "never came", "room": "lobby"}


def shown(screen: Screen, wide: int = 150, high: int | None = None) -> list[str]:
    console = Console(width=wide, height=high, color_system=None, force_terminal=high is not None, legacy_windows=False)
    options = console.options.update(width=wide, height=high)
    with console.capture() as captured:
        console.print(screen, height=high) if high is None else console.print(
            *("".join(part.text for part in line) for line in console.render_lines(screen, options)), sep="\n"
        )
    return captured.get().splitlines()


def moment(**more: Any) -> Moment:
    told: dict[str, Any] = {"rooms": [], "alerts": [], "gaps": []}
    return Moment(1000.0, more.pop("status", STATUS), **(told | more))


def line(lines: list[str], word: str) -> str:
    return next(one for one in lines if word in one)


def test_it_says_how_the_service_does() -> None:
    lines = shown(Screen(moment(rooms=[ROOM], alerts=[ALERT], gaps=[GAP])))
    assert "0.74 s, 1.21 s for 95 of 100 (of 212)" in line(lines, "Word to text")
    assert "0.70 s, 1.10 s for 95 of 100" in line(lines, "Word to alert")
    assert "cut 0.61 · queued 0.02 s" in line(lines, "Stages")
    assert "7.5 s of speech, the oldest for 3.2 s, 12 s of it on disk" in line(lines, "Waiting")
    assert "step 1: no looks at sentences that aren't over" in line(lines, "Effort")
    assert "1.38 of 2 threads, 0.21 s for a second of speech" in line(lines, "Recogniser")
    processor = line(lines, "Processor")
    assert "1.77 of 2 cores" in processor
    assert "recogniser 1.25 · loop 0.40 · gate 0.12" in processor
    assert "voices" not in processor, "what does nothing isn't named"
    assert "94.9 % examined, lost: network 2.0 s · error 0.2 s" in line(lines, "Speech")
    assert "! room lobby is waiting" in "\n".join(lines)
    row = line(lines, "[lobby]")
    assert "waiting: the server is gone" in row
    assert "Ann" in row
    assert "Bob" not in row, "only who talks is named"
    assert "2.2 s" in row, "all that is lost"
    alert = line(lines, "gift [card] (A, tentative)")
    assert "60 s" in alert
    assert "4.0 s" in line(lines, "network: never came")


def test_nothing_yet_is_said_and_what_to_do() -> None:
    nothing = {"real_time": None, "parts": {}, "stages": {}, "text_delay": None, "alert_delay": []}
    idle = LOAD | nothing | {"waiting": 0.0, "late": 0.0, "effort": 0, "effort_words": "everything is done"}
    cover = COVERAGE | {"share": None, "lost_network": 0.0, "lost_error": 0.0}
    lines = shown(Screen(moment(status=STATUS | {"load": idle, "reasons": [], "coverage": cover})))
    text = "\n".join(lines)
    assert "All is well." in text
    assert "rooms add" in text
    assert "No alerts" in text
    assert "nothing in the last minutes" in line(lines, "Word to text")
    assert line(lines, "Effort").split() == ["Effort", "everything", "is", "done"]
    assert "idle, 2 threads" in line(lines, "Recogniser")
    assert "none yet, nothing lost" in line(lines, "Speech")
    assert "machine's load 1.5 on 2 cores" in line(lines, "Processor")


@pytest.mark.parametrize("wide", [32, 40, 55, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_none_of_the_important_is_left_out(wide: int) -> None:
    lines = shown(Screen(moment(rooms=[ROOM], alerts=[ALERT], gaps=[GAP]), keys=True), wide)
    assert max(map(len, lines)) <= wide
    text = " ".join(" ".join(lines).split())
    for word in ("Word to text", "0.74 s", "Effort", "waiting", "2.2 s", "high", "The"):
        assert word in text, word


@pytest.mark.parametrize("high", [24, 30, 50])
def test_rooms_get_what_the_rest_leaves_and_the_last_line_is_the_help(high: int) -> None:
    rooms = [ROOM | {"id": str(n), "name": f"room-{n:02}"} for n in range(60)]
    told = moment(rooms=rooms, alerts=[ALERT] * 20, gaps=[GAP] * 20)
    lines = shown(Screen(told, View(order="name"), keys=True), 120, high)
    assert len(lines) <= high
    assert "q quit · s sorted by name · p pause" in lines[-1]
    seen = sum("room-" in one for one in lines)
    assert seen >= 3
    assert f"and {60 - seen} more" in "\n".join(lines)
    later = shown(Screen(told, View(order="name", first=58), keys=True), 120, high)
    assert "room-59" in "\n".join(later)
    assert "more" not in "\n".join(later)


def test_a_service_that_is_gone_leaves_the_last_picture_with_a_word() -> None:
    lines = shown(Screen(moment(rooms=[ROOM]), View(paused=True), silent="connection refused", silent_for=12.3))
    assert "No answer for 12 s, trying again: connection refused" in lines[0]
    assert "PAUSED" in lines[1]
    assert "[lobby]" in "\n".join(lines)
