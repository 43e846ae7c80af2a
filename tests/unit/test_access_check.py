"""What `check` says of accounts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from monitor.check import findings
from monitor.store.access_records import accounts_in
from tests.helpers.whole import staffed


def about(directory: Path, text: str, what: str) -> list[tuple[str, str]]:
    (directory / "monitor.toml").write_text(f'{text}\n[storage]\ndata = "data"\n', "utf-8")
    return [(one.grade, one.found) for one in findings(directory / "monitor.toml") if one.what == what]


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long, and is looked at elsewhere."""
    for name in ("_model", "_voices", "_lists", "_port"):
        monkeypatch.setattr(f"monitor.check.{name}", lambda _: iter(()))


def test_a_machine_by_itself_needs_none(tmp_path: Path) -> None:
    ((grade, found),) = about(tmp_path, "", "accounts")
    assert (grade, "nobody has one" in found) == ("ok", True)
    assert accounts_in(tmp_path / "none.db") == 0


def test_one_that_others_reach_needs_accounts_and_better_tls(tmp_path: Path) -> None:
    beyond = '[web]\nhost = "0.0.0.0"'
    assert about(tmp_path, beyond, "accounts")[0][0] == "wrong"
    assert about(tmp_path, beyond, "TLS")[0][0] == "note"
    asyncio.run(staffed(tmp_path / "data"))
    assert about(tmp_path, beyond, "accounts") == [("ok", "5 may sign in")]
    assert about(tmp_path, beyond + '\nproxies = ["10.0.0.1"]', "TLS") == []


def test_a_provider_whose_secret_is_missing_is_wrong(tmp_path: Path) -> None:
    oidc = '[oidc]\nissuer = "https://login.example.com"\nclient_id = "m"\nclient_secret = "env:NO_SUCH_SECRET"'
    assert about(tmp_path, oidc, "identity provider")[0][0] == "wrong"
    good = oidc.replace("env:NO_SUCH_SECRET", "")
    assert about(tmp_path, good, "accounts") == [("ok", "0 may sign in, and at https://login.example.com")]
