"""First voice activity detection: WebRTC's, on 20 ms frames, inline in the event loop (a few µs a frame).

It is quick to notice a voice and just as quick to call noise one. That is the right way round for a first look:
what it lets pass is judged once more (veto.py); what it doesn't is booked as silence.
"""

from __future__ import annotations

import webrtcvad

from monitor.model import RATE, Samples

NEED, OF = 3, 5
"""Voiced frames that make a voice, out of the newest. A click of one or two frames (40 ms) makes none."""
STILL = 4
"""Largest sample that is as good as digital silence (-78 dBFS): what an Opus decoder makes of it. WebRTC's detector
goes on to say "voice" for 0.2 s into it, which is just when a sender with DTX stops sending, or a muted one."""


class Vad:
    """One for each track: it adapts to the track's noise."""

    def __init__(self, aggressiveness: int = 2) -> None:
        """`aggressiveness`: 0 lets most through, 3 the least. Raises ValueError outside of that."""
        self._vad = webrtcvad.Vad(aggressiveness)
        self._newest = 0  # one bit a frame, the newest lowest

    def voiced(self, samples: Samples) -> bool:
        """Is there a voice about now? `samples`: one frame."""
        # Digital silence (mute) needs no model, and would teach it that the room has no noise.
        now = max(int(samples.max()), -int(samples.min())) > STILL and self._vad.is_speech(samples.tobytes(), RATE)
        self._newest = (self._newest << 1 | now) & ((1 << OF) - 1)
        return self._newest.bit_count() >= NEED
