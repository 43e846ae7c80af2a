"""Rooms of a LiveKit server, through LiveKit's own SDK (extra `livekit`)."""
