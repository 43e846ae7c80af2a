"""The websocket feed: real server, real database, real websocket clients."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK

from monitor.messages import FEED, Talking
from tests.helpers.room_server import until
from tests.helpers.site import Site, site
from tests.helpers.storing import alert, database, room, speaker


async def take(client: ClientConnection) -> dict[str, Any]:
    """The next message, checked against the contract."""
    text = await client.recv()
    FEED.validate_json(text)
    message: dict[str, Any] = json.loads(text)
    return message


async def events(client: ClientConnection, count: int) -> list[int]:
    """The numbers of the next numbered messages."""
    seqs: list[int] = []
    while len(seqs) < count:
        message = await take(client)
        if "at" in message and message["type"] != "heartbeat":
            seqs.append(message["seq"])
    return seqs


async def until_closed(client: ClientConnection) -> tuple[list[int], int]:
    """The numbers of the events that still come, and the code of the close."""
    seqs: list[int] = []
    try:
        while True:
            seqs += await events(client, 1)
    except ConnectionClosed as closed:
        return seqs, closed.rcvd.code if closed.rcvd else 1006


async def fill(it: Site, count: int) -> None:
    for _ in range(count):
        await it.store.add_room(room())


async def test_how_long_a_message_takes_to_a_client_is_measured(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        await fill(it, 2)
        async with connect(f"{it.ws}/feed") as first, connect(f"{it.ws}/feed") as second:
            for client in (first, second):
                assert await events(client, 2) == [1, 2]
            assert it.deps.metrics.recent.spread("sent") is None, "history isn't sent late"
            await fill(it, 1)
            for client in (first, second):
                assert await events(client, 1) == [3]
            name = "room_monitor_stage_seconds_count{sent}"
            await until(lambda: it.deps.metrics.totals([name]) == {name: 2.0})
        sent = it.deps.metrics.recent.spread("sent")
        assert sent is not None
        assert 0 < sent.half <= sent.most


async def test_hello_comes_first_then_history_then_what_happens(tmp_path: Path) -> None:
    async with site(tmp_path, history=3) as it:
        await fill(it, 5)
        async with connect(f"{it.ws}/feed") as client:
            hello = await take(client)
            assert (hello["type"], hello["seq"], hello["after"], hello["truncated"]) == ("hello", 5, 2, False)
            assert hello["rooms"][0]["id"] == "lobby"
            assert await events(client, 3) == [3, 4, 5]
            await it.store.add_alert(alert("a1"))
            raised = await take(client)
            assert (raised["type"], raised["seq"], raised["alert"]["id"]) == ("alert", 6, "a1")
            it.feed.passing(Talking(room="lobby", speaker="s1", talking=True))
            assert await take(client) == {"type": "talking", "room": "lobby", "speaker": "s1", "talking": True}


async def test_resumes_after_a_number_over_more_than_one_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.web.feed.PAGE", 7)
    async with site(tmp_path) as it:
        await fill(it, 30)
        async with connect(f"{it.ws}/feed?after=4") as client:
            assert (await take(client))["after"] == 4
            assert await events(client, 26) == list(range(5, 31))


async def test_nothing_is_lost_and_nothing_comes_twice_while_clients_come_and_go(tmp_path: Path) -> None:
    """Several clients drop the connection at random moments and resume, while three tasks publish."""
    total = 240
    async with site(tmp_path) as it:

        async def publish(each: int) -> None:
            for n in range(each):
                await it.store.add_speaker("lobby", speaker(f"s{n}"), "joined")
                it.feed.passing(Talking(room="lobby", speaker="s1", talking=bool(n % 2)))

        async def follow(seed: int, got: list[int]) -> None:
            chance = random.Random(seed)
            while len(got) < total:
                after = got[-1] if got else 0
                # With a short queue the client stops reading, and its goodbye waits ten seconds for an answer.
                async with connect(f"{it.ws}/feed?after={after}", max_queue=None) as client:
                    stay = chance.randint(1, 40)
                    while stay and len(got) < total:
                        got += await events(client, 1)
                        stay -= 1

        logs: list[list[int]] = [[] for _ in range(5)]
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            for seed, log in enumerate(logs):
                tasks.create_task(follow(seed, log))
            for _ in range(3):
                tasks.create_task(publish(total // 3))
        assert logs == [list(range(1, total + 1))] * 5


async def test_history_and_live_meet_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that are told while the history is read come once: from the database, not again from the buffer."""
    async with site(tmp_path) as it:
        await fill(it, 3)
        real = it.store.events

        async def slow(after: int, limit: int) -> Any:
            await it.store.add_room(room())  # told to the subscription before the read, and found by it
            return await real(after, limit)

        monkeypatch.setattr(it.store, "events", slow)
        async with connect(f"{it.ws}/feed?after=0") as client:
            assert await events(client, 4) == [1, 2, 3, 4]
            await it.store.add_room(room())
            assert await events(client, 1) == [5]


