"""How far joining a room has come, for whoever asks: a connector tells of each step, `rooms probe` listens.

    with observed(observer):            # for everything that is started inside
        async with connector.join() …   → observer.began(Step.PATH), observer.reached(Step.PATH, "host … → host …"), …

Nobody listens in a running service, and then telling costs a look into a context variable. What a connector owes:
`reached(Step.SIGNALLING)` (`dial` does it for websockets), a `step` in the errors that it raises for SIGNALLING,
PERMISSION and ROOM, and a peer connection made by `ice.connection`, which tells of RELAY, PATH and ENCRYPTION. The rest
is seen from outside. Where the room says who talks, its session is `SaysWhoTalks` as well: that tells a silent
publisher from a server that sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, runtime_checkable

from aiortc import RTCPeerConnection
from aiortc.rtcicetransport import RTCIceTransport

from monitor.errors import Step


class Observer(Protocol):
    """Whoever wants to know. Called in the event loop; must not block or raise."""

    def began(self, step: Step) -> None:
        """A step is being tried. Told again where it is tried again."""
        ...

    def reached(self, step: Step, detail: str = "") -> None:
        """A step has been done. `detail` for people: an address, a pair of candidates."""
        ...

    def failed(self, step: Step, why: str) -> None:
        """A step, or one way of several to do it, has failed, and the join goes on all the same."""
        ...


@runtime_checkable
class SaysWhoTalks(Protocol):
    """A session of a room that says who talks."""

    def talking(self) -> Mapping[str, bool]:
        """Names of those in the room, each with whether it says that they talk now and aren't muted. Those of whom it
        says nothing are left out."""
        ...


_observer: ContextVar[Observer | None] = ContextVar("observer of joining", default=None)


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Let the observer know of everything that is joined inside."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def began(step: Step) -> None:
    """A connector tries a step."""
    if (observer := _observer.get()) is not None:
        observer.began(step)


def reached(step: Step, detail: str = "") -> None:
    """A connector has done a step."""
    if (observer := _observer.get()) is not None:
        observer.reached(step, detail)


def failed(step: Step, why: str) -> None:
    """A step can't be done, and the connector goes on all the same. What ends a join is raised instead."""
    if (observer := _observer.get()) is not None:
        observer.failed(step, why)


def follow(pc: RTCPeerConnection) -> None:
    """Tell of PATH and ENCRYPTION as this peer connection gets there. Call it before any description is set."""
    observer = _observer.get()
    if observer is None:
        return

    def ice() -> None:
        match pc.iceConnectionState:
            case "checking":
                observer.began(Step.PATH)
            case "completed" | "connected":
                observer.reached(Step.PATH, pair_of(pc))
                observer.began(Step.ENCRYPTION)
            case "failed":
                observer.failed(Step.PATH, "no pair of addresses works between this machine and the room's server")

    def dtls() -> None:
        if pc.connectionState == "connected":
            observer.reached(Step.ENCRYPTION)

    pc.on("iceconnectionstatechange", ice)
    pc.on("connectionstatechange", dtls)


def pair_of(pc: RTCPeerConnection) -> str:
    """The candidate pair that was chosen, for people; empty where there is none (yet)."""
    lines = pc.getTransceivers()
    transport = lines[0].receiver.transport.transport if lines else None
    if not isinstance(transport, RTCIceTransport):
        return ""
    pair = transport._connection._nominated.get(1)
    if pair is None:
        return ""
    ends = (pair.local_candidate, pair.remote_candidate)
    return " → ".join(f"{each.type} {address(each.host, each.port)}" for each in ends)


def address(host: str, port: int) -> str:
    """With brackets where it is IPv6."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
