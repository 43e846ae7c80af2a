"""HTTP and the rooms' websocket: real server, real database, real clients."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from monitor.errors import OperatorError, PortInUse
from monitor.evidence.ring import Part
from monitor.model import Coverage, Gap, Heard, Severity
from monitor.web.server import serve
from monitor.wire import Wire, WireClosed
from tests.helpers.site import Site, site
from tests.helpers.storing import ANN, alert, transcript


class Answer:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def _get(url: str, headers: dict[str, str]) -> Answer:
    try:
        with urlopen(Request(url, headers=headers), timeout=20) as response:
            return Answer(response.status, response.headers, response.read())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


async def get(it: Site, path: str, **headers: str) -> Answer:
    return await asyncio.to_thread(_get, it.url + path, headers)


async def test_health_is_200_when_well_and_503_with_the_reasons_when_not(tmp_path: Path) -> None:
    wrong: list[str] = []
    async with site(tmp_path, health=lambda: wrong) as it:
        well = await get(it, "/healthz")
        assert (well.status, well.json) == (200, {"status": "ok", "reasons": [], "version": "9.9", "seq": 0})
        wrong.append("room lobby is failed")
        ill = await get(it, "/healthz")
        assert (ill.status, ill.json["status"], ill.json["reasons"]) == (503, "degraded", wrong)


async def test_metrics_and_the_contract_are_served(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        it.deps.metrics.waiting(12.5)
        assert b"room_monitor_waiting_seconds 12.5" in (await get(it, "/metrics")).body
        paths = (await get(it, "/openapi.json")).json["paths"]
        assert {"/healthz", "/metrics", "/api/rooms", "/api/alerts", "/api/alerts/{alert}", "/api/gaps"} <= set(paths)
        answer = paths["/api/alerts"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer["$ref"].endswith("/AlertPage")


async def test_the_record_can_be_read_page_by_page(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        for n in range(3):
            await it.store.add_alert(alert(f"a{n}", severity=Severity.LOW if n else Severity.CRITICAL))
        heard = transcript("u1")
        await it.store.add_heard(heard, heard.words)
        await it.store.add_gap(Gap("lobby", ANN, "t1", 1.0, 2.0, Heard.LOST_NETWORK, "hole"))
        await it.store.begin_session()
        await it.store.open_track("t1", "lobby", ANN, 1.0)
        await it.store.save_coverage("t1", Coverage({Heard.EXAMINED: 3.0, Heard.LOST_NETWORK: 1.0}))

        page = (await get(it, "/api/alerts?limit=2")).json
        assert [a["id"] for a in page["alerts"]] == ["a2", "a1"]
        page = (await get(it, f"/api/alerts?limit=2&before={page['before']}")).json
        assert ([a["id"] for a in page["alerts"]], page["before"]) == (["a0"], None)
        assert [a["id"] for a in (await get(it, "/api/alerts?severity=high")).json["alerts"]] == ["a0"]
        assert (await get(it, "/api/alerts?room=den")).json["alerts"] == []
        one = (await get(it, "/api/alerts/a1")).json
        assert (one["delay"], one["hits"][0]["matched"], one["clip"]) == (2.5, "free money", "")
        assert (await get(it, "/api/utterances")).json["utterances"][0]["text"] == "free money"
        assert (await get(it, "/api/gaps?room=lobby")).json["gaps"][0]["cause"] == "hole"
        (coverage,) = (await get(it, "/api/coverage")).json["rooms"]
        assert (coverage["room"], coverage["coverage"]["share"]) == ("lobby", 0.75)
        assert (await get(it, "/api/rooms")).json["rooms"][0]["id"] == "lobby"


@pytest.mark.parametrize("path", ["/api/alerts/no", "/api/clips/no.wav", "/api/rooms/no", "/assets/no.js", "/no"])
async def test_what_is_not_there_is_said_in_words(tmp_path: Path, path: str) -> None:
    async with site(tmp_path) as it:
        answer = await get(it, path)
        assert answer.status == 404
        assert answer.json["detail"].startswith("There is no")


async def test_a_wrong_parameter_is_refused(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        assert (await get(it, "/api/alerts?limit=0")).status == 422
        assert (await get(it, "/api/alerts?severity=awful")).status == 422


async def test_clips_are_served_whole_and_in_ranges_and_hearing_one_is_noted(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        assert it.deps.keeping is not None
        vault = it.deps.keeping.vault
        speech = transcript("u1").utterance
        for name in ("a1", "lost"):
            clip = await vault.keep_parts(name, speech, [Part(0, np.arange(16_000, dtype=np.int16))])
            await it.store.add_alert(alert(name, clip=clip))
        await it.store.add_alert(alert("bare"))
        (tmp_path / "evidence" / "clips" / "lost.clip").unlink()
        content = await vault.wav("a1")
        whole = await get(it, (await get(it, "/api/alerts/a1")).json["clip"])
        assert (whole.status, whole.headers["Content-Type"], whole.body) == (200, "audio/wav", content)
        assert whole.body[:4] == b"RIFF"
        assert len(content) == 44 + 32_000
        part = await get(it, "/api/clips/a1.wav", Range="bytes=44-99")
        assert (part.status, part.body, part.headers["Content-Range"]) == (206, content[44:100], "bytes 44-99/32044")
        assert (await get(it, "/api/clips/a1.wav", Range="bytes=-10")).body == content[-10:]
        assert (await get(it, "/api/clips/a1.wav", Range="bytes=32000-")).body == content[32000:]
        assert (await get(it, "/api/clips/a1.wav", Range="bytes=99999-")).status == 416
        assert (await get(it, "/api/clips/a1.wav", Range="bytes=x-y")).body == content
        assert "its file is gone" in (await get(it, "/api/clips/lost.wav")).json["detail"]
        assert (await get(it, "/api/clips/bare.wav")).status == 404
        state = (await get(it, "/api/clips/a1")).json
        assert (state["state"], state["seconds"], state["began"]) == ("complete", 1.0, 990.0)
        noted = [(entry.action, entry.subject, entry.room) async for entry in it.store.audit_entries()]
        assert noted == [("evidence.heard", "a1", "lobby"), ("evidence.heard", "lost", "lobby")]


async def test_the_console_is_served_for_all_its_addresses(tmp_path: Path) -> None:
    (tmp_path / "static" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text("<title>console</title>")
    (tmp_path / "static" / "assets" / "app-1a2b.js").write_text("go()")
    async with site(tmp_path) as it:
        for path in ("/", "/rooms/demo"):
            page = await get(it, path)
            assert (page.status, page.body) == (200, b"<title>console</title>")
            assert "default-src 'self'" in page.headers["Content-Security-Policy"]
            assert page.headers["Cache-Control"] == "no-cache"
        asset = await get(it, "/assets/app-1a2b.js")
        assert (asset.status, asset.body) == (200, b"go()")
        assert "immutable" in asset.headers["Cache-Control"]
        assert (await get(it, "/assets/../index.html")).status == 404
        assert (await get(it, "/assets/%2e%2e/index.html")).status == 404


async def test_an_unbuilt_console_says_how_to_build_it(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        page = await get(it, "/")
        assert page.status == 503
        assert b"make setup" in page.body


async def test_a_foreign_host_name_is_refused_on_loopback(tmp_path: Path) -> None:
    async with site(tmp_path, allowed_hosts=("monitor.example",)) as it:
        port = it.url.rsplit(":", 1)[1]
        assert (await get(it, "/healthz", Host=f"evil.example:{port}")).status == 403
        assert (await get(it, "/healthz", Host="localhost.evil.example")).status == 403
        for host in (f"localhost:{port}", "[::1]", f"127.0.0.1:{port}", "monitor.example"):
            assert (await get(it, "/healthz", Host=host)).status == 200
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://evil.example:{port}/feed", host="127.0.0.1", port=int(port)):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/feed", "/rooms/demo/ws"])
async def test_websockets_are_closed_to_pages_of_other_sites(tmp_path: Path, path: str) -> None:
    async with site(tmp_path) as it:
        for origin in ("http://evil.example", "null", it.url.replace("127.0.0.1", "localhost"), it.url + "1"):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(it.ws + path, origin=origin):  # type: ignore[arg-type]
                    pass
            assert refused.value.response.status_code == 403
        async with connect(it.ws + path, origin=it.url):  # type: ignore[arg-type]
            pass


async def test_a_room_gets_the_texts_of_its_client_and_the_end(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def echo(room: str, wire: Wire) -> None:
        try:
            while True:
                await wire.send(f"{room}: {await wire.receive()}")
        except WireClosed:
            with pytest.raises(WireClosed):
                await wire.send("too late")
            ended.set()

    async with site(tmp_path, serve_room=echo) as it:
        async with connect(f"{it.ws}/rooms/demo/ws") as client:
            await client.send("hi")
            assert await client.recv() == "demo: hi"
        async with asyncio.timeout(10):
            await ended.wait()
        async with connect(f"{it.ws}/rooms/demo/ws") as client:
            await client.send(b"\x00")
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1003


async def test_a_room_tells_who_is_in_it(tmp_path: Path) -> None:
    rooms = {"demo": {"name": "Demo", "notice": "monitored", "participants": [{"id": "p1", "name": "Ann"}]}}
    async with site(tmp_path, room_info=rooms.get) as it:
        assert (await get(it, "/api/rooms/demo")).json == {"id": "demo", **rooms["demo"]}


async def test_a_taken_port_is_said_with_the_way_out(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        port = int(it.url.rsplit(":", 1)[1])
        with pytest.raises(PortInUse, match=rf"port {port} .* is in use .*ROOM_MONITOR_WEB__PORT"):
            serve(_app(it), "127.0.0.1", port)


async def test_a_host_that_is_not_ours_is_said(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        with pytest.raises(OperatorError, match="host"):
            serve(_app(it), "192.0.2.1", 0)


def _app(it: Site) -> Any:
    from monitor.web.app import create_app

    return create_app(it.deps)


async def test_the_server_stops_although_a_client_stays_and_gives_the_port_back(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        client = await connect(f"{it.ws}/feed")
        port = int(it.url.rsplit(":", 1)[1])
    assert json.loads(await client.recv())["type"] == "hello"
    assert json.loads(await client.recv())["type"] == "goodbye"
    with pytest.raises(ConnectionClosed):
        await client.recv()
    async with site(tmp_path, path=tmp_path / "monitor.db") as again, serve(_app(again), "127.0.0.1", port) as server:
        assert server.port == port


async def test_an_error_of_the_body_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with site(tmp_path):
            raise ZeroDivisionError