async def test_after_a_restart_the_feed_resumes_from_the_same_database(tmp_path: Path) -> None:
    path = database(tmp_path)
    async with site(tmp_path, path=path) as it:
        await fill(it, 4)
    async with site(tmp_path, path=path) as it, connect(f"{it.ws}/feed?after=2") as client:
        assert (await take(client))["seq"] == 4
        assert await events(client, 2) == [3, 4]


@pytest.mark.parametrize(("after", "code"), [("soon", "bad-after"), ("-1", "bad-after"), ("999", "unknown-after")])
async def test_a_number_that_makes_no_sense_is_explained_and_history_follows(
    tmp_path: Path, after: str, code: str
) -> None:
    async with site(tmp_path, history=2) as it:
        await fill(it, 5)
        async with connect(f"{it.ws}/feed?after={after}") as client:
            assert (await take(client))["after"] == 3
            problem = await take(client)
            assert (problem["type"], problem["code"]) == ("problem", code)
            assert await events(client, 2) == [4, 5]


async def test_hello_says_when_older_messages_are_gone(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        for n in range(4):
            await it.store.add_speaker("lobby", speaker(f"s{n}"), "joined")
        await it.store.purge(before=4e9)
        async with connect(f"{it.ws}/feed?after=1") as client:
            assert (await take(client))["truncated"] is True
        async with connect(f"{it.ws}/feed?after=3") as client:
            assert (await take(client))["truncated"] is False


async def test_heartbeats_carry_the_number_that_was_sent_last(tmp_path: Path) -> None:
    async with site(tmp_path, heartbeat=0.05) as it:
        await fill(it, 2)
        async with connect(f"{it.ws}/feed") as client:
            assert (await take(client))["heartbeat"] == 0.05
            assert await events(client, 2) == [1, 2]
            beat = await take(client)
            assert (beat["type"], beat["seq"]) == ("heartbeat", 2)
            assert (await take(client))["type"] == "heartbeat"


async def test_garbage_is_answered_and_the_feed_goes_on(tmp_path: Path) -> None:
    async with site(tmp_path) as it, connect(f"{it.ws}/feed") as client:
        assert (await take(client))["type"] == "hello"
        for garbage in ("{", b"\x00\xff", '{"type": "alert"}'):
            await client.send(garbage)
            assert (await take(client))["type"] == "problem"
        await it.store.add_room(room())
        assert await events(client, 1) == [1]


async def test_a_flood_of_garbage_ends_with_1008_and_disturbs_nobody_else(tmp_path: Path) -> None:
    async with site(tmp_path) as it, connect(f"{it.ws}/feed") as quiet, connect(f"{it.ws}/feed") as loud:
        with suppress(ConnectionClosed):
            for _ in range(30):
                await loud.send("garbage")
        _, code = await until_closed(loud)
        assert code == 1008
        await it.store.add_room(room())
        assert await events(quiet, 1) == [1]


async def test_an_oversized_message_ends_with_1009(tmp_path: Path) -> None:
    async with site(tmp_path) as it, connect(f"{it.ws}/feed") as client:
        await take(client)
        await client.send("x" * 300_000)
        with pytest.raises(ConnectionClosedError) as ended:
            await client.recv()
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1009


async def test_a_client_that_does_not_read_is_closed_with_1013_and_can_resume(tmp_path: Path) -> None:
    async with site(tmp_path, size=16) as it:
        async with (
            connect(f"{it.ws}/feed", max_queue=1, compression=None, ping_interval=None) as slow,
            connect(f"{it.ws}/feed") as quick,
        ):
            got = 0
            big = room().model_copy(update={"detail": "x" * 500_000})
            while not it.deps.metrics.registry.get_sample_value("room_monitor_feed_overruns_total"):
                got = (await it.store.add_room(big)).seq
                assert await events(quick, 1) == [got]  # the others aren't held up
                assert got < 500
            seqs, code = await until_closed(slow)
            assert code == 1013
            assert seqs == list(range(1, len(seqs) + 1))
        async with connect(f"{it.ws}/feed?after={len(seqs)}") as again:
            assert await events(again, got - len(seqs)) == list(range(len(seqs) + 1, got + 1))


async def test_the_end_of_the_service_is_said_with_the_number_to_come_back_with(tmp_path: Path) -> None:
    async with site(tmp_path) as it, connect(f"{it.ws}/feed") as client:
        await take(client)
        await fill(it, 2)
        it.feed.close()
        assert await events(client, 2) == [1, 2]
        assert await take(client) == {"type": "goodbye", "seq": 2}
        with pytest.raises(ConnectionClosedOK) as ended:
            await client.recv()
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1001


async def test_clients_are_counted(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        async with connect(f"{it.ws}/feed") as client:
            await take(client)
            assert it.deps.metrics.registry.get_sample_value("room_monitor_feed_clients") == 1
        async with asyncio.timeout(10):
            while it.feed.clients:  # noqa: ASYNC110 - the server notices the end of a connection in its own time
                await asyncio.sleep(0.01)
        assert it.deps.metrics.registry.get_sample_value("room_monitor_feed_clients") == 0
