"""Rewriting RTP packets for a listener (RFC 3550, 8285, 8843), and hearing from them who is talking. Pure.

Payloads are never decoded. What a listener sees of a speaker keeps its gaps and its timestamps: a packet that the
uplink lost must look lost downstream, or its in-band FEC would never be used and the loss would stay unnoticed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

LOUD_LEVEL = 45
"""−dBov (RFC 6464): speech into a headset is at 15 to 40, a quiet room beyond 50."""
LOUD_BYTES = 30
"""Where no level is sent: 20 ms of Opus speech has 40 to 120 bytes, silence under 20."""
ATTACK = 3
"""Loud packets, less the quiet ones between, before somebody counts as talking: a click is not talk."""
RELEASE = 0.5
"""Seconds without a loud packet before somebody counts as silent."""


@dataclass(frozen=True, slots=True)
class Media:
    """One RTP packet with Opus inside, as far as forwarding cares."""

    ssrc: int
    sequence: int  # 16 bits
    timestamp: int  # 32 bits, 48 kHz
    marker: bool
    payload: bytes
    level: int | None = None  # −dBov, None where the sender doesn't tell


class Rewriter:
    """The packets of one speaker as one listener gets them on one m-line."""

    def __init__(
        self, ssrc: int, payload_type: int, mid: str, mid_id: int, level_id: int, dice: Callable[[int], int]
    ) -> None:
        """`dice(n)` gives a number below n. Ids of header extensions are 1 to 14; 0 leaves that extension out."""
        self.ssrc = ssrc
        self._payload_type = payload_type
        self._mid = bytes([mid_id << 4 | len(mid) - 1]) + mid.encode("ascii") if mid_id and 0 < len(mid) <= 16 else b""
        self._level_head = bytes([level_id << 4]) if level_id else b""
        self._dice = dice
        # Far from 2¹⁶, so that the roll-over counters of SRTP agree even when the first packets are lost.
        self._next = 1000 + dice(20_000)
        self._offset: int | None = None
        self._source: int | None = None

    def skip(self) -> None:
        """What comes now follows what came before: packets were held back on purpose, none was lost."""
        self._offset = None

    def rewrite(self, media: Media) -> bytes:
        """The packet in the form for this listener, ready to be encrypted."""
        if self._source not in (None, media.ssrc):
            # The sender began a new stream: its numbers and timestamps have nothing to do with the old ones.
            self.ssrc = self._dice(2**32)
            self._next = 1000 + self._dice(20_000)
            self._offset = None
        self._source = media.ssrc
        if self._offset is None:
            self._offset = self._next - media.sequence
        sequence = (media.sequence + self._offset) & 0xFFFF
        if (sequence - self._next) & 0xFFFF < 0x8000:  # not one that comes late
            self._next = (sequence + 1) & 0xFFFF
        extension = self._mid
        if self._level_head and media.level is not None:
            extension += self._level_head + bytes([media.level & 0x7F])
        head = struct.pack(
            "!BBHII",
            0x90 if extension else 0x80,
            (0x80 if media.marker else 0) | self._payload_type,
            sequence,
            media.timestamp,
            self.ssrc,
        )
        if not extension:
            return head + media.payload
        words = (len(extension) + 3) // 4
        return head + struct.pack("!HH", 0xBEDE, words) + extension.ljust(4 * words, b"\0") + media.payload


class TalkMeter:
    """Whether somebody is talking, from levels where they are sent, else from the size of the packets.

    The size is a rule of thumb for an indicator on a screen: music and loud noise count as talk. Nothing is cut by it.
    """

    def __init__(self) -> None:
        self.talking = False
        self._loud = 0
        self._last = float("-inf")

    def hear(self, level: int | None, size: int, now: float) -> bool:
        """Take one packet in; `now` in seconds of a steady clock. True when `talking` has changed."""
        loud = level <= LOUD_LEVEL if level is not None else size >= LOUD_BYTES
        if not loud:
            self._loud = max(0, self._loud - 1)
            return self.look(now)
        self._loud = min(ATTACK, self._loud + 1)
        if self._loud < ATTACK:
            return self.look(now)
        self._last = now
        was, self.talking = self.talking, True
        return not was

    def look(self, now: float) -> bool:
        """Let time pass. True when `talking` has changed."""
        if self.talking and now - self._last > RELEASE:
            self.talking = False
            self._loud = 0
            return True
        return False
