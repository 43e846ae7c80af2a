"""One monitored room as the house sees it: who is there, who talks, how much of it was examined.

The supervisor tells it what happens in the room; it keeps the present state for whoever asks, listens to each track,
and writes the ledger down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from monitor.consent_model import Consent
from monitor.hearing.coverage import GAPS_KEPT, Book, Ledger, Unfinished
from monitor.hearing.listen import Tap, listen
from monitor.hearing.looks import Looks
from monitor.hearing.pace import Pace
from monitor.hearing.segmenter import Rules, Segmenter
from monitor.hearing.vad import Vad
from monitor.messages import RoomView, VoiceView
from monitor.model import RATE, AudioFrame, Coverage, Gap, Heard, RoomState, Speaker, Utterance
from monitor.review.actions import RoomAct
from monitor.rooms.connector import MixedTrack, Track
from monitor.store.store import Store
from monitor.views import coverage_view, speaker_view

NOTED_GAP = 0.5
"""Seconds from which a gap is an entry of its own; shorter holes are summed up when the speaker leaves."""
ARRIVAL = 1.0
"""Seconds after the monitor's own arrival within which a track belongs to somebody who was there before."""
DEAF = (RoomState.JOINING, RoomState.WAITING, RoomState.FAILED)


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """What does not change while a room is monitored."""

    id: str
    name: str
    page: str = ""
    canary: bool = False  # the canary's own room


class Agreed(Protocol):
    """What a room has agreed to now. See monitor/consenting.py."""

    @property
    def state(self) -> Consent: ...

    def refusal(self, room: RoomState, speakers: Iterable[Speaker]) -> str:
        """Why their voices may not be listened to; empty: they may."""
        ...

    def opted_out(self, speaker: Speaker) -> bool: ...


class Always:
    """An `Agreed` for what is not asked: recordings, and the canary's own room."""

    state = Consent.GRANTED

    def refusal(self, _room: RoomState, _speakers: Iterable[Speaker]) -> str:
        return ""

    def opted_out(self, _speaker: Speaker) -> bool:
        return False


@dataclass(slots=True)
class _Visit:
    """One track from its first frame until all of it is settled."""

    track: str
    speaker: Speaker
    ledger: Ledger
    opened: float  # wall time
    pace: Pace
    segmenter: Segmenter
    tap: Tap
    mixed: bool = False
    ended: float = 0.0  # wall time; 0 while open
    noted: Ledger = field(default_factory=lambda: Ledger(0.0))  # which stretches have a gap entry already
    summed_up: bool = False  # the short holes have theirs

    async def frames(self, track: Track) -> AsyncIterator[AudioFrame]:
        """The track's frames, each noted as it comes."""
        async for frame in track.frames():
            self.pace.note(frame.start + len(frame.samples), frame.arrived, self.segmenter.talking)
            yield frame

    def totals(self, now: float) -> Coverage:
        """The ledger, and until it is over also the time up to `now` that has made no audio, as it looks so far."""
        samples = Counter(self.ledger.samples())
        for part in () if self.ended else self.pace.unmade(now, self.segmenter.talking):
            samples[part.state] += part.samples
        return Coverage({state: n / RATE for state, n in samples.items()})

    def end(self, now: float) -> None:
        """The track is over: book the time that it was open and that made no audio."""
        self.ended = now
        for part in self.pace.unmade(now, self.segmenter.talking):
            start = self.ledger.end
            self.ledger.extend(start + part.samples)
            self.ledger.settle(start, self.ledger.end, part.state, part.cause)


@dataclass(frozen=True, slots=True)
class _Noted:
    """A track whose frames are noted by its visit."""

    track: Track
    visit: _Visit

    @property
    def id(self) -> str:
        return self.track.id

    @property
    def speaker(self) -> Speaker:
        return self.track.speaker

    def frames(self) -> AsyncIterator[AudioFrame]:
        return self.visit.frames(self.track)


