"""A file out of a Debian package: the right one, or none."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from monitor.errors import DownloadFailed
from monitor.fetch import debian
from monitor.fetch.pip_settings import PipSettings
from monitor.fetch.registry import PackageFile, fetch_from
from tests.helpers.index import serving


def packed(files: dict[str, bytes], form: str = "xz") -> bytes:
    """A .deb as dpkg-deb makes it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{form}") as tar:
        for name, body in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    found = b"!<arch>\n"
    for name, body in (("debian-binary", b"2.0\n"), ("control.tar.gz", b"odd"), (f"data.tar.{form}", data.getvalue())):
        found += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(body):<10}`\n".encode() + body + b"\n" * (len(body) % 2)
    return found


@pytest.mark.parametrize("form", ["xz", "gz"])
def test_only_named_files_come_out(tmp_path: Path, form: str) -> None:
    deb = tmp_path / "some.deb"
    deb.write_bytes(packed({"usr/share/a": b"sound", "usr/share/b": b"other"}, form))
    assert debian.unpack(deb, {"usr/share/a", "usr/share/none"}) == {"usr/share/a": b"sound"}


@pytest.mark.parametrize("body", [b"no archive", b"!<arch>\n", packed({"a": b"sound"})[:-200]])
def test_what_is_no_package_is_refused(tmp_path: Path, body: bytes) -> None:
    deb = tmp_path / "some.deb"
    deb.write_bytes(body)
    with pytest.raises(DownloadFailed, match=r"some\.deb can't be read"):
        debian.unpack(deb, {"a"})


def test_the_address_is_what_apt_says() -> None:
    line = "'http://mirror.example/pool/some_1.0_all.deb' some_1.0_all.deb 12 SHA256:00"
    assert debian.parse(f"W: a warning\n{line}\n") == "http://mirror.example/pool/some_1.0_all.deb"
    with pytest.raises(DownloadFailed):
        debian.parse("")


def test_without_apt_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    file = PackageFile("some-sounds", "1.0", "some-sounds_1.0_all.deb", "00", 12)
    with pytest.raises(DownloadFailed, match=r"no apt-get.*\n.*some-sounds 1\.0.*put it here: .*some-sounds_1\.0_all"):
        debian.fetch(file, tmp_path / "cache")


def test_a_file_that_is_there_is_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    file = PackageFile("some-sounds", "1.0", "some.deb", hashlib.sha256(b"body").hexdigest(), 4)
    (tmp_path / "some.deb").write_bytes(b"body")
    assert debian.fetch(file, tmp_path) == tmp_path / "some.deb"


def test_a_file_comes_from_an_address_whole_and_right_or_not_at_all(tmp_path: Path) -> None:
    with serving() as index:
        index.files["some.deb"] = b"body"
        address = f"{index.url.rpartition('/simple')[0]}/files/some.deb"
        right = PackageFile("some-sounds", "1.0", "some.deb", hashlib.sha256(b"body").hexdigest(), 4)
        wrong = PackageFile("some-sounds", "1.0", "some.deb", hashlib.sha256(b"else").hexdigest(), 4)
        with pytest.raises(DownloadFailed, match="has the SHA-256"):
            fetch_from(address, wrong, tmp_path, settings=PipSettings(()))
        assert not list(tmp_path.iterdir())
        seen: list[int] = []
        path = fetch_from(address, right, tmp_path, lambda _, have, __: seen.append(have), PipSettings(()))
    assert path.read_bytes() == b"body"
    assert seen[-1] == 4
