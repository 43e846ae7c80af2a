"""A service with something to look at: rooms with recorded speakers, one that can't be joined, lists in every state.

Runs in this process, so that a page can be shown from any build of the console.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.app import Service
from monitor.config import Canary, Keywords, Settings, Speech, Storage, Web
from monitor.config_rooms import JanusRoom, Room
from monitor.rooms.builtin.script import Turn
from monitor.rooms.builtin.speak import speak
from monitor.web.deps import STATIC, WebDeps
from tests.helpers.asking import ask
from tests.helpers.speech import package_clips

READING = """\
# Words of the novel that two readers take turns with.
name = "reading-en"
title = "A novel, read aloud"
languages = ["en"]
severity = "medium"
floor = 0.5
phrases = [
  { text = "John Dashwood", severity = "low" },
  { text = "cold-hearted", severity = "high", note = "look at the words around it" },
  "ill-disposed",
  { text = "amiable", inflect = true },
]
exceptions = ["not an ill-disposed"]

[examples]
hit = ["rather cold-hearted and rather selfish", "Mr. John Dashwood had then leisure"]
miss = ["he was not an ill-disposed young man"]
"""
COUNTRY = """\
name = "country-en"
title = "What a president said"
languages = ["en"]
severity = "high"
phrases = [
  "fellow Americans",
  { text = "your country", severity = "critical" },
]
examples.hit = ["ask not what your country can do for you"]
"""
CARDS = """\
name = "cards-en"
title = "House rule 4: no card games for money"
languages = ["en"]
state = "shadow"
severity = "medium"
phrases = [
  "of spades",
  "queen of clubs",
]

[[rules]]
label = "a hand of cards"
near = ["spades", "hearts"]
words = 8
"""
ROOMS = {"lobby": "Lobby", "stage": "Main stage", "cards": "Card table"}


class _Shown(Service):
    def __init__(self, settings: Settings, static: Path) -> None:
        super().__init__(settings)
        self._static = static

    def _web(self, *parts: Any) -> WebDeps:
        return replace(super()._web(*parts), static=self._static)


class ShowRoom:
    """What is there to look at. `url`: http://host:port."""

    def __init__(self, url: str, talk: Sequence[asyncio.Task[None]] = ()) -> None:
        self.url = url
        self._talk = talk

    def hush(self, but: int = 0) -> None:
        """The speakers go, but for so many: what they said stays, and the machine has time for the pictures."""
        for each in self._talk[but:]:
            each.cancel()

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        status, answer = await ask(self, method, path, body, **headers)
        assert status < 400, (method, path, status, answer)
        return answer


def settings(directory: Path, model: str) -> Settings:
    lists = directory / "lists"
    lists.mkdir()
    for name, text in {"reading-en": READING, "country-en": COUNTRY, "cards-en": CARDS}.items():
        (lists / f"{name}.toml").write_text(text, "utf-8")
    canary = 'name = "canary-en"\nlanguages = ["en"]\nphrases = ["do for your country"]\n'
    (lists / "canary-en.toml").write_text(canary, "utf-8")
    rooms = [Room(id=room, name=name, languages=("en",)) for room, name in ROOMS.items()]
    hall = JanusRoom(kind="janus", id="hall", name="Town hall", address="ws://127.0.0.1:9", room=1234)
    return Settings(
        rooms=(*rooms, hall),
        web=Web(port=0),
        storage=Storage(data=directory / "data"),
        keywords=Keywords(lists=lists, reload=0.2),
        speech=Speech(model=model),
        canary=Canary(enabled=True, every=0),
        grace=5.0,
    )


async def show(
    made: Settings, work: Callable[[ShowRoom], Awaitable[None]], *, static: Path = STATIC, speakers: bool = True
) -> None:
    """Run the service with its speakers until `work` has returned."""
    service = _Shown(made, static)

    async def beside(url: str) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                talk = [tasks.create_task(each) for each in _speaking(url)] if speakers else []
                try:
                    await work(ShowRoom(url, talk))
                finally:
                    for each in talk:
                        each.cancel()
        finally:
            service.stop()

    with suppress(asyncio.CancelledError):
        await service.run(beside)


def _speaking(url: str) -> list[Any]:
    clips = package_clips()
    socket = url.replace("http", "ws", 1)
    turn = Turn()
    kennedy = [clip.samples for clip in clips if "fellow" in clip.transcript]
    novel = [clip.samples for clip in clips[:5]]
    cards = [clip.samples for clip in clips if "of" in clip.transcript and len(clip.samples) < 64_000][-4:]
    return [
        speak(f"{socket}/rooms/lobby/ws", "Maya", novel[:3], pause=3.0, turn=turn),
        speak(f"{socket}/rooms/lobby/ws", "Tom", novel[3:], pause=4.0, turn=turn),
        speak(f"{socket}/rooms/stage/ws", "Jack", kennedy, pause=9.0),
        speak(f"{socket}/rooms/cards/ws", "Ana", cards, pause=6.0),
    ]
