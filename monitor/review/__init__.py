"""Review: incidents, claims, verdicts, hand-over."""
