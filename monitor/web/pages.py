"""The console's built files: one page for all addresses, and assets whose names change with their content."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

from monitor.access.roles import Permission
from monitor.web.permits import needs

UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Room Monitor</title>
<h1>Room Monitor runs; its console is not built</h1>
<p>This is a source checkout. Build the console once with <code>make setup</code>, or by hand with
<code>npm ci &amp;&amp; npm run build</code> in <code>monitor/web/console</code>, then load this page again.</p>
<p>The service itself works: <a href="/healthz">health</a>, <a href="/api/rooms">rooms</a>,
<a href="/api/alerts">alerts</a>, <a href="/openapi.json">API</a>.</p></html>
"""


PAGES = (
    "/",
    "/login",
    "/review",
    "/review/{alert}",
    "/rooms",
    "/rooms/{room}",
    "/lists",
    "/lists/{name}",
    "/health",
    "/users",
    "/wall",
    "/host",
)
"""Addresses of the console's pages; what each shows is in console/src/lib/pages.ts."""


def pages(static: Path) -> APIRouter:
    """`static`: the directory that the console's build writes (index.html, assets/)."""
    router = APIRouter(include_in_schema=False, dependencies=[needs(Permission.PUBLIC)])

    async def index() -> Response:
        page = static / "index.html"
        if not page.is_file():
            return HTMLResponse(UNBUILT, status_code=503)
        return FileResponse(page, headers={"Cache-Control": "no-cache"})

    for path in PAGES:
        router.add_api_route(path, index)

    @router.get("/assets/{name:path}")
    async def asset(name: str) -> FileResponse:
        path = (static / "assets" / name).resolve()
        if not path.is_relative_to((static / "assets").resolve()) or not path.is_file():
            raise HTTPException(404, "There is no such file in the console.")
        return FileResponse(path, headers={"Cache-Control": "public, max-age=31536000, immutable"})

    @router.get("/{name}")
    async def top(name: str) -> FileResponse:
        """Files beside index.html, for example the icon."""
        path = static / name
        if path.parent != static or not path.is_file():
            raise HTTPException(404, f"There is nothing at /{name}.")
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    return router
