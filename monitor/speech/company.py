"""Whether hearing several in one call saves this machine anything, from the calls of late. Pure.

Where weights come slowly from memory a call for two costs as much as one and a half, and company is what a crowd is
carried by; with matrix units or larger caches it costs as much as two, and both only wait for each other (decision 45).
Nothing that can be asked of the processor tells which.
"""

from __future__ import annotations

from dataclasses import dataclass

PAYS = 0.85
"""What a second of speech may cost in company, beside alone: all wait for the whole call, so it has to save some."""
KNOWN = 12
"""Calls of each kind from which on they are believed; before that, company is taken to pay."""
AGAIN = 40
"""Times that company isn't had after which it is tried once more: the machine may have changed, or its guests."""
_FADE = 0.97  # of what was known, with each call: about the last thirty count


@dataclass(slots=True)
class _Cost:
    calls: int = 0
    speech: float = 0.0  # seconds, faded
    took: float = 0.0  # seconds, faded

    def note(self, speech: float, took: float) -> None:
        self.calls += 1
        self.speech = _FADE * self.speech + speech
        self.took = _FADE * self.took + took

    @property
    def each(self) -> float:
        return self.took / self.speech


class Company:
    """By the models' names."""

    def __init__(self) -> None:
        self._alone: dict[str, _Cost] = {}
        self._shared: dict[str, _Cost] = {}
        self._refused: dict[str, int] = {}  # by model: how often since it was last tried

    def note(self, model: str, together: int, speech: float, took: float) -> None:
        """A call for `together` utterances with so many seconds to hear took a thread so long, all threads at work."""
        if speech > 0 and took > 0:
            known = self._alone if together == 1 else self._shared
            known.setdefault(model, _Cost()).note(speech, took)

    def pays(self, model: str) -> bool:
        """Whether it is worth waiting for."""
        alone, shared = self._alone.get(model), self._shared.get(model)
        if alone is None or shared is None or min(alone.calls, shared.calls) < KNOWN:
            return True
        return shared.each <= PAYS * alone.each

    def take(self, model: str) -> bool:
        """Whether to take some along who wait already; now and then also where it doesn't pay, to learn if it does."""
        if self.pays(model):
            return True
        self._refused[model] = (self._refused.get(model, 0) + 1) % AGAIN
        return self._refused[model] == 0
