"""The monitor's way into a room of a Janus server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from monitor.errors import OperatorError, Refused
from monitor.rooms.connector import Capabilities, Session
from monitor.rooms.janus.audiobridge import AudioBridge
from monitor.rooms.janus.protocol import Place
from monitor.rooms.janus.signalling import Signalling
from monitor.rooms.janus.videoroom import VideoRoom
from monitor.rooms.janus.visit import Visit
from monitor.rooms.joining import Joining


class _JanusConnector(ABC):
    def __init__(self, place: Callable[[], Place], patience: float = 5.0) -> None:
        """`place` is asked at each join, so that a renewed secret counts; an OperatorError of its is a refusal.
        `patience`: seconds without any sign of life on the media path, after which the visit counts as lost."""
        self._place = place
        self._patience = patience

    def join(self) -> AbstractAsyncContextManager[Session]:
        """See `Connector.join`."""
        return Joining(self._enter, lambda session: (session.attend(), session.tend()))

    @abstractmethod
    def _session(self, signalling: Signalling, place: Place) -> Visit: ...

    async def _enter(self, stack: AsyncExitStack) -> Visit:
        place = known(self._place)
        signalling = Signalling(place)
        session = self._session(signalling, place)
        stack.push_async_callback(session.close)
        stack.push_async_callback(signalling.close)  # first, so that nobody sees us a moment longer
        await signalling.open()
        await session.join()
        return session


class VideoRoomConnector(_JanusConnector):
    """Joins one VideoRoom: a member with a name, who publishes nothing and hears everybody on a stream of their own."""

    capabilities = Capabilities(per_speaker_tracks=True, can_announce=False, reports_roster=True)

    def _session(self, signalling: Signalling, place: Place) -> Visit:
        return VideoRoom(signalling, place, self._patience)


class AudioBridgeConnector(_JanusConnector):
    """Joins one AudioBridge: a muted member with a name, who hears the mix of all others."""

    capabilities = Capabilities(per_speaker_tracks=False, can_announce=False, reports_roster=True)

    def _session(self, signalling: Signalling, place: Place) -> Visit:
        return AudioBridge(signalling, place, self._patience)


def known(place: Callable[[], Place]) -> Place:
    """The place, or Refused where a secret of it can't be read."""
    try:
        return place()
    except OperatorError as error:
        raise Refused(str(error)) from error
