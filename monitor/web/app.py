"""The web application: API, feed, rooms and console behind one guard."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.websockets import WebSocket

from monitor.access.roles import Permission
from monitor.web.api import api
from monitor.web.audit import audit, exports
from monitor.web.auth import auth, who_am_i
from monitor.web.auth_provider import provider_routes
from monitor.web.auth_users import users
from monitor.web.canary import canary_api
from monitor.web.clips import clips
from monitor.web.deps import WebDeps
from monitor.web.doorman import Doorman
from monitor.web.feed import serve_feed
from monitor.web.guard import Guard, Sizes
from monitor.web.keeping import keeping
from monitor.web.keyword_backtests import backtests
from monitor.web.keyword_evidence import evidence
from monitor.web.keywords import keywords
from monitor.web.pages import pages
from monitor.web.permits import label_all, needs
from monitor.web.refusals import refuse_in_words
from monitor.web.review import review
from monitor.web.review_around import review_around
from monitor.web.status import status_routes
from monitor.web.timeline import timelines
from monitor.web.voices import voices
from monitor.web.wires import SocketWire

__all__ = ["WebDeps", "create_app"]


def create_app(deps: WebDeps) -> FastAPI:
    """Built once the rest is there; holds no state of its own."""
    # Without the documentation pages of FastAPI: they load scripts from a foreign server.
    app = FastAPI(title="Room Monitor", version=deps.hello().version, docs_url=None, redoc_url=None)
    app.add_middleware(Sizes)
    app.add_middleware(Doorman, access=deps.access)  # the one that is added last is met first
    app.add_middleware(Guard, allowed_hosts=deps.allowed_hosts)
    refuse_in_words(app)
    app.include_router(api(deps))
    if deps.catalog is not None:
        app.include_router(keywords(deps.catalog))
        app.include_router(evidence(deps.catalog))
    if deps.backtests is not None:
        app.include_router(backtests(deps.backtests))
    if deps.keeping is not None:
        app.include_router(clips(deps, deps.keeping.vault))
        app.include_router(keeping(deps.keeping))
    app.include_router(canary_api(deps))
    app.include_router(review(deps))
    app.include_router(review_around(deps))
    app.include_router(timelines(deps))
    app.include_router(status_routes(deps))
    for more in deps.routes:
        app.include_router(more)
    app.include_router(voices(deps))
    app.include_router(audit(deps.store, deps.trail))
    if deps.exporter is not None:
        app.include_router(exports(deps.exporter))

    @app.websocket("/feed", dependencies=[needs(Permission.SEE)])
    async def feed(socket: WebSocket) -> None:
        await serve_feed(socket, deps)

    # Those who speak in a room have no accounts; a room that is nobody's asks for its own token.
    @app.websocket("/rooms/{room}/ws", dependencies=[needs(Permission.PUBLIC)])
    async def room(socket: WebSocket, room: str) -> None:
        await socket.accept()
        wire = SocketWire(socket)
        if deps.serve_room is None:
            await wire.close(1008, "there are no built-in rooms here")
            return
        await deps.serve_room(room, wire)
        await wire.close()

    app.include_router(who_am_i(deps, deps.access))
    if deps.access is not None:
        app.include_router(auth(deps, deps.access))
        app.include_router(users(deps.access))
        if deps.provider is not None:
            app.include_router(provider_routes(deps.provider, deps.access))
    app.include_router(pages(deps.static))
    label_all(app)
    return app
