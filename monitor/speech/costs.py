"""What a second of speech costs with each model, from what was heard lately: rooms share the machine, not the seconds.

Without it a room with a model that takes ten times as long would get ten times the machine while rooms wait. Pure.
"""

from __future__ import annotations

_FADE = 0.9  # of what was known, with each call


class Costs:
    """By the models' names."""

    def __init__(self) -> None:
        self._took: dict[str, float] = {}  # seconds of a thread for a second of speech

    def note(self, model: str, speech: float, took: float) -> None:
        """So many seconds of speech took a thread so long."""
        if speech > 0 and took > 0:
            now = took / speech
            before = self._took.get(model, now)
            self._took[model] = _FADE * before + (1 - _FADE) * now

    def of(self, model: str) -> float:
        """How many times what the cheapest one takes; 1 for one of which nothing is known."""
        mine = self._took.get(model)
        return 1.0 if mine is None else mine / min(self._took.values())
