"""A signed archive: whatever is done to it afterwards is found, and named."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.audit.bundle import Checked, check, pack, trusted_key
from monitor.audit.signing import Signer, fingerprint, parse, written
from monitor.errors import ExportInvalid

FILES = {"alerts/a1/clip.wav": b"RIFF" * 500, "alerts/a1/transcript.json": '{"text": "免费"}'.encode()}
Parts = dict[str, bytes]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    about = {"subject": {"kind": "alert", "id": "a1"}, "made_by": "ann"}
    path = tmp_path / "export.zip"
    path.write_bytes(pack(Signer(tmp_path), about, FILES, ["the clip of alert a2: its key is gone"], 1_700_000_000.0))
    return path


def rewritten(archive: Path, change: Callable[[Parts], None]) -> Path:
    with zipfile.ZipFile(archive) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    archive.write_bytes(out.getvalue())
    return archive


def bad(checked: Checked) -> set[str]:
    return {finding.name for finding in checked.findings if not finding.good}


def test_an_archive_that_nobody_touched_is_good(archive: Path, tmp_path: Path) -> None:
    key = Signer(tmp_path).public
    checked = check(archive, key)
    assert checked.good
    assert {finding.name for finding in checked.findings} == {"manifest.sig", "signer.pub", *FILES}
    assert checked.manifest["made_by"] == "ann"
    assert checked.manifest["left_out"] == ["the clip of alert a2: its key is gone"]


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_named(archive: Path, name: str) -> None:
    def change(parts: Parts) -> None:
        parts[name] = bytes([parts[name][0] ^ 1]) + parts[name][1:]

    assert bad(check(rewritten(archive, change))) == {name}


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(archive: Path, name: str) -> None:
    assert bad(check(rewritten(archive, lambda parts: parts.pop(name)))) == {name}


def test_an_added_file_is_named(archive: Path) -> None:
    assert bad(check(rewritten(archive, lambda parts: parts.update({"more.txt": b"x"})))) == {"more.txt"}


def test_a_longer_file_is_named_without_being_read_whole(archive: Path) -> None:
    name = "alerts/a1/clip.wav"
    assert bad(check(rewritten(archive, lambda parts: parts.update({name: bytes(50_000_000)})))) == {name}


def test_a_changed_manifest_breaks_the_signature(archive: Path) -> None:
    def change(parts: Parts) -> None:
        parts["manifest.json"] = parts["manifest.json"].replace(b"ann", b"bob")

    assert bad(check(rewritten(archive, change))) == {"manifest.sig"}


@pytest.mark.parametrize("name", ["manifest.sig", "signer.pub"])
def test_without_signature_or_key_it_is_not_good(archive: Path, name: str) -> None:
    assert bad(check(rewritten(archive, lambda parts: parts.pop(name)))) == {"manifest.sig"}


def test_a_forger_who_signs_anew_is_found_by_the_key_that_is_trusted(archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    forger = Signer(other)

    def change(parts: Parts) -> None:
        manifest = json.loads(parts["manifest.json"])
        manifest["made_by"] = "bob"
        parts["manifest.json"] = json.dumps(manifest).encode()
        parts["manifest.sig"] = base64.b64encode(forger.sign(parts["manifest.json"]))
        parts["signer.pub"] = base64.b64encode(forger.public)

    rewritten(archive, change)
    assert check(archive).good  # whole in itself, so that the key is what to compare
    assert bad(check(archive, Signer(tmp_path).public)) == {"signer.pub"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_named(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as more:
        more.writestr("alerts/a1/clip.wav", b"another one")
    assert bad(check(archive)) == {"alerts/a1/clip.wav"}


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_archive_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.zip"
    path.write_bytes(content)
    with pytest.raises(ExportInvalid, match="archive"):
        check(path)


def test_a_zip_of_somebody_else_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    with zipfile.ZipFile(path, "w") as new:
        new.writestr("a.txt", b"x")
    with pytest.raises(ExportInvalid, match="no export"):
        check(path)


@pytest.mark.parametrize(
    "manifest",
    [b"[]", b"{}", b'{"format": "room-monitor-export", "version": 1, "files": {"a": {}}}', b"\xff", b'{"version": 9}'],
)
def test_a_strange_manifest_is_no_crash(archive: Path, manifest: bytes) -> None:
    assert "manifest.json" in bad(check(rewritten(archive, lambda parts: parts.update({"manifest.json": manifest}))))


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    assert Signer(tmp_path).public == Signer(tmp_path).public
    assert (tmp_path / "export.key").stat().st_mode & 0o777 == 0o600


def test_a_public_key_is_passed_on_as_text_or_file(tmp_path: Path) -> None:
    key = Signer(tmp_path).public
    (tmp_path / "service.pub").write_text(written(key) + "\n", "ascii")
    assert trusted_key(written(key)) == trusted_key(str(tmp_path / "service.pub")) == parse(written(key)) == key
    assert len(fingerprint(key).split()) == 4
    with pytest.raises(ExportInvalid, match="no public key"):
        trusted_key("not a key")
