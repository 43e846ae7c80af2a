"""The audit trail: the tables. See tables.py for the rules."""
