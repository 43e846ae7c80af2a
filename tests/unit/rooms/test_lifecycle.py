"""The table of a room's life."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import IllegalTransition
from monitor.model import RoomState as S
from monitor.rooms.lifecycle import TABLE, accepts, after, as_diagram, as_table
from monitor.rooms.lifecycle import RoomEvent as E


def test_a_visit_that_goes_well() -> None:
    state = S.IDLE
    seen = []
    for event in (E.START, E.CONNECTED, E.STOP, E.CLOSED):
        state = after(state, event)
        seen.append(state)
    assert seen == [S.JOINING, S.LIVE, S.LEAVING, S.LEFT]


def test_a_lost_room_is_tried_again() -> None:
    assert after(S.LIVE, E.LOST) is S.WAITING
    assert after(S.JOINING, E.LOST) is S.WAITING
    assert after(S.WAITING, E.RETRY) is S.JOINING


def test_a_refusal_is_not_tried_again_until_somebody_starts_it() -> None:
    assert after(S.JOINING, E.REFUSED) is S.FAILED
    assert not accepts(S.FAILED, E.RETRY)
    assert after(S.FAILED, E.START) is S.JOINING


def test_losing_the_connection_while_leaving_is_leaving() -> None:
    assert after(S.LEAVING, E.LOST) is S.LEFT


@pytest.mark.parametrize(
    ("state", "event"),
    [(S.LEFT, E.START), (S.IDLE, E.CONNECTED), (S.WAITING, E.CONNECTED), (S.LEAVING, E.STOP), (S.LIVE, E.RETRY)],
)
def test_an_empty_cell_is_a_bug(state: S, event: E) -> None:
    assert not accepts(state, event)
    with pytest.raises(IllegalTransition, match=f"room is {state.value}: {event.value}"):
        after(state, event)


def test_every_state_has_a_row_and_only_left_is_final() -> None:
    assert set(TABLE) == set(S)
    assert [state for state in S if not TABLE[state]] == [S.LEFT]


@given(st.lists(st.sampled_from(E), max_size=30))
def test_from_everywhere_a_stop_leads_to_left(events: list[E]) -> None:
    state = S.IDLE
    for event in events:
        if accepts(state, event):
            state = after(state, event)
    if accepts(state, E.STOP):
        state = after(state, E.STOP)
    if state is S.LEAVING:
        state = after(state, E.CLOSED)
    assert state is S.LEFT


def test_the_docs_show_every_cell() -> None:
    lines = as_table().splitlines()
    assert lines[0] == "| state | " + " | ".join(event.name for event in E) + " |"
    columns = [cell.strip() for cell in lines[0].strip("|").split("|")]
    cells = 0
    for line in lines[2:]:
        row = [cell.strip() for cell in line.strip("|").split("|")]
        for event, to in zip(columns[1:], row[1:], strict=True):
            if to:
                assert after(S[row[0]], E[event]) is S[to]
                cells += 1
    assert cells == sum(len(row) for row in TABLE.values())
    for state, row in TABLE.items():
        for to in row.values():
            assert f"{state.name} --> {to.name}: " in as_diagram()
