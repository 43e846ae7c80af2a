"""Files of lists: written whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from monitor.catalog import files
from monitor.errors import OperatorError


def test_what_was_written_is_read_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    files.write(path, "one\r\n# 集会\n")
    files.write(path, "two\r\n# 集会\n")
    assert files.read(path) == "two\r\n# 集会\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.toml"]


def test_the_rights_of_a_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    files.write(path, "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o640)
    files.write(path, "y")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_directory_that_is_gone_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="can't be written"):
        files.write(tmp_path / "gone" / "a.toml", "x")
    assert not (tmp_path / "gone").exists()


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    (tmp_path / "a.toml").mkdir()
    with pytest.raises(OperatorError, match="The list is as it was"):
        files.write(tmp_path / "a.toml", "x")
    assert [p.name for p in tmp_path.iterdir()] == ["a.toml"]


def test_the_lists_of_the_package_are_not_written() -> None:
    with pytest.raises(OperatorError, match=r"\[keywords\] lists"):
        files.write(files.PACKAGE / "_config" / "keywords" / "a.toml", "x")


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(OperatorError, match="UTF-8"):
        files.read(tmp_path / "a.toml")


def test_the_tag_knows_each_letter() -> None:
    assert files.etag("a") == files.etag("a") != files.etag("a ")
