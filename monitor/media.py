"""Reading audio from any file that FFmpeg reads, as 16 kHz mono."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from monitor.errors import MediaUnreadable
from monitor.model import RATE, Samples


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file says of itself before it is decoded."""

    seconds: float  # 0.0 where the container doesn't know
    channels: int
    rate: int  # samples per second in the file


def probe(path: Path) -> MediaInfo:
    """Raises MediaUnreadable."""
    with _opened(path) as container:
        stream = container.streams.audio[0]
        seconds = container.duration / av.time_base if container.duration else 0.0
        return MediaInfo(seconds, stream.codec_context.channels or 1, stream.codec_context.sample_rate or 0)


def read(path: Path, channel: int | None = None) -> Iterator[Samples]:
    """Blocks of 16 kHz mono int16 of any length; `channel` None mixes all channels, else takes that one.

    Raises MediaUnreadable, also in the middle: what was read before stays good.
    """
    with _opened(path) as container:
        stream = container.streams.audio[0]
        layout = "mono" if channel is None else stream.codec_context.layout.name
        resampler = av.AudioResampler(format="s16", layout=layout, rate=RATE)
        try:
            for frame in container.decode(stream):
                yield from _blocks(resampler.resample(frame), channel)
            yield from _blocks(resampler.resample(None), channel)
        except FFmpegError as error:
            raise MediaUnreadable(f"{path}: damaged after some point: {error.strerror}") from error


def read_all(path: Path) -> Samples:
    """The whole file at once, shape (n,). Raises MediaUnreadable, also for a file without a single sample."""
    blocks = list(read(path))
    if not blocks:
        raise MediaUnreadable(f"{path}: no audio in it")
    return np.concatenate(blocks)


def _opened(path: Path) -> av.container.InputContainer:
    try:
        container = av.open(str(path))
    except FileNotFoundError:
        raise MediaUnreadable(f"{path}: no such file") from None
    except (FFmpegError, OSError, ValueError) as error:
        raise MediaUnreadable(f"{path}: not a file that FFmpeg can read: {error}") from error
    if not container.streams.audio:
        container.close()
        raise MediaUnreadable(f"{path}: no audio track in it")
    return container


def _blocks(frames: list[av.AudioFrame], channel: int | None) -> Iterator[Samples]:
    for frame in frames:
        samples = frame.to_ndarray().reshape(-1)  # s16 is packed: all channels interleaved in one row
        if channel is not None:
            samples = samples.reshape(-1, frame.layout.nb_channels)[:, channel]
        yield np.ascontiguousarray(samples, dtype=np.int16)
