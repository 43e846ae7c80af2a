"""Webhooks against real HTTP servers: signed, tried again, given up, replayed, and safe to point anywhere."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from monitor.access.roles import LOCAL, Role
from monitor.config_webhooks import SignedWebhook
from monitor.couriers import Couriers, Hook
from monitor.errors import HookUnknown
from monitor.messages import Numbered
from monitor.model import AlertState, Severity
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.web.refusals import refuse_in_words
from monitor.web.server import serve
from monitor.web.webhooks import webhooks
from monitor.webhooks.sending import Letter, Notice, Signed, Undelivered, Way
from monitor.webhooks.signing import headers
from tests.helpers.storing import alert, database, hit
from tests.helpers.trails import trail_of
from tests.helpers.whole import whole_service

SECRET = "a-secret-of-twenty-four-b"
# Apprise loads its plugins when one is first used, and one of them asks for a module that Python will drop.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")


@dataclass
class Desk:
    """A receiver: keeps what it got, and answers as told."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)  # the next ones; 204 when there are no more
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        self.got.append((dict(request.headers), await request.body()))
        self.came.set()
        return self.answers.pop(0) if self.answers else Response(status_code=204)

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.got) < count:
                self.came.clear()
                await self.came.wait()

    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(body) for _, body in self.got]


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    app = FastAPI()
    app.add_api_route("/{path:path}", made.take, methods=["POST", "GET"])
    async with serve(app, "127.0.0.1", 0) as server:
        made.url = f"{server.url}/hook"
        yield made


def hook(way: Way, *events: str, **changes: object) -> Hook:
    values = {"severity": Severity.LOW, "rooms": frozenset(), "apart": frozenset({"canary"})} | changes
    return Hook("desk", way, frozenset(events or ("alert.raised", "alert.changed")), **values)  # type: ignore[arg-type]


@asynccontextmanager
async def courier(
    directory: Path, *hooks: Hook, clock: Callable[[], float] = time.time
) -> AsyncIterator[tuple[Store, Couriers]]:
    """A store whose events go to running couriers."""
    path = directory / "monitor.db"
    waiting: list[Couriers] = []

    def told(message: Numbered) -> None:
        for each in waiting:
            each.told(message)

    async with Store.open(path if path.exists() else database(directory), told) as store:
        couriers = Couriers(hooks, store, Metrics(), clock)
        waiting.append(couriers)
        for one in hooks:  # as a courier's first step: what happens from now on is told
            await store.hook_begins(one.name, await store.last_seq())
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(couriers.run())
            yield store, couriers
            task.cancel()


async def test_an_alert_is_handed_over_signed_and_masked(tmp_path: Path) -> None:
    async with desk() as there:
        one = hook(Signed(there.url, lambda: SECRET, private=True), console="https://console.example.org/")
        async with courier(tmp_path, one) as (store, _):
            await store.add_alert(alert("a1", hits=(replace(hit(), after="call 202-456-1414"),)))
            await there.wait(1)
    sent, body = there.got[0]
    made = headers(SECRET, sent["webhook-id"], float(sent["webhook-timestamp"]), body)
    assert sent["webhook-signature"] == made["webhook-signature"]
    assert abs(int(sent["webhook-timestamp"]) - time.time()) < 300
    said = json.loads(body)
    assert (said["type"], said["data"]["alert"]["id"]) == ("alert.raised", "a1")
    assert said["data"]["alert"]["hits"][0]["after"] == "call [phone]"
    assert said["data"]["link"] == "https://console.example.org/review/a1"
    assert sent["host"] == there.url.split("/")[2]


async def test_it_is_tried_again_with_the_same_id_until_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.webhooks.schedule.DELAYS", (0.05,) * 9)
    async with desk() as there:
        there.answers = [Response(status_code=500), Response(status_code=302, headers={"Location": there.url})]
        async with courier(tmp_path, hook(Signed(there.url, lambda: SECRET, private=True))) as (store, couriers):
            await store.add_alert(alert("a1"))
            await there.wait(3)
            await until(store, sent=1)
            assert couriers.trouble() == []
    assert len(there.got) == 3  # the redirect was not followed
    assert len({sent["webhook-id"] for sent, _ in there.got}) == 1


