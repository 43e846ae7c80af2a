"""Asks a service again and again in a thread of its own, so that keys are answered while the service is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from monitor.errors import MonitorError
from monitor.top.moment import Moment, Service


class Seen(NamedTuple):
    """What is known now."""

    moment: Moment
    trouble: str = ""  # why the service doesn't answer; empty: it does
    since: float = 0.0  # steady time of the first look that failed


class Watcher:
    """`seen` from any thread. The thread ends with the process, whatever it is waiting for, or soon after `stop`."""

    def __init__(self, first: Moment, service: Service, find: Callable[[], Service], every: float) -> None:
        """`find`: the service as it can be reached now, after it was lost: it may have come back elsewhere. Raises
        MonitorError while there is none. `every`: seconds between two looks."""
        self.seen = Seen(first)
        self._service: Service | None = service
        self._find = find
        self._every = every
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="top", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                if self._service is None:
                    self._service = self._find()
                self.seen = Seen(self._service.look())
            except MonitorError as error:
                since = self.seen.since if self.seen.trouble else time.monotonic()
                self.seen = Seen(self.seen.moment, str(error), since)
                if self._service is not None:
                    self._service.close()
                    self._service = None
        if self._service is not None:
            self._service.close()
