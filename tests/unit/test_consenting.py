"""Changes of consent: what ends listening takes effect before it is stored, what begins it only after."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.consent_model import Act, Basis, Consent, ConsentEntry
from monitor.consenting import Consents, Drop
from monitor.errors import ConsentConflict, RoomUnknown, StoreFailed
from monitor.model import RoomState, Speaker
from monitor.store.store import Store
from tests.helpers.storing import database
from tests.helpers.trails import trail_of

ANN, BO = Speaker("s1", "Ann"), Speaker("s2", "Bo")
LIVE = RoomState.LIVE


@dataclass
class Rooms:
    """Notes each effect, and who may be heard at that moment."""

    consents: Consents
    seen: list[tuple[bool, Drop | None]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def consent_changed(self, room: str, drop: Drop | None) -> None:
        self.seen.append((self.hears(), drop))

    async def consent_told(self, room: str) -> None:
        self.told.append(self.consents.notice(room, "We listen"))

    def hears(self, speaker: Speaker = ANN) -> bool:
        return not self.consents.refusal("lobby", LIVE, [speaker])


class SlowStore(Store):
    """A real store that can be held, or be full, before it adds an entry."""

    gate: asyncio.Event | None = None
    full = False

    async def add_consent(self, entry: ConsentEntry) -> ConsentEntry:
        if self.gate is not None:
            await self.gate.wait()
        if self.full:
            raise StoreFailed("the disk is full")
        return await super().add_consent(entry)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SlowStore]:
    path = database(tmp_path)
    async with SlowStore(path, lambda _: None, lambda: 50.0) as opened:
        yield opened


@pytest.fixture
async def rooms(store: SlowStore, tmp_path: Path) -> Rooms:
    consents = Consents(store, await trail_of(store, tmp_path), lambda: 100.0)
    made = Rooms(consents)
    consents.effects = made
    await consents.take("lobby", required=True)
    return made


async def acts(store: Store) -> list[str]:
    return [entry.act.value for entry in reversed(await store.consent_history("lobby"))]


async def test_each_change_is_an_entry_and_takes_effect(rooms: Rooms, store: SlowStore) -> None:
    assert not rooms.hears()
    standing = await rooms.consents.say("lobby", Act.GRANT, "host link x")
    assert (standing.state, standing.basis, standing.since) == (Consent.GRANTED, Basis.HOST, 100.0)
    assert rooms.hears()
    assert rooms.seen[-1] == (True, None)
    await rooms.consents.say("lobby", Act.WITHDRAW, "host link x")
    assert not rooms.hears()
    assert rooms.seen[1:] == [(False, Drop("the host has withdrawn consent")), (False, None)]
    assert rooms.told == ["We listen", "Monitoring of this room is switched off: nobody is listened to."]
    assert await acts(store) == ["grant", "withdraw"]
    log = [entry async for entry in store.audit_entries()]
    assert [(e.who, e.action, e.room) for e in log] == [
        ("host link x", "consent.granted", "lobby"),
        ("host link x", "consent.withdrawn", "lobby"),
    ]


async def test_nobody_is_heard_while_a_withdrawal_waits_for_the_disk(rooms: Rooms, store: SlowStore) -> None:
    await rooms.consents.say("lobby", Act.GRANT, "a")
    store.gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(rooms.consents.say("lobby", Act.WITHDRAW, "a"))
        await asyncio.sleep(0)
        assert not rooms.hears()
        assert rooms.seen[-1] == (False, Drop("the host has withdrawn consent"))
        store.gate.set()


async def test_nobody_is_heard_before_a_grant_is_on_the_disk(rooms: Rooms, store: SlowStore) -> None:
    store.gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        granted = tasks.create_task(rooms.consents.say("lobby", Act.GRANT, "a"))
        await asyncio.sleep(0.05)
        assert not rooms.hears()
        store.gate.set()
        await granted
    assert rooms.hears()


async def test_a_withdrawal_that_overtakes_a_grant_wins_at_every_moment(rooms: Rooms, store: SlowStore) -> None:
    """Two phones of one host: the grant is on its way to the disk when somebody says no."""
    await rooms.consents.say("lobby", Act.GRANT, "a")
    await rooms.consents.say("lobby", Act.PAUSE, "a")
    store.gate = asyncio.Event()
    rooms.seen.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(rooms.consents.say("lobby", Act.GRANT, "a"))
        await asyncio.sleep(0.05)
        tasks.create_task(rooms.consents.say("lobby", Act.WITHDRAW, "b"))
        await asyncio.sleep(0.05)
        store.gate.set()
    assert [heard for heard, _ in rooms.seen] == [False] * len(rooms.seen)
    assert rooms.consents.standing("lobby").state is Consent.WITHDRAWN
    assert await acts(store) == ["grant", "pause", "grant", "withdraw"]


async def test_a_full_disk_keeps_nobody_listening_against_a_no(rooms: Rooms, store: SlowStore) -> None:
    await rooms.consents.say("lobby", Act.GRANT, "a")
    store.full = True
    with pytest.raises(StoreFailed):
        await rooms.consents.say("lobby", Act.WITHDRAW, "a")
    assert not rooms.hears()
    with pytest.raises(StoreFailed):
        await rooms.consents.opt("lobby", BO, True, "a")
    assert rooms.consents.of("lobby").opted_out(BO)


async def test_a_full_disk_lets_nobody_be_heard_on_a_yes(rooms: Rooms, store: SlowStore) -> None:
    store.full = True
    with pytest.raises(StoreFailed):
        await rooms.consents.say("lobby", Act.GRANT, "a")
    assert not rooms.hears()


async def test_an_opt_out_is_for_one_speaker_and_drops_what_waits_of_them(rooms: Rooms, store: SlowStore) -> None:
    await rooms.consents.say("lobby", Act.GRANT, "a")
    await rooms.consents.opt("lobby", ANN, True, "a")
    assert not rooms.hears(ANN)
    assert rooms.hears(BO)
    drop = next(drop for _, drop in rooms.seen if drop is not None)
    assert drop.means(Speaker("other id", "Ann"))
    assert not drop.means(BO)
    await rooms.consents.opt("lobby", ANN, True, "a")
    assert (await acts(store)).count("opt-out") == 1, "said once"
    await rooms.consents.opt("lobby", ANN, False, "a")
    assert rooms.hears(ANN)


async def test_what_cannot_follow_is_refused_and_what_is_so_already_is_no_entry(rooms: Rooms, store: SlowStore) -> None:
    with pytest.raises(ConsentConflict):
        await rooms.consents.say("lobby", Act.PAUSE, "a")
    with pytest.raises(RoomUnknown):
        await rooms.consents.say("attic", Act.GRANT, "a")
    for _ in range(2):
        await rooms.consents.say("lobby", Act.GRANT, "a")
    assert await acts(store) == ["grant"]


async def test_a_host_can_put_their_own_yes_in_place_of_the_operators(store: SlowStore, rooms: Rooms) -> None:
    await rooms.consents.take("lobby", required=False)
    assert rooms.consents.standing("lobby").basis is Basis.POLICY
    standing = await rooms.consents.say("lobby", Act.GRANT, "a")
    assert standing.basis is Basis.HOST
    await rooms.consents.take("lobby", required=True)
    assert rooms.hears(), "so that it holds where hosts must be asked as well"


async def test_what_was_said_is_so_after_a_restart(rooms: Rooms, store: SlowStore, tmp_path: Path) -> None:
    await rooms.consents.say("lobby", Act.GRANT, "a")
    await rooms.consents.opt("lobby", ANN, True, "a")
    await rooms.consents.write_notice("lobby", "Hello", "zh", "a")
    await rooms.consents.shown("lobby", "Hello", "in the chat", ())
    await rooms.consents.shown("lobby", "Hello", "in the chat", (BO,))
    again = Consents(store, await trail_of(store, tmp_path), lambda: 200.0)
    await again.take("lobby", required=True)
    assert again.standing("lobby") == rooms.consents.standing("lobby")
    assert again.standing("lobby").shown == "Hello"


async def test_a_room_that_nobody_knows_has_agreed_to_nothing(rooms: Rooms) -> None:
    assert rooms.consents.refusal("attic", LIVE, [ANN])
    assert rooms.consents.of("attic").state is Consent.UNASKED


@pytest.mark.parametrize("statement", ["DELETE FROM consents", "UPDATE consents SET act = 'grant'"])
async def test_the_database_refuses_to_change_an_entry(
    rooms: Rooms, store: SlowStore, tmp_path: Path, statement: str
) -> None:
    await rooms.consents.say("lobby", Act.WITHDRAW, "a")
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as db, pytest.raises(sqlite3.IntegrityError, match="only"):
        db.execute(statement)


async def test_retention_removes_only_that_latecomers_were_told(rooms: Rooms, store: SlowStore) -> None:
    await rooms.consents.say("lobby", Act.GRANT, "a")
    await rooms.consents.shown("lobby", "Hello", "in the chat", ())
    await rooms.consents.shown("lobby", "Hello", "in the chat", (BO,))
    await store.purge(before=99.0)
    assert await acts(store) == ["grant", "announce", "announce"]
    await store.purge(before=101.0)
    assert await acts(store) == ["grant", "announce"]
