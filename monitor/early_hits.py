"""Alerts before the sentence ends: hits in utterances that are still open, and what the whole of them says.

A hit that one look has found is tentative; a second look, or the whole, confirms it; only the whole withdraws it: a
look may garble a word that the next one has right, and nobody is helped by an alert that comes and goes. Whatever
happens, one spoken word is in one alert.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from monitor.keywords.tail import TOLERANCE, same_hit
from monitor.model import RATE, Cut, KeywordHit, Reheard, SecondHearing, Transcript, Utterance, Word
from monitor.raising import Raiser
from monitor.telemetry.metrics import Metrics

EDGE = 0.25
"""Seconds before the end of a look in which no hit is believed: the word there may be half of another one. A look in
a pause has more silence than that at its end."""
AROUND = 1.0
"""Seconds around a hit whose words are the reason for withdrawing it."""
MAX_TRACKS = 1024
MAX_TOLD = 64
"""Hits of one track that wait for the whole."""


@dataclass(slots=True)
class _Told:
    hit: KeywordHit  # as the alert has it
    alert: str


class EarlyHits:
    """One for all rooms; of each track, its looks and utterances in order."""

    def __init__(self, raiser: Raiser, metrics: Metrics) -> None:
        self._raiser = raiser
        self._metrics = metrics
        self._told: OrderedDict[str, list[_Told]] = OrderedDict()  # by track
        self._cut: list[_Told] = []  # to be taken back

    async def looked(self, transcript: Transcript, hits: Sequence[KeywordHit]) -> None:
        """`hits`: what is in an open utterance, as far as it goes, and in none before it."""
        utterance = transcript.utterance
        told = self._told.pop(utterance.track, [])
        edge = utterance.end / RATE - EDGE
        left = list(hits)
        for one in told:
            again = _nearest(one.hit, left)
            if again is not None:
                left.remove(again)
                if one.hit.tentative:
                    await self._change(one, again, "agreed")
        for hit in left:
            tentative = replace(hit, tentative=True)
            if hit.end <= edge and (alert := await self._raiser.hit(tentative, utterance, transcript.language)):
                told.append(_Told(tentative, alert))
                self._metrics.early("raised")
        self._keep(utterance.track, told)

    async def whole(self, transcript: Transcript, hits: Sequence[KeywordHit]) -> list[str]:
        """The id of the alert in which each of the hits is already, or "" where nothing was told of it."""
        utterance = transcript.utterance
        alerts = [""] * len(hits)
        left = list(hits)
        later: list[_Told] = []
        for one in self._told.pop(utterance.track, []):
            same = _nearest(one.hit, left)
            if same is not None:
                left.remove(same)
                alerts[next(n for n, hit in enumerate(hits) if hit is same)] = one.alert
                await self._change(one, same, "confirmed")
            elif _elsewhere(one.hit, utterance) or _beyond(one.hit, utterance):
                later.append(one)
            else:
                await self._withdraw(one, transcript.model, _words_at(one.hit, transcript.words))
        self._keep(utterance.track, later)
        return alerts

    async def no_speech(self, utterance: Utterance, model: str) -> None:
        """The whole of it is no speech after all."""
        told = self._told.pop(utterance.track, [])
        self._keep(utterance.track, [one for one in told if _elsewhere(one.hit, utterance)])
        for one in told:
            if not _elsewhere(one.hit, utterance):
                await self._withdraw(one, model, "")

    def forget(self, track: str) -> None:
        """The speaker has left; or withdrew consent."""
        self._told.pop(track, None)

    def cut(self, tracks: Container[str]) -> None:
        """The open utterances of these tracks were dropped, as nobody may listen any more: `tell_cut` takes back what
        was told of them alone."""
        for track in [track for track in self._told if track in tracks]:
            self._cut += [one for one in self._told.pop(track) if one.hit.tentative]

    async def tell_cut(self) -> None:
        while self._cut:
            await self._withdraw(self._cut.pop(), "consent ended", "")

    async def _change(self, one: _Told, now: KeywordHit, outcome: str) -> None:
        await self._raiser.heard_again(one.alert, one.hit, now)
        one.hit = now
        self._metrics.early(outcome)

    async def _withdraw(self, one: _Told, model: str, text: str) -> None:
        second = SecondHearing(model, text, Reheard.WITHDRAWN)
        await self._change(one, replace(one.hit, tentative=False, second=second), "withdrawn")

    def _keep(self, track: str, told: list[_Told]) -> None:
        if told:
            self._told[track] = told[-MAX_TOLD:]
        while len(self._told) > MAX_TRACKS:
            self._told.popitem(last=False)


def _nearest(hit: KeywordHit, others: Sequence[KeywordHit]) -> KeywordHit | None:
    """The same rule at about the same time: looks differ by a little in where a word is."""
    same = [other for other in others if same_hit(hit, other)]
    return min(same, key=lambda other: abs(other.start + other.end - hit.start - hit.end), default=None)


def _elsewhere(hit: KeywordHit, utterance: Utterance) -> bool:
    """Whether it is of another utterance: one that was put aside is heard after those that were said later."""
    return hit.end <= utterance.start / RATE - TOLERANCE or hit.start >= utterance.end / RATE


def _beyond(hit: KeywordHit, utterance: Utterance) -> bool:
    """Whether the cut has left it, or the head of it, for the next utterance."""
    return utterance.cut in (Cut.LENGTH, Cut.GAP) and hit.end > utterance.end / RATE - TOLERANCE


def _words_at(hit: KeywordHit, words: Sequence[Word]) -> str:
    return "".join(w.text for w in words if w.end >= hit.start - AROUND and w.start <= hit.end + AROUND).strip()
