"""Addresses and credentials of STUN and TURN servers."""

from __future__ import annotations

import pytest

from monitor.rooms.servers import Ice, for_a_while, server


@pytest.mark.parametrize(
    ("url", "kind", "host", "port", "transport"),
    [
        ("stun:stun.example.org", "stun", "stun.example.org", 3478, "udp"),
        ("stun:192.0.2.1:19302", "stun", "192.0.2.1", 19302, "udp"),
        ("turn:turn.example.org", "turn", "turn.example.org", 3478, "udp"),
        ("turn:turn.example.org?transport=udp", "turn", "turn.example.org", 3478, "udp"),
        ("turn:turn.example.org:80?transport=tcp", "turn", "turn.example.org", 80, "tcp"),
        ("turns:turn.example.org", "turn", "turn.example.org", 5349, "tls"),
        ("turns:turn.example.org:443?transport=tcp", "turn", "turn.example.org", 443, "tls"),
        ("turn:[2001:db8::1]:3478", "turn", "2001:db8::1", 3478, "udp"),
        ("stun:[::1]", "stun", "::1", 3478, "udp"),
    ],
)
def test_addresses(url: str, kind: str, host: str, port: int, transport: str) -> None:
    found = server(url, "user", "password")
    assert (found.kind, found.host, found.port, found.transport) == (kind, host, port, transport)
    assert (found.url, found.username, found.password) == (url, "user", "password")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "turn:",
        "https://turn.example.org",
        "turn://turn.example.org",
        "turn:user@turn.example.org",
        "turn:turn.example.org?transport=sctp",
        "turn:2001:db8::1",
        "turn:turn.example.org:0",
        "turn:turn.example.org:70000",
        "turns:turn.example.org?transport=udp",
        "stun:stun.example.org?transport=udp",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="'"):
        server(url)


def test_a_password_is_not_in_what_may_be_logged() -> None:
    assert "sesame" not in repr(Ice((server("turn:turn.example.org", "monitor", "sesame"),)))


def test_credentials_for_a_while() -> None:
    """By another program: printf 1700086400:monitor | openssl dgst -sha1 -hmac secret -binary | base64."""
    assert for_a_while("secret", "monitor", 1_700_000_000.9) == (
        "1700086400:monitor",
        "l/ug3ZnAgCulRJJKsV0JtggcpaE=",
    )
    assert for_a_while("secret", "", 1_700_000_000)[0] == "1700086400"


def test_servers_that_a_room_names_come_after_ours() -> None:
    ours, theirs = server("stun:ours.example.org"), server("stun:theirs.example.org")
    assert Ice((ours,), relay_only=True).adding([theirs]) == Ice((ours, theirs), relay_only=True)
