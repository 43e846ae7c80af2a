"""Which state a rule is in. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.keywords.rules import KeywordList
from monitor.model import RuleState

_LIVENESS = {RuleState.RETIRED: 0, RuleState.DRAFT: 1, RuleState.SHADOW: 2, RuleState.LIVE: 3}


def effective(one: KeywordList, label: str, own: Mapping[tuple[str, str], RuleState]) -> RuleState:
    """Of the rule `label`. `own`: what is set for single rules: it can hold one back, not lift it over its list."""
    return min(one.state, own.get((one.name, label), one.state), key=_LIVENESS.__getitem__)
