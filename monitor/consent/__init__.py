"""Consent: what a room has agreed to, as entries that are only ever added; listening is derived from them."""
