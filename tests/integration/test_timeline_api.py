"""Time lines over a real server and database: nothing that happened is missing, and nothing is drawn that did not."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from monitor.hearing.coverage import Unfinished
from monitor.messages import RoomView
from monitor.model import Coverage, Gap, Heard, Speaker
from tests.helpers.asking import ask
from tests.helpers.site import site
from tests.helpers.storing import ANN, alert, room, transcript

BEA = Speaker("s2", "Bea")


async def test_a_time_line_has_speech_losses_alerts_and_who_was_there(tmp_path: Path) -> None:
    now = time.time()
    async with site(tmp_path) as it:
        await it.store.begin_session()
        await it.store.open_track("t1", "lobby", ANN, now - 100)
        said = transcript("u1")
        said = replace(said, utterance=replace(said.utterance, began=now - 50))
        await it.store.add_heard(said, said.words)
        await it.store.add_gap(Gap("lobby", ANN, "t1", now - 40, 3.0, Heard.LOST_NETWORK, "packets never came"))
        await it.store.add_gap(Gap("lobby", None, "", now - 200, 60.0, Heard.LOST_ERROR, "the service was away"))
        await it.store.add_alert(alert("a1", spoken_at=now - 49))
        await it.store.close_track("t1", Coverage({Heard.EXAMINED: 2.0, Heard.LOST_NETWORK: 3.0}), now - 20)
        status, line = await ask(it, "GET", f"/api/timeline?since={now - 300}")
    assert status == 200
    [lobby] = line["rooms"]
    [span] = lobby["lost"]
    assert (span["state"], span["cause"], round(span["seconds"])) == ("lost-error", "the service was away", 60)
    [ann] = lobby["speakers"]
    assert ann["name"] == "Ann"
    assert [(one["state"], round(one["seconds"])) for one in ann["spans"]] == [("examined", 2), ("lost-network", 3)]
    assert ann["spans"][1]["cause"] == "packets never came"
    assert [(one["alert"], one["severity"], one["phrase"]) for one in ann["alerts"]] == [("a1", "high", "free money")]
    [there] = ann["present"]
    assert (round(there["seconds"]), there["open"]) == (80, False)
    assert ann["coverage"]["lost_network"] == 3.0


async def test_what_is_under_way_is_pending_and_who_talks_is_marked(tmp_path: Path) -> None:
    now = time.time()
    open_ = Unfinished("t2", "lobby", BEA, now - 9, True, (Gap("lobby", BEA, "t2", now - 4, 4.0, Heard.PENDING, ""),))
    async with site(tmp_path, unfinished=lambda: [open_]) as it:
        await it.store.begin_session()
        await it.store.open_track("t2", "lobby", BEA, now - 9)
        _, line = await ask(it, "GET", "/api/timeline?room=lobby")
    [bea] = line["rooms"][0]["speakers"]
    assert bea["talking"]
    assert bea["present"][0]["open"]
    assert [(one["state"], round(one["seconds"])) for one in bea["spans"]] == [("pending", 4)]


async def test_a_line_is_clipped_and_what_came_before_it_is_left_out(tmp_path: Path) -> None:
    now = time.time()
    async with site(tmp_path) as it:
        await it.store.begin_session()
        await it.store.open_track("t1", "lobby", ANN, now - 500)
        await it.store.add_gap(Gap("lobby", ANN, "t1", now - 400, 100.0, Heard.LOST_OVERLOAD, "behind"))
        await it.store.add_gap(Gap("lobby", ANN, "t1", now - 120, 100.0, Heard.LOST_OVERLOAD, "behind again"))
        _, line = await ask(it, "GET", f"/api/timeline?since={now - 60}")
        spans = line["rooms"][0]["speakers"][0]["spans"]
        assert [(one["cause"], round(one["seconds"])) for one in spans] == [("behind again", 40)]
        assert (await ask(it, "GET", f"/api/timeline?since={now - 90_000}&until={now}"))[0] == 400
        assert (await ask(it, "GET", f"/api/timeline?since={now + 900}"))[0] == 400


async def test_who_comes_back_is_on_one_line_and_two_of_one_name_are_on_two(tmp_path: Path) -> None:
    now = time.time()
    async with site(tmp_path) as it:
        await it.store.begin_session()
        for track, speaker, came, went in [("t1", "a", 90, 80), ("t2", "b", 70, 30), ("t3", "c", 60, 20)]:
            await it.store.open_track(track, "lobby", Speaker(speaker, "Ann"), now - came)
            await it.store.close_track(track, Coverage(), now - went)
        _, line = await ask(it, "GET", "/api/timeline")
    assert [[round(p["seconds"]) for p in s["present"]] for s in line["rooms"][0]["speakers"]] == [[10, 40], [40]]


async def test_the_rooms_states_say_when_the_monitor_was_away(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        for state, detail in [("live", ""), ("waiting", "the server is gone"), ("joining", ""), ("waiting", "still")]:
            view = room().model_dump() | {"state": state, "detail": detail}
            await it.store.add_room(RoomView.model_validate(view))
        _, line = await ask(it, "GET", "/api/timeline")
    states = line["rooms"][0]["states"]
    assert [(one["state"], one["detail"]) for one in states] == [("live", ""), ("away", "still")]


async def test_a_room_that_is_gone_still_has_its_line_and_short_pauses_make_one_span(tmp_path: Path) -> None:
    now = time.time()
    async with site(tmp_path) as it:
        await it.store.begin_session()
        await it.store.open_track("t1", "old", ANN, now - 1000)
        for n in range(50):
            await it.store.add_gap(Gap("old", ANN, "t1", now - 900 + n, 0.9, Heard.LOST_NETWORK, "holes"))
        _, line = await ask(it, "GET", f"/api/timeline?since={now - 3600}")
    old = next(one for one in line["rooms"] if one["room"] == "old")
    assert old["state"] == ""
    assert [round(one["seconds"]) for one in old["speakers"][0]["spans"]] == [50]
