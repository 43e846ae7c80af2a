"""A phrase that straddles a cut is found once: not twice, and not never.

An utterance that was cut for its length is followed by one that repeats the last second or so of its audio. Both are
recognised, and where they overlap the two texts differ: the word that the cut went through is garbled at the end of the
first and whole in the second, the word at the second's start the other way round. `Tails` keeps each track's last words
and joins them with the new ones, each moment once; `Seen` recognises a hit that was found in both versions.

Both are for one consumer that sees a track's transcripts in order. Media time in seconds throughout.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from monitor.keywords.normalise import normalise
from monitor.model import RATE, KeywordHit, Transcript, Word

TOLERANCE = 0.3
"""Seconds by which the times of one spoken word may differ between two recognitions of it."""
_COVERED = 0.6  # a word is the same moment as others that cover this share of its time
_SEEN_PER_TRACK = 64


@dataclass(frozen=True, slots=True)
class Joined:
    """What to search, and what to show."""

    words: tuple[Word, ...]  # remembered words, then the new ones; each moment once
    fresh_from: int  # index of the first new word in `words`
    shown: tuple[Word, ...]  # the new transcript's words without those that the transcript before has shown
    repeated_until: float  # media time up to which this audio was heard before; 0 where nothing repeats

    @property
    def seam(self) -> float:
        """Media time at which the remembered words end and the new ones take over; 0 without remembered words."""
        return self.words[self.fresh_from - 1].end if self.fresh_from else 0.0


@dataclass(slots=True)
class _Memory:
    words: tuple[Word, ...]
    until: float  # media time at which the last utterance ended


class Tails:
    """The last words of each track. At most `max_speakers` tracks; the one unheard for longest is forgotten first."""

    def __init__(self, seconds: float = 6.0, max_speakers: int = 1024) -> None:
        """`seconds`: how much is remembered; a phrase that began earlier than that before a cut is not joined."""
        if seconds <= 0 or max_speakers < 1:
            raise ValueError("a tail needs a length and room for one speaker")
        self._seconds = seconds
        self._max = max_speakers
        self._memory: OrderedDict[str, _Memory] = OrderedDict()

    def join(self, track: str, transcript: Transcript) -> Joined:
        """Join a transcript to what the track said before, and remember it. Call once a transcript, in order."""
        known = self._memory.pop(track, None)
        joined, memory = _joined(known, transcript)
        self._remember(track, memory)
        return joined

    def peek(self, track: str, transcript: Transcript) -> Joined:
        """The same for an utterance that isn't over: nothing is remembered of it."""
        return _joined(self._memory.get(track), transcript)[0]

    def forget(self, track: str) -> None:
        """The speaker left, or withdrew consent."""
        self._memory.pop(track, None)

    def _remember(self, track: str, memory: _Memory) -> None:
        since = memory.until - self._seconds
        self._memory[track] = _Memory(tuple(word for word in memory.words if word.end >= since), memory.until)
        while len(self._memory) > self._max:
            self._memory.popitem(last=False)


def _joined(known: _Memory | None, transcript: Transcript) -> tuple[Joined, _Memory]:
    """With what is to be remembered."""
    utterance = transcript.utterance
    begin, end = utterance.start / RATE, utterance.end / RATE
    if known is None or end <= known.until - TOLERANCE:  # first words, or late: nothing before it is known
        return Joined(transcript.words, 0, transcript.words, 0.0), known or _Memory(transcript.words, end)
    repeated = min(begin + utterance.overlap / RATE, known.until)
    if utterance.overlap and repeated > begin:
        joined = _across(known.words, transcript.words, (begin, repeated))
    else:
        joined = _after(known.words, transcript.words)
    return joined, _Memory(joined.words, end)


def _after(old: Sequence[Word], new: Sequence[Word]) -> Joined:
    return Joined((*old, *_spaced(old, new)), len(old), tuple(new), 0.0)


def _across(old: Sequence[Word], new: Sequence[Word], repeated: tuple[float, float]) -> Joined:
    """Old words up to the seam, new ones from there.

    The seam is a word that both versions have (the one nearest to the middle of the repeated stretch, since each
    version is best away from its edge), or else the middle itself, moved so that no word is in halves.
    """
    middle = (repeated[0] + repeated[1]) / 2
    same = _same_words(old, new)
    if same:
        last, twin = min(same, key=lambda pair: abs(_centre(old[pair[0]]) - middle))
        kept, fresh = list(old[: last + 1]), list(new[twin + 1 :])
    else:
        kept = [word for word in old if _centre(word) < middle]
        seam = max((word.end for word in kept), default=repeated[0] - TOLERANCE)
        fresh = [word for word in new if _centre(word) >= seam]
        reached = fresh[0].start if fresh else float("inf")
        kept += [word for word in old[len(kept) :] if word.end <= reached + 0.05]  # what only the old version has
    shown_to = max((twin for _, twin in same), default=-1)
    shown = tuple(word for word in new[shown_to + 1 :] if not _covered(word, old))
    return Joined((*kept, *_spaced(kept, fresh)), len(kept), shown, repeated[1])


