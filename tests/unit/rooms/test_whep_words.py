"""What a WHEP server's answers mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConnectionLost, Refused
from monitor.rooms.whep.protocol import (
    LONGEST_WAIT,
    SERVERS,
    Later,
    NotLive,
    failure,
    fragment,
    ice_servers,
    media_type,
    mux_only,
    retry_after,
)

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        (" 0 ", 0.0),
        ("999999999999999999999999", LONGEST_WAIT),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("Fri, 14 Nov 2099 22:13:00 GMT", LONGEST_WAIT),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_survived(value: str) -> None:
    found = retry_after(value, NOW)
    assert found is None or 0 <= found <= LONGEST_WAIT


def test_409_knows_the_stream_and_404_may_not() -> None:
    known, unknown = failure(409, "https://a", after=2.0), failure(404, "https://a")
    assert isinstance(known, NotLive)
    assert isinstance(unknown, NotLive)
    assert (known.known, known.after) == (True, 2.0)
    assert (unknown.known, unknown.after) == (False, None)


@pytest.mark.parametrize("status", [100, 408, 429, 500, 501, 503, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert isinstance(failure(status, "https://a"), Later)


@given(st.integers(100, 999))
def test_every_status_means_something(status: int) -> None:
    assert isinstance(failure(status, "https://a"), ConnectionLost | Refused)


def test_ice_servers_are_read_from_link_headers() -> None:
    links = [
        '<stun:stun.example.net>; rel="ice-server"',
        '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="us,er"; credential="my\\"Pass;word";'
        ' credential-type="password", <turns:turn.example.net?transport=tcp>; rel=ice-server; username=a; credential=b',
        '<https://example.net/sse>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="active,inactive"',
        '<turn:other.example.net>; rel="ice-server"; credential-type="oauth"',
        '<turn:>; rel="ice-server"',
    ]
    assert [(s.url, s.username, s.password) for s in ice_servers(links)] == [
        ("stun:stun.example.net", "", ""),
        ("turn:turn.example.net?transport=udp", "us,er", 'my"Pass;word'),
        ("turns:turn.example.net?transport=tcp", "a", "b"),
    ]


def test_ice_servers_without_end_are_not_all_taken() -> None:
    assert len(ice_servers([f'<stun:s{n}.example.net>; rel="ice-server"' for n in range(100)])) == SERVERS


@given(st.lists(st.text(alphabet='<>;="\\, aerilnstuv-c:', max_size=60), max_size=3))
def test_any_link_header_is_survived(links: list[str]) -> None:
    ice_servers(links)


OFFER = """v=0\r
a=group:BUNDLE 0\r
m=audio 9 UDP/TLS/RTP/SAVPF 96\r
a=mid:0\r
a=ice-ufrag:EsAw\r
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r
a=rtcp-mux\r
"""


def test_a_fragment_has_what_rfc_8840_wants() -> None:
    assert fragment(OFFER, ["1 1 udp 2130706431 192.0.2.1 61764 typ host"]).split("\r\n") == [
        "a=ice-ufrag:EsAw",
        "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
        "a=group:BUNDLE 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 96",
        "a=mid:0",
        "a=candidate:1 1 udp 2130706431 192.0.2.1 61764 typ host",
        "a=end-of-candidates",
        "",
    ]


def test_an_offer_says_that_rtp_and_rtcp_share_a_port_always() -> None:
    assert "a=rtcp-mux\r\na=rtcp-mux-only\r\n" in mux_only(OFFER)


def test_a_media_type_has_no_parameters() -> None:
    assert media_type('Application/SDP; charset="utf-8"') == "application/sdp"
