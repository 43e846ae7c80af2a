"""Who may train and who must be judged: splits that share no speaker, no voice and no text, checked; and folds that
share no generator either.

Trap this is made against (docs/discussion/voice-data.md): a detector that has heard the test's speaker, voice, text or
generator in training looks far better than it is.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.voices.corpus.rows import CorpusInvalid, Label, Row, Split

SHARES: Mapping[Split, float] = {Split.TRAIN: 0.40, Split.DEV: 0.30, Split.TEST: 0.30}
"""Of the seconds of genuine speech of each language, as nearly as whole groups of speakers allow."""
HELD = ("matched-pairs", "demonstrations")
"""Sources that only judge: the same person recorded and synthesised is the cleanest test there is, and there is little
of it."""
SEPARATE: Mapping[str, Callable[[Row], str]] = {"speaker": lambda r: r.speaker, "text": lambda r: r.text_id}
"""What no two splits may share. A synthetic voice is a speaker."""


def assign(rows: Sequence[Row], voices: Mapping[str, Split], seed: int = 0) -> list[Row]:
    """The rows with their splits.

    People who have a text in common are one group, and a group is in one split with all its texts. People whose speech
    mayn't go into weights that are given away never train. `voices`: splits chosen by hand, of people with much speech
    and of synthetic voices of engines that have few; other synthetic voices go by their names. A synthetic voice that
    speaks a text of another split than its own belongs to NONE; a twin of a person's recording goes with the person.
    """
    people = [row for row in rows if row.label is Label.GENUINE]
    groups = _groups(people)
    of_group = _dealt(people, groups, voices, seed)
    of_text = {row.text_id: of_group[groups[row.speaker]] for row in people}
    of_person = {row.speaker: of_group[groups[row.speaker]] for row in people}
    done = []
    for row in rows:
        if row.label is Label.GENUINE or row.speaker in of_person:
            split = of_person[row.speaker]
        elif row.source in HELD and row.speaker not in voices:
            split = of_text.get(row.text_id, Split.TEST)
        else:
            mine = split_of(row.speaker, voices, seed)
            split = mine if of_text.get(row.text_id, mine) is mine else Split.NONE
        done.append(replace(row, split=split))
    return _strays(done)


def split_of(voice: str, voices: Mapping[str, Split], seed: int = 0) -> Split:
    """A synthetic voice's split: the one chosen by hand, or by its name."""
    return voices.get(voice) or _by_name(voice, seed)


def check(rows: Iterable[Row]) -> None:
    """Raises CorpusInvalid where two splits share a speaker, voice or text, or a row may not be trained on."""
    of: dict[str, dict[str, set[Split]]] = {name: defaultdict(set) for name in SEPARATE}
    for row in rows:
        if row.split is Split.NONE:
            continue
        if row.split is Split.TRAIN and row.label is Label.GENUINE and not row.weights_ok:
            raise CorpusInvalid(f"{row.path} trains, but its licence ({row.licence}) doesn't allow weights")
        for name, key in SEPARATE.items():
            of[name][key(row)].add(row.split)
    for name, found in of.items():
        for value, splits in sorted(found.items()):
            if len(splits) > 1:
                listed = " and ".join(sorted(splits))
                raise CorpusInvalid(f"the {name} {value} is in {listed}: what is measured on it would flatter")


@dataclass(frozen=True, slots=True)
class Fold:
    """Training without one family of generators, and a test that has no other synthetic speech."""

    left_out: str
    train: tuple[Row, ...]
    test: tuple[Row, ...]


def leave_one_out(rows: Sequence[Row]) -> list[Fold]:
    """One fold for each family of generators that speaks in the test. Raises CorpusInvalid from `check_fold`.

    Copy-synthesis of training speakers is judged on test speakers alone, as everything else.
    """
    folds = []
    for family in sorted({row.family for row in rows if row.split is Split.TEST and row.generator}):
        fold = Fold(
            family,
            tuple(r for r in rows if r.split is Split.TRAIN and r.family != family),
            tuple(r for r in rows if r.split is Split.TEST and r.family in ("", family)),
        )
        check_fold(fold)
        folds.append(fold)
    return folds


def check_fold(fold: Fold) -> None:
    """Raises CorpusInvalid where training and test share a speaker, voice, text or family of generators."""
    keys: dict[str, Callable[[Row], str]] = {**SEPARATE, "generator": lambda r: r.family}
    for name, key in keys.items():
        both = ({key(r) for r in fold.train} & {key(r) for r in fold.test}) - {""}
        if both:
            raise CorpusInvalid(f"without {fold.left_out}: training and test share the {name} {min(both)}")


def _groups(people: Sequence[Row]) -> dict[str, str]:
    """Speaker → name of the group: speakers joined by common texts (union-find)."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for row in people:
        first, second = sorted((root(f"speaker {row.speaker}"), root(f"text {row.text_id}")))
        parent[second] = first
    return {row.speaker: root(f"speaker {row.speaker}") for row in people}


def _dealt(
    people: Sequence[Row], groups: Mapping[str, str], voices: Mapping[str, Split], seed: int
) -> dict[str, Split]:
    """Group → split: in each language the largest group first, each to the split that lacks most.

    Speech that may train and speech that mayn't are dealt apart: else much of the one would drive out the other.
    """
    seconds: dict[str, float] = defaultdict(float)
    language: dict[str, str] = {}
    free: dict[str, bool] = defaultdict(lambda: True)
    forced: dict[str, Split] = {groups[speaker]: split for speaker, split in voices.items() if speaker in groups}
    for row in sorted(people, key=lambda r: r.path):
        group = groups[row.speaker]
        seconds[group] += row.seconds
        language.setdefault(group, row.language)
        free[group] = free[group] and row.weights_ok
        if row.source in HELD:
            forced[group] = Split.TEST
    given: dict[tuple[str, bool, Split], float] = defaultdict(float)
    dealt: dict[str, Split] = {}
    order = sorted(seconds, key=lambda g: (-round(seconds[g]), _number(g, seed)))
    for group in order:
        choices = list(SHARES) if free[group] else [Split.DEV, Split.TEST]
        choices = [forced[group]] if group in forced else choices
        cell = (language[group], free[group])
        split = min(choices, key=lambda s: (given[*cell, s] + seconds[group]) / SHARES[s])
        dealt[group] = split
        given[*cell, split] += seconds[group]
    return dealt


def _by_name(voice: str, seed: int) -> Split:
    share = _number(voice, seed)
    for split, part in SHARES.items():
        if share < part:
            return split
        share -= part
    return Split.TEST


def _strays(rows: list[Row]) -> list[Row]:
    """Texts that no person here spoke: a text that voices of two splits speak stays with the test."""
    spoken: dict[str, set[Split]] = defaultdict(set)
    for row in rows:
        spoken[row.text_id].add(row.split)
    done = []
    for row in rows:
        held = spoken[row.text_id] - {Split.NONE}
        keep = max(held, key=list(Split).index) if held else Split.NONE
        done.append(row if row.split in (keep, Split.NONE) else replace(row, split=Split.NONE))
    return done


def _number(name: str, seed: int) -> float:
    """0 … 1, the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:6], "big") / 2**48
