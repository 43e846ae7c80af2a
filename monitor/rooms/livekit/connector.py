"""The monitor's way into a LiveKit room: a participant with a name, who publishes nothing and hears everybody."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from monitor.errors import OperatorError, Refused
from monitor.rooms.connector import Capabilities, Session
from monitor.rooms.joining import Joining
from monitor.rooms.livekit.protocol import Place
from monitor.rooms.livekit.sdk import Leavings
from monitor.rooms.livekit.visit import Visit
from monitor.rooms.whole import whole


class LiveKitConnector:
    """Joins one room, each participant's audio on a stream of its own. Needs the extra `livekit`."""

    capabilities = Capabilities(per_speaker_tracks=True, can_announce=False, reports_roster=True)

    def __init__(self, place: Callable[[], Place], patience: float = 5.0) -> None:
        """`place` is asked at each join, so that a renewed secret counts; an OperatorError of its is a refusal.
        `patience`: seconds without audio from somebody who is said to talk, after which the visit counts as lost."""
        self._place = place
        self._patience = patience
        self._leavings = Leavings()

    @property
    def leaving(self) -> bool:
        """Whether a join that was given up still goes on in the SDK; it is left when it ends."""
        return bool(self._leavings)

    def join(self) -> AbstractAsyncContextManager[Session]:
        """See `Connector.join`."""
        return Joining(self._enter, lambda visit: (visit.hear(), visit.tend()))

    async def _enter(self, stack: AsyncExitStack) -> Visit:
        visit = Visit(self._known().with_token(), self._leavings, self._patience)
        stack.push_async_callback(lambda: whole(visit.close()))
        await visit.join()
        return visit

    def _known(self) -> Place:
        try:
            return self._place()
        except OperatorError as error:
            raise Refused(str(error)) from error
