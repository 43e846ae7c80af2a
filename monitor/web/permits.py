"""What a route asks of whoever calls it: `who: Annotated[Person, needs(Permission.REVIEW)]`.

Default deny: `label_all` refuses to serve an application that has a route without `needs`, and writes each route's
permission into the OpenAPI document (`x-permission`), from which the tests try every route with every role.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Mount

from monitor.access.roles import NOBODY, Permission, Person
from monitor.errors import Forbidden, SignInNeeded

_REFUSED = {
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
}
_ANSWERS = {
    "401": {"description": "Sign in first, or send a token", **_REFUSED},
    "403": {"description": "Who asks may not do this", **_REFUSED},
}
_OWN = frozenset({"/openapi.json"})
"""FastAPI's own: the document that says what may be asked; nothing of anybody is in it."""


def needs(permission: Permission) -> Any:
    """A dependency that gives the Person. Raises SignInNeeded (401) and Forbidden (403)."""

    def person(connection: HTTPConnection) -> Person:
        return allowed(person_of(connection), permission)

    person.permission = permission  # type: ignore[attr-defined]  # what `label_all` looks for
    return Depends(person)


def person_of(connection: HTTPConnection) -> Person:
    """Who asks, as the doorman found; NOBODY where no doorman stands before the application."""
    who: Person = getattr(connection.state, "person", NOBODY)
    return who


def allowed(who: Person, permission: Permission) -> Person:
    """The person. Raises SignInNeeded (401) and Forbidden (403)."""
    if who.may(permission):
        return who
    if not who.known:
        raise SignInNeeded("Sign in first, or send a token: `Authorization: Bearer …`.")
    raise Forbidden(f"{who.name} may not do this: it needs the permission {permission.value!r}.")


def label_all(app: FastAPI) -> None:
    """Write what each route asks into the OpenAPI document. Raises RuntimeError for a route that asks nothing."""
    for route in _flat(app.routes):
        path = getattr(route, "path", "")
        if not isinstance(route, APIRoute | APIWebSocketRoute):
            if path not in _OWN:
                raise RuntimeError(f"{path} is served without a permission: make it a route of FastAPI that has one")
            continue
        found = set(_permissions(route.dependant))
        if not found:
            raise RuntimeError(f"{path} asks for no permission: add needs(Permission.…) to it")
        if isinstance(route, APIRoute):
            _document(route, max(found, key=lambda one: one is not Permission.PUBLIC))


def _document(route: APIRoute, permission: Permission) -> None:
    extra = dict(route.openapi_extra or {})
    extra["x-permission"] = permission.value
    if permission is not Permission.PUBLIC:
        extra["responses"] = {**_ANSWERS, **extra.get("responses", {})}
    route.openapi_extra = extra


def _permissions(dependant: Dependant) -> Iterator[Permission]:
    found = getattr(dependant.call, "permission", None)
    if isinstance(found, Permission):
        yield found
    for deeper in dependant.dependencies:
        yield from _permissions(deeper)


def _flat(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    """Also those of included routers, which newer versions of FastAPI keep as they are."""
    for route in routes:
        included = getattr(route, "original_router", route if isinstance(route, Mount) else None)
        if included is None:
            yield route
        else:
            yield from _flat(list(included.routes))
