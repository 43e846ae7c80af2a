"""Opus by way of libopus: straight to 16 kHz mono, with in-band FEC and concealment, which PyAV's decoder has not.

The library is the one inside PyAV's wheel, so no system package is needed; where there is none, the system's.
Where neither can be loaded, `make_decoder()` gives PyAV's own decoder with the same interface: no FEC, and silence for
concealment. `available()` says which it is, for the message at start-up.
Sources: RFC 6716 (packets), RFC 7587 (RTP), the libopus API reference.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import weakref
from pathlib import Path
from typing import Protocol

import av
import numpy as np

from monitor.model import RATE, Samples

STEP = RATE // 400
"""2.5 ms in samples: the grid of all Opus durations."""
LONGEST = 48 * STEP
"""120 ms in samples: the longest packet."""

_LOST_PERCENT, _BITRATE, _FEC, _DTX, _RESET = 4014, 4002, 4012, 4016, 4028  # opus_defines.h
_VOIP = 2048
_ROOM = 1500  # bytes: no Opus packet of ours comes near


class OpusError(Exception):
    """A packet that is not Opus, or one that libopus refuses: treat it as lost."""


class OpusDecoder(Protocol):
    """One speaker's decoder. Not for several threads. Counts are samples at 16 kHz."""

    def decode(self, payload: bytes) -> Samples:
        """The packet's audio. Raises OpusError, after which decoding may go on."""
        ...

    def decode_fec(self, next_payload: bytes, samples: int) -> Samples:
        """The lost audio just before `next_payload`, from the copy inside it. Raises OpusError."""
        ...

    def conceal(self, samples: int) -> Samples:
        """A guess at lost audio, from what came before."""
        ...

    def reset(self) -> None:
        """Forget the past: another source follows."""
        ...


def packet_samples(payload: bytes) -> int:
    """Duration of a packet in samples at 16 kHz (RFC 6716 §3.1 and §3.2). Raises OpusError."""
    if not payload:
        raise OpusError("an empty packet")
    code = payload[0] & 3
    if code == 3 and len(payload) < 2:
        raise OpusError("a packet without its frame count")
    frames = (1, 2, 2, payload[1] & 0x3F)[code] if code == 3 else (1, 2, 2)[code]
    total = frames * frame_samples(payload)
    if not 0 < total <= LONGEST:
        raise OpusError("a packet of no possible length")
    return total


def frame_samples(payload: bytes) -> int:
    """Duration of one frame of a packet that is not empty, in samples at 16 kHz (RFC 6716 §3.1, table 2)."""
    config = payload[0] >> 3
    if config < 12:  # SILK: 10, 20, 40, 60 ms
        return (4, 8, 16, 24)[config & 3] * STEP
    if config < 16:  # hybrid: 10, 20 ms
        return (4, 8)[config & 1] * STEP
    return (1, 2, 4, 8)[config & 3] * STEP  # CELT: 2.5, 5, 10, 20 ms


def fec_samples(payload: bytes) -> int:
    """How much lost audio `decode_fec` can win back from this packet: a frame, or 0 where it carries no copy."""
    library = _library()
    if library is None or len(payload) < 3 or library.opus_packet_has_lbrr(payload, len(payload)) != 1:
        return 0
    return frame_samples(payload)


def available() -> str:
    """The version of libopus, or "" where it can't be loaded and speech is decoded without FEC and concealment."""
    library = _library()
    return library.opus_get_version_string().decode() if library else ""


def make_decoder() -> OpusDecoder:
    return Decoder() if _library() else PlainDecoder()


