"""Hearing: from frames to utterances, and the ledger of what was heard."""
