"""Signing in at the company's identity provider: there and back (access/oidc.py)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse

from monitor.access.accounts import Accounts
from monitor.access.oidc import OPEN, Provider
from monitor.access.roles import Permission
from monitor.errors import SignInFailed
from monitor.web.auth import give_cookie, place
from monitor.web.permits import needs

START = "/api/login/provider"
BACK = f"{START}/callback"
FLOW = "room-monitor-sign-in"
"""A cookie for the way there and back. Lax: the provider's page sends the browser here, which a Strict one misses."""


def provider_routes(provider: Provider, accounts: Accounts) -> APIRouter:
    router = APIRouter(tags=["access"], dependencies=[needs(Permission.PUBLIC)], responses={303: {}})

    @router.get(START, status_code=303, response_class=RedirectResponse)
    async def start(
        request: Request, back: Annotated[str, Query(max_length=500, description="The page to come back to")] = "/"
    ) -> RedirectResponse:
        """Go to the identity provider."""
        own = provider.address.rstrip("/") or f"{request.url.scheme}://{request.headers.get('host', '')}"
        try:
            url, browser = await provider.begin(f"{own}{BACK}", page(back))
        except SignInFailed as error:
            return _failed(error)
        response = RedirectResponse(url, 303)
        secure = own.startswith("https:")
        response.set_cookie(FLOW, browser, int(OPEN), path=START, secure=secure, httponly=True, samesite="lax")
        return response

    @router.get(BACK, status_code=303, response_class=RedirectResponse)
    async def back(request: Request) -> RedirectResponse:
        """Come back from the identity provider, and be signed in."""
        try:
            identity, wanted = await provider.finish(dict(request.query_params), request.cookies.get(FLOW, ""))
            agent = request.headers.get("user-agent", "")
            cookie = await accounts.sign_in_as(identity, place(request), agent)
        except SignInFailed as error:
            return _failed(error)
        response = RedirectResponse(wanted, 303)
        give_cookie(request, response, cookie, accounts.limits.longest)
        response.delete_cookie(FLOW, path=START)
        return response

    return router


def page(asked: str) -> str:
    """Only a page of ours: nobody may be sent elsewhere by a link that begins here."""
    plain = asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable() and "\\" not in asked
    return asked if plain else "/"


def _failed(error: SignInFailed) -> RedirectResponse:
    """To the log-in page, which says why."""
    response = RedirectResponse(f"/login?{urlencode({'error': str(error)})}", 303)
    response.delete_cookie(FLOW, path=START)
    return response
