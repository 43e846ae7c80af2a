"""The audit trail: an entry for each access to evidence, decision, consent and list change, chained by hash."""
