"""Which language an utterance is in: what the model hears, the room's set, and what the speaker spoke so far.

Whisper's guess on one short phrase is unreliable, a person rarely changes language: so doubt is settled by memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

CONFIDENT = 0.8
"""Probability above which what is heard outweighs what the speaker spoke so far."""


def choose(heard: Sequence[tuple[str, float]], allowed: Sequence[str], likely: str | None) -> tuple[str, float]:
    """The language to transcribe in, and its probability among the allowed ones.

    `heard`: (ISO 639-1, probability) for all languages of the model, in any order. `allowed`: the room's set, empty for
    any. Of an allowed set the model knows nothing of, the first is taken.
    """
    within = [(code, p) for code, p in heard if not allowed or code in allowed]
    if not within:
        return (allowed[0] if allowed else "en"), 0.0
    total = sum(p for _, p in within)
    best, p = max(within, key=lambda pair: pair[1])
    share = p / total if total > 0 else 0.0
    if likely is not None and likely != best and share < CONFIDENT and likely in dict(within):
        return likely, (dict(within)[likely] / total if total > 0 else 0.0)
    return best, share


class LanguageMemory:
    """What each speaker spoke lately; the least recent speaker is forgotten when there are too many."""

    def __init__(self, speakers: int = 4096, fade: float = 0.7) -> None:
        if speakers < 1 or not 0 <= fade < 1:
            raise ValueError("at least one speaker, and a fade from 0 to below 1")
        self._limit = speakers
        self._fade = fade
        self._votes: OrderedDict[str, dict[str, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._votes)

    def note(self, speaker: str, language: str, seconds: float) -> None:
        """The speaker spoke this language for so long; older votes fade."""
        votes = {code: v * self._fade for code, v in self._votes.pop(speaker, {}).items() if v * self._fade > 0.01}
        votes[language] = votes.get(language, 0.0) + max(seconds, 0.0)
        self._votes[speaker] = votes
        if len(self._votes) > self._limit:
            self._votes.popitem(last=False)

    def likely(self, speaker: str) -> str | None:
        votes = self._votes.get(speaker)
        return max(votes, key=lambda code: votes[code]) if votes else None

    def forget(self, speaker: str) -> None:
        self._votes.pop(speaker, None)
