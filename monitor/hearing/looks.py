"""When an utterance that is still open is worth hearing as far as it goes. Pure: time is media time.

Two occasions. The speaker pauses: most pauses turn out to be the end, and what was heard then is heard already when
the hangover is over. And the speaker goes on and on: every so often, so that an alert needn't wait for the end.
"""

from __future__ import annotations

from dataclasses import replace

from monitor.hearing.segmenter import Segmenter
from monitor.model import RATE, Cut, Samples, Utterance

NEWEST, LEAD = 3.0, 1.0
"""Seconds of speech that goes on which a look hears, and of what was said before in it. All that was said before was
looked at already, as looks come more often than that where there is time."""


class Looks:
    """One track's. Ask `due` after each frame that was fed."""

    def __init__(self, every: float, pause: float) -> None:
        """`every`: seconds of new speech between two looks, more than 0; `pause`: seconds of silence after which to
        look, best the segmenter's `tail`: then the look is at the very samples that will be cut.
        """
        if every <= 0 or pause <= 0:
            raise ValueError("the time between looks, and the pause, are more than 0 s")
        self._every = round(every * RATE)
        self._pause = pause
        self._seen = 0  # samples of the open utterance that were said at the last look
        self._in_pause = False  # that look was in the pause which still goes on

    def due(self, segmenter: Segmenter) -> bool:
        """Whether to look now. Yes is said once for each occasion."""
        if not segmenter.open:
            self._seen, self._in_pause = 0, False
            return False
        said, paused = segmenter.said, segmenter.paused
        if said < self._seen:  # a cut gave away its head
            self._seen = 0
        self._in_pause = self._in_pause and paused > 0
        if paused >= self._pause and not self._in_pause:
            self._seen, self._in_pause = said, True
            return True
        if not paused and said - max(self._seen, segmenter.repeated) >= self._every:
            self._seen = said
            return True
        return False


def newest(look: Utterance) -> tuple[Utterance, Samples | None]:
    """What of a look is worth hearing, and the audio before it, where that is some of the same utterance: all of what
    may be the whole, and of speech that goes on what was said last."""
    old = len(look.audio) - round(NEWEST * RATE)
    if look.cut is Cut.SILENCE or old <= 0:
        return look, None
    part = replace(
        look,
        audio=look.audio[old:],
        start=look.start + old,
        began=look.began + old / RATE,
        overlap=max(0, look.overlap - old),
    )
    return part, look.audio[max(0, old - round(LEAD * RATE)) : old]
