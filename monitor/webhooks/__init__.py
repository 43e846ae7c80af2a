"""Webhooks: what is told to other systems, signed, retried, with dead letters that can be sent again."""
