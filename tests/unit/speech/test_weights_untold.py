"""Models of which no digest is known: named, found and fetched only where the user trusts the hub."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.errors import ModelMissing, ModelUntrusted
from monitor.fetch.pip_settings import PipSettings
from monitor.speech import hub, weights
from monitor.speech.known import KNOWN, by_digest, by_name
from tests.helpers.speech import model_files

NAME = "distil-small.en"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, and no hub's beside it."""

    def nothing(*_: object, **__: object) -> str:
        raise OSError("not cached")

    monkeypatch.setattr(hub.huggingface_hub, "snapshot_download", nothing)
    return tmp_path


def some_files(cache: Path) -> None:
    """A whole model whose digest nobody has told."""
    shutil.copytree(model_files("tiny.en").path, cache / NAME)
    with (cache / NAME / "model.bin").open("ab") as file:
        file.write(b"!")


def test_they_are_named_like_the_others_and_match_no_file() -> None:
    turbo = by_name("turbo")
    assert turbo is not None
    assert turbo.name == "large-v3-turbo"
    untold = [model.name for model in KNOWN if not model.sha256]
    assert {NAME, "distil-large-v3", "small.en"} <= set(untold)
    assert not any(model.multilingual for model in KNOWN if not model.sha256)
    assert by_digest("") is None
    assert len({model.name for model in KNOWN}) == len(KNOWN)
    assert weights.canonical("turbo") == "large-v3-turbo"


def test_one_that_is_here_is_used_where_it_is_trusted(cache: Path) -> None:
    with pytest.raises(ModelMissing, match=rf"models fetch {NAME}"):
        weights.find(NAME, trust=True, cache=cache)
    some_files(cache)
    with pytest.raises(ModelUntrusted, match="--trust"):
        weights.find(NAME, cache=cache)
    found = weights.find(NAME, trust=True, cache=cache)
    assert (found.name, found.path) == (NAME, cache / NAME)


def test_another_model_under_its_name_is_not_taken_for_it(cache: Path) -> None:
    shutil.copytree(model_files("tiny.en").path, cache / NAME)
    with pytest.raises(ModelMissing):
        weights.find(NAME, trust=True, cache=cache)


def test_nothing_is_asked_of_the_hub_unless_it_is_trusted(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUntrusted, match=r"Systran/faster-distil-whisper-small\.en"):
        weights.fetch(NAME, cache=cache, settings=PipSettings(()))

    def download(*_: object, local_dir: Path, **__: object) -> str:
        shutil.copytree(model_files("tiny.en").path, local_dir, dirs_exist_ok=True)
        with (local_dir / "model.bin").open("ab") as file:
            file.write(b"!")
        return str(local_dir)

    def only_download(*_: object, **asked: object) -> str:
        if "local_dir" not in asked:
            raise OSError("not cached")
        return download(local_dir=Path(str(asked["local_dir"])))

    monkeypatch.setattr(hub.huggingface_hub, "snapshot_download", only_download)
    assert weights.fetch(NAME, trust=True, cache=cache, settings=PipSettings(())).path == cache / NAME
    assert weights.find(NAME, trust=True, cache=cache).origin == "cache"
