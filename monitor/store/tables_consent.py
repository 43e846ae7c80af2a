"""What rooms agreed to: the tables. See tables.py for the rules."""
