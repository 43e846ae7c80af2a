"""Rooms of one or several WHEP streams (draft-ietf-wish-whep; what it shares with WHIP: RFC 9725)."""
