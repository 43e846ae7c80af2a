"""What a room has agreed to, as a table. Pure: no asyncio, no clock, no network.

The table is the only place that says what may follow what. It is orthogonal to the life of the connection
(rooms/lifecycle.py): consent outlives every visit, and a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from monitor.consent_model import Act, Consent
from monitor.errors import IllegalTransition

C, A = Consent, Act

TABLE: Mapping[Consent, Mapping[Act, Consent]] = MappingProxyType(
    {
        C.UNASKED: {A.ANNOUNCE: C.ANNOUNCED, A.GRANT: C.GRANTED, A.WITHDRAW: C.WITHDRAWN},
        C.ANNOUNCED: {A.ANNOUNCE: C.ANNOUNCED, A.GRANT: C.GRANTED, A.WITHDRAW: C.WITHDRAWN},
        C.GRANTED: {A.ANNOUNCE: C.GRANTED, A.GRANT: C.GRANTED, A.PAUSE: C.PAUSED, A.WITHDRAW: C.WITHDRAWN},
        C.PAUSED: {A.ANNOUNCE: C.PAUSED, A.GRANT: C.GRANTED, A.WITHDRAW: C.WITHDRAWN},
        C.WITHDRAWN: {A.ANNOUNCE: C.WITHDRAWN, A.GRANT: C.GRANTED},
    }
)
"""Next state by state and act. What moves no state is accepted in every one. A missing cell of the first four is
refused before it gets here: a host can't pause what was never switched on."""
MOVES = frozenset({A.ANNOUNCE, A.GRANT, A.PAUSE, A.WITHDRAW})


def after(state: Consent, act: Act) -> Consent:
    """The state that follows. Raises IllegalTransition where the table has no cell."""
    if act not in MOVES:
        return state
    try:
        return TABLE[state][act]
    except KeyError:
        raise IllegalTransition(f"consent is {state.value}: {act.value} can't happen") from None


def accepts(state: Consent, act: Act) -> bool:
    """Whether the act can happen in the state."""
    return act not in MOVES or act in TABLE[state]


def as_table() -> str:
    """The table in Markdown, for the docs."""
    moves = [act for act in Act if act in MOVES]
    rows = [["state", *(act.name for act in moves)], ["---"] * (len(moves) + 1)]
    rows += [[s.name, *(TABLE[s][act].name if act in TABLE[s] else "" for act in moves)] for s in Consent]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
