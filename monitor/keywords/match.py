"""Finds the rules of keyword lists in recognised words.

Rules, in this order:
1. Phrases are searched in the normalised text of all words together (normalise.py), so a phrase may cross words.
2. Where the script has spaces a match begins and ends at a word's edge; where it has none, anywhere.
3. A pause longer than PAUSE seconds between two words ends the text: no phrase or pattern matches across it.
4. A rule counts where its list's and its own scope do (scope.py); what is unknown (language "", room "", no day)
   restricts nothing. Rules that are draft or retired are never searched for.
5. Rules that ask for it are also searched in other forms of the words, in unfolded disguises, and by sound. What is
   found so is a weaker sign (settle.grade_of).
6. A match that lies wholly inside a match of one of its own list's exceptions is dropped; so is a combination's part.
7. Overlaps are settled (settle.py). Combinations stand apart from that: they are long, and hide nothing.
8. Only matches that touch a fresh word are reported, in the order of the text, then list, then rule.

Pure: the same words, scope, lists and states give the same hits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from monitor.keywords.combine import PartHit
from monitor.keywords.compiled import Compiled
from monitor.keywords.disguise import readings
from monitor.keywords.normalise import Normal, normalise
from monitor.keywords.results import Miss, hit_of, is_fresh, near_misses
from monitor.keywords.rules import KeywordList, Reach, Rule
from monitor.keywords.scope import EVALUATED, Scope, States, state_of
from monitor.keywords.settle import Cover, Match, grade_of, settle, uncovered
from monitor.keywords.shown import CONTEXT_SIGNS, CONTEXT_WORDS, PAUSE, Spoken
from monitor.keywords.sound import tokens
from monitor.keywords.together import combined, each_once
from monitor.model import Grade, KeywordHit, NearMiss, RuleState, Way, Word

__all__ = ["CONTEXT_SIGNS", "CONTEXT_WORDS", "PAUSE", "Examined", "Matcher"]

SAME = 0.3
"""Seconds by which the times of one spoken word may differ between two hypotheses of it."""


@dataclass(frozen=True, slots=True)
class Examined:
    """All that one look at the words found."""

    hits: tuple[KeywordHit, ...] = ()
    parts: tuple[PartHit, ...] = ()  # of combinations that reach over more than this: for combine.Windows
    misses: tuple[NearMiss, ...] = ()


@dataclass(slots=True)
class _Found:
    """What the indexes have in one text, before it is settled."""

    spoken: Spoken
    matches: list[Match]
    covers: dict[str, list[Cover]]  # by list
    misses: list[Miss]


class Matcher:
    """Immutable once built: a changed list means a new Matcher. May be used from any thread."""

    def __init__(self, lists: Iterable[KeywordList] | Compiled, states: States | None = None) -> None:
        """`states`: what overrides the lists' own states (scope.States)."""
        self._compiled = lists if isinstance(lists, Compiled) else Compiled(lists)
        self._states: Mapping[tuple[str, str], RuleState] = dict(states or {})
        self._open = {(one.name, ""): self._states.get((one.name, ""), one.state) for one in self._compiled.lists}

    @property
    def lists(self) -> tuple[KeywordList, ...]:
        """In order of name."""
        return self._compiled.lists

    @property
    def states(self) -> States:
        return self._states

    def with_states(self, states: States) -> Matcher:
        """The same lists with other overrides; nothing is built anew."""
        return Matcher(self._compiled, states)

    def trial(self, name: str) -> Matcher:
        """One of the lists by itself, live as a whole: for its examples. Nothing is built anew."""
        others = {(one.name, ""): RuleState.RETIRED for one in self.lists if one.name != name}
        return Matcher(self._compiled, {**others, (name, ""): RuleState.LIVE})

    def find(
        self,
        words: Sequence[Word],
        fresh_from: int = 0,
        language: str = "",
        *,
        room: str = "",
        day: date | None = None,
        biased: bool = False,
    ) -> list[KeywordHit]:
        """Hits that touch a word with index ≥ `fresh_from`.

        Words before `fresh_from` are known already and only help what began there. `language`: ISO 639-1. `biased`:
        decoding was biased towards the lists, so no hit is better than grade C.
        """
        found = self._search(Spoken(words), fresh_from, Scope(language, room, day), biased=biased, near=False)
        return self._settled(found, fresh_from)[0]

    def examine(
        self,
        words: Sequence[Word],
        fresh_from: int = 0,
        language: str = "",
        *,
        room: str = "",
        day: date | None = None,
        biased: bool = False,
    ) -> Examined:
        """As `find`, with near misses and with the parts of combinations that reach further, in one search."""
        found = self._search(Spoken(words), fresh_from, Scope(language, room, day), biased=biased, near=True)
        hits, misses = self._settled(found, fresh_from)
        parts = self._parts(found, fresh_from) if self._compiled.combines else []
        return Examined(
            tuple(hits), tuple(parts), tuple(near_misses(found.spoken, found.matches, misses, found.misses, fresh_from))
        )

    def near(
        self,
        words: Sequence[Word],
        fresh_from: int = 0,
        language: str = "",
        *,
        room: str = "",
        day: date | None = None,
    ) -> list[NearMiss]:
        """What almost was a hit, in the order of the text."""
        return list(self.examine(words, fresh_from, language, room=room, day=day).misses)

    def find_text(self, text: str, language: str = "") -> list[KeywordHit]:
        """Hits in a written sentence: for a list's examples and for trying lists out. Times count words."""
        return self.find(words_of(text), 0, language)

    def in_alternatives(
        self,
        words: Sequence[Word],
        alternatives: Iterable[Sequence[Word]],
        language: str = "",
        *,
        room: str = "",
        day: date | None = None,
        biased: bool = False,
    ) -> list[KeywordHit]:
        """Hits that only other hypotheses have, in the order of time; each rule once at a time.

        Not where the best text (`words`) has the same rule, or an exception that excuses it, at that time. Sound is
        not looked for: words that nobody wrote down and that only sound alike are no evidence.
        """
        others = list(alternatives)
        if not others:
            return []
        scope = Scope(language, room, day)
        best = self._search(Spoken(words), 0, scope, biased=biased, near=False)
        known = [_Taken.of(best.spoken, match.source.name, match.rule.label, match) for match in best.matches]
        excused = [_Taken.of(best.spoken, name, None, cover) for name, some in best.covers.items() for cover in some]
        hits: list[KeywordHit] = []
        for alternative in others:
            found = self._search(Spoken(alternative), 0, scope, biased=biased, near=False, sound=False)
            for hit in self._settled(found, 0)[0]:
                if not any(taken.has(hit) for taken in known) and not any(taken.covers(hit) for taken in excused):
                    hits.append(replace(hit, way=Way.ALTERNATIVE, grade=max(hit.grade, Grade.B)))
                    known.append(_Taken(hit.list_name, hit.phrase, hit.start, hit.end))
        return sorted(hits, key=lambda hit: (hit.start, hit.end, hit.list_name, hit.phrase))

    def _search(
        self, spoken: Spoken, fresh_from: int, scope: Scope, *, biased: bool, near: bool, sound: bool = True
    ) -> _Found:
        found = _Found(spoken, [], {}, [])
        open_lists = {one.name for one in self.lists if self._open[one.name, ""] in EVALUATED and scope.has_list(one)}
        for start, end, last in spoken.runs():
            if last <= fresh_from and not self._compiled.combines:
                continue
            run = spoken.text[start:end]
            normal = normalise(run)
            for way, text, target, one, two in self._channels(run, normal, scope.language):
                source, rule, written, part = self._compiled[target]
                if source.name not in open_lists:
                    continue
                place = start + text.starts[one], start + text.ends[two - 1]
                if rule is None:
                    found.covers.setdefault(source.name, []).append(Cover(written, *place, way))
                elif match := self._match(spoken, scope, source, rule, place, way, biased=biased, part=part):
                    found.matches.append(match)
            if sound and self._compiled.sounds:
                self._sounds(found, normal, start, scope, open_lists, biased=biased, near=near)
        for covers in found.covers.values():
            covers.sort(key=lambda cover: (cover.start, cover.end, cover.text))
        return found

    def _channels(self, run: str, normal: Normal, language: str) -> Iterator[tuple[Way, Normal, int, int, int]]:
        """(way, text that was searched, target, start, end) of all that a run has, without what sounds alike."""
        compiled = self._compiled
        for target, start, end in compiled.exact.find(normal.text):
            yield Way.EXACT, normal, target, start, end
        for target, start, end in compiled.patterns.find(normal.text):
            yield Way.EXACT, normal, target, start, end
        for code, (lemmas, index) in compiled.inflected.items():
            if not language or code == language:
                text = lemmas.of_text(normal)
                for target, start, end in index.find(text.text):
                    yield Way.INFLECTED, text, target, start, end
        if len(compiled.disguised) or compiled.patterns.unfolds:
            for text in readings(run):
                for target, start, end in compiled.disguised.find(text.text):
                    yield Way.DISGUISED, text, target, start, end
                for target, start, end in compiled.patterns.find(text.text, unfolded=True):
                    yield Way.DISGUISED, text, target, start, end

    def _match(
        self,
        spoken: Spoken,
        scope: Scope,
        source: KeywordList,
        rule: Rule,
        place: tuple[int, int],
        way: Way,
        *,
        biased: bool,
        part: int,
        likeness: float = 1.0,
    ) -> Match | None:
        """None where the rule is not searched for, here and now."""
        state = state_of(source, rule, self._states)
        if state not in EVALUATED or not scope.has_rule(rule):
            return None
        first, last = spoken.span(*place)
        probability = min(word.probability for word in spoken.words[first : last + 1])
        grade = grade_of(way, probability, biased=biased)
        return Match(source, rule, state, *place, way, grade, likeness, part)

    def _sounds(
        self, found: _Found, normal: Normal, start: int, scope: Scope, open_lists: set[str], *, biased: bool, near: bool
    ) -> None:
        """What sounds alike in one run, and with `near` what almost does."""
        if self._compiled.sounds is None:
            return
        pieces = tokens(normal.text)
        for heard in self._compiled.sounds.find([piece.text for piece in pieces], scope.language, near=near):
            source, rule, _, part = self._compiled[heard.number]
            if rule is None or source.name not in open_lists:
                continue
            one, two = pieces[heard.first].start, pieces[heard.last].end
            place = start + normal.starts[one], start + normal.ends[two - 1]
            match = self._match(
                found.spoken, scope, source, rule, place, Way.SOUND, biased=biased, part=part, likeness=heard.likeness
            )
            if match and heard.miss:
                found.misses.append(Miss(match, heard.wanted, heard.miss))
            elif match:
                found.matches.append(match)

    def _settled(self, found: _Found, fresh_from: int) -> tuple[list[KeywordHit], list[Miss]]:
        """The hits, and what exceptions excused."""
        free, excused = uncovered(found.matches, found.covers)
        misses = [
            Miss(match, 1.0, f"covered by the exception {cover.text!r}")
            for match, cover in excused
            if match.part < 0 and is_fresh(found.spoken, match, fresh_from)
        ]
        hits = [
            (match.start, match.end, hit_of(match, found.spoken))
            for match in settle([match for match in free if match.part < 0])
            if is_fresh(found.spoken, match, fresh_from)
        ]
        if self._compiled.combines:
            hits.extend(combined(found.spoken, [match for match in free if match.part >= 0], fresh_from))
        return [hit for *_, hit in sorted(hits, key=lambda at: (at[0], at[1], at[2].list_name, at[2].phrase))], misses

    def _parts(self, found: _Found, fresh_from: int) -> list[PartHit]:
        free, _ = uncovered((match for match in found.matches if match.part >= 0), found.covers)
        return [
            PartHit(match.source, match.rule, match.part, hit_of(match, found.spoken))
            for match in each_once(free)
            if match.rule.combination
            and match.rule.combination.reach is not Reach.UTTERANCE
            and is_fresh(found.spoken, match, fresh_from)
        ]


@dataclass(frozen=True, slots=True)
class _Taken:
    """Where the best text has a rule, or an exception (label None)."""

    list_name: str
    label: str | None
    start: float  # media time
    end: float

    @staticmethod
    def of(spoken: Spoken, name: str, label: str | None, at: Match | Cover) -> _Taken:
        first, last = spoken.span(at.start, at.end)
        return _Taken(name, label, spoken.words[first].start, spoken.words[last].end)

    def has(self, hit: KeywordHit) -> bool:
        same = self.list_name == hit.list_name and self.label == hit.phrase
        return same and self.start < hit.end + SAME and hit.start < self.end + SAME

    def covers(self, hit: KeywordHit) -> bool:
        return self.list_name == hit.list_name and self.start <= hit.start + SAME and hit.end <= self.end + SAME


def words_of(text: str) -> list[Word]:
    """A written sentence as words; word n takes the second n."""
    return [Word(part, float(i), i + 1.0, 1.0) for i, part in enumerate(re.findall(r"\s*\S+", text))]
