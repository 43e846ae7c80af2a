"""Which threads of the service give way to which: priorities of threads are Linux's; elsewhere all are alike.

A model's arithmetic takes all the processors that it gets for as long as it takes. What comes after it for an utterance
(the event loop, the database, the evidence) takes milliseconds, and an alert waits for it: it goes first.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

FIRST = 5
"""How much lower the recogniser's own threads are (setpriority(2)): a third of the share of one that is not.
Decision 43 has what it is good for."""
SECOND = 19
"""The same for second hearings: they take what all others leave."""
_LOWEST = 19

T = TypeVar("T")


def loaded(load: Callable[[], T], lower: int) -> T:
    """What `load` loads, whose own threads have so much less priority than this one. Blocks; raises what `load` raises.

    On Linux a thread inherits the priority of the one that starts it, so it is loaded in a thread of less priority that
    ends afterwards. Whoever calls it later keeps its own priority: a thread that holds the interpreter's lock must not
    be one that waits for the processor.
    """

    def lowered() -> T:
        if sys.platform == "linux":
            now = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(_LOWEST, now + lower))
        return load()

    # The name is what telemetry/parts.py knows the model's own threads by, where they inherit it.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="recogniser model") as pool:
        return pool.submit(lowered).result()
