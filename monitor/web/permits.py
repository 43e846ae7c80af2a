"""What a route asks of whoever calls it: `who: Annotated[Person, needs(Permission.REVIEW)]`."""

from __future__ import annotations

from typing import Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from monitor.access.roles import LOCAL, Permission, Person
from monitor.errors import Forbidden


def needs(permission: Permission) -> Any:
    """A dependency that gives the Person, or raises Forbidden (403)."""

    def person(connection: HTTPConnection) -> Person:
        who: Person = getattr(connection.state, "person", LOCAL)
        if not who.may(permission):
            raise Forbidden(f"{who.name} may not do this: it needs the permission {permission.value!r}.")
        return who

    return Depends(person)
