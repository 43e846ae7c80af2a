"""Settings of webhooks: what is refused, with its place, and whose files secrets are."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import load, secret
from monitor.config_webhooks import NoticeWebhook, SignedWebhook
from monitor.errors import ConfigInvalid

GOOD = """
[[webhooks]]
name = "desk"
kind = "signed"
url = "https://desk.example.org/hook"
secret = "file:secrets/desk"
[[webhooks]]
name = "on-call"
kind = "notice"
address = "env:ON_CALL"
severity = "high"
"""


def settings_file(directory: Path, text: str) -> Path:
    path = directory / "monitor.toml"
    path.write_text(text, "utf-8")
    return path


def test_both_kinds_are_read_and_secrets_count_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "desk").write_text("whsec_abc\n", "utf-8")
    signed, notice = load(settings_file(tmp_path, GOOD)).webhooks
    assert isinstance(signed, SignedWebhook)
    assert isinstance(notice, NoticeWebhook)
    assert secret(signed.secret) == "whsec_abc"
    assert (notice.severity.value, notice.events) == ("high", ("alert.raised",))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("https://desk.example.org/hook", "ftp://desk.example.org", "webhooks.0.url"),
        ("https://desk.example.org/hook", "https://me:secret@desk.example.org", "webhooks.0.url"),
        ('secret = "file:secrets/desk"', 'secret = "in the open"', "webhooks.0.secret"),
        ('secret = "file:secrets/desk"', "", "webhooks.0.secret"),
        ('name = "desk"', 'name = "on-call"', "two webhooks have the name 'on-call'"),
        ('kind = "notice"', 'kind = "pigeon"', "webhooks.1"),
        ('severity = "high"', 'rooms = "lobby"', "webhooks.1.rooms"),
    ],
)
def test_what_can_t_be_used_is_named_with_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    with pytest.raises(ConfigInvalid, match=place) as refused:
        load(settings_file(tmp_path, GOOD.replace(old, new, 1)))
    assert "in the open" not in str(refused.value)
