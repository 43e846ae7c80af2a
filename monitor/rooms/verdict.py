"""What a probe of a room has seen, and what that means: which step failed, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from monitor.errors import ConnectionLost, Refused, Step

STEPS = tuple(Step)
AT_JOIN = (Step.SIGNALLING, Step.PERMISSION, Step.ROOM)
TALK = 0.3
"""Seconds between the first and the last time that the room said somebody talks, from which audio of theirs is due."""

Outcome = Literal["ok", "failed", "not tried"]


@dataclass(slots=True)
class Voice:
    """What was heard of one speaker. Seconds of audio."""

    name: str
    seconds: float = 0.0
    lost: float = 0.0
    sound: float = 0.0  # of it, louder than silence


@dataclass(frozen=True, slots=True)
class Found:
    """One step."""

    step: Step
    outcome: Outcome
    at: float | None  # seconds since the beginning; None: not tried, or nobody knows when it failed
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    steps: tuple[Found, ...]
    failed: Step | None  # the first that did
    reason: str  # why, or what remains open; empty: all is well
    advice: str
    present: tuple[str, ...]  # who is in the room
    voices: tuple[Voice, ...]  # who was heard
    took: float  # seconds

    @property
    def loss(self) -> float | None:
        """Share of the audio that never came; None: none was due."""
        seconds = sum(voice.seconds for voice in self.voices)
        return sum(voice.lost for voice in self.voices) / seconds if seconds else None


@dataclass(slots=True)
class Notes:
    """What was seen so far: the `Observer` of a probe. `clock`: steady seconds."""

    clock: Callable[[], float]
    present: tuple[str, ...] | None = None  # None: not known
    voices: dict[str, Voice] = field(default_factory=dict)
    error: ConnectionLost | Refused | None = None  # what ended the visit, or kept it from beginning
    failures: dict[Step, list[str]] = field(default_factory=dict)
    done: dict[Step, tuple[float, str]] = field(default_factory=dict)
    tried: dict[Step, float] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)  # of whom the room has said that they don't talk
    talks: dict[str, tuple[float, float]] = field(default_factory=dict)  # first and last time that it said they do
    begun: float = 0.0

    def __post_init__(self) -> None:
        self.begun = self.clock()

    def now(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self.begun

    def began(self, step: Step) -> None:
        self.tried.setdefault(step, self.now())

    def reached(self, step: Step, detail: str = "") -> None:
        self.began(step)
        old = self.done.get(step)
        if old is None:
            self.done[step] = (self.now(), detail)
        elif step is Step.RELAY and detail not in old[1].split("; "):  # each server has something to tell
            self.done[step] = (old[0], f"{old[1]}; {detail}")

    def failed(self, step: Step, why: str) -> None:
        self.began(step)
        reasons = self.failures.setdefault(step, [])
        if why not in reasons:
            reasons.append(why)

    def broke(self, error: ConnectionLost | Refused) -> None:
        """The visit is over, or couldn't begin."""
        self.error = error

    def voice(self, name: str) -> Voice:
        return self.voices.setdefault(name, Voice(name))

    def said(self, talking: Mapping[str, bool]) -> None:
        """What the room says now of who talks."""
        now = self.now()
        for name, yes in talking.items():
            if yes:
                self.talks[name] = (self.talks.get(name, (now, now))[0], now)
            else:
                self.silent.add(name)

    def stuck_at(self) -> Step | None:
        """The last step that was begun and not done."""
        open_ = [step for step in STEPS if step in self.tried and step not in self.done and step is not Step.RELAY]
        return open_[-1] if open_ else None

    def enough(self, seconds: float) -> bool:
        """Whether somebody has been heard for so long."""
        return Step.SOUND in self.done and self.now() - self.done[Step.SOUND][0] >= seconds


def report(notes: Notes) -> Report:
    """What the notes mean."""
    where, why = _broken_at(notes)
    failures = {step: "; ".join(reasons) for step, reasons in notes.failures.items() if step not in notes.done}
    if relay := notes.failures.get(Step.RELAY):  # one server in order doesn't mend another
        failures[Step.RELAY] = "; ".join(relay)
    if where is not None:
        failures.setdefault(where, why)
    first = next((step for step in STEPS if step in failures), None)
    reason = failures[first] if first is not None else why
    if first in (Step.PERMISSION, Step.ROOM):
        notes.reached(Step.SIGNALLING)  # somebody has answered
    steps = tuple(_found(step, notes, failures) for step in STEPS)
    advice = ADVICE[first] if first is not None else ""
    voices = tuple(notes.voices.values())
    return Report(steps, first, reason, advice, notes.present or (), voices, notes.now())


