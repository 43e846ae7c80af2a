"""Signatures and times of trying again."""

from __future__ import annotations

import base64

import pytest

from monitor.webhooks import schedule
from monitor.webhooks.signing import headers, keys


def test_the_example_of_the_specification() -> None:
    """standardwebhooks.com, and the test vector of its reference libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330.9, b'{"test": 2432232314}')
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_two_secrets_make_two_signatures_while_one_is_replaced_by_the_other() -> None:
    old, new = "whsec_" + base64.b64encode(b"a" * 24).decode(), "plain text of twenty four"
    both = headers(f"{old} {new.replace(' ', '-')}", "m", 1.0, b"{}")["webhook-signature"].split(" ")
    assert both[0] == headers(old, "m", 1.0, b"{}")["webhook-signature"]
    assert both[1] == headers(new.replace(" ", "-"), "m", 1.0, b"{}")["webhook-signature"]


@pytest.mark.parametrize("secret", ["", "   ", "short", "whsec_!!!", "whsec_YQ=="])
def test_a_secret_that_guards_nothing_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        keys(secret)


def test_it_is_tried_again_ever_later_for_two_days_and_then_given_up() -> None:
    waits = [schedule.wait(failures, 0.5) for failures in range(1, 11)]
    assert waits[-1] is None
    known = [wait for wait in waits if wait is not None]
    assert known == sorted(known)
    assert 86400 < sum(known) < 3 * 86400
    assert (schedule.wait(1, 0.0), schedule.wait(1, 1.0)) == (pytest.approx(1.6), pytest.approx(2.4))


def test_what_the_server_asks_for_counts_up_to_an_hour() -> None:
    assert schedule.wait(1, 0.5, asked=30.0) == 30.0
    assert schedule.wait(1, 0.5, asked=1e9) == 3600.0
