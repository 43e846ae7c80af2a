"""What Janus tells, without a Janus: messages, the roster of a VideoRoom, who talked in a mix, and the path's pulse."""

from __future__ import annotations

import pytest

from monitor.errors import ConnectionLost, Refused
from monitor.rooms.janus.audiobridge import Talks
from monitor.rooms.janus.protocol import Place, parse
from monitor.rooms.janus.roster import Roster
from monitor.rooms.watchdog import Pulse


def mic(who: int, name: str = "", mid: str = "0", **more: object) -> dict[str, object]:
    return {
        "id": who,
        "display": name,
        "streams": [{"type": "audio", "mid": mid}, {"type": "video", "mid": "1"}],
        **more,
    }


def roster() -> Roster:
    return Roster(own=1, patience=5.0)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"janus":"error","error":{"code":403,"reason":"no"}}', Refused),
        ('{"janus":"error","error":{"code":458,"reason":"no"}}', ConnectionLost),
        ('{"janus":"event","plugindata":{"data":{"error_code":433,"error":"no"}}}', Refused),
        ('{"janus":"event","plugindata":{"data":{"error_code":426,"error":"no"}}}', ConnectionLost),
        ('{"janus":"event","plugindata":{"data":{"error_code":489,"error":"no"}}}', Refused),
        ('{"janus":"event","plugindata":{"data":{"error_code":485,"error":"no"}}}', ConnectionLost),
    ],
)
def test_a_refusal_is_not_a_loss(text: str, kind: type[Exception]) -> None:
    failure = parse(text).failure()
    assert type(failure) is kind
    assert "no" in str(failure)


@pytest.mark.parametrize("text", ["", "hello", "[]", '{"type":"joined"}', "[" * 100_000])
def test_what_is_not_from_a_janus_is_a_lost_connection(text: str) -> None:
    with pytest.raises(ConnectionLost):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"janus":"event","plugindata":7,"jsep":"x","sender":"y","error":3}',
        '{"janus":"error","error":"no"}',
        '{"janus":"event","plugindata":{"data":{"error_code":"x"}}}',
    ],
)
def test_a_strange_message_has_no_error_and_no_contents(text: str) -> None:
    event = parse(text)
    assert (event.error, event.sdp, event.handle) == (0, "", 0)


def test_secrets_go_where_they_belong() -> None:
    place = Place("ws://h", 7, "Ear", pin="p", token="t", api_secret="s")
    assert place.door() == {"room": 7, "display": "Ear", "pin": "p", "token": "t"}
    assert place.pass_word() == {"apisecret": "s", "token": "t"}
    assert Place("ws://h", "hall", "Ear").door() == {"room": "hall", "display": "Ear"}


def test_only_microphones_are_wanted_and_never_the_monitor_itself() -> None:
    known = roster()
    known.published(mic(2, "Ann"), 0.0)
    known.published({"id": 3, "display": "Cam", "streams": [{"type": "video", "mid": "0"}]}, 0.0)
    known.published({"id": 4, "dummy": True, "streams": [{"type": "audio", "mid": "0"}]}, 0.0)
    known.joined({"id": 1, "display": "Room Monitor"})
    assert known.wanted(0.0) == [(2, "0")]
    assert {who.name for who in known.people.values()} == {"Ann", "Cam"}


def test_an_m_line_belongs_to_whom_janus_says() -> None:
    known = roster()
    known.published(mic(2, "Ann"), 0.0)
    known.published(mic(3, "Bob"), 0.0)
    rows = [
        {"type": "audio", "mid": "0", "feed_id": 3, "feed_mid": "0", "active": True},
        {"type": "audio", "mid": "1", "active": False},
        {"type": "video", "mid": "2", "feed_id": 2, "feed_mid": "1", "active": True},
        {"type": "audio", "mid": "3", "feed_id": 9, "feed_mid": "0", "active": True},
    ]
    assert {mid: who.name for mid, who in known.assign(rows).items()} == {"0": "Bob"}
    assert known.wanted(0.0) == [(2, "0")]
    known.unpublished(3)
    assert known.assign(rows) == {}


def test_a_refused_subscription_is_asked_for_later_and_later() -> None:
    known = roster()
    known.published(mic(2), 0.0)
    source = known.sources[2, "0"]
    waits = []
    for _ in range(6):
        source.refused(10.0)
        waits.append(round(source.retry_at - 10.0, 1))
        assert known.wanted(10.0) == []
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert known.wanted(11.0) == [(2, "0")]


def test_the_list_corrects_what_was_told() -> None:
    known = roster()
    known.published(mic(2, "Ann"), 0.0)
    known.published({"id": 5, "streams": [{"type": "video", "mid": "0"}]}, 0.0)
    people = [{"id": 1, "display": "M"}, {"id": 4, "display": "Quiet"}, {"id": 5, "publisher": True}]
    assert known.listed(people)
    assert {who.name for who in known.people.values()} == {"Quiet", "5"}
    assert known.wanted(0.0) == []
    assert not known.listed([*people, {"id": 6, "publisher": True}]), "nobody told us of 6"


def test_a_moderated_microphone_is_not_expected_to_be_heard() -> None:
    known = roster()
    known.published(mic(2, "Ann", talking=True), 100.0)
    dog = known.sources[2, "0"].dog
    assert dog.deaf(106.0)
    known.moderated(2, "0", True, 106.0)
    assert not dog.deaf(120.0)
    known.moderated(2, "0", False, 120.0)
    assert dog.deaf(126.0)
    known.talking(2, False, 126.0)
    assert not dog.deaf(140.0)


def test_a_publisher_who_changes_something_else_still_talks() -> None:
    known = roster()
    known.published({"id": 2, "streams": [{"type": "audio", "mid": "0", "talking": True}]}, 100.0)
    known.published(mic(2, "Another name"), 102.0)
    assert known.sources[2, "0"].dog.waiting(106.0) == 6.0
    known.published(mic(2, "Another name", talking=False), 107.0)
    assert known.sources[2, "0"].dog.waiting(108.0) == 0.0


def test_who_talked_in_a_mix() -> None:
    talks = Talks()
    talks.began(2, "Ann", 10.0)
    talks.ended(2, 14.0)
    talks.began(3, "Bob", 20.0)
    assert talks.between(11.0, 12.0) == ("Ann",)
    assert talks.between(15.0, 17.0) == ()
    assert talks.between(16.0, 19.0) == ("Bob",), "Janus's word comes late"
    assert talks.between(9.0, 30.0) == ("Ann", "Bob")
    for n in range(1000):
        talks.began(4, "Cy", 100.0 + n)
    assert talks.between(1000.0, 1001.0) == ("Cy",)


def test_the_pulse_of_a_path() -> None:
    pulse = Pulse(patience=3.0)
    assert not pulse.stopped(0, 100.0), "nothing has come yet: nobody talks"
    assert not pulse.stopped(5, 101.0)
    assert not pulse.stopped(5, 104.0)
    assert pulse.stopped(5, 104.1)
    assert not pulse.stopped(6, 104.2)


def test_a_path_that_never_comes_up() -> None:
    pulse = Pulse(patience=3.0)
    assert not pulse.stopped(0, 100.0)
    pulse.expect(100.0)
    pulse.expect(102.0)
    assert not pulse.stopped(0, 103.0)
    assert pulse.stopped(0, 103.1)
    assert not pulse.felt
