"""Hits that a bigger model hears again, and what becomes of them: confirmed, undecided or withdrawn.

Asked for when an utterance has hits of live rules, also of those whose grade alerts nobody: what was found by sound
alone and is then heard word for word becomes an alert. The utterance is searched again with the very lists that found
the hit, so that a change of the lists meanwhile withdraws nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitor.alerts.grading import judge
from monitor.evidence.ring import Ring
from monitor.model import RATE, KeywordHit, Reheard, RuleState, Transcript, Utterance, Word
from monitor.raising import Raiser
from monitor.speech.recogniser import Hints
from monitor.speech.second import Again, SecondHearings
from monitor.store.records import Revision
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics

BEFORE = 0.5
"""Seconds before a hit from which it is heard again, where it began before its utterance."""
LONGEST = 28.0
"""Seconds that are heard again at most: what Whisper takes in at once, with a margin."""
NEAR = 1.0
"""Seconds by which two models may differ in where a word is."""
CONTEXT, PAUSE = 8.0, 1.5
"""As in pipeline.py: what was said before is heard as well, up to a pause."""

Find = Callable[[Sequence[Word]], list[KeywordHit]]


@dataclass(frozen=True, slots=True)
class Case:
    """The hits of one utterance, each with the id of its alert or "", and how they were found."""

    hits: tuple[tuple[KeywordHit, str], ...]
    utterance: Utterance  # the one in which they were found; what is heard again may begin before it
    language: str
    find: Find


class Rehearing:
    """Between the pipeline and the queue of second hearings. `hearings` is set by the composition root."""

    def __init__(self, *, store: Store, raiser: Raiser, ring: Ring, metrics: Metrics) -> None:
        self._store = store
        self._raiser = raiser
        self._ring = ring
        self._metrics = metrics
        self.hearings: SecondHearings[Case] | None = None  # None: there is no bigger model

    def ask(self, transcript: Transcript, hits: Sequence[tuple[KeywordHit, str]], find: Find) -> None:
        """Have the hits of one utterance heard again where that makes sense; never waits."""
        utterance, language = transcript.utterance, transcript.language
        earliest = utterance.end - round(LONGEST * RATE)
        live = tuple(
            (hit, alert) for hit, alert in hits if hit.state is RuleState.LIVE and hit.start * RATE >= earliest
        )
        if self.hearings is None or not live:
            return
        first = min(round((hit.start - BEFORE) * RATE) for hit, _ in live)
        said = self._from(utterance, max(first, earliest))
        before = self._ring.before(utterance.track, said.start, CONTEXT, PAUSE)
        hints = Hints((language,), language, before=before)
        self.hearings.submit(Again(said, hints, Case(live, utterance, language, find)))

    def withdraw(self, tracks: Container[str]) -> None:
        """Consent was withdrawn: nothing of these tracks is heard again."""
        if self.hearings is not None:
            self.hearings.withdraw(tracks)

    def _from(self, utterance: Utterance, start: int) -> Utterance:
        """The utterance, and what the speaker said before it from `start` (media time, samples) on."""
        if start >= utterance.start:
            return utterance
        more = self._ring.before(utterance.track, utterance.start, (utterance.start - start) / RATE, LONGEST)
        began = utterance.began - len(more) / RATE
        audio = np.concatenate([more, utterance.audio])
        return replace(utterance, start=utterance.start - len(more), began=began, audio=audio)

    async def settle(self, request: Again[Case], heard: Transcript | None) -> None:
        """What became of a request: the queue calls this once for each."""
        case = request.about
        if heard is None or heard.language != case.language:  # a model of one language has nothing to say of others
            self._metrics.second("given-up", len(case.hits))
            return
        await self._keep(case, request.utterance, heard)
        found = case.find(heard.words)
        for hit, alert in case.hits:
            if hit.start * RATE < request.utterance.start:  # its beginning is no longer there to be heard
                self._metrics.second("given-up", 1)
                continue
            after = judge(hit, _same(hit, found), heard.model, _words_at(hit, heard.words))
            assert after.second is not None  # noqa: S101  judge sets it
            self._metrics.second(after.second.outcome.value, 1)
            await self._tell(case, hit, after, after.second.outcome, alert)

    async def _keep(self, case: Case, said: Utterance, heard: Transcript) -> None:
        """What people read first stays as it was; this is kept beside it."""
        revision = Revision(case.utterance.id, heard.model, heard.language, said.began, said.seconds, heard.text)
        await self._store.add_revision(revision)

    async def _tell(self, case: Case, hit: KeywordHit, after: KeywordHit, outcome: Reheard, alert: str) -> None:
        if alert:
            await self._raiser.heard_again(alert, hit, after)
        elif outcome is Reheard.CONFIRMED:
            alert = await self._raiser.hit(after, case.utterance, case.language)
        await self._store.change_hit(case.utterance.id, hit, after, alert)


def _same(hit: KeywordHit, found: Sequence[KeywordHit]) -> KeywordHit | None:
    """The strongest hit of the same rule at about the same time."""
    same = (
        one
        for one in found
        if (one.list_name, one.phrase) == (hit.list_name, hit.phrase)
        and one.start <= hit.end + NEAR
        and hit.start <= one.end + NEAR
    )
    return min(same, key=lambda one: one.grade.value, default=None)


def _words_at(hit: KeywordHit, words: Sequence[Word]) -> str:
    """What was heard where the hit is, with a little on both sides: the reason that people are shown."""
    return "".join(w.text for w in words if w.end >= hit.start - NEAR and w.start <= hit.end + NEAR).strip()