def _found(step: Step, notes: Notes, failures: Mapping[Step, str]) -> Found:
    at, detail = notes.done.get(step, (None, ""))
    if step in failures:
        return Found(step, "failed", at, "; ".join(filter(None, (failures[step], detail))))
    later = any(other in notes.done for other in STEPS[STEPS.index(step) + 1 :])
    if at is None and later and step is not Step.RELAY:  # nobody told of it, and what comes after it works
        return Found(step, "ok", None, "")
    return Found(step, "not tried" if at is None else "ok", at, detail)


def _broken_at(notes: Notes) -> tuple[Step | None, str]:
    """The step that failed, and why; no step, and what remains open where that isn't nothing."""
    error = notes.error
    if error is not None and (error.step is not None or not _joined(notes)):
        return error.step or _at_join(notes, error), str(error)
    if isinstance(error, Refused):
        return Step.PERMISSION, str(error)  # thrown out
    if error is not None:
        where = notes.stuck_at()
        if where is not None or Step.MEDIA in notes.done:
            return where or Step.MEDIA, str(error)
    if Step.MEDIA in notes.done:
        return _sound(notes)
    for step in (Step.PATH, Step.ENCRYPTION):
        if step in notes.tried and step not in notes.done:
            return step, UNFINISHED[step]
    where, why = _media(notes)
    return where, str(error) if error is not None and where is not None else why


def _joined(notes: Notes) -> bool:
    return Step.ROOM in notes.done


def _at_join(notes: Notes, error: ConnectionLost | Refused) -> Step:
    """Where a join failed that doesn't say it."""
    if isinstance(error, Refused):
        return Step.PERMISSION
    return notes.stuck_at() or Step.SIGNALLING


def _sound(notes: Notes) -> tuple[Step | None, str]:
    if Step.SOUND in notes.done:
        return None, ""
    if notes.present == ():
        return None, "nobody else is in the room: only silence comes"
    return Step.SOUND, f"audio comes from {_names(notes.voices)}, and all of it is silence"


def _media(notes: Notes) -> tuple[Step | None, str]:
    """Nothing was heard: who is to blame?"""
    due = [name for name, (first, last) in notes.talks.items() if last - first >= TALK]
    if due:
        return Step.MEDIA, f"the room says that {_names(due)} talks, and no audio comes"
    if not notes.voices and (notes.present is not None or Step.PATH not in notes.done):
        return None, "nobody in the room publishes audio: what comes after joining could not be tried"
    silent = notes.silent | {voice.name for voice in notes.voices.values() if voice.seconds > voice.lost == 0}
    if notes.voices and set(notes.voices) <= silent | set(notes.talks):
        return Step.SOUND, f"{_names(notes.voices)} publishes and sends nothing: the room says that nobody talks"
    return Step.MEDIA, "the connection is there, and no audio comes over it"


def _names(names: Mapping[str, object] | list[str]) -> str:
    return ", ".join(names) or "nobody"


UNFINISHED = {
    Step.PATH: "no pair of addresses works between this machine and the room's server",
    Step.ENCRYPTION: "a path was found, and the encryption (DTLS) was not agreed on",
}
ADVICE: dict[Step, str] = {
    Step.SIGNALLING: "Compare address and port with the server's settings; see whether it runs, and whether a firewall "
    "or proxy lets this machine through.",
    Step.PERMISSION: "Compare the token, PIN, key or secret with the server's; a token may have run out, or be for "
    "another room. Secrets are read again at each try.",
    Step.ROOM: "Compare the room's name or id with what the server has; where rooms are made when somebody comes, the "
    "monitor waits.",
    Step.RELAY: "See [ice] in the settings. A wrong password is refused by name; a server that does not answer may be "
    "behind a firewall: try turns: (TLS, often on port 443). Behind credentials that run out is a clock.",
    Step.PATH: "Open UDP between this machine and the server's media ports, both ways; see that the server tells an "
    "address that can be reached from here (behind NAT: its outer one). Where UDP can't be opened, name a TURN server "
    "over TCP or TLS in [ice].",
    Step.ENCRYPTION: "Something between here and the server lets small packets through and not these: a firewall that "
    "knows DTLS, or a link with a small MTU. The server's log has its side.",
    Step.MEDIA: "The way is free, so the server sends nothing: see in its log whether the speaker's media reaches it, "
    "whether the codec is Opus, and whether the monitor's permission covers listening. If nobody talks there now, "
    "probe again while somebody does.",
    Step.SOUND: "The monitor is in order. The speaker's microphone is muted, or another one was chosen than they talk "
    "into; probe again while somebody talks.",
}
