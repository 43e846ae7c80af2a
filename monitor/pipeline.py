"""The life of an utterance after it was cut, top to bottom.

cut → batcher (veto, recogniser) → settle: transcript → joined with the words before → keyword hits → policy
    → evidence clip → database → feed;   and in the end its seconds are settled in the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from monitor.alerts.policy import Policy
from monitor.evidence.clip import write as write_clip
from monitor.evidence.ring import Part, Ring
from monitor.hearing.coverage import Book
from monitor.keywords.library import Library
from monitor.keywords.tail import Seen, Tails
from monitor.model import RATE, Heard, KeywordHit, Transcript, Utterance
from monitor.speech.batcher import Batcher, GivenUp, Outcome, Transcribed, Vetoed
from monitor.speech.languages import LanguageMemory
from monitor.speech.recogniser import Hints
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics

log = structlog.get_logger()

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
        policy: Policy,
        clips: Path,
        lead: float,
        languages: Mapping[str, tuple[str, ...]],
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        """`lead`: seconds of audio before the utterance in a clip; `languages`: each room's fixed set."""
        self._store = store
        self._book = book
        self._library = library
        self._policy = policy
        self._clips = clips
        self._lead = lead
        self._languages = languages
        self._metrics = metrics
        self._clock = clock
        self._tails = Tails()
        self._seen = Seen()
        self._memory = LanguageMemory()
        self._ring = Ring()
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
        hits = self._library.matcher.find(joined.words, joined.fresh_from, transcript.language)
        for hit in self._seen.fresh(utterance.track, hits, joined):
            await self._raise(hit, transcript)
        if transcript.words or not transcript.ghosts:
            self._book_state(utterance, Heard.EXAMINED, "")
        else:
            self._book_state(utterance, Heard.VETOED, f"ghost text refused ({transcript.ghosts[0]})")
        self._metrics.transcript(transcript)

    async def _raise(self, hit: KeywordHit, transcript: Transcript) -> None:
        utterance = transcript.utterance
        spoken_at = utterance.began + hit.end - utterance.start / RATE
        hit = replace(hit, spoken_at=spoken_at)
        decision = self._policy.decide(hit, utterance, spoken_at, self._clock(), transcript.language)
        if not decision.new:
            await self._store.change_alert(decision.alert)
            return
        since = max(0, utterance.start - round(self._lead * RATE))
        before = self._ring.between(utterance.track, since, utterance.start)
        parts = [*before, Part(utterance.start, utterance.audio)]
        clip = await asyncio.to_thread(self._write_clip, decision.alert.id, parts)
        alert = self._policy.attach_clip(decision.alert.id, clip) or replace(decision.alert, clip=clip)
        await self._store.add_alert(replace(alert, raised_at=self._clock()))
        self._metrics.alert(alert)

    def _write_clip(self, alert: str, parts: Sequence[Part]) -> str:
        """The utterance, with what the speaker said shortly before it. A disk that fails costs the clip, no alert."""
        try:
            return write_clip(self._clips, alert, parts)
        except OSError:
            log.exception("evidence clip not written", alert=alert)
            return ""

    def _book_state(self, utterance: Utterance, state: Heard, cause: str) -> None:
        self._book.settle(utterance.track, utterance.start, utterance.end, state, cause)

    def forget(self, track: str) -> None:
        """The speaker has left and all of it is settled."""
        self._tails.forget(track)
        self._seen.forget(track)
        self._memory.forget(track)
        self._ring.forget(track)
