"""Passwords: argon2id (RFC 9106), with the parameters that it recommends where memory is scarce: 64 MiB, 3 passes.

A hash of another strength is made anew at the next sign-in. Whether an account exists can't be told from how long a
refusal takes: without a hash to compare with, one that fits nothing is compared with.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Self

import argon2

from monitor.errors import Overloaded, PasswordWeak

SHORTEST = 12
LONGEST = 1000
"""Characters. The hash takes any length; this only bounds what is hashed."""
AT_ONCE = 2
"""Hashes made at the same time: each takes 64 MiB, and its threads from those who speak."""
WAITING = 32
"""Hashes that may wait for those; beyond, sign-ins are refused until it is calmer."""
_DISTINCT = 5


class Passwords:
    """Makes and compares hashes, in threads."""

    def __init__(self, hasher: argon2.PasswordHasher) -> None:
        self._hasher = hasher
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobodys = ""  # made with the first comparison, whoever's it is

    @classmethod
    def recommended(cls) -> Self:
        return cls(argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY))

    async def hash(self, password: str) -> str:
        """Raises Overloaded."""
        return await self._in_turn(password)

    async def fits(self, password: str, encoded: str) -> bool:
        """`encoded` empty: nobody's; takes as long and is never right. Raises Overloaded."""
        return bool(await self._in_turn(password, encoded)) and bool(encoded)

    def outdated(self, encoded: str) -> bool:
        """Whether it was made with other parameters than those of now."""
        return self._hasher.check_needs_rehash(encoded)

    async def _in_turn(self, password: str, encoded: str | None = None) -> str:
        if self._waiting >= WAITING:
            raise Overloaded("Too many sign in at once; try again in a moment.")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._work, password, encoded)
        finally:
            self._waiting -= 1

    def _work(self, password: str, encoded: str | None) -> str:
        """The hash; or with one given: it, or nothing where it doesn't fit."""
        if encoded is None:
            return self._hasher.hash(password)
        if not self._nobodys:
            self._nobodys = self._hasher.hash(secrets.token_urlsafe())
        try:
            self._hasher.verify(encoded or self._nobodys, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return ""
        return encoded


def check(password: str, name: str) -> str:
    """The password. Raises PasswordWeak with what is wrong with it."""
    if len(password) < SHORTEST:
        raise PasswordWeak(f"A password needs {SHORTEST} characters at least; a few unrelated words make a good one.")
    if len(password) > LONGEST:
        raise PasswordWeak(f"A password may have {LONGEST} characters at most.")
    if len(set(password)) < _DISTINCT or password.lower() in (name * 4)[: len(password) + len(name)].lower():
        raise PasswordWeak("That password is among the first that are tried; a few unrelated words make a good one.")
    return password


def made_up() -> str:
    """A password for somebody who will choose another: 96 bits."""
    return secrets.token_urlsafe(12)
