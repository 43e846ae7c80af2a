"""Lists change again and again while ten tracks are searched: no utterance is missed, none is found twice, and each hit
names a version that was in force for that search."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np

from monitor.keywords.library import Library
from monitor.keywords.tail import Seen, Tails
from monitor.model import RATE, Cut, Speaker, Transcript, Utterance, Word

TRACKS, UTTERANCES, RELOADS = 10, 150, 12
SECONDS, OVERLAP = 6.0, 1.0  # each utterance repeats the last second of the one before
MARKS = 4
"""Marker words, each in a list of its own; all lists change at once."""


def write(directory: Path, version: int) -> None:
    """Every list with the same note phrase, which tells the version; renamed into place, as editors do."""
    for mark in range(MARKS):
        text = f'name = "l{mark}"\nphrases = ["mark{mark} here", "version{version} only"]\nnote = "v{version}"\n'
        whole = directory / f"{mark}.new"
        whole.write_text(text, "utf-8")
        os.utime(whole, ns=(version * 10**9, version * 10**9))
        whole.rename(directory / f"{mark}.toml")


def utterance(track: int, number: int) -> Transcript:
    """Six seconds of words; a marker every second, so that one is always in the audio that comes twice."""
    start = number * (SECONDS - OVERLAP)
    words = []
    for second in range(int(SECONDS)):
        at = start + second
        moment = round(at)
        words += [Word(f" mark{moment % MARKS}", at + 0.1, at + 0.4, 0.9), Word(" here", at + 0.5, at + 0.9, 0.9)]
    overlap = int(OVERLAP * RATE) if number else 0
    audio = np.zeros(int(SECONDS * RATE), np.int16)
    spoken = Utterance(
        f"{track}-{number}",
        "r",
        Speaker(str(track), "s"),
        str(track),
        0.0,
        int(start * RATE),
        audio,
        Cut.LENGTH,
        overlap,
    )
    return Transcript(spoken, "en", tuple(words), "script", 0.0)


def test_nothing_is_missed_or_found_twice_while_lists_change(tmp_path: Path) -> None:
    write(tmp_path, 0)
    library = Library(tmp_path)
    library.load()
    tails, seen = Tails(), Seen()
    found: Counter[tuple[int, int, str]] = Counter()
    swaps: list[tuple[str, ...]] = []
    done = Event()

    def reload() -> int:
        version = 0
        while not done.is_set():
            version += 1
            write(tmp_path, version)
            changes = library.poll()
            assert changes.problems == ()
            swaps.append(changes.changed)
        return version

    with ThreadPoolExecutor(1) as pool:
        reloading = pool.submit(reload)
        try:
            number = 0
            while number < UTTERANCES or (len(swaps) < RELOADS and not reloading.done()):
                for track in range(TRACKS):
                    transcript = utterance(track, number)
                    joined = tails.join(str(track), transcript)
                    matcher = library.matcher
                    hits = matcher.find(joined.words, joined.fresh_from, "en")
                    names = {one.label for one in matcher.lists}
                    assert all(f"{hit.list_name}@{hit.list_version}" in names for hit in hits)
                    for hit in seen.fresh(str(track), hits, joined):
                        found[track, round(hit.start - 0.1), hit.list_name] += 1
                number += 1
                done.wait(0.001)  # or the reloading thread waits for the interpreter most of the time
        finally:
            done.set()
        versions = reloading.result()
    assert versions >= RELOADS
    assert all(swaps), "each look found the change"
    last = round((number - 1) * (SECONDS - OVERLAP) + SECONDS)
    expected = Counter({(track, at, f"l{at % MARKS}"): 1 for track in range(TRACKS) for at in range(last)})
    assert found == expected
