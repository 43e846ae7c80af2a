"""When to stop believing a connection: somebody is said to talk, and no audio of theirs comes.

Pure. The state of a peer connection is a bad witness: after the server dies it stays "connected" for half a minute.
"""

from __future__ import annotations


class Watchdog:
    """One per speaker. Told what signalling and network say, with any steady clock; asked now and then."""

    def __init__(self, patience: float = 5.0) -> None:
        if patience <= 0:
            raise ValueError("patience is in seconds, more than 0")
        self._patience = patience
        self._told = False
        self._talking = False
        self._muted = False
        self._expected_since: float | None = None  # since when audio should come; None: it need not
        self._packet = float("-inf")

    def packet(self, at: float) -> None:
        """A packet of this speaker came."""
        self._packet = max(self._packet, at)

    def talking(self, yes: bool, at: float) -> None:
        """The room says that the speaker talks, or has stopped."""
        self._talking = yes
        self._update(at)

    def muted(self, yes: bool, at: float) -> None:
        """The room says that the microphone is off, or on again."""
        self._muted = yes
        self._update(at)

    @property
    def expecting(self) -> bool | None:
        """Whether the room says that the speaker talks and isn't muted; None: it has never said anything."""
        return self._talking and not self._muted if self._told else None

    def deaf(self, now: float) -> bool:
        """Whether audio has been due for longer than the patience, and none came: rebuild the connection."""
        return self.waiting(now) > self._patience

    def waiting(self, now: float) -> float:
        """Seconds for which audio has been due, and none came; 0 where none is due."""
        if self._expected_since is None:
            return 0.0
        return max(0.0, now - max(self._expected_since, self._packet))

    def _update(self, at: float) -> None:
        self._told = True
        expected = self._talking and not self._muted
        if not expected:
            self._expected_since = None
        elif self._expected_since is None:
            self._expected_since = at


class Pulse:
    """Whether a path still lives, by a count of all that came over it: reports go on while everybody is silent."""

    def __init__(self, patience: float = 5.0) -> None:
        self._patience = patience
        self._count = 0
        self._since: float | None = None  # when the count grew last; None: nothing has come yet

    @property
    def felt(self) -> bool:
        """Whether anything has ever come."""
        return self._count > 0

    def expect(self, now: float) -> None:
        """From now on something should come, also for the first time."""
        if self._since is None:
            self._since = now

    def stopped(self, count: int, now: float) -> bool:
        """Whether something has come once or was expected, and nothing has for longer than the patience."""
        if count > self._count:
            self._count, self._since = count, now
        return self._since is not None and now - self._since > self._patience
