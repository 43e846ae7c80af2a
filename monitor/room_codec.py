"""Speech over a room's link, as the monitor hears it: Opus, packets lost, FEC, concealment.

The detector's training and evaluation send their recordings over it, through the decoder of the live path.
"""

from __future__ import annotations

import numpy as np

from monitor.model import RATE, Samples
from monitor.rooms.opus import Decoder, Encoder, OpusError, fec_samples
from monitor.voices.corpus.chain import Link, lost_packets

_PACKET = RATE // 50


def over(samples: Samples, link: Link, rng: np.random.Generator) -> Samples:
    """What arrives, as long as what was sent: a `chain.Codec`. Raises RuntimeError where libopus can't be loaded."""
    packets = _encoded(samples, link)
    lost = lost_packets(len(packets), link, rng)
    decoder = Decoder()
    pieces = []
    for index, packet in enumerate(packets):
        if not lost[index]:
            pieces.append(decoder.decode(packet))
            continue
        after = packets[index + 1] if index + 1 < len(packets) and not lost[index + 1] else b""
        pieces.append(_made_up(decoder, after))
    heard: Samples = np.concatenate(pieces)[: len(samples)]
    return heard


def _encoded(samples: Samples, link: Link) -> list[bytes]:
    encoder = Encoder(link.rate, bitrate=link.bitrate, loss_percent=round(link.loss * 100), fec=link.fec)
    padded = np.pad(samples, (0, -len(samples) % _PACKET))
    sent = padded if link.rate == RATE else _raised(padded, link.rate // RATE)
    return [encoder.encode(np.ascontiguousarray(frame)) for frame in sent.reshape(-1, encoder.frame)]


def _made_up(decoder: Decoder, after: bytes) -> Samples:
    """20 ms in place of a lost packet: its copy in the next one, or a guess."""
    if after and fec_samples(after) == _PACKET:
        try:
            return decoder.decode_fec(after, _PACKET)
        except OpusError:
            pass
    return decoder.conceal(_PACKET)


def _raised(samples: Samples, times: int) -> Samples:
    """The same sound at a rate that is `times` higher; exact, by zeros in the spectrum."""
    count = len(samples)
    raised = np.fft.irfft(np.fft.rfft(samples.astype(np.float64)), count * times) * times
    return np.clip(np.round(raised), -32768, 32767).astype(np.int16)
