"""The life of an utterance after it was cut, top to bottom.

cut → batcher (veto, recogniser) → settle: transcript → joined with the words before → hits (of the best text, of the
    alternatives, of combinations over the last minute) → policy → evidence clip → database → feed → second hearing;
    and in the end its seconds are settled in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

from monitor.alerts.grading import weakened
from monitor.alerts.ration import Ration
from monitor.evidence.ring import Ring
from monitor.hearing.coverage import Book
from monitor.keywords.library import Library
from monitor.keywords.match import Matcher
from monitor.keywords.tail import Joined, Seen, Tails
from monitor.model import RATE, Heard, KeywordHit, Transcript, Utterance, Word
from monitor.raising import Raiser
from monitor.rehearing import Rehearing
from monitor.speech.batcher import Batcher, GivenUp, Outcome, Transcribed, Vetoed
from monitor.speech.languages import LanguageMemory
from monitor.speech.recogniser import Hints
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics

CONTEXT, PAUSE = 8.0, 1.5
"""Seconds of what was said before that the recogniser hears again, and the pause after which it is another matter.

A sentence torn into pieces is recognised worse; Whisper takes in 30 s at the same cost whatever is in them.
"""


class Pipeline:
    """Everything that happens to an utterance in the house half. One for all rooms."""

    def __init__(
        self,
        *,
        store: Store,
        book: Book,
        library: Library,
        raiser: Raiser,
        rehearing: Rehearing,
        ring: Ring,
        languages: Mapping[str, tuple[str, ...]],
        near_misses: int,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        """`languages`: each room's fixed set; `near_misses`: how many are kept a minute."""
        self._store = store
        self._book = book
        self._library = library
        self._raiser = raiser
        self._rehearing = rehearing
        self._ring = ring
        self._languages = languages
        self._near_misses = Ration(near_misses)
        self._metrics = metrics
        self._clock = clock
        self._tails = Tails()
        self._seen = Seen()
        self._memory = LanguageMemory()
        self.batcher: Batcher | None = None

    def accept(self, utterance: Utterance) -> None:
        """Take over a freshly cut utterance; never blocks."""
        if self.batcher is None:
            raise RuntimeError("the pipeline has no batcher yet")
        likely = self._memory.likely(utterance.track)
        before = self._ring.before(utterance.track, utterance.start, CONTEXT, PAUSE)
        self._ring.add(utterance)
        self.batcher.submit(utterance, Hints(self._languages.get(utterance.room, ()), likely, before=before))

    async def settle(self, outcome: Outcome) -> None:
        """What became of an utterance: the batcher calls this once for each one it took."""
        match outcome:
            case Transcribed(transcript):
                await self._examine(transcript)
            case Vetoed(utterance, verdict):
                self._book_state(utterance, Heard.VETOED, f"no speech in it (probability {verdict.probability:.2f})")
                self._metrics.utterance("vetoed")
            case GivenUp(utterance, reason, state):
                self._book_state(utterance, state, reason)
                self._metrics.utterance(state.value)

    async def _examine(self, transcript: Transcript) -> None:
        utterance = transcript.utterance
        joined = self._tails.join(utterance.track, transcript)
        if transcript.words:
            self._memory.note(utterance.track, transcript.language, utterance.seconds)
        await self._store.add_heard(transcript, joined.shown)
        await self._search(transcript, joined)
        if transcript.words or not transcript.ghosts:
            self._book_state(utterance, Heard.EXAMINED, "")
        else:
            self._book_state(utterance, Heard.VETOED, f"ghost text refused ({transcript.ghosts[0]})")
        self._metrics.transcript(transcript)

    async def _search(self, transcript: Transcript, joined: Joined) -> None:
        """One matcher for all of it: lists may be reloaded while this waits for the database."""
        matcher, day = self._library.matcher, datetime.fromtimestamp(self._clock(), UTC).date()
        utterance, language = transcript.utterance, transcript.language
        hits = self._hits(matcher, day, transcript, joined)
        alerts = [await self._raiser.hit(hit, utterance, language) for hit in hits]
        await self._store.add_hits(hits, transcript, alerts)
        find = partial(_find, matcher, language, utterance.room, day)
        self._rehearing.ask(transcript, list(zip(hits, alerts, strict=True)), find)

    def _hits(self, matcher: Matcher, day: date, transcript: Transcript, joined: Joined) -> list[KeywordHit]:
        """All that the lists find in it and that was not found before, with the wall time of each."""
        utterance, language = transcript.utterance, transcript.language
        hits = matcher.find(joined.words, joined.fresh_from, language)
        began = utterance.began - utterance.start / RATE
        return [
            weakened(replace(hit, spoken_at=began + hit.end), transcript.biased)
            for hit in self._seen.fresh(utterance.track, hits, joined)
        ]

    def _book_state(self, utterance: Utterance, state: Heard, cause: str) -> None:
        self._book.settle(utterance.track, utterance.start, utterance.end, state, cause)

    def forget(self, track: str) -> None:
        """The speaker has left and all of it is settled."""
        self._tails.forget(track)
        self._seen.forget(track)
        self._memory.forget(track)
        self._ring.forget(track)


def _find(matcher: Matcher, language: str, room: str, day: date, words: Sequence[Word]) -> list[KeywordHit]:
    return matcher.find(words, 0, language)
