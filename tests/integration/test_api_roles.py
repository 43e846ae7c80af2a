"""Every route with every role, from the OpenAPI document of the whole service as it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx

from monitor.access.roles import PERMISSIONS, Permission, Role
from monitor.config_access import OidcSettings
from tests.helpers.staff import STAFF
from tests.helpers.whole import whole_service

OIDC = OidcSettings(issuer="http://127.0.0.1:9", client_id="monitor")
METHODS = ("get", "post", "put", "patch", "delete")
OWN = re.compile(r"/api/(me($|/)|log(in|out)($|/)|host($|/)|review/views($|/))")
"""What everybody may do to their own account, and what a host's link opens."""
NOBODY = None
Who = Role | None


def operations(document: dict[str, Any]) -> list[tuple[str, str, Permission, dict[str, Any]]]:
    """(method, path, permission, operation)"""
    return [
        (method, path, Permission(operation["x-permission"]), operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def address(path: str) -> str:
    """Of something that isn't there."""
    return re.sub(r"\{[^}]+\}", "0", path)


async def test_every_route_is_open_to_those_roles_alone_that_have_its_permission(tmp_path: Path) -> None:
    async with whole_service(tmp_path, oidc=OIDC) as it, httpx.AsyncClient(base_url=it.url, trust_env=False) as client:
        document = (await client.get("/openapi.json")).json()
        wrong, tried = [], 0
        for method, path, permission, _ in operations(document):
            for who in (NOBODY, *STAFF):
                headers = {"Authorization": f"Bearer {it.tokens[who]}"} if who else {}
                body = None if method in ("get", "delete") else {}
                answer = await client.request(method, address(path), headers=headers, json=body, timeout=30)
                refused = 401 if who is NOBODY else 403
                if may(who, permission):
                    fine = answer.status_code not in (401, 403) and answer.status_code < 500
                    fine = fine or (path == "/healthz" and answer.status_code == 503)
                else:
                    fine = answer.status_code == refused
                tried += 1
                if not fine:
                    wrong.append((who, method, path, permission.value, answer.status_code))
        assert wrong == []
        assert tried > 6 * 60


async def test_what_the_roles_may_is_what_their_names_say(tmp_path: Path) -> None:
    async with whole_service(tmp_path, oidc=OIDC) as it, httpx.AsyncClient(base_url=it.url, trust_env=False) as client:
        found = operations((await client.get("/openapi.json")).json())
    for method, path, permission, operation in found:
        here = f"{method} {path} asks for {permission.value}"
        if method != "get" and not OWN.match(path):
            assert permission not in (Permission.PUBLIC, Permission.SEE), f"{here}: a viewer changes nothing"
        kinds = {kind for answer in operation["responses"].values() for kind in answer.get("content", {})}
        if any(kind.startswith("audio/") for kind in kinds):
            assert permission is Permission.LISTEN, f"{here}: audio is for those who may listen"
        if path.startswith("/api/users"):
            assert permission is Permission.USERS, here
    public = {path for _, path, permission, _ in found if permission is Permission.PUBLIC and not OWN.match(path)}
    assert public == {"/healthz", "/api/rooms/{room}"}


def may(who: Who, permission: Permission) -> bool:
    if permission is Permission.PUBLIC:
        return True
    return who is not None and permission in PERMISSIONS[who]
