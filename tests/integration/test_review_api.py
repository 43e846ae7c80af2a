"""The review part of the API over a real server: what a reviewer's console asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from monitor.messages import IncidentView
from monitor.model import Severity, Speaker
from monitor.reviewing import ReviewPlan
from monitor.store.records import Revision
from tests.helpers.site import Site, site
from tests.helpers.storing import alert, hit, transcript

BOB = Speaker("s2", "Bob")


def client(it: Site) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=it.url, timeout=20, trust_env=False)


async def three(it: Site) -> None:
    """An incident of two alerts, and one of another speaker."""
    await it.store.add_alert(alert("a1", raised_at=1000.0))
    await it.store.add_alert(alert("a2", raised_at=1001.0, severity=Severity.CRITICAL, hits=(hit("gift card"),)))
    await it.store.add_alert(alert("a3", raised_at=1002.0, speaker=BOB, room_id="den", hits=(hit("bad words"),)))


async def test_the_queue_has_each_incident_with_its_newest_alert_page_by_page(tmp_path: Path) -> None:
    async with site(tmp_path) as it, client(it) as web:
        await three(it)
        first = (await web.get("/api/incidents", params={"order": "worst", "limit": 1})).json()
        assert [(one["id"], one["severity"], one["alerts"]) for one in first["incidents"]] == [(1, "critical", 2)]
        assert [one["id"] for one in first["alerts"]] == ["a2"]
        assert first["alerts"][0]["incident"] == 1
        second = (await web.get("/api/incidents", params={"order": "worst", "after": first["after"]})).json()
        assert [one["id"] for one in second["incidents"]] == [2]
        assert second["after"] is None
        found = (await web.get("/api/incidents", params={"room": "den", "rule": "bad words", "list": "scam"})).json()
        assert [one["id"] for one in found["incidents"]] == [2]
        counts = (await web.get("/api/incidents/counts")).json()["counts"]
        assert {(one["severity"], one["count"]) for one in counts} == {("critical", 1), ("high", 1)}
        assert (await web.get("/api/incidents", params={"after": "nonsense"})).status_code == 422
        assert (await web.get("/api/incidents/99")).status_code == 404


async def test_two_reviewers_do_not_take_the_same_job(tmp_path: Path) -> None:
    async with site(tmp_path, review=ReviewPlan(claim=600)) as it, client(it) as web:
        await three(it)
        mine = (await web.post("/api/incidents/1/claim", json={"who": "ann"})).json()
        assert mine["incident"]["claimed_by"] == "ann"
        assert [one["id"] for one in mine["alerts"]] == ["a1", "a2"]
        refused = await web.post("/api/incidents/1/claim", json={"who": "bob"})
        assert (refused.status_code, refused.json()["code"]) == (409, "incident-taken")
        assert "ann" in refused.json()["detail"]
        assert (await web.post("/api/incidents/1/verdict", json={"verdict": "wrong", "who": "bob"})).status_code == 409
        again = (await web.post("/api/incidents/1/claim", json={"who": "ann"})).json()
        assert len(again["decisions"]) == 1, "a claim that is renewed at once fills no log"
        held = (await web.get("/api/incidents", params={"claim": "held"})).json()
        assert [one["id"] for one in held["incidents"]] == [1]
        handed = (await web.post("/api/incidents/1/hand", json={"to": "bob", "who": "ann"})).json()
        assert handed["incident"]["claimed_by"] == "bob"
        entries = [entry async for entry in it.store.audit_entries()]
        assert [(entry.who, entry.action, entry.subject) for entry in entries] == [
            ("ann", "incident.claimed", "1"),
            ("ann", "incident.handed", "1"),
        ]


async def test_a_verdict_is_the_rules_precision_and_undo_takes_it_back(tmp_path: Path) -> None:
    async with site(tmp_path) as it, client(it) as web:
        await three(it)
        said = {"verdict": "right", "reason": "fraud", "taken": "warned", "note": "call 555 867 5309", "who": "ann"}
        done = (await web.post("/api/incidents/1/verdict", json=said)).json()
        assert (done["incident"]["status"], done["incident"]["verdict"]) == ("done", "right")
        assert (done["incident"]["decided_by"], done["incident"]["reason"]) == ("ann", "fraud")
        assert "867" not in done["decision"]["note"], "personal data is masked in notes, too"
        assert [(one.rule, one.right) for one in await it.store.precision()] == [("free money", 1), ("gift card", 1)]
        assert [one["id"] for one in (await web.get("/api/incidents")).json()["incidents"]] == [2]
        undone = await web.post("/api/incidents/1/undo", json={"decision": done["decision"]["id"], "who": "ann"})
        assert undone.json()["incident"]["status"] == "open"
        assert await it.store.precision() == []
        history = (await web.get("/api/incidents/1")).json()["decisions"]
        assert [(one["act"], one["undone"]) for one in history] == [("verdict", True), ("undo", False)]


async def test_escalating_noting_and_releasing(tmp_path: Path) -> None:
    async with site(tmp_path) as it, client(it) as web:
        await three(it)
        await web.post("/api/incidents/2/claim", json={"who": "ann"})
        freed = (await web.post("/api/incidents/2/release", json={"who": "ann"})).json()
        assert freed["incident"]["claimed_by"] == ""
        up = (await web.post("/api/incidents/2/escalate", json={"to": "legal", "note": "minors", "who": "ann"})).json()
        assert (up["incident"]["status"], up["incident"]["escalated_to"]) == ("escalated", "legal")
        assert (await web.post("/api/incidents/2/note", json={"note": "seen before", "who": "bob"})).status_code == 200
        assert (await web.post("/api/incidents/2/note", json={"note": "", "who": "bob"})).status_code == 422
        only = (await web.get("/api/incidents", params={"status": "escalated"})).json()["incidents"]
        assert [IncidentView.model_validate(one).id for one in only] == [2]


async def test_a_person_has_more_alerts_by_speaker_room_and_rule(tmp_path: Path) -> None:
    async with site(tmp_path) as it, client(it) as web:
        await three(it)

        async def ids(**asked: Any) -> list[str]:
            return [one["id"] for one in (await web.get("/api/alerts", params=asked)).json()["alerts"]]

        assert await ids(room="lobby", speaker="s1") == ["a2", "a1"]
        assert await ids(room="den", named="Bob") == ["a3"]
        assert await ids(list="scam", rule="gift card") == ["a2"]
        assert await ids(incident=1) == ["a2", "a1"]


async def test_the_words_around_an_alert_come_with_their_revisions_and_masked(tmp_path: Path) -> None:
    async with site(tmp_path) as it, client(it) as web:
        await it.store.add_alert(alert("a1", spoken_at=1000.0))
        for name, began in (("u0", 900.0), ("u1", 999.0), ("u2", 1029.0), ("u3", 1031.5)):
            said = transcript(name)
            said = replace(said, utterance=replace(said.utterance, began=began))
            await it.store.add_heard(said, said.words)
        await it.store.add_revision(Revision("u1", "small", "en", 999.0, 2.0, "mail ann@example.org"))
        found = (await web.get("/api/alerts/a1/transcript")).json()
        assert [one["utterance"] for one in found["utterances"]] == ["u1", "u2"]
        assert [(one["model"], one["text"]) for one in found["revisions"]] == [("small", "mail [e-mail]")]
        wider = (await web.get("/api/alerts/a1/transcript", params={"seconds": 120})).json()
        assert len(wider["utterances"]) == 4
        assert (await web.get("/api/alerts/nope/transcript")).status_code == 404


async def test_filters_that_somebody_keeps(tmp_path: Path) -> None:
    async with site(tmp_path) as it, client(it) as web:
        made = await web.put("/api/review/views/worst%20first", json={"query": "order=worst&severity=high"})
        assert made.status_code == 200
        kept = (await web.get("/api/review/views")).json()["views"]
        assert [(one["name"], one["query"]) for one in kept] == [("worst first", "order=worst&severity=high")]
        assert (await web.delete("/api/review/views/worst%20first")).status_code == 204
        assert (await web.delete("/api/review/views/worst%20first")).status_code == 404
        assert (await web.put("/api/review/views/a", json={"query": "a b"})).status_code == 422
