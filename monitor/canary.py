"""The canary: a recording that a real WebRTC peer speaks into a room of its own, to see that all of it works.

peer → room → monitor → recogniser → keyword list → policy → database → feed: the alert must come back on a websocket
like anybody's, within the time that is wanted. Each try is a numbered message of the feed and counts in the metrics;
a miss or a slow one stays among the reasons of /healthz until a later try goes well.

Nobody else can join the canary's room, and its alerts are kept out of the staff's queue by that room: what is said
there is said by us alone, so nothing of a person can hide behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from monitor.config import Canary as Plan
from monitor.config import Settings
from monitor.config_rooms import Room
from monitor.errors import Busy, ConfigInvalid, ConnectionLost, MonitorError, OperatorError, ServiceSilent
from monitor.fetch.recordings import recordings
from monitor.media import read_all
from monitor.messages import FEED, AlertChanged, AlertRaised, AlertView, CanaryRan, HeardMessage, Hello
from monitor.model import RATE, Samples
from monitor.rooms.builtin.speak import speak
from monitor.web import address as addresses

log = structlog.get_logger()

NAME = "Canary (recording)"
NOTICE = "Nobody but the service itself speaks here: a recording, to see that the monitoring works."
LATE = 4.0
"""Times `within` for which an alert is waited for: until then it is slow, after that it was missed."""
PAUSE = 2.0
"""Seconds that the peer stays after the recording, so that its end is heard as in a room and not cut by a leave."""
JOINING = 30.0
"""Seconds beyond the recording's length that speaking may take."""
READY = 60.0
"""Seconds after the start in which the monitor should be in the room."""
SPOKEN = 300.0
"""Seconds that a request may take beside the waiting for the alert: one try may be under way already."""
TOLD = 200
"""Characters of what was heard instead that a miss tells."""


def room(plan: Plan) -> Room:
    """The canary's room, to be monitored like the others."""
    return Room(id=plan.room, name="Canary", languages=(plan.language,), notice=NOTICE)


def recording(plan: Plan) -> Samples:
    """What is spoken. Raises OperatorError (no such file, no such recording, it can't be fetched) or OSError."""
    if (path := Path(plan.recording)).suffix:
        return read_all(path)
    known = {one.name: one.samples for one in recordings()}
    if plan.recording not in known:
        names = ", ".join(known)
        raise OperatorError(f"[canary] recording = {plan.recording!r} is neither an audio file nor one of {names}")
    return known[plan.recording]


@dataclass(slots=True)
class Try:
    """One try under way. Wall time."""

    began: float
    ended: float = 0.0  # of the recording; 0: not yet
    alert: AlertView | None = None
    raised: float = 0.0  # when the alert reached us
    heard: list[str] = field(default_factory=list)  # texts of the room since it began
    trouble: str = ""  # why it could not be spoken or listened for

    @property
    def delay(self) -> float | None:
        """Seconds from the recording's end to the alert: 0 where the alert was the quicker one."""
        return max(0.0, self.raised - self.ended) if self.alert and self.ended else None


