"""The web application: API, feed, rooms and console behind one guard."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from monitor.errors import MonitorError, StoreFailed
from monitor.web.api import api
from monitor.web.canary import canary_api
from monitor.web.deps import WebDeps
from monitor.web.feed import serve_feed
from monitor.web.guard import Guard
from monitor.web.pages import pages
from monitor.web.wires import SocketWire

__all__ = ["WebDeps", "create_app"]


def create_app(deps: WebDeps) -> FastAPI:
    """Built once the rest is there; holds no state of its own."""
    # Without the documentation pages of FastAPI: they load scripts from a foreign server.
    app = FastAPI(title="Room Monitor", version=deps.hello().version, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, allowed_hosts=deps.allowed_hosts)
    app.add_exception_handler(StoreFailed, _unavailable)
    app.include_router(api(deps))
    app.include_router(canary_api(deps))

    @app.websocket("/feed")
    async def feed(socket: WebSocket) -> None:
        await serve_feed(socket, deps)

    @app.websocket("/rooms/{room}/ws")
    async def room(socket: WebSocket, room: str) -> None:
        await socket.accept()
        wire = SocketWire(socket)
        if deps.serve_room is None:
            await wire.close(1008, "there are no built-in rooms here")
            return
        await deps.serve_room(room, wire)
        await wire.close()

    app.include_router(pages(deps.static))
    return app


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    code = error.code if isinstance(error, MonitorError) else ""
    return JSONResponse({"detail": str(error), "code": code}, status_code=503)
