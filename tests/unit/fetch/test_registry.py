"""A file comes whole and right from the user's index, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import DownloadFailed
from monitor.fetch.pip_settings import PipSettings, parse, read
from monitor.fetch.registry import PackageFile, fetch
from tests.helpers.index import Index, serving

BODY = bytes(range(256)) * 4000  # 1 MB: several blocks


def pinned(name: str = "some_thing-1.0.tar.gz", body: bytes = BODY) -> PackageFile:
    return PackageFile("Some.Thing", "1.0", name, hashlib.sha256(body).hexdigest(), len(body))


@pytest.fixture
def index() -> Iterator[Index]:
    with serving() as index:
        index.files["some_thing-1.0.tar.gz"] = BODY
        yield index


@pytest.mark.parametrize("json", [True, False])
def test_a_file_is_found_by_json_and_by_html(index: Index, tmp_path: Path, json: bool) -> None:
    index.json = json
    seen: list[tuple[str, int, int]] = []
    path = fetch(pinned(), tmp_path, lambda *step: seen.append(step), PipSettings((index.url,)))
    assert path.read_bytes() == BODY
    assert seen[-1] == ("some_thing-1.0.tar.gz", len(BODY), len(BODY))
    assert [p.name for p in tmp_path.iterdir()] == ["some_thing-1.0.tar.gz"]


def test_what_is_there_already_is_not_fetched_again(index: Index, tmp_path: Path) -> None:
    fetch(pinned(), tmp_path, settings=PipSettings((index.url,)))
    asked = len(index.asked)
    fetch(pinned(), tmp_path, settings=PipSettings((index.url,)))
    assert len(index.asked) == asked


@pytest.mark.parametrize("resumes", [True, False])
def test_a_broken_transfer_is_taken_up_again(index: Index, tmp_path: Path, resumes: bool) -> None:
    index.break_after, index.resumes = 600_000, resumes
    path = fetch(pinned(), tmp_path, settings=PipSettings((index.url,)))
    assert path.read_bytes() == BODY
    assert index.asked[-1][1] == "bytes=600000-"


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        (BODY[:-1] + b"x", "has the SHA-256"),
        (BODY + b"more", "longer than"),
        (BODY[:-5], "broke off"),
    ],
)
def test_a_wrong_file_is_never_used_and_leaves_nothing(
    index: Index, tmp_path: Path, offered: bytes, reason: str
) -> None:
    index.files["some_thing-1.0.tar.gz"] = offered
    with pytest.raises(DownloadFailed, match=reason):
        fetch(pinned(), tmp_path, settings=PipSettings((index.url,)))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_in_the_cache_is_replaced(index: Index, tmp_path: Path) -> None:
    (tmp_path / "some_thing-1.0.tar.gz").write_bytes(b"x" * len(BODY))
    assert fetch(pinned(), tmp_path, settings=PipSettings((index.url,))).read_bytes() == BODY


def test_the_next_index_is_asked_and_credentials_stay_out_of_messages(index: Index, tmp_path: Path) -> None:
    host = index.url.removeprefix("http://")
    private = f"http://me:se%20cret@{host}"
    fetch(pinned(), tmp_path, settings=PipSettings(("http://127.0.0.1:9/simple", private)))
    assert index.asked[0][2] == "Basic bWU6c2UgY3JldA=="
    with pytest.raises(DownloadFailed) as caught:
        fetch(pinned("other-1.0.tar.gz"), tmp_path, settings=PipSettings((private,)))
    message = str(caught.value)
    assert "se%20cret" not in message
    assert "has no file other-1.0.tar.gz" in message
    assert str(tmp_path / "other-1.0.tar.gz") in message  # where to put it by hand


def test_nothing_configured_says_so(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="without an index"):
        fetch(pinned(), tmp_path, settings=PipSettings(()))


def test_local_indexes_and_link_directories_serve_and_absent_ones_are_passed(tmp_path: Path) -> None:
    store = tmp_path / "store" / "some-thing"
    store.mkdir(parents=True)
    (store / "some_thing-1.0.tar.gz").write_bytes(BODY)
    (store / "index.html").write_text('<a href="some_thing-1.0.tar.gz">some_thing-1.0.tar.gz</a>')
    absent = (tmp_path / "nowhere").as_uri()
    near = PipSettings((absent, store.parent.as_uri()))
    assert fetch(pinned(), tmp_path / "a", settings=near).read_bytes() == BODY
    links = PipSettings((), links=(str(tmp_path / "nowhere"), str(store)))
    assert fetch(pinned(), tmp_path / "b", settings=links).read_bytes() == BODY


def test_pip_s_settings_are_read_by_precedence() -> None:
    listing = "\n".join(
        [
            "global.index-url='https://one.example/simple'",
            ":env:.index-url='https://two.example/simple'",
            "global.extra-index-url='https://x.example/simple\\nfile:///srv/simple'",
            "global.cert='/etc/ca.pem'",
            "download.proxy='http://proxy.example:3128'",
            "global.find-links='/srv/wheels'",
        ]
    )
    settings = parse(listing)
    assert settings.indexes == ("https://two.example/simple", "https://x.example/simple", "file:///srv/simple")
    assert settings.cert == Path("/etc/ca.pem")
    assert settings.proxy == "http://proxy.example:3128"
    assert settings.links == ("/srv/wheels",)
    assert parse("global.no-index='true'").indexes == ()
    assert parse("").indexes[0].startswith("https://")


def test_this_machine_s_pip_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    assert read().indexes[0] == "https://mirror.example/simple"
