"""Keyword lists as things that people change: files, their versions, states, verdicts, trials."""
