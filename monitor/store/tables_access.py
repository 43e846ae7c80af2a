"""Accounts, sessions and tokens: the tables. See tables.py for the rules."""
