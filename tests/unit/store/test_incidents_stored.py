"""Incidents in the database: grouped with the alert, told to the feed, decided once, forgotten with their alerts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.errors import IncidentTaken, IncidentUnknown
from monitor.messages import AlertChanged, AlertRaised, IncidentsChanged, Numbered
from monitor.model import AlertState, Severity, Speaker
from monitor.review.decisions import Act, Decision
from monitor.review.incident import Grouping, Judgement, Status
from monitor.store.records import Revision
from monitor.store.review_records import Wanted
from monitor.store.store import Store
from monitor.voice_model import SyntheticVoice, VoiceLabel
from tests.helpers.storing import alert, database, hit, transcript

BOB = Speaker("s2", "Bob")
SIGN = SyntheticVoice(llr=7.5, speech=21.0, model="sigs@1", calibration="set", windows=(), clip_start=0.0)


@asynccontextmanager
async def opened(directory: Path, told: list[Numbered] | None = None) -> AsyncIterator[Store]:
    heard = told if told is not None else []
    path = directory / "monitor.db"
    async with Store.open(
        path if path.exists() else database(directory), heard.append, grouping=Grouping(apart=frozenset({"canary"}))
    ) as store:
        yield store


def decision(incident: int, act: Act, who: str = "ann", **more: object) -> Decision:
    return replace(Decision(incident, act, who, 2000.0), **more)  # type: ignore[arg-type]


async def test_alerts_of_one_matter_share_an_incident_and_each_says_which(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with opened(tmp_path, told) as store:
        await store.add_alert(alert("a1", raised_at=1000.0, severity=Severity.LOW))
        await store.add_alert(alert("a2", raised_at=1010.0, hits=(hit("gift card"),), severity=Severity.CRITICAL))
        await store.add_alert(alert("a3", raised_at=1020.0, room_id="den", speaker=BOB))
        await store.add_alert(alert("a4", raised_at=1030.0, room_id="den", speaker=BOB, hits=(hit("gift card"),)))
        first, second = await store.incident(1), await store.incident(2)
    assert first is not None
    assert second is not None
    assert (first.alerts, first.severity, first.rooms, first.room_count) == (3, Severity.CRITICAL, ("lobby", "den"), 2)
    assert (first.rule, first.phrases) == ("free money", ("free money", "gift card"))
    assert (first.opened_at, first.last_at, first.last_alert) == (1000.0, 1020.0, "a3")
    assert (second.rule, second.room, second.alerts) == ("gift card", "den", 1)
    assert [one.alert.incident for one in told if isinstance(one, AlertRaised)] == [1, 1, 1, 2]


async def test_the_canarys_alerts_are_nobodys_matter(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_alert(alert("a1", room_id="canary"))
        await store.add_alert(alert("a2"))
        assert [(one.id, one.alerts) for one in await store.incidents(Wanted())] == [(1, 1)]
        found = await store.alert("a1")
    assert found is not None
    assert found.incident is None


async def test_the_feed_is_told_of_many_alerts_at_once_also_after_a_restart(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with opened(tmp_path, told) as store:
        for number in range(150):
            await store.add_alert(alert(f"a{number}", room_id=f"r{number}", hits=(hit(f"p{number}"),)))
        await store.add_alert(alert("again", room_id="r0", hits=(hit("p0"),)))
    told.clear()
    async with opened(tmp_path, told) as store:
        await store.untold_incidents()
        assert await store.tell_incidents() == 100
        await store.untold_incidents()
        assert await store.tell_incidents() == 50
        assert await store.tell_incidents() == 0
        events = await store.events(151, 10)
    messages = [one for one in told if isinstance(one, IncidentsChanged)]
    assert messages == events
    assert [view.id for one in messages for view in one.incidents] == list(range(1, 151))
    assert messages[0].incidents[0].alerts == 2


async def test_of_two_who_claim_one_gets_it_and_a_refusal_writes_nothing(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with opened(tmp_path, told) as store:
        await store.add_alert(alert("a1"))
        known, _ = await store.decide(decision(1, Act.CLAIM, "ann", until=1e11))
        assert known.standing.held(2000.0) == "ann"
        with pytest.raises(IncidentTaken):
            await store.decide(decision(1, Act.CLAIM, "bob", until=2900.0))
        with pytest.raises(IncidentTaken):
            await store.add_verdict("a1", Judgement.RIGHT, "bob")
        with pytest.raises(IncidentUnknown):
            await store.decide(decision(9, Act.NOTE))
        with pytest.raises(IncidentUnknown):
            await store.decide(decision(1, Act.VERDICT, alert="a9", verdict=Judgement.RIGHT))
        assert len(await store.decisions(1)) == 1
        assert await store.verdicts() == []
        await store.add_alert(alert("a2", raised_at=1003.0))  # and the writer is well
    assert [one.incidents[0].claimed_by for one in told if isinstance(one, IncidentsChanged)] == ["ann"]


async def test_a_verdict_counts_for_each_alert_until_it_is_undone(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_alert(alert("a1"))
        await store.add_alert(alert("a2", hits=(hit("gift card"),)))
        _, made = await store.decide(decision(1, Act.VERDICT, verdict=Judgement.WRONG, reason="a song"))
        assert [(one.rule, one.wrong) for one in await store.precision()] == [("free money", 1), ("gift card", 1)]
        assert {(v.subject, v.verdict) for v in await store.verdicts()} == {
            ("a1", Judgement.WRONG),
            ("a2", Judgement.WRONG),
        }
        done = await store.incidents(Wanted(status=(Status.DONE,), verdict=Judgement.WRONG))
        assert [one.standing.reason for one in done] == ["a song"]
        now, _ = await store.decide(decision(1, Act.UNDO, undoes=made.id))
        assert now.standing.status is Status.OPEN
        assert await store.precision() == []
        assert await store.verdicts("a1") == []
        assert [each.act for each in await store.decisions(1)] == [Act.VERDICT, Act.UNDO]


async def test_an_undone_verdict_gives_its_place_back_to_the_one_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_alert(alert("a1"))
        await store.add_verdict("a1", Judgement.RIGHT, "ann")
        _, made = await store.decide(decision(1, Act.VERDICT, verdict=Judgement.WRONG))
        assert [(one.right, one.wrong) for one in await store.precision()] == [(0, 1)]
        await store.decide(decision(1, Act.UNDO, undoes=made.id))
        assert [(one.right, one.wrong) for one in await store.precision()] == [(1, 0)]


async def test_a_verdict_on_an_alert_is_a_decision_about_its_incident(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with opened(tmp_path, told) as store:
        await store.add_alert(alert("a1"))
        await store.add_alert(alert("a2"))
        given = await store.add_verdict("a1", Judgement.RIGHT, "ann", "heard it")
        assert given is not None
        assert (given.subject, given.verdict, given.note) == ("a1", Judgement.RIGHT, "heard it")
        assert [one.standing.status for one in await store.incidents(Wanted())] == [Status.OPEN]
        await store.add_verdict("a2", Judgement.RIGHT, "ann")
        assert await store.incidents(Wanted()) == []
        known = await store.incident(1)
        assert known is not None
        assert (known.standing.verdict, known.standing.decided_by) == (Judgement.RIGHT, "ann")
        assert [(each.alert, each.note) for each in await store.decisions(1)] == [("a1", "heard it"), ("a2", "")]


async def test_of_a_voice_the_verdict_is_a_label_and_undoing_takes_it_back(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with opened(tmp_path, told) as store:
        await store.add_alert(alert("a1", hits=(), voice=SIGN))
        await store.label_voice("a1", VoiceLabel.SUSPECTED, "bob")
        _, made = await store.decide(decision(1, Act.VERDICT, verdict=Judgement.RIGHT))
        found = await store.alert("a1")
        assert found is not None
        assert found.voice is not None
        assert found.voice.label is VoiceLabel.CONFIRMED
        await store.decide(decision(1, Act.UNDO, undoes=made.id))
        again = await store.alert("a1")
        assert again is not None
        assert again.voice is not None
        assert again.voice.label is VoiceLabel.SUSPECTED
        assert [one.label for one in await store.voice_labels("a1")] == [VoiceLabel.SUSPECTED]
    changed = [one.alert for one in told if isinstance(one, AlertChanged)]
    assert {one.incident for one in changed} == {1}


async def test_an_incident_is_as_bad_as_the_worst_alert_that_stands(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        bad = alert("a1", severity=Severity.CRITICAL)
        await store.add_alert(bad)
        await store.add_alert(alert("a2", severity=Severity.LOW, hits=(hit("gift card"),)))
        await store.tell_incidents()
        await store.change_alert(replace(bad, state=AlertState.WITHDRAWN))
        known = await store.incident(1)
        assert known is not None
        assert (known.severity, known.withdrawn, known.alerts) == (Severity.LOW, 1, 2)
        assert await store.tell_incidents() == 1
        await store.change_alert(replace(bad, count=2, state=AlertState.WITHDRAWN))
        assert await store.tell_incidents() == 0  # it changes nothing for the incident


async def test_incidents_are_found_by_what_people_ask_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for number, severity in enumerate([Severity.LOW, Severity.HIGH, Severity.MEDIUM, Severity.HIGH], 1):
            room, rule = f"r{number}", f"p{number}"
            await store.add_alert(
                alert(f"a{number}", room_id=room, hits=(hit(rule),), severity=severity, raised_at=1000.0 + number)
            )
        await store.decide(decision(4, Act.CLAIM, "ann", until=3000.0))
        await store.decide(decision(2, Act.ESCALATE, "bob"))

        async def ids(limit: int = 10, **wanted: object) -> list[int]:
            return [one.id for one in await store.incidents(Wanted(**wanted), limit)]  # type: ignore[arg-type]

        assert await ids() == [4, 3, 2, 1]
        assert await ids(order="worst") == [4, 2, 3, 1]
        assert await ids(2, order="worst") == [4, 2]
        assert await ids(2, order="worst", after=(Severity.HIGH.rank, 2)) == [3, 1]
        assert await ids(2, after=(0, 3)) == [2, 1]
        assert await ids(severity=Severity.MEDIUM) == [4, 3, 2]
        assert await ids(room="r3") == [3]
        assert await ids(room="r3", speaker="s1") == [3]
        assert await ids(room="r3", speaker="s9") == []
        assert await ids(list_name="scam", rule="p2") == [2]
        assert await ids(status=(Status.ESCALATED,)) == [2]
        assert await ids(claim="mine", who="ann", now=2000.0) == [4]
        assert await ids(claim="held", now=2000.0) == [4]
        assert await ids(claim="free", now=2000.0) == [3, 2, 1]
        assert await ids(claim="free", now=3000.0) == [4, 3, 2, 1]
        assert await ids(since=1003.0) == [4, 3]
        assert await ids(until=1003.0) == [2, 1]
        counts = await store.incident_counts()
    assert counts == {
        (Status.ESCALATED, Severity.HIGH): 1,
        (Status.OPEN, Severity.HIGH): 1,
        (Status.OPEN, Severity.LOW): 1,
        (Status.OPEN, Severity.MEDIUM): 1,
    }


async def test_what_is_forgotten_takes_incident_decisions_and_revisions_along(tmp_path: Path) -> None:
    clock = [1000.0]
    async with Store.open(database(tmp_path), lambda _: None, lambda: clock[0]) as store:
        heard = transcript("u1")
        await store.add_heard(heard, heard.words)
        await store.add_revision(Revision("u1", "small", "en", 1000.0, 2.0, "free honey"))
        await store.add_alert(alert("a1", raised_at=1000.0))
        await store.decide(decision(1, Act.NOTE, note="canary words"))
        assert [one.text for one in await store.revisions(["u1"])] == ["free honey"]
        await store.purge(5000.0, [("a1", "too old")])
        assert await store.incident(1) is None
        assert await store.decisions(1) == []
        assert await store.revisions(["u1"]) == []


async def test_the_words_around_a_moment_are_those_that_reach_into_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for name, began in (("u1", 900.0), ("u2", 969.0), ("u3", 1000.0), ("u4", 1030.0), ("u5", 1031.0)):
            said = transcript(name)
            said = replace(said, utterance=replace(said.utterance, began=began))  # two seconds long
            await store.add_heard(said, said.words)
        found = await store.around("lobby", 970.0, 1030.0)
        assert [one.utterance for one in found] == ["u2", "u3", "u4"]
        assert await store.around("den", 970.0, 1030.0) == []


async def test_everybody_keeps_views_of_their_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.save_view("ann", "bad ones", "severity=high")
        await store.save_view("ann", "bad ones", "severity=critical")
        await store.save_view("bob", "mine", "claim=mine")
        assert [(v.name, v.query) for v in await store.saved_views("ann")] == [("bad ones", "severity=critical")]
        assert not await store.drop_view("ann", "mine")
        assert await store.drop_view("bob", "mine")
        for number in range(99):
            await store.save_view("ann", f"v{number}", "")
        assert await store.save_view("ann", "one too many", "") is None
        assert await store.save_view("ann", "v1", "room=lobby") is not None
