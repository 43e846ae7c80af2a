"""Default deny: an application with a route that asks for nothing is not served."""

from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.websockets import WebSocket

from monitor.access.roles import LOCAL, NOBODY, PERMISSIONS, Permission, Person, Role
from monitor.access.signing import near_address
from monitor.errors import Forbidden, SignInNeeded
from monitor.web.permits import allowed, label_all, needs


async def deeper(who: Annotated[Person, needs(Permission.KEEP)]) -> str:
    return who.name


def app_with(router: APIRouter) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(router)
    return app


def test_a_route_without_a_permission_is_refused() -> None:
    router = APIRouter()

    @router.get("/fine", dependencies=[needs(Permission.SEE)])
    async def fine() -> None: ...

    label_all(app_with(router))

    @router.get("/open")
    async def bare() -> None: ...

    with pytest.raises(RuntimeError, match="/open asks for no permission"):
        label_all(app_with(router))


def test_a_websocket_without_a_permission_is_refused() -> None:
    router = APIRouter()

    @router.websocket("/ws")
    async def bare(socket: WebSocket) -> None: ...

    with pytest.raises(RuntimeError, match="/ws asks for no permission"):
        label_all(app_with(router))


def test_what_is_no_route_of_ours_is_refused() -> None:
    app = FastAPI()  # with the documentation pages that it brings
    with pytest.raises(RuntimeError, match="without a permission"):
        label_all(app)


def test_the_permission_is_in_the_document_also_where_a_dependency_asks_for_it() -> None:
    router = APIRouter(dependencies=[needs(Permission.PUBLIC)])

    @router.get("/kept")
    async def kept(name: Annotated[str, Depends(deeper)]) -> None: ...

    app = app_with(router)
    label_all(app)
    operation = app.openapi()["paths"]["/kept"]["get"]
    assert operation["x-permission"] == "keep"
    assert {"401", "403"} <= operation["responses"].keys()


def test_whoever_is_unknown_is_asked_to_sign_in_and_others_are_told_no() -> None:
    viewer = Person("ann", frozenset({Role.VIEWER}))
    assert allowed(viewer, Permission.SEE) is viewer
    assert allowed(NOBODY, Permission.PUBLIC) is NOBODY
    with pytest.raises(Forbidden):
        allowed(viewer, Permission.LISTEN)
    with pytest.raises(SignInNeeded):
        allowed(NOBODY, Permission.SEE)


def test_a_token_has_no_more_than_its_account_and_its_scopes() -> None:
    narrow = Person("ann", frozenset({Role.VIEWER}), "token", scopes=frozenset({Permission.SEE, Permission.LISTEN}))
    assert [p for p in Permission if narrow.may(p)] == [Permission.PUBLIC, Permission.SEE]
    assert not Person("ann", frozenset({Role.ADMIN}), "token", scopes=frozenset()).may(Permission.SEE)


def test_who_is_on_the_record_is_the_account() -> None:
    assert Person("ann", frozenset({Role.VIEWER})).signed("ben") == "ann"
    assert Person("ann", frozenset({Role.VIEWER}), "token").signed("ben") == "ann"
    assert LOCAL.signed("ben") == "ben"
    assert LOCAL.signed("") == "local"


def test_only_listeners_hear_and_only_admins_keep_accounts() -> None:
    having = {p: {role for role, may in PERMISSIONS.items() if p in may} for p in Permission}
    assert having[Permission.LISTEN] == {Role.LISTENER, Role.ADMIN}
    assert having[Permission.USERS] == having[Permission.AUDIT] == having[Permission.KEEP] == {Role.ADMIN}
    assert having[Permission.HOST] == {Role.HOST}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("", "", True),
    ],
)
def test_who_tries_from_one_place_counts_as_one(one: str, other: str, same: bool) -> None:
    assert (near_address(one) == near_address(other)) is same
