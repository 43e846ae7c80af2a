"""Evidence as Opus (RFC 6716) in Ogg (RFC 7845), in memory: a standard file once it is decrypted.

About 4 kB a second of speech, a seventh of the samples; what came over WebRTC was Opus before.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np
from av.error import FFmpegError

from monitor.errors import EvidenceUnreadable
from monitor.model import RATE, Samples

BIT_RATE = 32_000
"""Bits a second: transparent for speech at 16 kHz (libopus's own table calls 24,000 that)."""
COMPLEXITY = 5
"""Of 10: a quarter of the CPU time of 10, for packets a tenth bigger."""
HASTY = 0
"""For what is held for a minute and hardly ever read: half of the CPU time of 5."""
PACKET = 60
"""Milliseconds: a sixth less CPU time than 20, and smaller. Nobody waits for a packet, and none gets lost."""
STEP = RATE * PACKET // 1000
_PLAIN = b"PCM16"  # what plain samples begin with; an Ogg file begins with OggS


def encode(audio: Samples, complexity: int = COMPLEXITY) -> bytes:
    """An Ogg/Opus file of mono samples at RATE. Raises ValueError for no audio."""
    if not len(audio):
        raise ValueError("no audio to encode")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as container:
        options = {
            "application": "audio",
            "compression_level": str(complexity),
            "vbr": "on",
            "frame_duration": str(PACKET),
        }
        stream = container.add_stream("libopus", rate=RATE, options=options)
        stream.layout = "mono"
        stream.format = "s16"
        stream.bit_rate = BIT_RATE
        for frame in _frames(audio):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def plain(audio: Samples) -> bytes:
    """The samples as they are. An alert waits for its clip, and encoding takes longer the busier the interpreter is: a
    clip to which more will be added is encoded when it is whole."""
    return _PLAIN + audio.astype("<i2").tobytes()


def as_opus(content: bytes) -> bytes:
    """An Ogg/Opus file, of what `encode` or `plain` gave."""
    return encode(_samples(content)) if content.startswith(_PLAIN) else content


def decode(content: bytes, samples: int) -> Samples:
    """So many samples at RATE, of what `encode` or `plain` gave. Raises EvidenceUnreadable where it is neither."""
    if content.startswith(_PLAIN):
        return _samples(content)[:samples]
    try:
        with av.open(io.BytesIO(content), "r", format="ogg") as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            blocks = [
                block.to_ndarray().reshape(-1)
                for frame in (*container.decode(container.streams.audio[0]), None)
                for block in resampler.resample(frame)
            ]
    except (FFmpegError, IndexError) as error:
        raise EvidenceUnreadable("the evidence was decrypted, but is no audio that can be read") from error
    out = np.zeros(samples, np.int16)
    whole = np.concatenate(blocks)[:samples] if blocks else out[:0]
    out[: len(whole)] = whole
    return out


def _samples(plain: bytes) -> Samples:
    return np.frombuffer(plain, "<i2", offset=len(_PLAIN)).astype(np.int16)


def _frames(audio: Samples) -> Iterator[av.AudioFrame]:
    padded = np.zeros(-(-len(audio) // STEP) * STEP, np.int16)
    padded[: len(audio)] = audio
    for start in range(0, len(padded), STEP):
        frame = av.AudioFrame.from_ndarray(padded[None, start : start + STEP], format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = start
        yield frame
