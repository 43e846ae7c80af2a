"""Alerts: policy, and who is told."""
