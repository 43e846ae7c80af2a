"""`bench backtest`: how long it takes to try a list on many stored utterances, and in how much memory.

The database is made: words drawn by their frequency in English (wordfreq), a phrase of the list put into one utterance
of fifty. So the vocabulary and its proportions are those of real text, the sentences are not.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from wordfreq import top_n_list, word_frequency

from monitor.bench.machine import describe
from monitor.keywords.backtest import Backtest, Report, run
from monitor.keywords.rules import KeywordList, Rule
from monitor.keywords.sound import DEFAULT
from monitor.keywords.spoken import spoken
from monitor.model import Severity, Word
from monitor.store.archive import Archive
from monitor.store.schema import migrate

DAYS = 30
ROOMS, SPEAKERS = 10, 200
WORDS = 12
"""Mean length of an utterance; they have 1 to 40."""
VOCABULARY = 40_000
RARE = 8_000
"""Rank from which words are no everyday ones: stems for wildcards are taken from there."""
PLANTED = 0.02
"""Share of the utterances that a phrase of the list is put into."""
_BATCH = 10_000
_UTTERANCES = """
INSERT INTO utterances (id, seq, at, room, track, speaker_id, speaker_name, began, seconds, language, text, words, cut,
model, took, ghosts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'en', ?, ?, 'silence', 'made', 0, '[]')
"""
_SPOKEN = "INSERT INTO spoken VALUES (?, ?, 'en', ?, 0, ?, ?)"
_TIMES = [f'"start": {0.3 * n:.1f}, "end": {0.3 * n + 0.25:.2f}, "probability": 0.9}}' for n in range(64)]
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """How many rules of each kind."""

    literal: int = 800
    wildcard: int = 200
    inflected: int = 0
    sound: int = 0
    common: bool = False  # wildcards on the stems of everyday words

    @property
    def phrases(self) -> int:
        return self.literal + self.inflected + self.sound


MIXES = {
    "800 literal, 200 with `*`": Mix(),
    "the same, common stems": Mix(common=True),
    "100 of them inflected": Mix(literal=700, inflected=100),
    "50 of them by sound": Mix(literal=750, sound=50),
    "both": Mix(literal=650, inflected=100, sound=50),
}


def measure(utterances: int, keep: Path | None, seed: int, out: Console) -> None:
    """Make the database (kept in `keep`, if given, and found there the next time), try lists on it, print figures."""
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        path = (keep or Path(scratch)) / f"backtest-{utterances}-{seed}.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        chance = np.random.default_rng(seed)
        lists = {name: versions(mix) for name, mix in MIXES.items()}
        if not path.exists():
            _make(path, utterances, [rule.text for rule in versions(Mix())[1].rules], chance, out)
        rows = [_try(path, name, *pair, out) for name, pair in lists.items()]
    _print(out, utterances, rows)


def versions(mix: Mix) -> tuple[KeywordList, KeywordList]:
    """(old, new): the old one lacks every tenth rule. The same phrases in all mixes, as far as they go."""
    words = [word for word in top_n_list("en", VOCABULARY) if word.isalpha() and word.isascii() and len(word) > 3]
    picked = np.random.default_rng(7).permutation(words[300:])  # without those that everybody says
    rules = [Rule(f"{a} {b}", Severity.MEDIUM, text=f"{a} {b}") for a, b in picked[: 2 * mix.phrases].reshape(-1, 2)]
    for index in range(mix.inflected):
        rules[index] = replace(rules[index], inflect=True)
    for index in range(mix.inflected, mix.inflected + mix.sound):
        rules[index] = replace(rules[index], sound=DEFAULT)
    least = 0 if mix.common else RARE
    stems = dict.fromkeys(
        f"{word[:7]}*" for word in np.random.default_rng(8).permutation(words[least:]) if len(word) > 7
    )
    rules += [Rule(stem, Severity.MEDIUM, text=stem) for stem in list(stems)[: mix.wildcard]]
    return _list("old", tuple(rule for number, rule in enumerate(rules) if number % 10)), _list("new", tuple(rules))


def _list(version: str, rules: tuple[Rule, ...]) -> KeywordList:
    return KeywordList("bench", "bench", ("en",), Severity.MEDIUM, rules, (), (), (), version)


def _make(path: Path, utterances: int, phrases: Sequence[str], chance: np.random.Generator, out: Console) -> None:
    making = path.with_suffix(".part")  # one that was not finished is not found the next time
    migrate(making)
    with closing(sqlite3.connect(making)) as db, Progress(console=out, transient=True) as progress:
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        task = progress.add_task("Utterances made", total=utterances)
        for first in range(0, utterances, _BATCH):
            count = min(_BATCH, utterances - first)
            made = list(_utterances(first, count, utterances, phrases, chance))
            with db:
                db.executemany(_UTTERANCES, [utterance for utterance, _ in made])
                db.executemany(_SPOKEN, [text for _, text in made])
            progress.advance(task, count)
    making.rename(path)


def _utterances(
    first: int, count: int, of: int, phrases: Sequence[str], chance: np.random.Generator
) -> Iterator[tuple[Row, Row]]:
    vocabulary, shares = _vocabulary()
    lengths = np.clip(chance.geometric(1 / WORDS, count), 1, 40)
    drawn = chance.choice(len(vocabulary), int(lengths.sum()), p=shares)
    speakers = chance.integers(SPEAKERS, size=count)
    planted = chance.random(count) < PLANTED
    place = 0
    for index, length in enumerate(lengths):
        texts = [vocabulary[number] for number in drawn[place : place + length]]
        place += int(length)
        if planted[index]:
            texts[length // 2 : length // 2] = phrases[int(chance.integers(len(phrases)))].replace("*", "s").split()
        at = 1_700_000_000.0 + DAYS * 86400 * (first + index) / of
        yield _rows(first + index + 1, at, int(speakers[index]), texts)


def _rows(seq: int, at: float, speaker: int, texts: Sequence[str]) -> tuple[Row, Row]:
    """An utterance and its text. Written by hand where that is quick: a million of them are made."""
    shown = ", ".join(f'{{"text": " {text}", {time}' for text, time in zip(texts, _TIMES, strict=False))
    seconds, room = 0.3 * len(texts), f"room-{speaker % ROOMS}"
    said = " ".join(texts)
    heard = (f"u{seq}", seq, at, room, f"t{speaker}", f"s{speaker}", f"Speaker {speaker}", at - seconds, seconds)
    text = spoken([Word(f" {said}", 0.0, seconds, 0.9)])
    return (*heard, said, f"[{shown}]"), (seq, text.form, seconds, text.normal, text.unfolded)


def _vocabulary() -> tuple[list[str], np.ndarray]:
    if not _known:
        words = [word for word in top_n_list("en", VOCABULARY) if word.isascii() and word.replace("'", "").isalpha()]
        shares = np.array([word_frequency(word, "en") for word in words])
        _known.append((words, shares / shares.sum()))
    return _known[0]


_known: list[tuple[list[str], np.ndarray]] = []


@dataclass(frozen=True, slots=True)
class _Tried:
    name: str
    report: Report
    cpu: float  # seconds, of all processes


def _try(path: Path, name: str, old: KeywordList, new: KeywordList, out: Console) -> _Tried:
    backtest = Backtest(new=new, old=old, since=0.0, until=float("inf"))
    before = _cpu()
    with Progress(console=out, transient=True) as progress:
        task = progress.add_task(name, total=None)
        report = run(backtest, Archive(path), lambda done, total: progress.update(task, completed=done, total=total))
    return _Tried(name, report, _cpu() - before)


def _cpu() -> float:
    """Seconds of this process and of those it had, so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _print(out: Console, utterances: int, rows: Sequence[_Tried]) -> None:
    columns = ("1,000 phrases", "Seconds", "CPU s", "Searched", "Hits", "Gained", "Lost", "Alerts/h")
    table = Table(*columns, box=None, header_style="bold")
    for tried in rows:
        report = tried.report
        share = f"{report.candidates / max(1, report.utterances):.1%}"
        found = (sum(rule.hits for rule in report.rules), report.gained, report.lost)
        counts = (f"{number:,}" for number in found)
        table.add_row(
            tried.name, f"{report.took:.1f}", f"{tried.cpu:.1f}", share, *counts, f"{report.alerts_an_hour:.1f}"
        )
    out.print(f"Backtest of {utterances:,} stored utterances, a new version beside an old one, 2 processes;")
    out.print("Searched: share of the utterances that the sieve leaves to the matcher")
    out.print(table)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg()[:2])
    out.print(f"Largest process: {peak / 1024:.0f} MB; load of the machine in the last 1 and 5 minutes: {load}")
    out.print(describe(), style="dim", highlight=False)
