"""Keys change how one looks at the rooms, and nothing else."""

from __future__ import annotations

from typing import Any

from monitor.top.keys import DOWN, PAGE_DOWN, PAGE_UP, UP
from monitor.top.view import ORDERS, View


def room(name: str, state: str = "live", lost: float = 0.0, pending: float = 0.0, speakers: int = 0) -> dict[str, Any]:
    people = [{"name": f"P{n}", "talking": n == 1} for n in range(speakers)]
    cover = {"lost_network": lost, "lost_overload": 0.0, "lost_error": 0.0, "pending": pending}
    return {"name": name, "state": state, "coverage": cover, "speakers": people}


ROOMS = [
    room("b", pending=9.0),
    room("a", lost=1.0),
    room("C", "failed", speakers=1),
    room("d", speakers=2),
]


def names(view: View) -> list[str]:
    return [one["name"] for one in view.sorted(ROOMS)]


def test_s_goes_through_all_orders_and_begins_with_trouble() -> None:
    view, seen = View(), {}
    for _ in ORDERS:
        seen[view.order] = names(view)
        view = view.key("s", len(ROOMS))
    assert view == View()
    assert seen == {
        "trouble": ["C", "a", "b", "d"],
        "name": ["a", "b", "C", "d"],
        "talking": ["d", "a", "b", "C"],
        "speakers": ["d", "C", "a", "b"],
        "lost": ["a", "b", "C", "d"],
        "waiting": ["b", "a", "C", "d"],
    }


def test_arrows_move_within_the_rooms() -> None:
    view = View().key(UP, 30)
    assert view.first == 0
    assert view.key(DOWN, 30).key("j", 30).first == 2
    assert view.key(PAGE_DOWN, 30).key(PAGE_DOWN, 30).key(PAGE_DOWN, 30).key(PAGE_DOWN, 30).first == 29
    assert view.key(PAGE_DOWN, 30).key("k", 30).first == 9
    assert view.key(PAGE_DOWN, 30).key(PAGE_UP, 30).first == 0
    assert view.key(DOWN, 0).first == 0
    assert view.key(PAGE_DOWN, 30).key("", 5).first == 4, "rooms went meanwhile"


def test_pause_and_the_end() -> None:
    paused = View().key("p", 1)
    assert paused.paused
    assert not paused.key(" ", 1).paused
    assert not View().key("x", 1).over
    assert View().key("q", 1).over