class Canary:
    """Speaks now and then, and when asked. `run` for one task."""

    def __init__(
        self,
        plan: Plan,
        *,
        token: str,
        store: Callable[[CanaryRan], Awaitable[CanaryRan]],
        count: Callable[[str, float | None], None],
        lists: Callable[[], list[str]],
        live: Callable[[], bool],
        key: str = "",
    ) -> None:
        """`token` opens the room, `key` the feed; `store` writes the outcome down and tells the feed; `count` is for
        the metrics; `lists`: those in force, name@version; `live`: whether the monitor is in the room.
        """
        self._plan = plan
        self._token = token
        self._key = key
        self._store = store
        self._count = count
        self._lists = lists
        self._live = live
        self._wake = asyncio.Event()
        self._asker: asyncio.Future[CanaryRan] | None = None
        self._running = False
        self.last: CanaryRan | None = None

    def trouble(self) -> list[str]:
        """What is wrong, for /healthz; empty: the last try went well, or there was none."""
        return [f"canary: {self.last.detail}"] if self.last and self.last.outcome != "heard" else []

    async def ask(self) -> CanaryRan:
        """Speak now and wait for what comes of it. Raises Busy: one at a time; OperatorError when the service stops."""
        if self._asker is not None:
            raise Busy("The canary is speaking for somebody already; it will be over soon.")
        if not self._running:
            raise OperatorError("The service is starting or stopping: the canary doesn't speak now.")
        self._asker = asyncio.get_running_loop().create_future()
        self._wake.set()
        try:
            return await self._asker
        finally:
            self._asker = None

    async def run(self, url: str) -> None:
        """Speak every so often, and when asked, until cancelled. `url`: http://host:port of the service."""
        loop = asyncio.get_running_loop()
        self._running = True
        try:
            await self._until_live()
            due = loop.time() if self._plan.every else None
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(due):
                        await self._wake.wait()
                self._wake.clear()
                asker = self._asker
                ran = await self._once(url, asked=asker is not None)
                if asker is not None and not asker.done():
                    asker.set_result(ran)
                due = loop.time() + self._plan.every * 60 if self._plan.every else None
        finally:
            self._running = False
            if self._asker is not None and not self._asker.done():
                self._asker.set_exception(OperatorError("The service stops: the canary was cut off."))

    async def _until_live(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY):
                while not self._live():  # noqa: ASYNC110  a look now and then is enough, and needs no event
                    await asyncio.sleep(0.2)

    async def _once(self, url: str, *, asked: bool) -> CanaryRan:
        tried = Try(time.time())
        in_force = {name.partition("@")[0] for name in self._lists()}
        if self._plan.list not in in_force:
            tried.trouble = f"the keyword list {self._plan.list!r} is not in force"
        else:
            await self._speak(url.replace("http", "ws", 1), tried)
        ran = await self._store(judged(self._plan, tried, asked=asked))
        self.last = ran
        self._count(ran.outcome, ran.delay)
        say = log.info if ran.outcome == "heard" else log.warning
        say("canary spoke", outcome=ran.outcome, delay=ran.delay, detail=ran.detail)
        return ran

    async def _speak(self, url: str, tried: Try) -> None:
        """Speak the recording and wait for its alert; what goes wrong is noted in `tried`."""
        try:
            samples = await asyncio.to_thread(recording, self._plan)
            async with asyncio.TaskGroup() as tasks:
                listening = asyncio.Event()
                ear = tasks.create_task(self._listen(url, tried, listening))
                await listening.wait()
                async with asyncio.timeout(len(samples) / RATE + JOINING):
                    await self._say(url, samples, tried)
                await asyncio.wait([ear], timeout=self._plan.within * LATE)
                ear.cancel()
        except* TimeoutError:
            tried.trouble = "the recording could not be spoken in time: the room's media didn't connect"
        except* (MonitorError, OSError, WebSocketException, RuntimeError) as group:
            tried.trouble = "; ".join(str(error) or repr(error) for error in _leaves(group))

    async def _say(self, url: str, samples: Samples, tried: Try) -> None:
        def ended(name: str, index: int, at: float) -> None:
            tried.ended = at

        await speak(
            f"{url}/rooms/{self._plan.room}/ws",
            NAME,
            [samples],
            pause=PAUSE,
            loop=False,
            on_clip_ended=ended,
            token=self._token,
        )

    async def _listen(self, url: str, tried: Try, listening: asyncio.Event) -> None:
        """Follow the feed as any client does, until the alert comes. Raises ConnectionLost."""
        async with connect(f"{url}/feed", additional_headers=addresses.authorized(self._key), proxy=None) as feed:
            async for text in feed:
                if not listening.is_set() or '"type":"alert' in str(text) or '"type":"heard"' in str(text):
                    self._note(FEED.validate_json(text), tried, listening)
                if tried.alert is not None:
                    return
        raise ConnectionLost("the feed ended while the canary waited for its alert")

    def _note(self, message: object, tried: Try, listening: asyncio.Event) -> None:
        match message:
            case Hello():
                listening.set()
            case HeardMessage(room=self._plan.room) if message.at >= tried.began and message.text:
                tried.heard.append(message.text)
            case AlertRaised() | AlertChanged() if message.at >= tried.began and self._wanted(message.alert):
                tried.alert, tried.raised = message.alert, time.time()

    def _wanted(self, alert: AlertView) -> bool:
        rule = (self._plan.list, self._plan.phrase)
        return alert.room == self._plan.room and any((hit.list_name, hit.phrase) == rule for hit in alert.hits)


def judged(plan: Plan, tried: Try, *, asked: bool) -> CanaryRan:
    """What came of a try. Its number and time are for the store to give."""
    delay = tried.delay
    if delay is not None:
        outcome = "heard" if delay <= plan.within else "slow"
        detail = f"{plan.phrase!r} was heard {delay:.1f} s after the recording's end"
        detail += "" if outcome == "heard" else f", later than the {plan.within:g} s that are wanted"
    elif tried.trouble:
        outcome, detail = "failed", f"it could not be tried: {tried.trouble}"
    else:
        outcome = "missed"
        heard = f"heard was: {' '.join(tried.heard)[:TOLD]!r}" if tried.heard else "nothing was heard at all"
        detail = f"no alert for {plan.phrase!r} within {plan.within * LATE:g} s; {heard}"
    values = {"room": plan.room, "list_name": plan.list, "phrase": plan.phrase, "within": plan.within}
    values |= {"seq": 0, "at": tried.began, "outcome": outcome, "asked": asked, "detail": detail}
    values |= {"delay": None if delay is None else round(delay, 3), "alert": tried.alert.id if tried.alert else ""}
    return CanaryRan.model_validate(values)


def request(settings: Settings, url: str | None = None, token: str = "") -> CanaryRan:
    """Let the running service speak now: POST /api/canary. Raises ServiceSilent, OperatorError, ConfigInvalid."""
    plan, data = settings.canary, settings.storage.data
    if not (found := url or addresses.found(data)):
        raise ServiceSilent(f"No service runs on {data}. Start it, or say where one is with --url.")
    address = found.rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise ConfigInvalid(f"{address} is neither http nor https")
    headers = addresses.authorized(token if url else addresses.key(data))
    asked = Request(f"{address}/api/canary", headers=headers, method="POST")  # noqa: S310  scheme checked
    patience = SPOKEN + plan.within * LATE
    try:
        with build_opener(ProxyHandler({})).open(asked, timeout=patience) as answer:
            return CanaryRan.model_validate_json(answer.read())
    except HTTPError as error:
        with error:
            raise OperatorError(f"{address}: {_reason(error.read()) or error.reason}") from error
    except (OSError, HTTPException) as error:
        raise ServiceSilent(f"No answer from {address}: {error}. Is the service running there?") from error


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return ""


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]
