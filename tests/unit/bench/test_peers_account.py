"""The bench beside other systems: its arithmetic, its speaker, what a peer's client keeps, the processes it counts."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from monitor.bench.paced import Talk
from monitor.model import RATE
from tests.bench.peers.account import Said, Shown, align, arrivals, contains, score
from tests.bench.peers.environment import Environment
from tests.bench.peers.measure import Run, Screen
from tests.bench.peers.processes import PeerFailed, answering, cpu, family, memory, started
from tests.bench.peers.talker import SILENCE, Talker
from tests.bench.peers.whisperlive import Segments
from tests.bench.peers.whisperlivekit import _told

FOX = Said(10.0, 14.0, ("the", "quick", "brown", "fox", "jumps"))
DOG = Said(20.0, 23.0, ("over", "the", "lazy", "dog", "again"))


def test_a_recording_is_there_when_the_last_of_its_words_is_final() -> None:
    shown = [
        Shown(12.0, "", "the quick"),
        Shown(14.5, "the quick", "brown fox jumps"),
        Shown(16.0, "the quick brown fox"),
        Shown(17.0, "the quick brown fox jumps"),
        Shown(24.0, "the quick brown fox jumps over the lazy dog again"),
    ]
    found = score([FOX, DOG], shown, str.split)
    assert (found.recordings, found.lost, found.found) == (2, 0, 10)
    assert found.final == pytest.approx([3.0, 1.0])
    assert found.any == pytest.approx([0.5, 1.0])
    assert found.errors.count == 0


def test_wrong_words_are_errors_and_missing_ones_a_loss() -> None:
    shown = [Shown(15.0, "the quick crown fox jump um"), Shown(40.0, "the quick crown fox jump um dog")]
    found = score([FOX, DOG], shown, str.split)
    assert (found.recordings, found.lost, found.found) == (2, 1, 4)
    assert (found.errors.substitutions, found.errors.deletions, found.errors.insertions) == (2, 4, 1)
    assert found.final == pytest.approx([1.0])


def test_what_was_lost_may_have_been_shown() -> None:
    found = score([FOX], [Shown(15.0, "", "the quick brown fox jumps"), Shown(16.0, "")], str.split)
    assert (found.lost, found.final) == (1, [])
    assert found.any == pytest.approx([1.0])


def test_words_of_before_are_not_those_of_the_same_recording_said_again() -> None:
    again = Said(20.0, 24.0, FOX.words)
    shown = [Shown(15.0, " ".join(FOX.words))]
    found = score([FOX, again], shown, str.split)
    assert (found.lost, found.final, found.any) == (1, [1.0], [1.0])
    once, twice = " ".join(FOX.words), " ".join(FOX.words * 2)
    shown = [Shown(15.0, once), Shown(23.9, once, "the quick"), Shown(26.0, twice)]
    found = score([FOX, again], shown, str.split)
    assert (found.final, found.any) == ([1.0, 2.0], [1.0, 2.0])


def test_words_that_are_shown_before_they_are_said_are_others() -> None:
    shown = [Shown(12.0, "", "brown fox jumps"), Shown(13.6, "", "the quick"), Shown(15.0, " ".join(FOX.words))]
    assert score([FOX], shown, str.split).any == pytest.approx([1.0])


def test_text_cannot_stand_for_what_was_not_said_yet() -> None:
    early, late = align([FOX, DOG], [("over", 15.0), ("the", 24.0)])
    assert (late.equal, late.last) == (1, 24.0)
    assert early.deleted + early.substituted == 5


def test_the_recording_in_which_it_ended_is_not_counted_and_neither_are_its_words() -> None:
    cut = Said(20.0, 23.0, DOG.words, whole=False)
    found = score(
        [FOX, cut], [Shown(15.0, " ".join(FOX.words)), Shown(22.0, " ".join(FOX.words) + " over the la")], str.split
    )
    assert (found.recordings, found.errors.count, found.errors.tokens) == (1, 0, 5)


def test_nothing_shown_and_nothing_said() -> None:
    assert score([FOX], [], str.split).lost == 1
    assert score([], [Shown(1.0, "hello")], str.split).recordings == 0


def test_what_stays_keeps_its_time_when_text_is_rewritten() -> None:
    texts = [(1.0, "a b c"), (2.0, "a b c d"), (3.0, "a x c d"), (4.0, "a x c d e")]
    found = arrivals([(at, text.split()) for at, text in texts])
    assert found == [("a", 1.0), ("x", 3.0), ("c", 1.0), ("d", 2.0), ("e", 4.0)]


def test_enough_of_the_last_words_close_together() -> None:
    words = ["and", "then", "over", "the", "crazy", "lazy", "dog", "came"]
    assert contains(words, ("the", "lazy", "dog", "came"))
    assert contains(words, ("the", "lazy", "cat", "came"))
    assert not contains(words, ("the", "lady", "cat", "came"))
    assert not contains(words, ("came", "dog", "lazy", "the"))
    assert not contains(["over", *["and"] * 9, "the"], ("over", "the"))


def test_in_time_needs_text_and_nothing_lost() -> None:
    run = Run("it", 1, 60, "", "")
    assert not run.held
    run.score = score([FOX], [Shown(15.0, " ".join(FOX.words))], str.split)
    assert run.held
    run.score += score([FOX], [], str.split)
    assert not run.held
    run.score = score([FOX], [Shown(16.5, " ".join(FOX.words))], str.split)
    assert not run.held


def test_a_completed_segment_is_kept_once_and_the_open_one_as_it_is_now() -> None:
    screen = Screen()
    segments = Segments(screen.show)
    one = {"start": "0.000", "end": "1.500", "text": " one two", "completed": True}
    two = {"start": "1.500", "end": "2.000", "text": " three", "completed": False}
    segments.told({"segments": [{**one, "completed": False}]})
    segments.told({"segments": [one, two]})
    segments.told({"segments": [one, two]})
    segments.told({"language": "en"})
    segments.told({"segments": [one, {**two, "completed": True, "end": "2.400"}]})
    assert [(shown.final.split(), shown.open.split()) for shown in screen.shown] == [
        ([], ["one", "two"]),
        (["one", "two"], ["three"]),
        (["one", "two", "three"], []),
    ]


def test_lines_are_final_the_buffer_is_not_and_silence_is_neither() -> None:
    screen = Screen()
    lines = [{"speaker": 1, "text": "one two"}, {"speaker": -2, "text": None}, {"speaker": 1, "text": "three"}]
    _told({"lines": lines, "buffer_transcription": "four"}, screen.show)
    _told({"type": "ready_to_stop"}, screen.show)
    assert [(shown.final, shown.open) for shown in screen.shown] == [("one two three", "four")]


@pytest.mark.looptime
async def test_the_speaker_is_heard_whole_and_goes_on_in_silence() -> None:
    talk = Talk(np.full(2 * RATE, 7, np.int16), (1.5,))
    words = {talk: ("hello",)}
    talker = Talker([talk], 3, asyncio.get_running_loop().time() + 20.0)
    silent = time.time() + 20.0
    chunks = [chunk async for chunk in talker.chunks(4096)]
    assert {len(chunk) for chunk in chunks} == {4096}
    heard = np.concatenate(chunks)
    said = talker.said_until(words, silent)
    spoken = sum(min(2.0, silent - one.began) for one in said)
    assert np.count_nonzero(heard) / RATE == pytest.approx(spoken, abs=0.5)
    assert len(heard) / RATE == pytest.approx(20.0 + SILENCE, abs=0.5)
    assert not heard[-int(SILENCE * RATE) + 8192 :].any()
    assert all(one.ended - one.began == pytest.approx(1.5) for one in said)
    assert sum(one.whole for one in said) >= 2
    assert [one.whole for one in talker.said_until(words, said[1].began + 1.9)] == [True, False]


def test_an_environment_of_other_requirements_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    old, new = Environment("it", ("it==1",), ("that",)), Environment("it", ("it==2",), ("that",))
    assert not old.ready
    packages = old.path / "lib" / "python3.11" / "site-packages"
    (packages / "some_thing-1.2.dist-info").mkdir(parents=True)
    (old.path / "ready").write_text(old.digest, "ascii")
    assert old.ready
    assert not new.ready
    assert old.versions("some-thing", "other") == "some-thing 1.2"


CHILD = "import time; sum(range(3_000_000)); time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


async def test_all_that_a_peer_has_started_counts_and_ends_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with started([sys.executable, "-c", PARENT], log, {}) as process:
        async with asyncio.timeout(60):
            while len(family(process.pid)) < 2 or not cpu(family(process.pid)[1:]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        both = family(process.pid)
        assert memory(both) > memory(both[:1]) > 1
        assert cpu(both) > cpu(both[:1])
    async with asyncio.timeout(60):
        while memory(both):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_server_that_ends_says_why(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with started([sys.executable, "-c", "raise SystemExit('no such model')"], log, {}) as process:
        with pytest.raises(PeerFailed, match="no such model"):
            await answering(process, 9, log, 60.0)
