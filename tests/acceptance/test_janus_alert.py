"""The real service in a room of a real Janus: what a participant says is an alert on the feed, also after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from monitor.messages import AlertRaised, FeedMessage, HeardMessage, RoomChanged
from monitor.rooms.janus.protocol import Place
from tests.acceptance.test_live_room import alerts, kennedy
from tests.helpers.feed import collect
from tests.helpers.janus_people import caller, talker
from tests.helpers.janus_server import JanusServer, janus_server
from tests.helpers.service import SETTINGS, prepare, running
from tests.helpers.stages import VIDEOROOM

HALL = """
[[rooms]]
id = "hall"
kind = "janus"
address = "{url}"
room = 1234
pin = "file:pin"
display = "Safety listener"
languages = ["en"]
"""
ROOM = '[[rooms]]\nid = "test"\nname = "Test room"\nlanguages = ["en"]\n'


async def hear(feed: str, janus: JanusServer, name: str, after: int = 0) -> list[FeedMessage]:
    """What the feed tells until somebody's words are an alert, and told: the alert may come before their end."""

    def enough(got: list[FeedMessage]) -> bool:
        heard = any(isinstance(m, HeardMessage) and m.speaker.name == name for m in got)
        return heard and any(alert.alert.speaker.name == name for alert in alerts(got))

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(collect(feed, enough, after=after))
        async with talker(Place(janus.url, 1234, name, pin="sesame"), kennedy()):
            return await waiting


async def test_a_phrase_said_in_a_janus_room_is_an_alert_and_again_after_a_restart(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    (tmp_path / "janus").mkdir()
    async with janus_server(tmp_path / "janus", unused_tcp_port_factory(), videoroom=VIDEOROOM) as janus:
        (tmp_path / "pin").write_text("sesame")
        assert ROOM in SETTINGS
        with running(prepare(tmp_path, SETTINGS.replace(ROOM, HALL.format(url=janus.url)))) as service:
            got = await hear(service.websocket, janus, "Jack")
            raised = next(m.alert for m in got if isinstance(m, AlertRaised))
            assert (raised.room, raised.speaker.name, raised.hits[0].list_name) == ("hall", "Jack", "test-en")
            async with caller(Place(janus.url, 1234, "")) as asking:
                assert await asking.members() == ["Safety listener"]

            janus.kill()
            await janus.start()
            again = await hear(service.websocket, janus, "Jill", after=raised_seq(got))
            states = [m.room.state for m in again if isinstance(m, RoomChanged)]
            assert (states[0], states[-1]) == ("waiting", "live")
            assert await asyncio.to_thread(service.stop) == 0, "".join(service.log)


def raised_seq(got: list[FeedMessage]) -> int:
    return max(m.seq for m in got if isinstance(m, AlertRaised))
