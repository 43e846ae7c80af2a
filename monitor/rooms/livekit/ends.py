"""Why a LiveKit server has ended a visit, and what follows from it. Pure."""

from __future__ import annotations

from monitor.errors import ConnectionLost, Refused

# livekit.DisconnectReason (livekit_models.proto), by number: the SDK may not be installed
DUPLICATE_IDENTITY, PARTICIPANT_REMOVED, ROOM_DELETED, JOIN_FAILURE, ROOM_CLOSED = 2, 4, 5, 7, 10
WORDS = {
    0: "for no known reason",
    3: "it shuts down",
    ROOM_DELETED: "the room was deleted",
    6: "it lost track of us",
    JOIN_FAILURE: "it doesn't let us back in",
    8: "it moves the room",
    9: "the signalling broke",
    ROOM_CLOSED: "the room was closed",
    14: "the connection timed out",
    15: "the media failed",
}


def why_it_ended(reason: int, leavings: bool) -> ConnectionLost | Refused:
    """`leavings`: a join of ours that was given up may still get in, and then throws us out by having our identity."""
    if reason == PARTICIPANT_REMOVED:
        return Refused("the monitor was removed from the LiveKit room")
    if reason == DUPLICATE_IDENTITY and not leavings:
        return Refused("somebody else has joined the LiveKit room with the monitor's identity: give each its own")
    return ConnectionLost(f"LiveKit has ended the visit: {WORDS.get(reason, f'reason {reason}')}")
