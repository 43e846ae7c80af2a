"""When a message that could not be handed over is tried again. Pure: the caller brings the clock and the dice."""

from __future__ import annotations

DELAYS = (2.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 86400.0)
"""Seconds after the first, second … failure: about two days in all, so that a weekend's outage is survived."""
LONGEST_ASKED = 3600.0
"""Seconds that a server may ask for at most (Retry-After)."""


def wait(failures: int, dice: float, asked: float = 0.0) -> float | None:
    """Seconds until the next try after so many failures; None: it is given up and becomes a dead letter.

    `dice`: 0 to 1, spreads the tries of many services; `asked`: what the server wants.
    """
    if failures > len(DELAYS):
        return None
    delay = DELAYS[max(0, failures - 1)]
    return max(delay * (0.8 + 0.4 * dice), min(asked, LONGEST_ASKED))
