"""The life of an utterance after it was cut, top to bottom.

cut → batcher (veto, recogniser) → settle: transcript → joined with the words before → hits (of the best text, of the
    alternatives, of combinations over the last minute) → policy → evidence clip → database → feed → second hearing;
    and in the end its seconds are settled in the ledger. Where it has words, the speaker's voice is scored beside all
    that (voicing.py): the ledger doesn't wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial

from monitor.alerts.ration import Ration
from monitor.early_hits import EarlyHits
from monitor.evidence.ring import Ring
from monitor.hearing.coverage import Book
from monitor.hearing.looks import newest
from monitor.keywords.combine import Windows
from monitor.keywords.library import Library
from monitor.keywords.match import Matcher
from monitor.keywords.spoken import spoken
from monitor.keywords.tail import Joined, Seen, Tails
from monitor.model import RATE, Cut, Heard, KeywordHit, NearMiss, Transcript, Utterance, Word
from monitor.raising import Raiser
from monitor.rehearing import Rehearing
from monitor.speech.batcher import Batcher, GivenUp, Outcome, Transcribed, Vetoed
from monitor.speech.languages import LanguageMemory
from monitor.speech.recogniser import Hints
from monitor.store.store import Store
from monitor.telemetry.journeys import Journey, Journeys
from monitor.telemetry.metrics import Metrics
from monitor.vault import Vault
from monitor.voicing import Voicing

CONTEXT, PAUSE = 3.0, 1.5
"""Seconds of what was said before that the recogniser hears again, and the pause after which it is another matter.

