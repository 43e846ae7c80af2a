"""Keyword lists: reading, normalising, matching."""
