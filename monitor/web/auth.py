"""Signing in and out, and what one may change of one's own account. For the cookie's rules see doorman.py."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from monitor.access.accounts import Accounts
from monitor.access.roles import Permission, Person
from monitor.account_model import SignedIn
from monitor.errors import AccountConflict
from monitor.web import auth_users
from monitor.web.auth_answers import (
    ChangePassword,
    Ended,
    Login,
    Logout,
    MakeToken,
    Me,
    SessionList,
    SessionView,
    TokenList,
    TokenMade,
    TokenView,
    Ways,
)
from monitor.web.deps import WebDeps
from monitor.web.doorman import COOKIE, SECURE_COOKIE, cookie_of
from monitor.web.keyword_answers import Refusal
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

Anybody = Annotated[Person, needs(Permission.PUBLIC)]
Staff = Annotated[Person, needs(Permission.SEE)]
TRIES: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "The request can't be used"},
    401: {"model": Refusal, "description": "The name or the password is wrong, or the account is disabled"},
    429: {"model": Refusal, "description": "Too many tries; Retry-After says how long to wait"},
    503: {"model": Refusal, "description": "Too many sign in at once"},
}


def auth(deps: WebDeps, accounts: Accounts) -> APIRouter:
    router = APIRouter(tags=["access"])
    _signing(router, deps, accounts)
    _own(router, accounts)
    _own_tokens(router, accounts)
    return router


def who_am_i(deps: WebDeps, accounts: Accounts | None) -> APIRouter:
    """Also where there are no accounts at all."""
    router = APIRouter(tags=["access"])

    @router.get("/api/me")
    async def me(who: Anybody) -> Me:
        """Who asks, what they may do, and how one may sign in."""
        return _me(who, deps, accounts)

    return router


def _me(who: Person, deps: WebDeps, accounts: Accounts | None) -> Me:
    account = None
    if accounts is not None and who.via in ("session", "token"):
        account = accounts.account(who.name)
    return Me(
        signed_in=who.known,
        name=who.name,
        shown_name=account.shown_name if account else who.name,
        roles=sorted(who.roles),
        permissions=[permission for permission in Permission if who.may(permission)],
        via=who.via,
        own_password=bool(account and account.password),
        ways=Ways(password=accounts is not None, provider=deps.provider.name if deps.provider else ""),
    )


def give_cookie(request: HTTPConnection, response: Response, cookie: str, longest: float) -> None:
    secure = request.url.scheme in ("https", "wss")
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        cookie,
        max_age=int(longest),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def take_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    response.delete_cookie(SECURE_COOKIE, path="/", secure=True, httponly=True, samesite="strict")


def place(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def _signing(router: APIRouter, deps: WebDeps, accounts: Accounts) -> None:
    @router.post("/api/login", responses={200: {"model": Me}, **TRIES}, dependencies=[needs(Permission.PUBLIC)])
    async def login(given: Login, request: Request) -> JSONResponse:
        """Sign in with a password. The session's cookie comes with the answer."""
        agent = request.headers.get("user-agent", "")
        name, password = given.name, given.password.get_secret_value()
        cookie = await accounts.sign_in(name, password, place(request), agent)
        found = accounts.by_cookie(cookie)
        assert found is not None  # noqa: S101 - it was made just now
        await accounts.sign_out(cookie_of(request))  # one that this browser had before
        response = JSONResponse(_me(found[0], deps, accounts).model_dump(mode="json"))
        give_cookie(request, response, cookie, accounts.limits.longest)
        return response

    @router.post("/api/logout", status_code=204, responses={400: TRIES[400]})
    async def logout(who: Anybody, request: Request, given: Logout | None = None) -> Response:
        """End this session, or all of one's own."""
        if who.via == "session":
            await accounts.sign_out(cookie_of(request), everywhere=given is not None and given.everywhere)
        response = Response(status_code=204)
        take_cookie(response)
        return response


def _own(router: APIRouter, accounts: Accounts) -> None:
    @router.post("/api/me/password", status_code=204, responses={**REFUSALS, **TRIES})
    async def password(given: ChangePassword, who: Staff, request: Request) -> None:
        """Change one's own password. Other sessions of the account end."""
        name = has_account(who)
        old, new = given.old.get_secret_value(), given.new.get_secret_value()
        await accounts.change_password(name, old, new, place(request), cookie_of(request))

    @router.get("/api/me/sessions", responses=REFUSALS)
    async def sessions(who: Staff, request: Request) -> SessionList:
        """Where one is signed in."""
        present = accounts.session_id(cookie_of(request))
        found = accounts.sessions(has_account(who))
        return SessionList(sessions=[_session(each, present) for each in found])

    @router.delete("/api/me/sessions/{session}", responses=REFUSALS)
    async def end(session: Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")], who: Staff) -> Ended:
        """End one of one's own sessions."""
        name = has_account(who)
        return Ended(ended=await accounts.end_sessions(name, name, only=session))


def _own_tokens(router: APIRouter, accounts: Accounts) -> None:
    @router.get("/api/me/tokens", responses=REFUSALS)
    async def tokens(who: Staff) -> TokenList:
        """One's own API tokens."""
        return TokenList(tokens=[auth_users.token_view(token) for token in accounts.tokens(has_account(who))])

    @router.post("/api/me/tokens", status_code=201, responses=REFUSALS)
    async def make(asked: MakeToken, who: Staff) -> TokenMade:
        """Make a token for a program. Only from a browser's session: a token makes no other tokens."""
        if who.via != "session":
            raise AccountConflict("Sign in with a browser for this: a token can't make another one.")
        return await auth_users.make_token(accounts, who.name, asked, who)

    @router.delete("/api/me/tokens/{token}", responses=REFUSALS)
    async def revoke(token: auth_users.Number, who: Staff) -> TokenView:
        """From now on it opens nothing."""
        return await auth_users.revoke_token(accounts, has_account(who), token, who)


def has_account(who: Person) -> str:
    """The account's name. Raises AccountConflict for whoever has none."""
    if who.via not in ("session", "token"):
        raise AccountConflict("Whoever asks has no account. `room-monitor users add` makes one.")
    return who.name


def _session(found: SignedIn, present: str) -> SessionView:
    return SessionView(
        id=found.id,
        made_at=found.made_at,
        seen_at=found.seen_at,
        address=found.address,
        agent=found.agent,
        present=found.id == present,
    )
