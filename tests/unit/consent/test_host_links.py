"""Hosts' links: signed, and nothing but what was signed opens anything."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from monitor.consent import links
from monitor.consent_model import HostLink

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
LINK = links.id_from(b"123456789")
TOKEN = links.sign(KEY, LINK, 1_800_000_000.0)


def test_a_token_opens_with_its_key_and_with_no_other() -> None:
    assert links.opened(KEY, TOKEN) == (LINK, 1_800_000_000.0)
    assert links.opened(OTHER, TOKEN) is None


def test_it_can_stand_in_an_address() -> None:
    assert TOKEN.replace("-", "").replace("_", "").isalnum()


@given(st.integers(min_value=0, max_value=len(TOKEN) * 6 - 1))
def test_no_single_bit_can_be_changed(bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(TOKEN + "=" * (-len(TOKEN) % 4)))
    raw[(bit // 8) % len(raw)] ^= 1 << (bit % 8)
    assert links.opened(KEY, base64.urlsafe_b64encode(bytes(raw)).decode()) is None


@given(st.text(max_size=100) | st.just(TOKEN[:-1]) | st.just(TOKEN + "A") | st.just(TOKEN * 2))
def test_anything_else_is_refused_without_an_error(text: str) -> None:
    assert links.opened(KEY, text) is None


def test_a_link_is_good_until_it_expires_or_is_revoked() -> None:
    link = HostLink(LINK, "lobby", 100.0, "Ops", "for Ann", expires_at=200.0)
    assert link.good(199.0)
    assert not link.good(200.0)
    assert not HostLink(LINK, "lobby", 100.0, "Ops", "", 200.0, revoked_at=150.0).good(151.0)