async def until(store: Store, **wanted: int) -> None:
    async def so() -> bool:
        state = await store.hook_state("desk")
        return all(getattr(state, name) == value for name, value in wanted.items())

    async with asyncio.timeout(60):
        while True:
            if await so():
                return
            await asyncio.sleep(0.02)


async def eventually(look: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while True:
            if look():
                return
            await asyncio.sleep(0.02)


async def test_what_nobody_takes_is_a_dead_letter_and_can_be_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.webhooks.schedule.DELAYS", (0.02, 0.02))
    async with desk() as there:
        there.answers = [Response(status_code=503) for _ in range(3)]
        async with courier(tmp_path, hook(Signed(there.url, lambda: SECRET, private=True))) as (store, couriers):
            await store.add_alert(alert("a1"))
            await until(store, dead=1)
            await eventually(couriers.trouble)
            assert "1 letters were given up (it answered 503)" in couriers.trouble()[0]
            app = FastAPI()
            refuse_in_words(app)
            app.include_router(webhooks(couriers, await trail_of(store, tmp_path)))
            async with served(app) as client:
                page = (await client.get("/api/webhooks/dead")).json()
                assert [(one["kind"], one["subject"], one["tries"]) for one in page["letters"]] == [
                    ("alert.raised", "a1", 3)
                ]
                assert (await client.post("/api/webhooks/none/replay")).status_code == 404
                assert (await client.post("/api/webhooks/desk/replay")).json() == {"letters": 1}
                await until(store, dead=0, waiting=0, sent=1)
                hooks = (await client.get("/api/webhooks")).json()["webhooks"]
                assert [(one["name"], one["sent"], one["dead"]) for one in hooks] == [("desk", 1, 0)]
                await client.post("/api/webhooks/desk/test")
                await there.wait(5)
            assert there.bodies()[-1]["type"] == "test"
            entries = await store.audit(action="webhook.")
            assert [entry.action for entry in entries] == ["webhook.replayed", "webhook.replayed"]


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async def as_admin(scope, receive, send):  # type: ignore[no-untyped-def]
        await app({**scope, "state": {"person": LOCAL}}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(as_admin), base_url="http://localhost") as client:
        yield client


async def test_after_a_restart_nothing_is_missing_and_nothing_is_told_twice(tmp_path: Path) -> None:
    async with desk() as there:
        one = hook(Signed(there.url, lambda: SECRET, private=True))
        async with courier(tmp_path, one) as (store, _):
            await store.add_alert(alert("a1"))
            await there.wait(1)
            await until(store, sent=1)
        async with Store.open(tmp_path / "monitor.db", lambda _: None) as store:  # no courier runs
            await store.add_alert(alert("a2"))
        async with courier(tmp_path, one) as (store, _):
            await store.add_alert(alert("a3"))
            await until(store, sent=3, waiting=0)
    told = [body["data"]["alert"]["id"] for body in there.bodies()]  # type: ignore[index]
    assert sorted(told) == ["a1", "a2", "a3"]


async def test_only_what_is_wanted_is_told(tmp_path: Path) -> None:
    async with desk() as there:
        one = hook(Signed(there.url, lambda: SECRET, private=True), severity=Severity.HIGH)
        async with courier(tmp_path, one) as (store, _):
            await store.add_alert(alert("low", severity=Severity.LOW))
            await store.add_alert(alert("canary", room_id="canary"))
            await store.add_alert(alert("a1"))
            await store.change_alert(alert("a1", count=2))  # a repeat alone is no news
            await until(store, sent=1)
            await store.change_alert(alert("a1", count=3, state=AlertState.ESCALATED))
            await until(store, sent=2, waiting=0)
    assert [body["type"] for body in there.bodies()] == ["alert.raised", "alert.changed"]


async def test_what_was_erased_meanwhile_is_never_sent(tmp_path: Path) -> None:
    async with desk() as there:
        path = database(tmp_path)
        async with Store.open(path, lambda _: None) as store:
            await store.hook_begins("desk", 0)
            await store.post_one("desk", "alert.raised", "gone")
        async with courier(tmp_path, hook(Signed(there.url, lambda: SECRET, private=True))) as (store, _):
            await until(store, waiting=0)
    assert there.got == []


INSIDE = [
    "http://127.0.0.1:1/",
    "https://127.0.0.1:1/",
    "https://localhost:1/",
    "https://[::1]:1/",
    "https://10.0.0.1/",
]
INSIDE += ["https://169.254.169.254/latest/meta-data", "https://[::ffff:127.0.0.1]:1/", "https://0.0.0.0:1/"]


@pytest.mark.parametrize("url", INSIDE)
async def test_it_never_calls_into_the_own_network_unless_told_to(url: str) -> None:
    with pytest.raises(Undelivered, match="private"):
        await Signed(url, lambda: SECRET).send(letter())


def letter() -> Letter:
    return Letter("msg_1", 1000.0, b"{}", "high: free money", "Ann in lobby", "failure", "room-monitor-a1")


async def test_a_server_that_is_gone_for_good_is_not_asked_again() -> None:
    async with desk() as there:
        there.answers = [Response(status_code=410), Response(status_code=429, headers={"Retry-After": "40"})]
        way = Signed(there.url, lambda: SECRET, private=True)
        with pytest.raises(Undelivered) as gone:
            await way.send(letter())
        assert gone.value.final
        with pytest.raises(Undelivered) as later:
            await way.send(letter())
        assert (later.value.final, later.value.after) == (False, 40.0)


async def test_slack_gets_its_own_form(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.slack import NotifySlack

    async with desk() as there:
        monkeypatch.setattr(NotifySlack, "webhook_url", there.url)
        there.answers = [Response("ok"), Response(status_code=500)]
        way = Notice(lambda: "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general")
        await way.send(letter())
        with pytest.raises(Undelivered, match="Slack did not take it"):
            await way.send(letter())
    said = json.dumps(there.bodies()[0])
    assert "attachments" in said
    assert "high: free money" in said
    assert "Ann in lobby" in said


async def test_pagerduty_joins_what_is_about_one_alert_and_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins import pagerduty

    async with desk() as there:
        monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", there.url)
        there.answers = [Response(status_code=202), Response(status_code=202)]
        way = Notice(lambda: "pagerduty://IntegrationKey@ApiKey/room-monitor/alerts")
        await way.send(letter())
        await way.send(replace(letter(), tone="success"))
    first, second = there.bodies()
    assert first["event_action"] == "trigger"
    assert "free money" in first["payload"]["summary"]  # type: ignore[index]
    assert (second["event_action"], second["dedup_key"]) == ("resolve", first["dedup_key"])
    assert first["dedup_key"] == "room-monitor-a1"


async def test_an_address_that_is_none_is_said_in_words() -> None:
    with pytest.raises(Undelivered, match="none that Apprise understands"):
        await Notice(lambda: "nothing").send(letter())


async def test_the_service_tells_the_webhooks_of_its_settings(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET, "utf-8")
    async with desk() as there:
        wanted = SignedWebhook(
            name="desk", kind="signed", url=there.url, secret=f"file:{tmp_path / 'secret'}", private=True
        )
        async with (
            whole_service(tmp_path, webhooks=(wanted,)) as whole,
            httpx.AsyncClient(base_url=whole.url) as client,
        ):
            ops = {"Authorization": f"Bearer {whole.tokens[Role.OPS]}"}
            assert (await client.get("/api/webhooks", headers=ops)).json()["webhooks"][0]["name"] == "desk"
            assert (await client.post("/api/webhooks/desk/test", headers=ops)).status_code == 200
            await there.wait(1)
            await whole.house.store.add_alert(alert("a1"))
            await there.wait(2)
            figures = (await client.get("/metrics", headers=ops)).text
            assert 'room_monitor_webhook_tries_total{outcome="sent",webhook="desk"}' in figures
    assert [body["type"] for body in there.bodies()] == ["test", "alert.raised"]
    sent, body = there.got[1]
    assert headers(SECRET, sent["webhook-id"], float(sent["webhook-timestamp"]), body).items() <= sent.items()


async def test_an_unknown_webhook_is_refused_in_words(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), lambda _: None) as store:
        with pytest.raises(HookUnknown, match="there are: none"):
            await Couriers([], store, Metrics()).test("desk")
