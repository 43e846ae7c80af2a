"""The little that the room needs to read and write in session descriptions (RFC 8866, RFC 7587)."""

from __future__ import annotations

import re

from aiortc import RTCRtpCodecCapability, RTCRtpSender
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError

from monitor.rooms.builtin.protocol import BadMessage

OPUS = "useinbandfec=1;usedtx=1"
"""What we ask senders for: redundancy against loss, and silence that costs nothing. Chrome sends neither unasked."""
CANDIDATE_LIMIT = 100

SDP_ERRORS = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OSError,
    InternalError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)
"""What aiortc 1.16 raises on a description that it can't use: its parser trusts its input (fuzzed, see the tests)."""

_OPUS_MAP = re.compile(r"^a=rtpmap:(\d+) opus/48000/2\r?$", re.IGNORECASE | re.MULTILINE)


def opus_only() -> list[RTCRtpCodecCapability]:
    """The codec preferences of every m-line of ours."""
    return [c for c in RTCRtpSender.getCapabilities("audio").codecs if c.mimeType.lower() == "audio/opus"]


def ask_for_fec(sdp: str) -> str:
    """The description with the Opus parameters of OPUS on each Opus payload type that has none."""
    lines: list[str] = []
    for line in sdp.splitlines():
        lines.append(line)
        found = _OPUS_MAP.match(line)
        if found and f"a=fmtp:{found[1]} " not in sdp:
            lines.append(f"a=fmtp:{found[1]} {OPUS}")
    return "\r\n".join(lines) + "\r\n"


def check_publish(sdp: str) -> None:
    """Raises BadMessage unless this is an offer of exactly one audio stream with Opus that the client sends."""
    lines = sdp.splitlines()
    media = [line for line in lines if line.startswith("m=")]
    if len(media) != 1 or not media[0].startswith("m=audio "):
        raise BadMessage("bad-sdp", "a publish offer must have exactly one m-line, and that audio")
    if not _OPUS_MAP.search(sdp):
        raise BadMessage("bad-sdp", "the publish offer has no Opus: this room carries no other codec")
    if any(line.strip() in ("a=recvonly", "a=inactive") for line in lines):
        raise BadMessage("bad-sdp", "the publish offer must be sendonly")
    check_candidates(sdp)


def check_candidates(sdp: str) -> None:
    """Raises BadMessage on a description with so many candidates that checking them would be an attack."""
    if sdp.count("a=candidate:") > CANDIDATE_LIMIT:
        raise BadMessage("bad-sdp", f"a description may have {CANDIDATE_LIMIT} candidates")