class Decoder:
    """libopus, as `OpusDecoder`. Raises RuntimeError where it can't be loaded."""

    def __init__(self) -> None:
        self._opus = _need_library()
        status = ctypes.c_int()
        self._state = ctypes.c_void_p(self._opus.opus_decoder_create(RATE, 1, ctypes.byref(status)))
        if status.value != 0:
            raise RuntimeError(f"libopus made no decoder: {_explain(self._opus, status.value)}")
        weakref.finalize(self, self._opus.opus_decoder_destroy, self._state)
        self._out = np.zeros(LONGEST, np.int16)
        self._pcm = self._out.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))

    def decode(self, payload: bytes) -> Samples:
        packet_samples(payload)  # an empty payload would be taken for "conceal"
        return self._run(payload, LONGEST, fec=False)

    def decode_fec(self, next_payload: bytes, samples: int) -> Samples:
        packet_samples(next_payload)
        if samples % STEP or not 0 < samples <= LONGEST:
            raise OpusError("FEC works in steps of 2.5 ms, up to 120 ms")
        return self._run(next_payload, samples, fec=True)

    def conceal(self, samples: int) -> Samples:
        out = np.zeros(samples, np.int16)
        done = 0
        while samples - done >= STEP:
            piece = min(LONGEST, (samples - done) // STEP * STEP)
            out[done : done + piece] = self._run(None, piece, fec=False)
            done += piece
        return out  # what is left is less than 2.5 ms: silence

    def reset(self) -> None:
        self._opus.opus_decoder_ctl(self._state, _RESET)

    def _run(self, payload: bytes | None, samples: int, *, fec: bool) -> Samples:
        size = len(payload) if payload else 0
        count = self._opus.opus_decode(self._state, payload, size, self._pcm, samples, int(fec))
        if count < 0:
            raise OpusError(_explain(self._opus, count))
        return self._out[:count].copy()


class PlainDecoder:
    """PyAV's decoder, as `OpusDecoder`: FFmpeg's own Opus at 48 kHz, resampled. Gaps are silence."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._codec = av.CodecContext.create("opus", "r")
        self._codec.sample_rate = 48_000
        self._codec.layout = "mono"
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        self._ahead = np.zeros(0, np.int16)  # resampled, not handed out yet

    def decode(self, payload: bytes) -> Samples:
        samples = packet_samples(payload)
        try:
            decoded = self._codec.decode(av.Packet(payload))
            pieces = [p.to_ndarray().reshape(-1) for frame in decoded for p in self._resampler.resample(frame)]
        except (av.FFmpegError, ValueError) as error:
            raise OpusError(str(error)) from error
        audio = np.concatenate([self._ahead, *pieces])
        short = samples - len(audio)
        if short > 0:  # the codec's and the resampler's start-up delay: paid once, in front
            audio = np.concatenate([np.zeros(short, np.int16), audio])
        self._ahead = audio[samples:][-LONGEST:]
        return audio[:samples]

    def decode_fec(self, next_payload: bytes, samples: int) -> Samples:
        raise OpusError("FEC needs libopus")

    def conceal(self, samples: int) -> Samples:
        return np.zeros(samples, np.int16)


class Encoder:
    """Mono speech to Opus packets of 20 ms, with in-band FEC. Raises RuntimeError where libopus can't be loaded.

    `rate` is 16,000 or 48,000; `loss_percent` is the loss to prepare for (0: no FEC copies); with `dtx`, silence gives
    packets of at most 2 bytes, which need not be sent.
    """

    def __init__(
        self, rate: int = RATE, *, bitrate: int = 28_000, loss_percent: int = 10, fec: bool = True, dtx: bool = False
    ) -> None:
        self._opus = _need_library()
        self.frame = rate // 50
        status = ctypes.c_int()
        self._state = ctypes.c_void_p(self._opus.opus_encoder_create(rate, 1, _VOIP, ctypes.byref(status)))
        if status.value != 0:
            raise RuntimeError(f"libopus made no encoder: {_explain(self._opus, status.value)}")
        weakref.finalize(self, self._opus.opus_encoder_destroy, self._state)
        for request, value in (
            (_BITRATE, bitrate),
            (_FEC, int(fec)),
            (_LOST_PERCENT, loss_percent),
            (_DTX, int(dtx)),
        ):
            self._opus.opus_encoder_ctl(self._state, request, ctypes.c_int32(value))
        self._out = ctypes.create_string_buffer(_ROOM)

    def encode(self, samples: Samples) -> bytes:
        """One packet from exactly `frame` samples (20 ms), int16. Raises ValueError on another count."""
        if samples.shape != (self.frame,) or samples.dtype != np.int16:
            raise ValueError(f"an Opus frame here is {self.frame} int16 samples")
        pcm = np.ascontiguousarray(samples).ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
        size = self._opus.opus_encode(self._state, pcm, self.frame, self._out, _ROOM)
        if size < 0:
            raise OpusError(_explain(self._opus, size))
        return self._out.raw[:size]


def _need_library() -> ctypes.CDLL:
    library = _library()
    if library is None:
        raise RuntimeError("libopus can't be loaded")
    return library


@functools.cache
def _library() -> ctypes.CDLL | None:
    for place in _places():
        try:
            return _declare(ctypes.CDLL(place))
        except (OSError, AttributeError):  # not loadable here, or older than 1.5 (no opus_packet_has_lbrr)
            continue
    return None


def _places() -> list[str]:
    package = Path(av.__file__).parent
    wheel = [*package.parent.glob("av.libs/libopus*"), *package.glob(".dylibs/libopus*")]
    system = ctypes.util.find_library("opus")
    return [str(path) for path in wheel] + ([system] if system else [])


def _declare(lib: ctypes.CDLL) -> ctypes.CDLL:
    """Give the functions their types. Raises AttributeError where one is missing.

    The `ctl` functions are variadic: on Apple silicon ctypes passes their last argument rightly only when the fixed
    ones are declared and it is not.
    """
    pointer, number, data, pcm = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int16)
    status = ctypes.POINTER(ctypes.c_int)
    for name, result, arguments in (
        ("opus_get_version_string", ctypes.c_char_p, []),
        ("opus_strerror", ctypes.c_char_p, [number]),
        ("opus_packet_has_lbrr", number, [data, ctypes.c_int32]),
        ("opus_decoder_create", pointer, [ctypes.c_int32, number, status]),
        ("opus_decoder_destroy", None, [pointer]),
        ("opus_decoder_ctl", number, [pointer, number]),
        ("opus_decode", number, [pointer, data, ctypes.c_int32, pcm, number, number]),
        ("opus_encoder_create", pointer, [ctypes.c_int32, number, number, status]),
        ("opus_encoder_destroy", None, [pointer]),
        ("opus_encoder_ctl", number, [pointer, number]),
        ("opus_encode", ctypes.c_int32, [pointer, pcm, number, ctypes.c_char_p, ctypes.c_int32]),
    ):
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    return lib


def _explain(lib: ctypes.CDLL, status: int) -> str:
    return str(lib.opus_strerror(status).decode())
