"""Signing in and out over HTTP: real server, real database, real clients."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from monitor.access.book import Limits
from monitor.access.roles import LOCAL, Role
from monitor.web.app import create_app
from monitor.web.server import serve
from tests.helpers.access_site import access_site
from tests.helpers.keyword_site import keyword_site
from tests.helpers.site import site
from tests.helpers.staff import PASSWORD, accounts_over, signed_in, visitor
from tests.helpers.storing import alert


def cookie_header(client: httpx.AsyncClient) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}


async def code_of_close(ws: ClientConnection) -> int:
    """What comes before it is not looked at."""
    async with asyncio.timeout(20):
        while True:
            try:
                await ws.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 0


async def test_without_an_account_only_what_is_public_is_open(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, visitor(it.url) as client:
        me = (await client.get("/api/me")).json()
        assert (me["signed_in"], me["name"], me["permissions"], me["ways"]["password"]) == (False, "", ["public"], True)
        assert (await client.get("/healthz")).status_code == 200
        refused = await client.get("/api/alerts")
        assert (refused.status_code, refused.json()["code"]) == (401, "sign-in-needed")
        assert refused.headers["WWW-Authenticate"] == "Bearer"


async def test_without_any_account_this_machine_may_do_all(tmp_path: Path) -> None:
    async with access_site(tmp_path, staff=()) as it, visitor(it.url) as client:
        me = (await client.get("/api/me")).json()
        assert (me["name"], me["via"], "users" in me["permissions"]) == ("local", "local", True)
        assert (await client.get("/api/alerts")).status_code == 200
        proxied = await client.get("/api/alerts", headers={"X-Forwarded-For": "203.0.113.9"})
        assert proxied.status_code == 401  # it came through a proxy: who knows from where


async def test_through_a_proxys_name_nobody_is_local(tmp_path: Path) -> None:
    async with site(tmp_path, allowed_hosts=("monitor.example",)) as it, visitor(it.url) as client:
        assert (await client.get("/api/alerts")).status_code == 200
        assert (await client.get("/api/alerts", headers={"Host": "monitor.example"})).status_code == 401


async def test_the_first_account_ends_what_this_machine_may_do(tmp_path: Path) -> None:
    async with access_site(tmp_path, staff=()) as it, visitor(it.url) as client:
        wrong = await client.post("/api/users", json={"name": "ann", "roles": ["viewer"]})
        assert (wrong.status_code, wrong.json()["code"]) == (409, "account-conflict")
        made = (await client.post("/api/users", json={"name": "ann", "roles": ["admin"]})).json()
        assert len(made["password"]) >= 12
        assert (await client.get("/api/alerts")).status_code == 401
        async with signed_in(it.url, "ann", made["password"]) as ann:
            assert (await ann.get("/api/alerts")).status_code == 200


async def test_a_session_is_a_cookie_that_no_script_sees_and_no_other_page_sends(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, visitor(it.url) as client:
        answer = await client.post("/api/login", json={"name": "Viewer ", "password": PASSWORD})
        assert (answer.status_code, answer.json()["name"], answer.json()["roles"]) == (200, "viewer", ["viewer"])
        cookie = answer.headers["Set-Cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "path=/" in cookie
        value = client.cookies["room-monitor"]
        assert value.encode() not in (tmp_path / "monitor.db").read_bytes() + (tmp_path / "monitor.db-wal").read_bytes()
        assert it.notes.entries[-1][:2] == ("viewer", "session.began")
        assert (await client.get("/api/alerts")).status_code == 200
        bare = await client.post("/api/me/password", json={"old": PASSWORD, "new": "x" * 20})
        assert bare.status_code == 403  # neither Origin nor our header: it may be another page's
        foreign = {"Origin": "http://evil.example"}
        assert (await client.post("/api/logout", headers=foreign)).status_code == 403
        assert (await client.post("/api/logout", headers={"X-Room-Monitor": "1"})).status_code == 204
        assert (await client.get("/api/alerts", headers={"Cookie": f"room-monitor={value}"})).status_code == 401


async def test_refusals_tell_nothing_of_who_has_an_account(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, visitor(it.url) as client:
        await it.accounts.change("viewer", "test", disabled=True)
        tries = [("viewer", PASSWORD), ("reviewer", "wrong"), ("nobody", "wrong"), ("", "")]
        answers = [await client.post("/api/login", json={"name": n, "password": p}) for n, p in tries]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1
        assert not client.cookies


async def test_passwords_can_be_tried_a_few_times_only(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, visitor(it.url) as client:
        for name in ("viewer", "nobody"):  # the same for names that there are and names that there aren't
            body = {"name": name, "password": "wrong"}
            statuses = [(await client.post("/api/login", json=body)).status_code for _ in range(6)]
            assert statuses == [401] * 5 + [429]
        late = await client.post("/api/login", json={"name": "viewer", "password": PASSWORD})
        assert (late.status_code, late.json()["code"]) == (429, "too-many-tries")
        assert int(late.headers["Retry-After"]) >= 1
        right = await client.post("/api/login", json={"name": "reviewer", "password": PASSWORD})
        assert right.status_code == 200


async def test_sessions_end_when_idle_and_when_old(tmp_path: Path) -> None:
    now = 1000.0
    limits = Limits(idle=600.0, longest=1500.0)
    async with access_site(tmp_path, clock=lambda: now, limits=limits) as it, signed_in(it.url, "viewer") as client:
        now = 1500.0
        assert (await client.get("/api/alerts")).status_code == 200
        now = 2050.0
        assert (await client.get("/api/alerts")).status_code == 200  # it was used meanwhile
        now = 2501.0
        assert (await client.get("/api/alerts")).status_code == 401  # however much it is used
    async with access_site(tmp_path / "b", clock=lambda: now, limits=limits) as it, signed_in(it.url, "ops") as client:
        now += 601.0
        assert (await client.get("/api/alerts")).status_code == 401


async def test_signing_in_again_ends_the_session_that_the_browser_had(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, signed_in(it.url, "viewer") as client:
        before = cookie_header(client)
        assert (await client.post("/api/login", json={"name": "ops", "password": PASSWORD})).status_code == 200
        assert (await client.get("/api/me")).json()["name"] == "ops"
        async with visitor(it.url) as thief:
            assert (await thief.get("/api/alerts", headers=before)).status_code == 401


async def test_signing_out_everywhere_ends_all_of_ones_own(tmp_path: Path) -> None:
    async with (
        access_site(tmp_path) as it,
        signed_in(it.url, "viewer") as one,
        signed_in(it.url, "viewer") as two,
        signed_in(it.url, "ops") as other,
    ):
        listed = (await one.get("/api/me/sessions")).json()["sessions"]
        assert sorted(each["present"] for each in listed) == [False, True]
        assert (await one.post("/api/logout", json={"everywhere": True})).status_code == 204
        assert (await two.get("/api/alerts")).status_code == 401
        assert (await other.get("/api/alerts")).status_code == 200


async def test_one_of_ones_sessions_can_be_ended(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, signed_in(it.url, "viewer") as one, signed_in(it.url, "viewer") as two:
        listed = (await one.get("/api/me/sessions")).json()["sessions"]
        (gone,) = [each["id"] for each in listed if not each["present"]]
        assert (await one.delete(f"/api/me/sessions/{gone}")).json() == {"ended": 1}
        assert (await two.get("/api/alerts")).status_code == 401
        assert (await one.delete(f"/api/me/sessions/{gone}")).status_code == 404
        assert (await one.get("/api/alerts")).status_code == 200


async def test_a_changed_password_ends_the_other_sessions(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, signed_in(it.url, "viewer") as one, signed_in(it.url, "viewer") as two:
        weak = await one.post("/api/me/password", json={"old": PASSWORD, "new": "short"})
        assert (weak.status_code, weak.json()["code"]) == (400, "password-weak")
        wrong = await one.post("/api/me/password", json={"old": "wrong", "new": "four brown otters"})
        assert wrong.status_code == 401
        right = await one.post("/api/me/password", json={"old": PASSWORD, "new": "four brown otters"})
        assert right.status_code == 204
        assert (await one.get("/api/alerts")).status_code == 200
        assert (await two.get("/api/alerts")).status_code == 401
        async with signed_in(it.url, "viewer", "four brown otters"):
            pass


async def test_what_was_signed_in_survives_a_restart_of_the_service(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, signed_in(it.url, "viewer") as client:
        cookies = cookie_header(client)
    async with site(tmp_path, path=tmp_path / "monitor.db") as again:
        book = type(it.accounts)(again.store, it.accounts._passwords, it.notes.note)
        await book.begin()
        found = book.by_cookie(cookies["Cookie"].partition("=")[2])
        assert found is not None
        assert found[0].roles == {Role.VIEWER}


async def test_the_feed_wants_a_session_and_the_right_page(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, signed_in(it.url, "viewer") as client:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{it.ws}/feed", proxy=None):
                pass
        assert refused.value.response.status_code == 401
        with pytest.raises(InvalidStatus) as refused:  # a cookie without an Origin: no browser does that
            async with connect(f"{it.ws}/feed", additional_headers=cookie_header(client), proxy=None):
                pass
        assert refused.value.response.status_code == 403
        async with connect(f"{it.ws}/feed", origin=it.url, additional_headers=cookie_header(client), proxy=None) as ws:  # type: ignore[arg-type]
            assert json.loads(await ws.recv())["type"] == "hello"


@pytest.mark.parametrize("how", ["logout", "disabled", "roles", "password"])
async def test_the_feed_ends_with_the_session(tmp_path: Path, how: str) -> None:
    async with access_site(tmp_path) as it, signed_in(it.url, "viewer") as client:
        headers = cookie_header(client) | {"Origin": it.url}
        async with connect(f"{it.ws}/feed", additional_headers=headers, proxy=None) as ws:
            assert json.loads(await ws.recv())["type"] == "hello"
            if how == "logout":
                await client.post("/api/logout")
            elif how == "password":
                await it.accounts.set_password("viewer", "four brown otters", "admin")
            else:
                change = {"disabled": True} if how == "disabled" else {"roles": [Role.OPS]}
                await it.accounts.change("viewer", "admin", **change)  # type: ignore[arg-type]
            assert await code_of_close(ws) == 4401


async def test_the_feed_of_a_machine_without_accounts_ends_with_the_first_account(tmp_path: Path) -> None:
    async with access_site(tmp_path, staff=()) as it, connect(f"{it.ws}/feed", proxy=None) as ws:
        assert json.loads(await ws.recv())["type"] == "hello"
        await it.accounts.add("ann", [Role.ADMIN], PASSWORD, "local")
        assert await code_of_close(ws) == 4401


async def test_a_token_may_do_what_it_was_made_for(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, signed_in(it.url, "ops") as client, visitor(it.url) as program:
        asked = {"name": "prometheus", "scopes": ["health"], "days": 1}
        made = (await client.post("/api/me/tokens", json=asked)).json()
        program.headers["Authorization"] = f"Bearer {made['secret']}"
        assert made["secret"].startswith("rm_")
        assert (await program.get("/metrics")).status_code == 200
        refused = await program.get("/api/alerts")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        more = await program.post("/api/me/tokens", json={"name": "another"})
        assert more.status_code == 403
        (listed,) = (await client.get("/api/me/tokens")).json()["tokens"]
        assert "secret" not in listed
        assert listed["used_at"] is not None
        beyond = await client.post("/api/me/tokens", json={"name": "x", "scopes": ["users"]})
        assert beyond.status_code == 409
        await client.delete(f"/api/me/tokens/{made['token']['id']}")
        assert (await program.get("/metrics")).status_code == 401


async def test_a_token_without_scopes_makes_no_other_token(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, signed_in(it.url, "admin") as client, visitor(it.url) as program:
        made = (await client.post("/api/me/tokens", json={"name": "all"})).json()
        program.headers["Authorization"] = f"Bearer {made['secret']}"
        assert (await program.get("/api/users")).status_code == 200
        for path in ("/api/me/tokens", "/api/users/viewer/tokens"):
            assert (await program.post(path, json={"name": "again"})).status_code == 409
        await it.accounts.change("admin", "test", roles=[Role.ADMIN, Role.OPS])
        assert (await program.get("/api/users")).status_code == 200


async def test_a_token_ends(tmp_path: Path) -> None:
    now = 1000.0
    async with access_site(tmp_path, clock=lambda: now) as it, visitor(it.url) as program:
        _, secret = await it.accounts.add_token("ops", "x", None, 3600, "test")
        program.headers["Authorization"] = f"Bearer {secret}"
        assert (await program.get("/metrics")).status_code == 200
        async with connect(f"{it.ws}/feed", additional_headers={"Authorization": f"Bearer {secret}"}, proxy=None) as ws:
            assert json.loads(await ws.recv())["type"] == "hello"
            now += 3601
            assert (await program.get("/metrics")).status_code == 401


async def test_the_data_directorys_own_key_opens_all(tmp_path: Path) -> None:
    async with access_site(tmp_path, own_key="k" * 40) as it, visitor(it.url) as program:
        program.headers["Authorization"] = f"Bearer {'k' * 40}"
        me = (await program.get("/api/me")).json()
        assert (me["name"], me["via"]) == (LOCAL.name, "local")
        assert (await program.get("/api/users")).status_code == 200
        assert (await program.get("/api/me/tokens")).status_code == 409  # it has no account


async def test_accounts_are_kept_by_those_who_may(tmp_path: Path) -> None:
    async with access_site(tmp_path) as it, signed_in(it.url, "admin") as admin, signed_in(it.url, "viewer") as viewer:
        made = await admin.post("/api/users", json={"name": "ann", "roles": ["reviewer", "listener"]})
        assert made.status_code == 201
        again = await admin.post("/api/users", json={"name": "ann", "roles": ["viewer"]})
        assert again.status_code == 409
        assert (await viewer.get("/api/users")).status_code == 403
        async with signed_in(it.url, "ann", made.json()["password"]) as ann:
            assert (await ann.get("/api/users/ann")).status_code == 403
            changed = (await admin.patch("/api/users/ann", json={"disabled": True})).json()
            assert (changed["disabled"], changed["sessions"]) == (True, 0)
            assert (await ann.get("/api/alerts")).status_code == 401
        last = await admin.patch("/api/users/admin", json={"roles": ["viewer"]})
        assert last.status_code == 409
        set_ = (await admin.post("/api/users/viewer/password", json={})).json()
        assert (await viewer.get("/api/alerts")).status_code == 401
        async with signed_in(it.url, "viewer", set_["password"]):
            assert (await admin.delete("/api/users/viewer/sessions")).json() == {"ended": 1}
        listed = {one["name"]: one for one in (await admin.get("/api/users")).json()["users"]}
        assert listed["ann"]["roles"] == ["reviewer", "listener"]
        assert listed["admin"]["sessions"] == 1
        assert {"account.made", "account.changed", "account.password", "session.ended"} <= set(it.notes.actions)
        assert (await admin.post("/api/users", json={"name": "h", "roles": ["host"]})).status_code == 409


async def test_what_is_recorded_as_who_is_the_account(tmp_path: Path) -> None:
    assert LOCAL.signed("given") == "given"
    async with keyword_site(tmp_path) as it:
        await it.store.add_alert(alert("a1"))
        accounts = await accounts_over(it.store)
        async with serve(create_app(replace(it.deps, access=accounts)), "127.0.0.1", 0) as server:
            async with signed_in(server.url, "reviewer") as client:
                body = {"verdict": "right", "who": "somebody else"}
                assert (await client.post("/api/alerts/a1/verdict", json=body)).json()["who"] == "reviewer"
            async with signed_in(server.url, "ops") as client:
                path = "/api/keywords/lists/scams-en/state"
                body = {"state": "shadow", "who": "somebody else", "why": "x"}
                assert (await client.put(path, json=body)).status_code == 200
        assert {entry.who for entry in await it.store.versions("scams-en")} >= {"ops"}