class RoomWatch:
    """The state of one room, and the listening to its tracks."""

    def __init__(
        self,
        facts: RoomFacts,
        *,
        book: Book,
        store: Store,
        rules: Rules,
        aggressiveness: int,
        hand_over: Callable[[Utterance], None],
        talking: Callable[[str, str, bool], None],
        forget: Callable[[str], None],
        ids: Callable[[], str],
        clock: Callable[[], float],
        voice: Callable[[str, str], VoiceView | None] = lambda _room, _speaker: None,
        agreed: Agreed | None = None,
        look: Callable[[Utterance], None] | None = None,
        every: float = 0.0,
        acts: Callable[[], frozenset[RoomAct]] = frozenset,
    ) -> None:
        """`voice`: what is known of the voice of somebody in a room; `agreed`: None where nobody need be asked.
        `acts`: what staff can have done to people in the room now.
        `look`: gets utterances that are still open, each `every` seconds of speech and in each pause; 0: never.
        """
        self.facts = facts
        self._agreed = agreed or Always()
        self._voice = voice
        self._acts = acts
        self._book = book
        self._store = store
        self._rules = rules
        self._look = look if every else None
        self._every = every
        self._aggressiveness = aggressiveness
        self._hand_over = hand_over
        self._talking_changed = talking
        self._forget = forget
        self._ids = ids
        self._clock = clock
        self._state = RoomState.IDLE
        self._told = (RoomState.IDLE, "")  # what dashboards were told of last
        self._deaf_since = 0.0  # wall time since which the monitor wants to be in the room and isn't; 0: it is
        self._deaf_cause = ""
        self._live_since = float("-inf")  # wall time
        self._speakers: dict[str, Speaker] = {}
        self._talkers: set[str] = set()
        self._visits: dict[str, _Visit] = {}
        self.removed = False  # the room is no longer wanted: the next change of its state is the last

    # what the room is like now

    @property
    def settled(self) -> bool:
        """Whether all that was heard is examined and written down."""
        return not self._visits

    @property
    def state(self) -> RoomState:
        return self._state

    def view(self) -> RoomView:
        speakers = [
            speaker_view(s, s.id in self._talkers, self._voice(self.facts.id, s.id), self._agreed.opted_out(s))
            for s in self._speakers.values()
        ]
        return RoomView(
            id=self.facts.id,
            name=self.facts.name,
            state=self._told[0].value,
            detail=self._told[1],
            page=self.facts.page,
            speakers=speakers,
            coverage=coverage_view(self._book.room(self.facts.id)),
            canary=self.facts.canary,
            actions=[act.value for act in RoomAct if act in self._acts() and not self.facts.canary],
            consent=self._agreed.state.value,
            removed=self.removed and self._state is RoomState.LEFT,
        )

    @property
    def deaf_since(self) -> float:
        """Wall time since which the monitor wants to be in the room and isn't; 0: it is, or doesn't want to."""
        return self._deaf_since

    def unfinished(self) -> list[Unfinished]:
        """What is under way: for a time line, beside the record."""
        return [
            Unfinished(
                visit.track,
                self.facts.id,
                visit.speaker,
                visit.opened,
                not visit.ended and visit.speaker.id in self._talkers,
                tuple(self._open_stretches(visit)),
            )
            for visit in self._visits.values()
        ]

    def _open_stretches(self, visit: _Visit) -> Iterator[Gap]:
        for start, end in visit.ledger.unsettled():
            yield self._gap(visit, start, end - start, Heard.PENDING, "")
        for start, end, state, cause in visit.ledger.gaps():
            if state is Heard.VETOED:
                yield self._gap(visit, start, end - start, state, cause)

    # what the supervisor tells

    async def on_state(self, state: RoomState, detail: str) -> None:
        self._state = state
        if state is RoomState.LIVE:
            self._live_since = self._clock()
        if state in DEAF:
            self._deaf_since = self._deaf_since or self._clock()
            self._deaf_cause = detail or self._deaf_cause
        else:
            await self._note_deafness()
        # A room whose server is away is tried every second: that is one event, and no news until something changes.
        tried = self._told[0] is RoomState.WAITING and state is RoomState.JOINING
        if not tried and (state, detail) != self._told:
            self._told = (state, detail)
            await self._store.add_room(self.view())

    async def _note_deafness(self) -> None:
        """While the monitor is not in a room there is no track to book on: the gap is the room's own."""
        since, self._deaf_since = self._deaf_since, 0.0
        cause, self._deaf_cause = self._deaf_cause, ""
        if since and (seconds := self._clock() - since) >= NOTED_GAP:
            cause = f"the monitor was not in the room: {cause or 'joining took that long'}"
            await self._store.add_gap(Gap(self.facts.id, None, "", since, seconds, Heard.LOST_ERROR, cause))

    async def on_roster(
        self, present: tuple[Speaker, ...], came: tuple[Speaker, ...], went: tuple[Speaker, ...]
    ) -> None:
        self._speakers = {speaker.id: speaker for speaker in present}
        self.look_at_consent()  # somebody who is opted out may have come into a mix
        for speaker in went:
            self._talkers.discard(speaker.id)
            await self._store.add_speaker(self.facts.id, speaker_view(speaker), "left")
        for speaker in came:
            view = speaker_view(speaker, opted_out=self._agreed.opted_out(speaker))
            await self._store.add_speaker(self.facts.id, view, "joined")

    async def on_track(self, track: Track) -> None:
        """Listen to one speaker until the track ends; nothing of it is left unbooked."""
        opened = self._clock()
        ledger = self._book.open(track.id, self.facts.id, track.speaker, opened)
        pace = Pace(opened, under_way=opened - self._live_since < ARRIVAL)
        mixed = isinstance(track, MixedTrack)
        tap = Tap(self._refusal(track.speaker, mixed))
        visit = _Visit(track.id, track.speaker, ledger, opened, pace, Segmenter(self._rules), tap, mixed)
        self._visits[track.id] = visit
        try:
            await self._store.open_track(track.id, self.facts.id, track.speaker, opened)
            await listen(
                _Noted(track, visit),
                room=self.facts.id,
                ledger=ledger,
                vad=Vad(self._aggressiveness),
                segmenter=visit.segmenter,
                hand_over=self._naming(track, self._hand_over),
                look=self._naming(track, self._look) if self._look else None,
                looks=Looks(self._every, self._rules.tail) if self._look else None,
                talking=lambda on: self._talk(track.speaker, on),
                ids=self._ids,
                tap=tap,
            )
        finally:
            visit.end(self._clock())
            self._talk(track.speaker, False)

    # consent

    @property
    def speakers(self) -> tuple[Speaker, ...]:
        """Who is in the room now."""
        return tuple(self._speakers.values())

    def look_at_consent(self) -> list[str]:
        """Listen to those who may be listened to now, and to nobody else. Done when it returns.

        Gives the tracks that nobody listens to any more.
        """
        closed = []
        for visit in self._visits.values():
            if visit.ended:
                continue
            if cause := self._refusal(visit.speaker, visit.mixed):
                if not visit.tap.cause:
                    closed.append(visit.track)
                visit.tap.close(cause)
            else:
                visit.tap.open()
        return closed

    def tracks_of(self, wanted: Callable[[Speaker], bool]) -> list[str]:
        """Tracks of which something may wait to be examined; a mix is everybody's."""
        return [visit.track for visit in self._visits.values() if visit.mixed or wanted(visit.speaker)]

    def _refusal(self, speaker: Speaker, mixed: bool) -> str:
        """A track is one of a visit: what is left of it once the room was lost was said while that was LIVE."""
        here = (RoomState.WAITING, RoomState.LEAVING, RoomState.LEFT, RoomState.FAILED)
        state = RoomState.LIVE if self._state in here else self._state
        return self._agreed.refusal(state, (speaker, *self._speakers.values()) if mixed else (speaker,))

    def _naming(self, track: Track, hand_over: Callable[[Utterance], None]) -> Callable[[Utterance], None]:
        """Hands utterances over; one of a mix says in the speaker's name who talked, as far as the room tells it."""
        if not isinstance(track, MixedTrack):
            return hand_over

        def named(utterance: Utterance) -> None:
            voices = track.voices(utterance.began, utterance.began + utterance.seconds)
            name = f"{track.speaker.name} ({', '.join(voices)})" if voices else track.speaker.name
            hand_over(replace(utterance, speaker=Speaker(track.speaker.id, name), mixed=True))

        return named

    def _talk(self, speaker: Speaker, on: bool) -> None:
        if on == (speaker.id in self._talkers):
            return
        (self._talkers.add if on else self._talkers.discard)(speaker.id)
        self._talking_changed(self.facts.id, speaker.id, on)

    # writing it down

    async def checkpoint(self) -> None:
        """Write the ledger of each open track to the database; finish those that are over and settled."""
        await self._store.save_coverages(self.coverages())
        await self.note()

    def coverages(self) -> dict[str, Coverage]:
        """The ledger of each track that is not finished."""
        now = self._clock()
        return {visit.track: visit.totals(now) for visit in self._visits.values()}

    async def note(self) -> None:
        """Put new gaps on the record, and finish the tracks that are over and settled."""
        for visit in list(self._visits.values()):
            await self._note_gaps(visit)
            if visit.ended and not visit.ledger.pending:
                await self._finish(visit)

    async def close(self) -> None:
        """The house stops: what is still pending was cut off by the end of the grace."""
        await self._note_deafness()
        for visit in list(self._visits.values()):
            if not visit.ended:
                visit.end(self._clock())
            visit.ledger.close(Heard.LOST_ERROR, "cut off when the service stopped")
            await self._finish(visit)

    async def _finish(self, visit: _Visit) -> None:
        await self._note_gaps(visit)
        await self._note_short_holes(visit)
        await self._store.close_track(visit.track, visit.ledger.totals(), visit.ended)
        self._book.drop(visit.track)
        self._forget(visit.track)
        del self._visits[visit.track]

    async def _note_gaps(self, visit: _Visit) -> None:
        """One entry for each gap that is long enough; one that has grown since gets another for the rest."""
        for start, end, state, cause in visit.ledger.gaps():
            if state is Heard.VETOED or (end - start) / RATE < NOTED_GAP:
                continue
            if state is Heard.NOT_CONSENTED and end == visit.ledger.end and visit.tap.cause and not visit.ended:
                continue  # it still grows, maybe for hours: one entry when it is over
            visit.noted.extend(end)
            fresh = visit.noted.settle(start, end, state)
            if fresh:
                await self._store.add_gap(self._gap(visit, end - fresh, fresh, state, cause))

    async def _note_short_holes(self, visit: _Visit) -> None:
        """One entry for each state: what the ledger has of it beyond the gaps that were told one by one."""
        if visit.summed_up:
            return
        visit.summed_up = True  # first: a stop may come while it is written, and the write is done all the same
        all_of_it, told = visit.ledger.samples(), visit.noted.samples()
        short = [g for g in visit.ledger.gaps() if g.state is not Heard.VETOED and (g.end - g.start) / RATE < NOTED_GAP]
        for state in sorted({gap.state for gap in short}):
            holes = [gap for gap in short if gap.state is state]
            samples = all_of_it[state] - told.get(state, 0)
            cause = f"{len(holes)} short holes over the whole visit: {holes[0].cause}"
            if len(visit.ledger.gaps()) == GAPS_KEPT:
                cause = f"more than {cause}"
            await self._store.add_gap(self._gap(visit, holes[0].start, samples, state, cause))

    def _gap(self, visit: _Visit, start: int, samples: int, state: Heard, cause: str) -> Gap:
        began = visit.pace.wall(start)
        return Gap(self.facts.id, visit.speaker, visit.track, began, samples / RATE, state, cause)