def _same_words(old: Sequence[Word], new: Sequence[Word]) -> list[tuple[int, int]]:
    """(index in old, index in new) of words that are the same sound: same text, nearly the same time, in order.

    Nearest in time first, so that in "five five" each one finds its own.
    """
    spelling = [normalise(word.text).text for word in old]
    candidates: list[tuple[float, int, int]] = []
    for twin, word in enumerate(new):
        text = normalise(word.text).text
        for index in range(len(old) - 1, -1, -1):
            distance = abs(_centre(old[index]) - _centre(word))
            if text and spelling[index] == text and distance <= TOLERANCE:
                candidates.append((distance, index, twin))
            if old[index].end < word.start - 2 * TOLERANCE:
                break
    pairs: list[tuple[int, int]] = []
    for _, index, twin in sorted(candidates):
        if all((index < a and twin < b) or (index > a and twin > b) for a, b in pairs):
            pairs.append((index, twin))
    return pairs


def _covered(word: Word, others: Iterable[Word]) -> bool:
    """Whether other words take up most of a word's time."""
    length = max(word.end - word.start, 0.01)
    shared = sum(max(0.0, min(word.end, other.end) - max(word.start, other.start)) for other in others)
    return shared >= _COVERED * length


def _spaced(before: Sequence[Word], words: Sequence[Word]) -> list[Word]:
    """The words, the first with a space before it: two texts that were recognised apart are not one word.

    Beside a script without spaces the normal form drops the space again.
    """
    if not before or not words or words[0].text[:1].isspace():
        return list(words)
    return [replace(words[0], text=" " + words[0].text), *words[1:]]


def _centre(word: Word) -> float:
    return (word.start + word.end) / 2


class Seen:
    """Remembers the hits of each track, so that a word that two transcripts contain raises once."""

    def __init__(self, seconds: float = 10.0, max_speakers: int = 1024) -> None:
        if seconds <= 0 or max_speakers < 1:
            raise ValueError("a memory needs a length and room for one speaker")
        self._seconds = seconds
        self._max = max_speakers
        self._hits: OrderedDict[str, list[KeywordHit]] = OrderedDict()

    def fresh(self, track: str, hits: Sequence[KeywordHit], joined: Joined) -> list[KeywordHit]:
        """Those of the hits in `joined` that were not found before, in order.

        A hit is the same as an earlier one where list and phrase agree, their times touch within TOLERANCE, it began
        in audio that was heard before, and the earlier one reaches past the seam (before the seam are the remembered
        words themselves, which no new hit repeats). Each earlier hit stands for one new hit, the nearest: so of "five
        five five" each counts, however they are spread over two transcripts.
        """
        before = self._hits.pop(track, [])
        fresh = _fresh(before, hits, joined)
        kept = [*before, *fresh]
        newest = max((hit.end for hit in kept), default=0.0)
        kept = [hit for hit in kept if hit.end >= newest - self._seconds][-_SEEN_PER_TRACK:]
        if kept:
            self._hits[track] = kept
        while len(self._hits) > self._max:
            self._hits.popitem(last=False)
        return fresh

    def peek(self, track: str, hits: Sequence[KeywordHit], joined: Joined) -> list[KeywordHit]:
        """The same for an utterance that isn't over: nothing is remembered of it."""
        return _fresh(self._hits.get(track, []), hits, joined)

    def forget(self, track: str) -> None:
        """The speaker left, or withdrew consent."""
        self._hits.pop(track, None)


def _fresh(before: Sequence[KeywordHit], hits: Sequence[KeywordHit], joined: Joined) -> list[KeywordHit]:
    pairs = sorted(
        (abs(_middle(old) - _middle(new)), i, j)
        for i, old in enumerate(before)
        for j, new in enumerate(hits)
        if new.start < joined.repeated_until and old.end > joined.seam and same_hit(old, new)
    )
    used: set[int] = set()
    known: set[int] = set()
    for _, i, j in pairs:
        if i not in used and j not in known:
            used.add(i)
            known.add(j)
    return [hit for j, hit in enumerate(hits) if j not in known]


def same_hit(old: KeywordHit, new: KeywordHit) -> bool:
    """Whether two recognitions of the same moment have found the same rule there."""
    return (
        old.list_name == new.list_name
        and old.phrase == new.phrase
        and old.start <= new.end + TOLERANCE
        and new.start <= old.end + TOLERANCE
    )


def _middle(hit: KeywordHit) -> float:
    return (hit.start + hit.end) / 2
