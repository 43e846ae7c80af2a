"""Signing in with a company's account, at a real OpenID provider that the test runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from monitor.access.oidc import Plan, Provider
from monitor.access.roles import Role
from tests.helpers.access_site import AccessSite, access_site
from tests.helpers.identity_provider import CLIENT, SECRET, identity_provider, until_back

ANN = {"email": "Ann@Example.com", "email_verified": True, "name": "Ann Lee", "groups": ["trust", "all"]}
ROLES = {"reviewer": ("trust",), "listener": ("trust", "audio"), "admin": ("it",)}
CALLBACK = "/api/login/provider/callback"


PEOPLE: dict[str, dict[str, object]] = {
    "ann": ANN,
    "eve": {**ANN, "email_verified": False},
    "taker": {"preferred_username": "Admin", "groups": ["trust"]},
    "guest": {"name": "Guest", "groups": ["all"]},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with identity_provider(PEOPLE, CALLBACK) as found:
        yield found


@dataclass
class Company:
    """A service whose people sign in at a provider."""

    it: AccessSite
    provider: Provider

    @property
    def url(self) -> str:
        return self.it.url

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            yield client

    def start(self, back: str = "/review") -> str:
        return f"{self.url}/api/login/provider?back={back}"


@asynccontextmanager
async def company(directory: Path, issuer: str) -> AsyncIterator[Company]:
    plan = Plan(issuer, CLIENT, "Example Inc.", ("openid", "profile", "email"), "groups", ROLES)
    provider = Provider(plan, lambda: SECRET)
    async with access_site(directory, parts={"provider": provider}) as it:
        yield Company(it, provider)


def error_of(answer: httpx.Response) -> str:
    """What the log-in page is told."""
    parts = urlsplit(answer.headers["Location"])
    assert (answer.status_code, parts.path) == (303, "/login")
    assert "set-cookie" not in answer.headers or "room-monitor=" not in answer.headers["set-cookie"]
    return parse_qs(parts.query)["error"][0]


async def test_whom_the_provider_vouches_for_has_the_roles_of_their_groups(tmp_path: Path, issuer: str) -> None:
    async with company(tmp_path, issuer) as c, c.browser() as browser:
        assert (await browser.get(f"{c.url}/api/me")).json()["ways"]["provider"] == "Example Inc."
        there = urlsplit((await browser.get(c.start())).headers["Location"])
        asked = parse_qs(there.query)
        assert asked["code_challenge_method"] == ["S256"]
        assert {"state", "nonce", "code_challenge"} <= asked.keys()

        answer = await browser.get(await until_back(browser, c.start(), "ann"))
        assert (answer.status_code, answer.headers["Location"]) == (303, "/review")
        assert "samesite=strict" in answer.headers["set-cookie"].lower()
        me = (await browser.get(f"{c.url}/api/me")).json()
        assert (me["name"], me["shown_name"], me["own_password"]) == ("ann@example.com", "Ann Lee", False)
        assert me["roles"] == ["listener", "reviewer"]
        assert (await browser.get(f"{c.url}/api/users")).status_code == 403
        own = {"Origin": c.url}
        body = {"old": "", "new": "seven blue herons"}
        assert (await browser.post(f"{c.url}/api/me/password", json=body, headers=own)).status_code == 401
        (kept,) = [account for account in c.it.accounts.all() if account.provider]
        assert (kept.subject, kept.password) == ("ann", "")


async def test_groups_count_anew_at_each_sign_in(tmp_path: Path, issuer: str) -> None:
    async with company(tmp_path, issuer) as c, c.browser() as one, c.browser() as two:
        await one.get(await until_back(one, c.start(), "ann"))
        assert (await one.get(f"{c.url}/api/alerts")).status_code == 200
        await c.it.accounts.change("ann@example.com", "admin", roles=[Role.VIEWER])
        assert (await one.get(f"{c.url}/api/alerts")).status_code == 401
        await two.get(await until_back(two, c.start(), "ann"))
        assert (await two.get(f"{c.url}/api/me")).json()["roles"] == ["listener", "reviewer"]
        assert len([account for account in c.it.accounts.all() if account.provider]) == 1


async def test_an_account_of_ones_own_name_is_not_taken_over(tmp_path: Path, issuer: str) -> None:
    async with company(tmp_path, issuer) as c, c.browser() as browser:
        await browser.get(await until_back(browser, c.start(), "taker"))
        me = (await browser.get(f"{c.url}/api/me")).json()
        assert (me["name"], "admin" in me["roles"]) == ("admin-2", False)


async def test_an_unproven_mail_address_names_nobody(tmp_path: Path, issuer: str) -> None:
    async with company(tmp_path, issuer) as c, c.browser() as browser:
        await browser.get(await until_back(browser, c.start(), "eve"))
        assert (await browser.get(f"{c.url}/api/me")).json()["name"] == "eve"


async def test_others_are_sent_back_with_the_reason(tmp_path: Path, issuer: str) -> None:
    async with company(tmp_path, issuer) as c:
        async with c.browser() as browser:
            await browser.get(await until_back(browser, c.start(), "ann"))
        await c.it.accounts.change("ann@example.com", "admin", disabled=True)
        for who, words in {"guest": "has no role here", "nobody": "did not sign", "ann": "is disabled"}.items():
            async with c.browser() as browser:
                answer = await browser.get(await until_back(browser, c.start(), who))
                assert words in error_of(answer)
                assert (await browser.get(f"{c.url}/api/alerts")).status_code == 401


async def test_a_sign_in_belongs_to_the_browser_that_began_it_and_counts_once(tmp_path: Path, issuer: str) -> None:
    async with company(tmp_path, issuer) as c, c.browser() as mine, c.browser() as victims:
        back = await until_back(mine, c.start(), "ann")
        assert "not begun in this browser" in error_of(await victims.get(back))
        back = await until_back(mine, c.start(), "ann")
        assert (await mine.get(back)).headers["Location"] == "/review"
        assert "not begun in this browser" in error_of(await mine.get(back))


async def test_what_is_forged_signs_nobody_in(tmp_path: Path, issuer: str) -> None:
    async with company(tmp_path, issuer) as c:
        for forged in ("state", "code", "iss", "nonce"):
            async with c.browser() as browser:
                back = await until_back(browser, c.start(), "ann")
                if forged == "nonce":  # the token is one that was made for another sign-in
                    begun = c.provider._begun
                    begun.update({state: replace(one, nonce="another") for state, one in begun.items()})
                else:
                    true = parse_qs(urlsplit(back).query)[forged][0]
                    back = str(httpx.URL(back).copy_set_param(forged, f"{true}x"))
                assert error_of(await browser.get(back))
                assert (await browser.get(f"{c.url}/api/alerts")).status_code == 401


async def test_nobody_is_sent_elsewhere_afterwards(tmp_path: Path, issuer: str) -> None:
    async with company(tmp_path, issuer) as c:
        for back in ("//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aX: y"):
            async with c.browser() as browser:
                answer = await browser.get(await until_back(browser, c.start(back), "ann"))
                assert (answer.status_code, answer.headers["Location"]) == (303, "/")


async def test_a_provider_that_is_away_is_said(tmp_path: Path) -> None:
    plan = Plan("http://127.0.0.1:9", CLIENT, "Example Inc.", ("openid",), "groups", ROLES)
    async with (
        access_site(tmp_path, parts={"provider": Provider(plan, lambda: "")}) as it,
        httpx.AsyncClient(base_url=it.url, trust_env=False) as browser,
    ):
        assert "can't be reached now" in error_of(await browser.get("/api/login/provider"))
