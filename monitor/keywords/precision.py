"""When a rule is wrong so often that it demotes itself to shadow. Pure.

Looking after each verdict means looking often, and an interval that holds 95 times in 100 is left by chance sooner or
later. Two things keep chance from demoting a good rule: so many verdicts, and so many days between the first and the
last of them, so that one bad evening, or one member of staff in a bad mood, is not enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model import Judged

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Patience:
    """What must be known before a rule is called bad."""

    verdicts: int = 20  # right and wrong ones, at least
    days: float = 3.0  # from the first to the last of them, at least


def demotion(judged: Judged, floor: float | None, patience: Patience | None = None) -> str | None:
    """Why the rule is to be demoted, in plain words; None while it is not.

    `floor`: the precision, 0 to 1, that is wanted of it; None: none is. Count only verdicts since the rule was last
    changed or brought to life (`precision(..., since=)`), or it falls again over what was mended.
    """
    wanted = patience or Patience()
    decided, days = judged.right + judged.wrong, (judged.last - judged.first) / DAY
    if floor is None or decided < wanted.verdicts or days < wanted.days or judged.high >= floor:
        return None
    return (
        f"{judged.right} of {decided} judged hits were right in {days:.1f} days: a precision between {judged.low:.0%} "
        f"and {judged.high:.0%} (95 %), below its floor of {floor:.0%}"
    )