A sentence torn into pieces is recognised worse: 0.9 points of word error rate for a tenth of a second of CPU.
"""


@dataclass(frozen=True, slots=True)
class _Found:
    hits: Sequence[KeywordHit]
    combined: Sequence[KeywordHit]  # of parts in several utterances
    misses: Sequence[NearMiss]


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
        vault: Vault,
        languages: Mapping[str, tuple[str, ...]],
        near_misses: int,
        metrics: Metrics,
        clock: Callable[[], float],
        voicing: Voicing | None = None,
    ) -> None:
        """`languages`: each room's fixed set; `near_misses`: how many are kept a minute; `voicing`: None where no voice
        detector runs.
        """
        self._store = store
        self._book = book
        self._library = library
        self._raiser = raiser
        self._rehearing = rehearing
        self._ring = ring
        self._vault = vault
        self._languages = languages
        self._near_misses = Ration(near_misses)
        self._metrics = metrics
        self._clock = clock
        self._voicing = voicing
        self._tails = Tails()
        self._seen = Seen()
        self._windows = Windows()
        self._memory = LanguageMemory()
        self._known: dict[str, str] = {}  # tracks of speakers whose language is remembered
        self._early = EarlyHits(raiser, metrics)
        self._journeys = Journeys(metrics, clock)
        self.batcher: Batcher | None = None

    def accept(self, utterance: Utterance) -> None:
        """Take over a freshly cut utterance; never blocks."""
        if self.batcher is None:
            raise RuntimeError("the pipeline has no batcher yet")
        self._journeys.cut(utterance)
        hints = self._hints(utterance)
        self._ring.add(utterance)
        self._vault.hear(utterance)
        self.batcher.submit(utterance, hints)

    def look(self, utterance: Utterance) -> None:
        """Look at an utterance that is still open, where there is time for it; never blocks."""
        if self.batcher is not None:
            glance = utterance.cut is not Cut.SILENCE  # in a pause, it may be all that will be said
            hints = replace(self._hints(utterance), glance=glance, quick=glance)
            part, before = newest(utterance)
            self.batcher.look(part, hints if before is None else replace(hints, before=before))

    def _hints(self, utterance: Utterance) -> Hints:
        likely = self._memory.likely(_who(utterance))
        before = self._ring.before(utterance.track, utterance.start, CONTEXT, PAUSE)
        return Hints(self._languages.get(utterance.room, ()), likely, before=before)

    async def settle(self, outcome: Outcome) -> None:
        """What became of an utterance: the batcher calls this once for each one it took."""
        match outcome:
            case Transcribed(transcript, heard=heard) if transcript.utterance.open:
                self._metrics.stage("looked", heard)
                await self._look(transcript)
            case Transcribed(transcript, queued=queued, heard=heard):
                journey = self._journeys.heard(transcript, queued, heard)
                await self._examine(transcript, journey)
                journey.stored()
            case Vetoed(utterance) if utterance.open:
                pass  # the whole of it will be looked at all the same
            case Vetoed(utterance, verdict):
                self._journeys.over(utterance)
                await self._early.no_speech(utterance, "the voice detector")
                self._book_state(utterance, Heard.VETOED, f"no speech in it (probability {verdict.probability:.2f})")
                self._metrics.utterance("vetoed")
            case GivenUp(utterance, reason, state):
                self._journeys.over(utterance)
                self._book_state(utterance, state, reason)
                self._metrics.utterance(state.value)

    async def _examine(self, transcript: Transcript, journey: Journey) -> None:
        utterance = transcript.utterance
        joined = self._tails.join(utterance.track, transcript)
        if transcript.words:
            self._memory.note(_who(utterance), transcript.language, utterance.seconds)
            self._known[utterance.track] = _who(utterance)
        await self._store.add_heard(transcript, joined.shown, spoken(joined.shown))
        await self._search(transcript, joined, journey)
        if self._voicing is not None:
            self._voicing.hear(transcript)
        if transcript.words or not transcript.ghosts:
            self._book_state(utterance, Heard.EXAMINED, "")
        else:
            self._book_state(utterance, Heard.VETOED, f"ghost text refused ({transcript.ghosts[0]})")
        self._metrics.transcript(transcript)

    async def _search(self, transcript: Transcript, joined: Joined, journey: Journey) -> None:
        """One matcher for all of it: lists may be reloaded while this waits for the database."""
        matcher, day = self._library.matcher, datetime.fromtimestamp(self._clock(), UTC).date()
        with journey.matching():
            found = self._found(matcher, day, transcript, joined)
        utterance, language = transcript.utterance, transcript.language
        hits = [*found.hits, *found.combined]
        known = [*await self._early.whole(transcript, found.hits), *("" for _ in found.combined)]
        alerts = [
            alert or await self._raiser.hit(hit, utterance, language) for hit, alert in zip(hits, known, strict=True)
        ]
        await self._store.add_hits(hits, transcript, alerts)
        # Not the combinations: what one utterance holds of them says nothing against them.
        again = list(zip(found.hits, alerts, strict=False))
        self._rehearing.ask(transcript, again, partial(_find, matcher, language, utterance.room, day))
        passed = self._near_misses.take(len(found.misses), self._clock())
        await self._store.add_near_misses(found.misses[:passed], transcript)

    def _found(self, matcher: Matcher, day: date, transcript: Transcript, joined: Joined) -> _Found:
        """All that the lists find in it and that was not found before, with the wall time of each."""
        utterance, language, biased = transcript.utterance, transcript.language, transcript.biased
        room, track = utterance.room, utterance.track
        best = matcher.examine(joined.words, joined.fresh_from, language, room=room, day=day, biased=biased)
        others = matcher.in_alternatives(
            transcript.words, transcript.alternatives, language, room=room, day=day, biased=biased
        )
        # What is before the seam was heard, and searched with its own alternatives, in the utterance before.
        hits = [*best.hits, *(hit for hit in others if hit.end > joined.seam)]
        began = utterance.began - utterance.start / RATE
        fresh = [replace(hit, spoken_at=began + hit.end) for hit in self._seen.fresh(track, hits, joined)]
        parts = [replace(part, hit=replace(part.hit, spoken_at=began + part.hit.end)) for part in best.parts]
        combined = self._windows.note(room, track, parts, utterance.began + utterance.seconds)
        return _Found(fresh, combined, best.misses)

    async def _look(self, transcript: Transcript) -> None:
        """What the best text of an open utterance holds: no alternatives, no combinations, no near misses."""
        utterance, day = transcript.utterance, datetime.fromtimestamp(self._clock(), UTC).date()
        joined = self._tails.peek(utterance.track, transcript)
        best = self._library.matcher.examine(
            joined.words, joined.fresh_from, transcript.language, room=utterance.room, day=day, biased=transcript.biased
        )
        began = utterance.began - utterance.start / RATE
        fresh = self._seen.peek(utterance.track, best.hits, joined)
        await self._early.looked(transcript, [replace(hit, spoken_at=began + hit.end) for hit in fresh])

    def _book_state(self, utterance: Utterance, state: Heard, cause: str) -> None:
        self._book.settle(utterance.track, utterance.start, utterance.end, state, cause)

    def cut_off(self, tracks: Collection[str]) -> None:
        """Nobody may listen to these tracks any more, and what was open of them was dropped: looks at it are void."""
        if self.batcher is not None:
            self.batcher.drop_looks(tracks)
        self._early.cut(tracks)

    async def tell_cut_off(self) -> None:
        """Take back the alerts that only looks at dropped utterances had raised."""
        await self._early.tell_cut()

    def withdraw(self, room: str, tracks: Collection[str], reason: str) -> None:
        """Consent was withdrawn: of what was said on these tracks nothing is examined any more, and no audio of it is
        held in memory. It takes effect before the call returns. What is just being written down counts as said before.
        """
        if self.batcher is not None:
            self.batcher.withdraw(tracks, reason)
        self._rehearing.withdraw(tracks)
        for track in tracks:
            self._memory.forget(self._known.get(track, ""))
            self.forget(track)
            self._windows.forget(room, track)
        if self._voicing is not None:
            self._voicing.withdraw(tracks)

    def forget(self, track: str) -> None:
        """The speaker has left and all of it is settled."""
        self._tails.forget(track)
        self._seen.forget(track)
        self._known.pop(track, None)  # what the speaker speaks is remembered: they may come back
        self._vault.forget(track)  # before the ring does: a clip may still want the end of what was said
        self._early.forget(track)
        if self.batcher is not None:
            self.batcher.drop_looks({track})
        self._ring.forget(track)
        if self._voicing is not None:
            self._voicing.forget(track)


def _who(utterance: Utterance) -> str:
    """The same person after a new connection, where the room knows it."""
    return f"{utterance.room}/{utterance.speaker.id}"


def _find(matcher: Matcher, language: str, room: str, day: date, words: Sequence[Word]) -> list[KeywordHit]:
    return matcher.find(words, 0, language, room=room, day=day)
