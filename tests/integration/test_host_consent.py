"""A host's word on a running service: nobody is heard before it, and nobody after it, to the sample."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.access.roles import Role
from monitor.app import Service
from monitor.config import Keywords, Settings, Storage, Web
from monitor.config_consent import ConsentSettings
from monitor.config_rooms import Room
from monitor.house import House
from monitor.messages import AlertRaised, HeardMessage, Numbered, RoomChanged, SpeakerChanged
from monitor.model import RATE, Heard, Utterance
from monitor.rooms.builtin.client import visit
from monitor.rooms.ice import allow_loopback
from tests.helpers.floor import Typist, house, tracks
from tests.helpers.people import person
from tests.helpers.room_server import until
from tests.helpers.voicelike import silence, voice
from tests.helpers.whole import whole_service

TALK = [voice(1.5), silence(1.2)]
PATIENCE = 60.0


class Site:
    """The service, what it told, and a host with a link."""

    def __init__(self, house: House, told: list[Numbered], url: str, http: httpx.AsyncClient) -> None:
        self.house = house
        self.told = told
        self.url = url
        self._http = http
        self.link = ""

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200, link: str | None = None) -> Any:
        token = self.link if link is None else link
        answer = await self._http.request(method, path, json=body, headers={"X-Host-Link": token} if token else {})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def say(self, act: str, status: int = 200) -> Any:
        return await self.ask("POST", "/api/host/consent", {"act": act}, status)

    async def make_link(self, room: str = "lobby", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.ask("POST", f"/api/rooms/{room}/host-links", more, 201, link="")
        return made

    def socket(self, room: str = "lobby") -> str:
        return f"{self.url.replace('http', 'ws', 1)}/rooms/{room}/ws"

    def heard(self, name: str = "") -> list[HeardMessage]:
        heard = [m for m in self.told if isinstance(m, HeardMessage)]
        return [m for m in heard if not name or m.speaker.name == name]

    def seconds(self, state: Heard) -> float:
        return self.house.book.room("lobby").seconds.get(state, 0.0)

    async def until(self, state: Heard, seconds: float) -> None:
        await until(lambda: self.seconds(state) >= seconds, PATIENCE)


async def serve(
    directory: Path, work: Callable[[Site], Awaitable[None]], typist: Typist | None = None, required: bool = True
) -> None:
    """Run the service with one room until `work` has returned."""
    allow_loopback()
    settings = Settings(
        rooms=(Room(id="lobby", name="The lobby"),),
        web=Web(port=0),
        storage=Storage(data=directory),
        keywords=Keywords(lists=directory / "lists"),
        consent=ConsentSettings(required=required),
        grace=30.0,
    )
    service = Service(settings)
    told: list[Numbered] = []

    def hears(message: Numbered) -> None:
        told.append(message)
        service.told(message)

    async def beside(url: str) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
            site = Site(built, told, url, http)
            await until(lambda: any(isinstance(m, RoomChanged) and m.room.state == "live" for m in told), PATIENCE)
            site.link = (await site.make_link())["path"].partition("#")[2]
            await work(site)
        service.stop()

    async with house(directory, typist or Typist(), hears) as built:
        await service.serve(built, beside)
        await built.store.end_session(clean=True)


async def test_nobody_is_heard_before_the_host_says_yes_nor_in_a_pause(tmp_path: Path) -> None:
    typist = Typist()

    async def work(site: Site) -> None:
        async with person(site.socket(), "Ann", *TALK):
            seen = await site.ask("GET", "/api/host")
            assert (seen["state"], seen["listening"], seen["required"]) == ("announced", False, True)
            await site.until(Heard.NOT_CONSENTED, 2.0)
            assert typist.heard == []
            seen = await site.say("grant")
            assert (seen["state"], seen["basis"], seen["listening"]) == ("granted", "host", True)
            await until(lambda: bool(site.heard("Ann")), PATIENCE)
            assert (await site.say("pause"))["state"] == "paused"
            paused, before = len(site.heard("Ann")), site.seconds(Heard.NOT_CONSENTED)
            await site.until(Heard.NOT_CONSENTED, before + 2.0)
            assert len(site.heard("Ann")) <= paused + 1, "one may have waited, and was agreed to"
            await site.say("grant")
            paused = len(site.heard("Ann"))
            await until(lambda: len(site.heard("Ann")) > paused, PATIENCE)

    await serve(tmp_path, work, typist)
    row = tracks(tmp_path)["Ann"]
    assert row.seconds["not-consented"] >= 4.0
    assert row.seconds["examined"] > 1.0
    assert row.gaps["not-consented"] == pytest.approx(row.seconds["not-consented"], abs=0.01)
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as db:
        causes = db.execute("SELECT cause FROM gaps WHERE state = 'not-consented' ORDER BY seq").fetchall()
    assert causes == [("the host has not switched monitoring on",), ("the host has paused monitoring",)]


async def test_a_withdrawal_drops_what_waits_and_what_the_recogniser_has(tmp_path: Path) -> None:
    """The recogniser is held at the first utterance; more wait behind it, and one is open."""
    begun, go_on = threading.Event(), threading.Event()

    def says(_: Utterance) -> str:
        begun.set()
        assert go_on.wait(PATIENCE)
        return "ask not what your country can do"

    said: list[float] = []

    async def work(site: Site) -> None:
        await site.say("grant")
        async with person(site.socket(), "Ann", *TALK):
            assert await asyncio.to_thread(begun.wait, PATIENCE)
            await site.until(Heard.PENDING, 5.0)
            said.append(site.seconds(Heard.PENDING))
            seen = await site.say("withdraw")
            assert (seen["state"], seen["listening"]) == ("withdrawn", False)
            go_on.set()
            await site.until(Heard.NOT_CONSENTED, said[0] + 1.0)

    await serve(tmp_path, work, Typist(says))
    row = tracks(tmp_path)["Ann"]
    assert "examined" not in row.seconds, "nothing was examined: all of it waited when she was let go"
    assert row.seconds["not-consented"] >= said[0]
    assert "pending" not in row.seconds


async def test_a_withdrawal_takes_effect_within_200_ms_of_speech(tmp_path: Path) -> None:
    """By media time, which no busy machine bends: how much of what was said after the request somebody listened to."""
    typist = Typist()
    later: list[float] = []

    async def work(site: Site) -> None:
        await site.say("grant")
        async with person(site.socket(), "Ann", *TALK):
            await until(lambda: bool(site.heard("Ann")), PATIENCE)
            (track,) = site.house.book.visits("lobby")
            asked = track.ledger.end
            await site.say("withdraw")
            await until(lambda: track.ledger.end >= asked + 3 * RATE, PATIENCE)
            later.append((max(utterance.end for utterance in typist.heard) - asked) / RATE)
            silent = track.ledger.gaps()[-1]
            assert (silent.state, silent.end) == (Heard.NOT_CONSENTED, track.ledger.end)
            later.append((silent.start - asked) / RATE)

    await serve(tmp_path, work, typist)
    assert max(later) <= 0.2


async def test_one_speaker_is_left_out_also_when_they_come_back_and_the_others_are_heard(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        await site.say("grant")
        async with person(site.socket(), "Bo", *TALK):
            async with person(site.socket(), "Ann", *TALK):
                await until(lambda: bool(site.heard("Ann")) and bool(site.heard("Bo")), PATIENCE)
                ann = next(one for one in (await site.ask("GET", "/api/host"))["speakers"] if one["name"] == "Ann")
                await site.ask("POST", "/api/host/speakers", {"id": ann["id"], "name": "Ann", "listen": False})
                await asyncio.sleep(0.5)  # what was just being written down is
            of_ann, of_bo = len(site.heard("Ann")), len(site.heard("Bo"))
            async with person(site.socket(), "Ann", *TALK):
                await until(lambda: len(site.heard("Bo")) > of_bo + 1, PATIENCE)
                assert len(site.heard("Ann")) == of_ann
                seen = await site.ask("GET", "/api/host")
                assert [(one["name"], one["listen"]) for one in seen["speakers"] if one["name"] == "Ann"] == [
                    ("Ann", False)
                ]
                room = (await site.ask("GET", "/api/rooms"))["rooms"][0]
                assert {one["name"]: one["opted_out"] for one in room["speakers"]} == {"Ann": True, "Bo": False}

    await serve(tmp_path, work)
    assert "examined" not in tracks(tmp_path)["Ann"].seconds


async def test_the_room_is_told_what_is_so_and_each_showing_is_on_the_record(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        async with visit(site.socket(), "Cy") as guest:
            assert "nobody is listened to" in guest.notice

            async def hears(words: str) -> None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        while words not in guest.notice:
                            await guest.receive()
                assert words in guest.notice

            await site.say("grant")
            await hears("monitored for safety")
            await site.ask("PUT", "/api/host/notice", {"text": " We listen,\n kindly. ", "language": "en"})
            await hears("We listen, kindly.")
            await site.ask("PUT", "/api/host/notice", {"text": "", "language": "zh"})
            await site.say("pause")
            await hears("监控已关闭")
            async with visit(site.socket(), "Late") as late:
                assert "监控已关闭" in late.notice
                await until(
                    lambda: any(isinstance(m, SpeakerChanged) and m.speaker.name == "Late" for m in site.told), PATIENCE
                )
        entries = (await site.ask("GET", "/api/host/entries"))["entries"]
        shown = [entry["notice"] for entry in entries if entry["act"] == "announce" and not entry["told"]]
        assert len(shown) >= 4
        assert sum(entry["told"] for entry in entries) >= 2, "Cy and Late came after the notice was shown to all"
        assert {entry["way"] for entry in entries if entry["act"] == "announce"} == {"on the room's page"}
        acts = [entry["act"] for entry in entries if entry["act"] != "announce"]
        assert acts == ["pause", "notice", "notice", "grant"], "newest first, and nothing is written over"

    await serve(tmp_path, work)


async def test_the_operators_policy_is_the_basis_where_no_host_must_agree_and_the_hosts_no_outlives_a_restart(
    tmp_path: Path,
) -> None:
    async def first(site: Site) -> None:
        seen = await site.ask("GET", "/api/host")
        assert (seen["state"], seen["basis"], seen["required"]) == ("granted", "policy", False)
        await site.say("withdraw")

    async def second(site: Site) -> None:
        seen = await site.ask("GET", "/api/host")
        assert (seen["state"], seen["basis"], seen["listening"]) == ("withdrawn", "host", False)
        await site.say("pause", 409)
        answer = await site.ask("POST", f"/api/rooms/{seen['room']}/probe?seconds=1", status=409, link="")
        assert "the host has withdrawn consent" in answer["detail"], "a probe listens, too"

    await serve(tmp_path, first, required=False)
    await serve(tmp_path, second, required=False)


async def test_a_link_opens_its_room_alone_until_it_is_revoked_or_expires(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        await site.ask("GET", "/api/host", link="", status=403)  # the one who sits at the machine is no host
        for wrong in ("x", "A" * 62, site.link[:-2] + ("AA" if site.link[-2:] != "AA" else "BB")):
            refused = await site.ask("GET", "/api/host", link=wrong, status=401)
            assert refused["code"] == "host-link-invalid"
        made = await site.make_link(note="for Bo", days=0.000001)
        await asyncio.sleep(0.2)
        gone = await site.ask("GET", "/api/host", link=made["path"].partition("#")[2], status=401)
        assert "expired" in gone["detail"]
        links = (await site.ask("GET", "/api/host-links", link=""))["links"]
        assert {link["note"]: link["good"] for link in links} == {"for Bo": False, "": True}
        mine = next(link for link in links if not link["note"])
        assert mine["used_at"] == 0.0
        await site.ask("GET", "/api/host")
        await site.ask("DELETE", f"/api/host-links/{mine['id']}", link="")
        gone = await site.ask("GET", "/api/host", status=401)
        assert "revoked" in gone["detail"]
        await site.ask("DELETE", "/api/host-links/nothing", link="", status=404)
        await site.ask("POST", "/api/rooms/nowhere/host-links", {}, link="", status=404)
        assert site.link.encode() not in (tmp_path / "monitor.db").read_bytes()

    await serve(tmp_path, work)
    key = tmp_path / "host-links.key"
    assert key.stat().st_mode & 0o077 == 0


async def test_the_host_sees_what_came_of_it_and_has_it_erased(tmp_path: Path) -> None:
    typist = Typist(lambda _: "ask not what your country can do")

    async def work(site: Site) -> None:
        await site.say("grant")
        async with person(site.socket(), "Ann", *TALK):
            await until(lambda: any(isinstance(m, AlertRaised) for m in site.told), PATIENCE)
            account = await site.ask("GET", "/api/host/receipt")
            assert account["alert_count"] == 1
            assert account["alerts"][0]["severity"] == "high"
            assert account["alerts"][0]["goes_at"] > account["alerts"][0]["raised_at"]
            assert "country" not in str(account), "what was said is staff's matter"
            await site.say("withdraw")
        done = await site.ask("POST", "/api/host/erasure", {"reason": "please"})
        assert done["state"] == "erased"
        account = await site.ask("GET", "/api/host/receipt")
        assert (account["alert_count"], account["utterances"], account["clips"]) == (0, 0, 0)
        assert done["receipt"] in [one["id"] for one in account["deletions"]]
        assert (await site.ask("POST", "/api/host/erasure", {}))["state"] in ("erased", "nothing")
        audit = await site.ask("GET", "/api/audit", link="")
        acts = [entry["action"] for entry in audit["entries"] if entry["room"] == "lobby"]
        assert {"consent.granted", "consent.withdrawn", "host_link.made", "evidence.erased"} <= set(acts)

    await serve(tmp_path, work, typist)


async def test_the_key_of_what_was_held_goes_with_a_withdrawal_while_the_monitor_stays_in_the_room(
    tmp_path: Path,
) -> None:
    async with whole_service(tmp_path) as it, httpx.AsyncClient(base_url=it.url, timeout=PATIENCE) as http:
        staff = {"Authorization": f"Bearer {it.tokens[Role.OPS]}"}
        async with person(f"{it.url.replace('http', 'ws', 1)}/rooms/lobby/ws", "Ann", *TALK):
            await until(lambda: it.house.book.room("lobby").seconds.get(Heard.EXAMINED, 0.0) > 1.0, PATIENCE)
            made = await http.post("/api/rooms/lobby/host-links", json={}, headers=staff)
            link = {"X-Host-Link": made.json()["path"].partition("#")[2]}
            assert await it.house.store.receipts(room="lobby") == []
            seen = (await http.post("/api/host/consent", json={"act": "withdraw"}, headers=link)).json()
            assert (seen["state"], seen["room_state"]) == ("withdrawn", "live")
            async with asyncio.timeout(PATIENCE):
                while not await it.house.store.receipts(room="lobby", kind="session"):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            assert (await http.get("/api/host", headers=link)).json()["room_state"] == "live"


async def test_a_hosts_link_opens_nothing_of_what_staff_have_accounts_for(tmp_path: Path) -> None:
    async with whole_service(tmp_path) as it, httpx.AsyncClient(base_url=it.url, timeout=PATIENCE) as http:
        staff = {"Authorization": f"Bearer {it.tokens[Role.OPS]}"}
        await until(lambda: it.service._rooms is not None and "lobby" in it.service._rooms.watches, PATIENCE)
        made = await http.post("/api/rooms/lobby/host-links", json={"note": "Ann"}, headers=staff)
        link = {"X-Host-Link": made.json()["path"].partition("#")[2]}
        assert (await http.get("/api/host", headers=link)).json()["room"] == "lobby"
        assert (await http.get("/api/host", headers=staff)).status_code == 403
        for path, item in (await http.get("/openapi.json")).json()["paths"].items():
            for method, operation in item.items():
                if operation["x-permission"] not in ("public", "host"):
                    there = re.sub(r"\{[^}]+\}", "lobby", path)
                    answer = await http.request(method, there, headers=link, json={} if method != "get" else None)
                    assert answer.status_code == 401, (method, path)
