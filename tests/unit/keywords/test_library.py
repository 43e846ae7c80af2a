from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.errors import KeywordListInvalid
from monitor.keywords.library import Library


def write(path: Path, name: str, *phrases: str) -> None:
    path.write_text(f'name = "{name}"\nphrases = {list(phrases)}\n', "utf-8")
    tick = getattr(write, "tick", 0) + 1  # a later time each time, however coarse the file system's clock
    write.tick = tick  # type: ignore[attr-defined]
    os.utime(path, ns=(tick * 10**9, tick * 10**9))


def found(library: Library, text: str) -> list[str]:
    return [hit.phrase for hit in library.matcher.find_text(text)]


def test_first_look(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "one", "apple pie")
    write(tmp_path / "b.toml", "two", "pear tree")
    write(tmp_path / ".b.toml.swp.toml", "hidden", "plum")
    (tmp_path / "notes.txt").write_text("not a list")
    library = Library(tmp_path)
    assert library.names() == []
    changes = library.load()
    assert [name.split("@")[0] for name in library.names()] == ["one", "two"]
    assert changes.changed == tuple(library.names())
    assert found(library, "apple pie under a pear tree with plum") == ["apple pie", "pear tree"]
    assert not library.poll()


def test_broken_list_at_start_is_told_and_the_others_work(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "one", "apple pie")
    write(tmp_path / "b.toml", "two", "*")
    library = Library(tmp_path)
    changes = library.load()
    assert changes.problems == library.problems
    (problem,) = changes.problems
    assert problem.startswith(f"{tmp_path / 'b.toml'}:2:12: ")
    assert found(library, "apple pie") == ["apple pie"]


def test_nothing_usable_at_start(tmp_path: Path) -> None:
    with pytest.raises(KeywordListInvalid, match=r"no \*\.toml files"):
        Library(tmp_path).load()
    with pytest.raises(KeywordListInvalid, match="can't be read"):
        Library(tmp_path / "missing").load()
    write(tmp_path / "b.toml", "two", "*")
    with pytest.raises(KeywordListInvalid, match=r"b\.toml:2"):
        Library(tmp_path).load()


def test_change_add_remove(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "one", "apple pie")
    library = Library(tmp_path)
    library.load()
    (old,) = library.names()
    before = library.matcher
    write(tmp_path / "a.toml", "one", "plum cake")
    changes = library.poll()
    assert changes.changed == tuple(library.names())
    assert old not in changes.changed
    assert changes.removed == ()
    assert found(library, "apple pie, plum cake") == ["plum cake"]
    assert [h.phrase for h in before.find_text("apple pie, plum cake")] == ["apple pie"], "a search under way is apart"
    write(tmp_path / "b.toml", "two", "pear tree")
    assert [name.split("@")[0] for name in library.poll().changed] == ["two"]
    gone = library.names()[0]
    (tmp_path / "a.toml").unlink()
    assert library.poll().removed == (gone,)
    assert found(library, "plum cake, pear tree") == ["pear tree"]


def test_broken_change_keeps_the_good_version_and_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    write(path, "one", "apple pie")
    library = Library(tmp_path)
    library.load()
    good = library.names()
    write(path, "one", "apple pie", "*")
    changes = library.poll()
    assert changes.changed == changes.removed == ()
    (problem,) = changes.problems
    assert problem.startswith(f"{path}:2:25: ")
    assert f"version {good[0].split('@')[1]} stays in force" in problem
    assert found(library, "apple pie") == ["apple pie"]
    assert not library.poll(), "told once"
    assert library.problems == (problem,)
    write(path, "one", "apple pie")
    assert library.poll().solved == (problem,)
    assert library.problems == ()
    assert library.names() == good


@pytest.mark.parametrize("content", [b"", b'name = "one"\nphrases = ["apple', b'name = "one"\n# \xff\n'])
def test_half_written_file_is_refused_until_it_is_whole(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.toml"
    write(path, "one", "apple pie")
    library = Library(tmp_path)
    library.load()
    path.write_bytes(content)
    assert len(library.poll().problems) == 1
    assert found(library, "apple pie") == ["apple pie"]
    write(path, "one", "plum cake")
    assert library.poll().changed == tuple(library.names())
    assert found(library, "apple pie, plum cake") == ["plum cake"]


def test_touched_without_change_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    write(path, "one", "apple pie")
    library = Library(tmp_path)
    library.load()
    matcher = library.matcher
    write(path, "one", "apple pie")
    assert not library.poll()
    assert library.matcher is matcher


def test_two_files_with_one_name(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "same", "apple pie")
    write(tmp_path / "b.toml", "same", "plum cake")
    library = Library(tmp_path)
    (problem,) = library.load().problems
    assert "b.toml:1" in problem
    assert "a.toml" in problem
    assert found(library, "apple pie, plum cake") == ["apple pie"]
    assert not library.poll()
    (tmp_path / "a.toml").unlink()
    changes = library.poll()
    assert changes.solved == (problem,)
    assert found(library, "apple pie, plum cake") == ["plum cake"]


def test_directory_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    lists, away = tmp_path / "lists", tmp_path / "away"
    lists.mkdir()
    write(lists / "a.toml", "one", "apple pie")
    library = Library(lists)
    library.load()
    lists.rename(away)
    (problem,) = library.poll().problems
    assert "stay in force" in problem
    assert not library.poll()
    assert found(library, "apple pie") == ["apple pie"]
    away.rename(lists)
    assert library.poll().solved == (problem,)
    assert found(library, "apple pie") == ["apple pie"]


def test_directory_in_place_of_a_file_is_no_list(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "one", "apple pie")
    (tmp_path / "b.toml").mkdir()
    assert Library(tmp_path).load().problems == ()
