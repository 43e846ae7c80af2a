"""Keys of the evidence, receipts of their destruction, holds: the tables. See tables.py for the rules."""
