"""Receiving: packets of a peer connection → each speaker's frames of 20 ms.

    tap ─packet→ MediaStream.take ─Reorder→ steps ─OpusDecoder→ Framer ─blocks→ Playout → frames()

All of it runs inline in the event loop: 0.2 % of a core a stream. Media time counts samples that came out of the
decoder or were declared quiet or lost, so it never drifts against the sender's clock.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, fields

from aiortc import RTCPeerConnection

from monitor.model import RATE, AudioFrame, Origin, Samples, Speaker
from monitor.rooms import opus
from monitor.rooms.framer import SILENCE, Block, Framer
from monitor.rooms.playout import Playout
from monitor.rooms.reorder import Conceal, Decode, Lost, Packet, Quiet, Recover, Reorder, Restart, Step
from monitor.rooms.rtp import RtpPacket, tap

PATIENCE = 0.12
"""Seconds that a hole waits for its packet when nothing more comes to give it up."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Since the beginning. Packets are counted as they came; seconds of audio are frames × 0.02."""

    packets: int = 0  # that came
    missing: int = 0  # that never came
    recovered: int = 0  # of the missing, won back whole from FEC
    late: int = 0  # came twice or too late
    corrupt: int = 0  # not Opus, or refused by the decoder
    sources: int = 0  # SSRCs
    concealed_samples: int = 0  # lost, guessed by the decoder
    lost_samples: int = 0  # lost, silence
    quiet_samples: int = 0  # the sender was silent
    skipped_samples: int = 0  # gaps too long to be believed: no media time was made for them
    overload_frames: int = 0  # dropped from the buffer because nobody took them

    def __add__(self, other: Stats) -> Stats:
        return Stats(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


class MediaStream:
    """One speaker's audio for one visit: a `Track` (connector.py). Made by `Receiver.open`."""

    def __init__(
        self,
        speaker: Speaker,
        *,
        decoder: opus.OpusDecoder | None = None,
        clock: Callable[[], float] = time.time,
        later: Callable[[float, Callable[[], None]], asyncio.TimerHandle] | None = None,
        source: int | None = None,
    ) -> None:
        self._id = uuid.uuid4().hex
        self._speaker = speaker
        self.source = source  # the only SSRC that belongs to it; None: any
        self._decoder = decoder or opus.make_decoder()
        self._clock = clock
        self._later = later or asyncio.get_running_loop().call_later
        self._alarm: asyncio.TimerHandle | None = None
        self._reorder = Reorder()
        self._framer = Framer()
        self._playout = Playout()
        self._counts = dict.fromkeys(("recovered", "corrupt", "concealed", "lost", "quiet"), 0)
        self._opened = clock()
        self.last_packet_at: float | None = None  # wall time; None before the first

    @property
    def id(self) -> str:
        return self._id

    @property
    def speaker(self) -> Speaker:
        return self._speaker

    @property
    def overloaded(self) -> int:
        """Frames dropped so far because nobody took them; they come out as OVERLOAD."""
        return self._playout.overloaded

    @property
    def stats(self) -> Stats:
        got, own = self._reorder.counts, self._counts
        return Stats(
            packets=got.packets,
            missing=got.missing,
            recovered=own["recovered"],
            late=got.late,
            corrupt=own["corrupt"],
            sources=got.sources,
            concealed_samples=own["concealed"],
            lost_samples=own["lost"],
            quiet_samples=own["quiet"],
            skipped_samples=got.skipped,
            overload_frames=self.overloaded,
        )

    def frames(self) -> AsyncIterator[AudioFrame]:
        """See `Track.frames`. For one consumer."""
        return self._playout.frames()

    def take(self, packet: RtpPacket) -> None:
        """A packet from the network. Never raises for what it contains."""
        if self._playout.closed:
            return
        self.last_packet_at = now = self._clock()
        try:
            samples = opus.packet_samples(packet.payload) if packet.payload else 0  # empty: padding only
            fec = opus.fec_samples(packet.payload)
        except opus.OpusError:
            self._counts["corrupt"] += 1  # its place in the sequence stays empty: a hole
            return
        self._play(
            self._reorder.push(
                Packet(packet.ssrc, packet.sequence_number, packet.timestamp, packet.payload, samples, fec), now
            )
        )
        self._watch_hole()

    def missed(self, seconds: float) -> None:
        """The room says that the speaker talked for so long, and nothing came: no packet will ever tell of it.

        No more counts than has passed since the newest packet or our beginning to listen: they may have talked before.
        """
        if self._playout.closed:
            return
        seconds = min(seconds, max(0.0, self._clock() - (self.last_packet_at or self._opened)))
        self._play([*self._reorder.flush(), Lost(round(seconds * RATE))])

    def close(self) -> None:
        """The speaker left: `frames()` ends after what is buffered. Calling it again changes nothing."""
        if self._playout.closed:
            return
        self._stop_alarm()
        self._play(self._reorder.flush())
        self._put(self._framer.finish(), self._clock())
        self._playout.close()

    def _watch_hole(self) -> None:
        if not self._reorder.waiting:
            self._stop_alarm()
        elif self._alarm is None:
            self._alarm = self._later(PATIENCE, self._hole_is_old)

    def _hole_is_old(self) -> None:
        self._alarm = None
        self._play(self._reorder.flush())

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _play(self, steps: list[Step]) -> None:
        arrived = self._clock()
        for step in steps:
            match step:
                case Decode(payload, samples):
                    self._put(self._framer.add(*self._decode(payload, samples)), arrived)
                case Recover(next_payload, samples):
                    self._put(self._framer.add(*self._recover(next_payload, samples)), arrived)
                case Conceal(samples):
                    self._put(self._framer.add(self._conceal(samples), Origin.LOST), arrived)
                case Lost(samples):
                    self._counts["lost"] += samples
                    self._put(self._framer.silence(samples, Origin.LOST), arrived)
                case Quiet(samples):
                    self._counts["quiet"] += samples
                    self._put(self._framer.silence(samples, Origin.QUIET), arrived)
                case Restart():
                    self._decoder.reset()

    def _decode(self, payload: bytes, samples: int) -> tuple[Samples, Origin]:
        try:
            return self._decoder.decode(payload), Origin.HEARD
        except opus.OpusError:
            self._counts["corrupt"] += 1
            return self._conceal(samples), Origin.LOST

    def _recover(self, next_payload: bytes, samples: int) -> tuple[Samples, Origin]:
        try:
            audio = self._decoder.decode_fec(next_payload, samples)
        except opus.OpusError:
            return self._conceal(samples), Origin.LOST
        self._counts["recovered"] += 1
        return audio, Origin.HEARD

    def _conceal(self, samples: int) -> Samples:
        self._counts["concealed"] += samples
        return self._decoder.conceal(samples)

    def _put(self, blocks: list[Block], arrived: float) -> None:
        for block in blocks:
            self._playout.put(Block(block.origin, block.count, arrived, block.samples))


class Receiver:
    """All speakers of one peer connection. Make it before the remote description is set.

    Packets of an m-line that is not open are thrown away: an m-line that is reused belongs to nobody until
    signalling says to whom. So signalling has to `close` before the next speaker's packets may be put down to them.
    """

    def __init__(self, pc: RTCPeerConnection, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._streams: dict[str, MediaStream] = {}
        self._ended = Stats()  # of streams that were closed
        self.unclaimed = 0  # packets for m-lines that were not open
        self._tap = tap(pc, self._deliver)

    @property
    def unrouted(self) -> int:
        """Packets that no m-line could be found for: if this grows, somebody isn't heard."""
        return self._tap.unrouted

    @property
    def foreign(self) -> int:
        """Packets that are not Opus, or that no m-line could be found for: another codec looks like both."""
        return self._tap.foreign + self._tap.unrouted

    def open(self, mid: str, speaker: Speaker, *, source: int | None = None) -> MediaStream:
        """Begin to listen to an m-line. One that is open is closed first (the slot was reused).

        `source`: the SSRC that signalling has announced, where it does; packets with another one, such as late ones
        of the speaker before, are not put down to this one.
        """
        self.close(mid)
        stream = MediaStream(speaker, clock=self._clock, source=source)
        self._streams[mid] = stream
        return stream

    def close(self, mid: str) -> None:
        """End the stream of an m-line, if there is one; its `frames()` ends after what is buffered."""
        stream = self._streams.pop(mid, None)
        if stream is not None:
            stream.close()
            self._ended += stream.stats

    def missed(self, mid: str, seconds: float) -> None:
        """See `MediaStream.missed`; nothing happens when the m-line is not open."""
        if stream := self._streams.get(mid):
            stream.missed(seconds)

    def close_all(self) -> None:
        """The visit is over."""
        for mid in tuple(self._streams):
            self.close(mid)
        self._tap.close()

    def last_packet_at(self, mid: str) -> float | None:
        """Wall time of the newest packet for an open m-line; None before the first or when it is not open."""
        stream = self._streams.get(mid)
        return stream.last_packet_at if stream else None

    def stats(self) -> Stats:
        """The sum over all streams, also those that have ended."""
        return sum((stream.stats for stream in self._streams.values()), self._ended)

    def _deliver(self, mid: str, packet: RtpPacket) -> None:
        stream = self._streams.get(mid)
        if stream is None or stream.source not in (None, packet.ssrc):
            self.unclaimed += 1
        else:
            stream.take(packet)


__all__ = ["SILENCE", "MediaStream", "Receiver", "Stats"]
