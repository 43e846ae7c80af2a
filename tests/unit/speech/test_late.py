"""What is put aside on disk comes back whole, is unreadable there, and is gone when it must be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.model import RATE, Cut, Speaker, Utterance
from monitor.speech.late import Late
from monitor.speech.recogniser import Hints
from monitor.speech.schedule import Waiting


def waiting(name: str, seconds: float = 1.0, track: str = "track", since: float = 0.0) -> Waiting:
    audio = np.random.default_rng(len(name)).integers(-9000, 9000, round(seconds * RATE)).astype(np.int16)
    utterance = Utterance(name, "room", Speaker("s", "S"), track, 0.0, 0, audio, Cut.SILENCE)
    return Waiting(utterance, Hints(("en",), before=audio[:100]), since)


def on_disk(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in directory.iterdir()] if directory.is_dir() else []


def test_it_comes_back_whole_and_in_order_and_leaves_nothing_behind(tmp_path: Path) -> None:
    late = Late(tmp_path / "late", 10.0)
    items = [waiting("a", 1.0, since=3.0), waiting("bb", 2.0, since=5.0)]
    assert all(late.put(item) for item in items)
    assert (late.seconds, len(late), late.oldest) == (3.0, 2, 3.0)
    for item in items:
        back = late.take(())
        assert back is not None
        assert back.whole
        assert (back.item.utterance.id, back.item.since, back.item.hints.languages) == (
            item.utterance.id,
            item.since,
            ("en",),
        )
        np.testing.assert_array_equal(back.item.utterance.audio, item.utterance.audio)
    assert (late.take(()), late.seconds, late.oldest) == (None, 0.0, None)
    assert on_disk(tmp_path / "late") == []


def test_nobody_can_read_it_on_disk(tmp_path: Path) -> None:
    late = Late(tmp_path / "late", 10.0)
    item = waiting("a")
    late.put(item)
    (stored,) = on_disk(tmp_path / "late")
    plain = item.utterance.audio.tobytes()
    assert len(stored) >= len(plain)
    assert not any(plain[at : at + 16] in stored for at in range(0, len(plain), 1600))
    assert (tmp_path / "late").stat().st_mode & 0o077 == 0


def test_what_a_dead_process_has_left_is_removed(tmp_path: Path) -> None:
    Late(tmp_path / "late", 10.0).put(waiting("a"))
    assert on_disk(tmp_path / "late")
    late = Late(tmp_path / "late", 10.0)
    assert on_disk(tmp_path / "late") == []
    assert late.take(()) is None


def test_it_is_bounded(tmp_path: Path) -> None:
    late = Late(tmp_path / "late", 2.5)
    assert [late.put(waiting(name)) for name in "abc"] == [True, True, False]
    assert len(on_disk(tmp_path / "late")) == 2
    assert not Late(None, 10.0).put(waiting("a"))


def test_a_busy_track_waits_for_its_turn(tmp_path: Path) -> None:
    late = Late(tmp_path / "late", 10.0)
    late.put(waiting("a", track="x"))
    late.put(waiting("b", track="y"))
    back = late.take({"x"})
    assert back is not None
    assert back.item.utterance.id == "b"
    assert late.take({"x"}) is None


def test_withdrawn_means_gone_from_the_disk(tmp_path: Path) -> None:
    late = Late(tmp_path / "late", 10.0)
    for name, track in (("a", "x"), ("b", "y"), ("c", "x")):
        late.put(waiting(name, track=track))
    gone = late.withdraw({"x"})
    assert [(utterance.id, utterance.seconds) for utterance in gone] == [("a", 1.0), ("c", 1.0)]
    assert (len(on_disk(tmp_path / "late")), late.seconds) == (1, 1.0)
    assert [back.item.utterance.id for back in late.clear()] == ["b"]
    assert on_disk(tmp_path / "late") == []


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"\0" * 40_000)])
def test_what_the_disk_has_lost_is_told_with_its_length(tmp_path: Path, harm: object) -> None:
    late = Late(tmp_path / "late", 10.0)
    late.put(waiting("a", 1.5))
    (path,) = (tmp_path / "late").iterdir()
    assert callable(harm)
    harm(path)
    back = late.take(())
    assert back is not None
    assert (back.whole, back.item.utterance.seconds, late.seconds) == (False, 1.5, 0.0)


def test_a_disk_that_cannot_be_written_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "late").write_text("a file where the directory should be")
    late = Late(tmp_path / "late" / "inside", 10.0)
    assert not late.put(waiting("a"))
    assert (late.seconds, len(late)) == (0.0, 0)
