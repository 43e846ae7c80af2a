"""Measurements: each prints its figures with counts, a baseline from the same run, and the machine."""
