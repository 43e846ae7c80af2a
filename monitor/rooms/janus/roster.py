"""Who is in a VideoRoom and what they publish, as Janus tells it. Pure.

Janus tells everybody of publishers; of those who only listen it tells where the room was made with `notify_joining`,
and whenever it is asked for the list.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.model import Speaker
from monitor.rooms.janus.protocol import Data, Id, rows, text_of
from monitor.rooms.watchdog import Watchdog

RETRY_FIRST, RETRY_LONGEST = 0.1, 1.0
"""Seconds until a subscription is asked for again that Janus said no to: the publisher's media wasn't up yet."""

OPUS = "opus"

Key = tuple[Id, str]
"""Publisher and MID of one of their audio streams."""


@dataclass(slots=True)
class Source:
    """One audio stream that somebody publishes."""

    speaker: Speaker
    dog: Watchdog
    mid: str = ""  # the m-line on which we get it; empty: not subscribed
    retry_at: float = 0.0
    tries: int = 0
    renewed: bool = False  # the subscription was made anew because nothing came; after that, silence is believed

    def refused(self, now: float) -> None:
        self.retry_at = now + min(RETRY_FIRST * 2.0 ** min(self.tries, 10), RETRY_LONGEST)
        self.tries += 1


@dataclass(slots=True)
class Roster:
    """Everybody but the monitor itself."""

    own: Id
    patience: float
    people: dict[Id, Speaker] = field(default_factory=dict)
    sources: dict[Key, Source] = field(default_factory=dict)
    publishers: set[Id] = field(default_factory=set)  # also those without audio
    unheard: dict[Key, str] = field(default_factory=dict)  # why; empty: they publish, and no audio (MID is empty then)

    def published(self, row: Data, now: float) -> None:
        """A publisher, new or with other streams than before."""
        who = id_of(row)
        if who is None or row.get("dummy"):
            return
        self.joined(row)
        self.publishers.add(who)
        streams = [s for s in rows(row, "streams") if s.get("type") == "audio" and not s.get("disabled")]
        foreign = {text_of(s, "mid"): codec for s in streams if (codec := text_of(s, "codec") or OPUS) != OPUS}
        mids = {text_of(stream, "mid") for stream in streams} - set(foreign)
        self._silent(who)
        self.unheard |= {
            (who, mid): f"sent in {codec}, which the monitor can't decode" for mid, codec in foreign.items()
        }
        if not streams:
            self.unheard[who, ""] = ""
        for key in [key for key in self.sources if key[0] == who and key[1] not in mids]:
            del self.sources[key]
        for mid in mids:
            if (who, mid) not in self.sources:
                self.sources[who, mid] = Source(self.people[who], Watchdog(self.patience))
        if "talking" in row or any("talking" in stream for stream in streams):
            self.talking(who, bool(row.get("talking")) or any(stream.get("talking") for stream in streams), now)

    def joined(self, row: Data) -> None:
        who = id_of(row)
        if who is not None and who != self.own:
            self.people[who] = Speaker(str(who), text_of(row, "display") or str(who))

    def unpublished(self, who: Id) -> None:
        self.publishers.discard(who)
        self._silent(who)
        for key in [key for key in self.sources if key[0] == who]:
            del self.sources[key]

    def left(self, who: Id) -> None:
        self.unpublished(who)
        self.people.pop(who, None)

    def talking(self, who: Id, yes: bool, now: float) -> None:
        for source in self._of(who):
            source.dog.talking(yes, now)
            if not yes:
                source.renewed = False

    def moderated(self, who: Id, mid: str, muted: bool, now: float) -> None:
        """Somebody with the room's secret has muted a stream: Janus no longer passes it on."""
        if source := self.sources.get((who, mid)):
            source.dog.muted(muted, now)

    def listed(self, listing: list[Data]) -> bool:
        """Take the list of everybody as the truth; False when somebody publishes of whom we were never told."""
        here = {who: row for row in listing if (who := id_of(row)) is not None and not row.get("dummy")}
        for who in [who for who in self.people if who not in here]:
            self.left(who)
        for row in here.values():
            self.joined(row)
        return all(who in self.publishers or not row.get("publisher") for who, row in here.items())

    def wanted(self, now: float) -> list[Key]:
        """What is not subscribed and may be asked for now."""
        return [key for key, source in self.sources.items() if not source.mid and source.retry_at <= now]

    def assign(self, streams: list[Data]) -> dict[str, Speaker]:
        """Take Janus's word for what each m-line carries; MID → speaker, of those that carry somebody's voice."""
        for source in self.sources.values():
            source.mid = ""
        lines: dict[str, Speaker] = {}
        for row in streams:
            feed = row.get("feed_id")
            known = self.sources.get((feed, text_of(row, "feed_mid"))) if isinstance(feed, int | str) else None
            if known is not None and row.get("type") == "audio" and row.get("active", True):
                known.mid = text_of(row, "mid")
                known.tries = 0
                lines[known.mid] = known.speaker
        return lines

    def _silent(self, who: Id) -> None:
        self.unheard = {key: why for key, why in self.unheard.items() if key[0] != who}

    def _of(self, who: Id) -> list[Source]:
        return [source for key, source in self.sources.items() if key[0] == who]


def id_of(row: Data) -> Id | None:
    who = row.get("id")
    return who if isinstance(who, int | str) else None
