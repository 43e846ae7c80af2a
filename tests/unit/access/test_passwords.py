"""Passwords: what is good enough, and how hashes are made and compared."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Literal

import argon2
import pytest

from monitor.access import passwords
from monitor.access.passwords import Passwords, check, made_up
from monitor.errors import Overloaded, PasswordWeak
from tests.helpers.staff import quick_passwords


@pytest.mark.parametrize("password", ["", "short", "elevenchars", "aaaaaaaaaaaaaaa", "abababababab", "annleeannleeann"])
def test_what_would_be_guessed_is_refused(password: str) -> None:
    with pytest.raises(PasswordWeak):
        check(password, "annlee")


def test_the_longest_is_bounded() -> None:
    assert check("four brown otters", "ann")
    with pytest.raises(PasswordWeak):
        check("abcdefg" * 200, "ann")


def test_what_is_made_up_is_good_enough_and_new() -> None:
    made = {made_up() for _ in range(50)}
    assert len(made) == 50
    assert all(check(one, "ann") for one in made)


async def test_a_hash_fits_its_password_alone() -> None:
    it = quick_passwords()
    encoded = await it.hash("four brown otters")
    assert encoded.startswith("$argon2id$")
    assert await it.fits("four brown otters", encoded)
    assert not await it.fits("four brown otter", encoded)
    assert not await it.fits("four brown otters", "")
    assert not await it.fits("four brown otters", "$argon2id$not one")
    assert await it.hash("four brown otters") != encoded


async def test_a_hash_of_other_strength_is_known_as_such() -> None:
    encoded = await quick_passwords().hash("four brown otters")
    assert not quick_passwords().outdated(encoded)
    stronger = Passwords(argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert stronger.outdated(encoded)
    assert await stronger.fits("four brown otters", encoded)


async def test_the_recommended_strength_is_that_of_the_rfc() -> None:
    encoded = await Passwords.recommended().hash("four brown otters")
    found = argon2.extract_parameters(encoded)
    assert (found.type, found.memory_cost, found.time_cost) == (argon2.Type.ID, 65536, 3)


class Watched(argon2.PasswordHasher):
    """Notes what is compared."""

    compared: ClassVar[list[str]] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.compared.append(str(hash))
        return super().verify(hash, password)


async def test_nobody_is_compared_with_a_hash_as_well() -> None:
    """So that how long a refusal takes tells nothing of who has an account."""
    it = Passwords(Watched(time_cost=1, memory_cost=8, parallelism=1))
    assert not await it.fits("x", "")
    (compared,) = Watched.compared
    assert argon2.extract_parameters(compared) == argon2.extract_parameters(await it.hash("x"))


async def test_more_than_can_wait_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAITING", 3)
    it = quick_passwords()
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(outcome(it)) for _ in range(10)]
    done = [task.result() for task in asked]
    assert done.count("overloaded") == 7
    assert await outcome(it) == "hashed"


async def outcome(it: Passwords) -> str:
    try:
        await it.hash("four brown otters")
    except Overloaded:
        return "overloaded"
    return "hashed"
