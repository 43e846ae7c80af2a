"""Who may do what: a table. Pure.

A permission is what a route asks for; a role is what a person has. There is no other place that decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class Permission(StrEnum):
    """What a route may ask for."""

    PUBLIC = "public"  # everybody, also without an account: health, log-in, the pages themselves
    SEE = "see"  # rooms, alerts, transcripts with personal data masked, lists, the feed
    LISTEN = "listen"  # hear the audio
    REVIEW = "review"  # claim, decide, note, hand over
    REVEAL = "reveal"  # personal data in transcripts, with a reason
    EXPORT = "export"  # an incident as an archive
    MODERATE = "moderate"  # mute or remove somebody in a room
    LISTS = "lists"  # change keyword lists and their rules' states
    ROOMS = "rooms"  # add and remove rooms, make links for hosts, say which model hears
    HEALTH = "health"  # metrics and what the machine does
    KEEP = "keep"  # legal holds, erasure, retention
    AUDIT = "audit"  # read the audit trail
    USERS = "users"  # accounts and tokens of others
    HOST = "host"  # the one room of a host's link


class Role(StrEnum):
    """What a person has; several are possible."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    LISTENER = "listener"
    OPS = "ops"
    ADMIN = "admin"
    HOST = "host"


_P = Permission
PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({_P.PUBLIC, _P.SEE}),
        Role.REVIEWER: frozenset({_P.PUBLIC, _P.SEE, _P.REVIEW, _P.REVEAL, _P.EXPORT, _P.MODERATE}),
        Role.LISTENER: frozenset({_P.PUBLIC, _P.SEE, _P.LISTEN}),
        Role.OPS: frozenset({_P.PUBLIC, _P.SEE, _P.LISTS, _P.ROOMS, _P.HEALTH}),
        Role.ADMIN: frozenset(Permission) - {_P.HOST},
        Role.HOST: frozenset({_P.PUBLIC, _P.HOST}),
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks."""

    name: str
    roles: frozenset[Role]
    via: Literal["local", "session", "token", "host", "none"] = "session"
    room: str = ""  # the only room that a host's link is about
    scopes: frozenset[Permission] | None = None  # of a token, where it has less than its owner; None: all

    def may(self, permission: Permission) -> bool:
        if permission is Permission.PUBLIC:
            return True
        granted = permission in permitted(self.roles)
        return granted and (self.scopes is None or permission in self.scopes)

    @property
    def known(self) -> bool:
        """Whether it is said who this is, by whatever means."""
        return self.via != "none"

    def signed(self, given: str) -> str:
        """The name that goes on the record: the account's; what was `given` only where nobody has an account."""
        return given or self.name if self.via == "local" else self.name


LOCAL = Person("local", frozenset({Role.ADMIN}), "local")
"""Whoever sits at a machine that serves itself alone and has no accounts, or owns the data directory."""
NOBODY = Person("", frozenset(), "none")
"""Somebody who has not signed in: may do what is public."""


def permitted(roles: Iterable[Role]) -> frozenset[Permission]:
    """What these roles allow together."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))
