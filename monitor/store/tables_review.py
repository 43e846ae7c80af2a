"""Incidents, claims, decisions: the tables. See tables.py for the rules."""
