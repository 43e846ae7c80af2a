"""3 % random packet loss: the duration arrives, no keyword is missed, the ledger sums up.

The same recordings are spoken at the same time by two peers, one of them through a bad network.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from monitor.config import shipped
from monitor.messages import AlertChanged, AlertRaised, CoverageChanged, FeedMessage, SpeakerChanged
from monitor.rooms.builtin.speak import speak
from tests.helpers.feed import collect
from tests.helpers.service import prepare, running
from tests.helpers.speech import package_clips

LOSS = 0.03


class Network:
    """Loses each packet with the same chance; seeded, so that every run loses the same ones."""

    def __init__(self, share: float, seed: int) -> None:
        self._random = random.Random(seed)
        self._share = share
        self.sent = self.lost = 0

    def __call__(self) -> bool:
        self.sent += 1
        gone = self._random.random() < self._share
        self.lost += gone
        return gone


def words(messages: list[FeedMessage], name: str) -> Counter[str]:
    """How often each phrase was found in what this speaker said."""
    counts: dict[str, tuple[str, int]] = {}
    for message in messages:
        if isinstance(message, AlertRaised | AlertChanged) and message.alert.speaker.name == name:
            counts[message.alert.id] = (message.alert.hits[0].phrase, message.alert.count)
    total: Counter[str] = Counter()
    for phrase, count in counts.values():
        total[phrase] += count
    return total


@pytest.mark.timeout(400)
async def test_at_three_percent_loss_nothing_is_missed_and_all_is_accounted_for(tmp_path: Path) -> None:
    prepare(tmp_path, words=(shipped() / "keywords" / "demo.en.toml").read_text("utf-8"))
    clips = [clip.samples for clip in package_clips() if "Austen" in clip.speaker or "Kennedy" in clip.speaker]
    network = Network(LOSS, seed=7)
    with running(tmp_path) as service:
        url = f"{service.websocket}/rooms/test/ws"

        def settled(got: list[FeedMessage]) -> bool:
            left = sum(isinstance(m, SpeakerChanged) and m.change == "left" for m in got) == 2
            coverage = [m.coverage for m in got if isinstance(m, CoverageChanged)]
            return left and bool(coverage) and coverage[-1].pending == 0  # it may have been told before they had left

        async with asyncio.TaskGroup() as tasks:
            heard = tasks.create_task(collect(service.websocket, settled, patience=240))
            tasks.create_task(speak(url, "clear", clips, pause=1.0, loop=False))
            tasks.create_task(speak(url, "lossy", clips, pause=1.0, loop=False, lost=network))
        everything = heard.result()
        code = await asyncio.to_thread(service.stop)
        assert code == 0, "".join(service.log)
    assert network.lost > 0.02 * network.sent
    clear, lossy = words(everything, "clear"), words(everything, "lossy")
    assert sum(clear.values()) >= 5
    assert not clear - lossy, f"missed under loss: {clear - lossy}"

    tracks = ledger(tmp_path / "data" / "monitor.db")
    for seconds, was_open in tracks.values():
        assert seconds["pending"] == 0
        assert abs(sum(seconds.values()) - was_open) < 0.4
    arrived = sum(tracks["lossy"][0].values()) / sum(tracks["clear"][0].values())
    assert arrived >= 0.995
    assert "lost-network" not in tracks["clear"][0]
    assert 0 < tracks["lossy"][0]["lost-network"] < LOSS / 2 * was_open  # what FEC could not bring back, and no more


def ledger(database: Path) -> dict[str, tuple[dict[str, float], float]]:
    """Seconds by state, and the seconds that the track was open, for each speaker."""
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute("SELECT speaker_name, seconds, closed_at - opened_at FROM tracks").fetchall()
    return {name: (json.loads(seconds), was_open) for name, seconds, was_open in rows}
