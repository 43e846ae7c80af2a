"""From what a detector makes of an utterance to what people are told of the speaker's voice.

detector → evidence on the speaker → state of the voice → database → feed, and where the evidence suffices an alert: one
a speaker and visit, with the windows that it cites in its clip. It is withdrawn when the evidence turns, and stands
again if it turns back: never a second one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

from monitor.evidence.clip import together
from monitor.evidence.ring import Part, Ring
from monitor.messages import VoiceDetectorView, VoiceNow, VoiceView
from monitor.model import RATE, Alert, AlertState, Severity, Transcript, Utterance
from monitor.store.records import StoredVoice
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.vault import Vault
from monitor.views import voice_view
from monitor.voice_model import SyntheticVoice, VoiceScored, VoiceStanding, VoiceState, VoiceWindow
from monitor.voices.evidence import Evidence, Rules, Thresholds

MOST_VISITS = 1_000
"""Visits whose evidence is held at most; the one unheard for longest goes first."""
CITED = 5
"""Windows that an alert cites at most."""
CLIP = 60.0
"""Seconds of the clip at most: what the ring of recent audio holds."""
REJOIN = 300.0
"""Seconds since the last of a speaker was said after which the same id is somebody new: until then a new track is the
same visit (a muted microphone, a lost connection), and raises no second alert."""
LEAD = 0.5
"""Seconds in the clip before the first window that is cited."""


_Who = tuple[str, str]  # room and speaker


@dataclass(slots=True)
class _Visit:
    """One speaker in one visit."""

    track: str
    evidence: Evidence
    standing: VoiceStanding
    language: str = ""
    until: float = 0.0  # wall time of the end of what was said last
    left: bool = False
    highest: float = 0.0
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings and the detector's calibration come to."""

    rules: Rules
    thresholds: Thresholds
    severity: Severity
    claims: tuple[str, ...] = ()  # what the detector finds, as measured
    chance: tuple[str, ...] = ()  # where it is no better than chance


class Voicing:
    """The evidence on every speaker. One for all rooms. `submit`, which has an utterance scored in the language that it
    is in, and `recall`, which takes back what waits of some tracks, are set by the composition root; until then nothing
    is scored.
    """

    def __init__(
        self,
        *,
        plan: Plan,
        store: Store,
        ring: Ring,
        vault: Vault,
        metrics: Metrics,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        passing: Callable[[VoiceNow], None],
        without: frozenset[str] = frozenset(),
    ) -> None:
        """`passing` tells whoever listens now of what isn't stored; `without`: rooms whose voices are not judged."""
        self._without = without
        self._plan = plan
        self._store = store
        self._ring = ring
        self._vault = vault
        self._metrics = metrics
        self._clock = clock
        self._new_id = new_id
        self._passing = passing
        self._visits: OrderedDict[_Who, _Visit] = OrderedDict()
        self._told = ""  # state of the detector that people know of
        self.submit: Callable[[Utterance, str], None] | None = None
        self.recall: Callable[[Container[str]], None] | None = None

    @property
    def held(self) -> int:
        """Visits whose evidence is in memory."""
        return len(self._visits)

    def hear(self, transcript: Transcript) -> None:
        """Have the voice of a transcribed utterance scored; never waits. A mix of several people has no one voice."""
        utterance = transcript.utterance
        if self.submit is None or utterance.mixed or utterance.room in self._without or not transcript.words:
            return
        visit = self._visit(utterance)
        visit.language = transcript.language
        visit.until = utterance.began + utterance.seconds
        self.submit(utterance, transcript.language)

    def _visit(self, utterance: Utterance) -> _Visit:
        """The visit that an utterance belongs to; a new one where there is none."""
        who = utterance.room, utterance.speaker.id
        visit = self._visits.get(who)
        if visit is None or (visit.track != utterance.track and utterance.began - visit.until > REJOIN):
            evidence = Evidence(self._plan.rules, self._plan.thresholds)
            visit = _Visit(utterance.track, evidence, evidence.standing())
        elif visit.track != utterance.track:
            visit.evidence.begin_track()
            visit.track, visit.left = utterance.track, False
        self._visits[who] = visit
        self._visits.move_to_end(who)
        self._drop_old(utterance.began)
        return visit

    def _drop_old(self, now: float) -> None:
        """Who has left, and would be somebody new, needs no evidence any more."""
        while oldest := next(iter(self._visits.values()), None):
            over = oldest.left and now - oldest.until > REJOIN
            if not over and len(self._visits) <= MOST_VISITS:
                return
            self._visits.popitem(last=False)

    async def settle(self, scored: VoiceScored) -> None:
        """What the detector made of an utterance. Await it for one at a time."""
        self._metrics.voice(scored)
        utterance = scored.utterance
        visit = self._visits.get((utterance.room, utterance.speaker.id))
        if visit is None or visit.track != utterance.track:
            return
        before = visit.standing
        visit.standing = standing = visit.evidence.add(scored)
        visit.highest = max(visit.highest, standing.llr)
        kept = StoredVoice(utterance.track, utterance.room, utterance.speaker, visit.highest)
        if standing.state is before.state:
            await self._store.keep_voice(kept, standing)
            self._passing(VoiceNow(room=utterance.room, speaker=utterance.speaker.id, voice=voice_view(standing)))
        else:
            await self._store.add_voice(kept, standing, before.state)
        await self._alert(visit, scored)

    async def tell(self, detector: VoiceDetectorView) -> None:
        """The detector's state, if people don't know of it yet."""
        if detector.state == self._told:
            return
        first, self._told = not self._told, detector.state
        self._metrics.voice_detector(detector.state)
        if not (first and detector.state == "on"):
            await self._store.add_voice_detector(detector)

    def of(self, room: str, speaker: str) -> VoiceView | None:
        """What is known of somebody's voice now; None: nothing was scored."""
        visit = self._visits.get((room, speaker))
        return voice_view(visit.standing) if visit and visit.standing.model and not visit.left else None

    def forget(self, track: str) -> None:
        """The speaker has left. What is still being scored counts all the same."""
        for visit in self._visits.values():
            if visit.track == track:
                visit.left = True

    def withdraw(self, tracks: Container[str]) -> None:
        """Consent was withdrawn: nothing of these tracks is judged any more, and what was gathered is forgotten."""
        for who in [who for who, visit in self._visits.items() if visit.track in tracks]:
            del self._visits[who]
        if self.recall is not None:
            self.recall(tracks)

    def forget_alerts(self, alerts: Container[str]) -> None:
        """They were erased, with what the visits' evidence was."""
        for who in [who for who, visit in self._visits.items() if visit.alert and visit.alert.id in alerts]:
            del self._visits[who]

    # alerts

    async def _alert(self, visit: _Visit, scored: VoiceScored) -> None:
        stands = visit.standing.state is VoiceState.ALERT
        if visit.alert is None:
            if stands:
                visit.alert = await self._raise(visit, scored)
        elif visit.alert.voice is not None and stands is visit.alert.voice.withdrawn:
            visit.alert = await self._turn(visit, visit.alert, visit.alert.voice, stands)

    async def _raise(self, visit: _Visit, scored: VoiceScored) -> Alert:
        utterance = scored.utterance
        alert_id = self._new_id()
        parts = self._recent(scored)
        windows = visit.evidence.strongest(CITED, since=parts[0].start / RATE)
        parts = _from(parts, windows)
        clip = await self._vault.keep_parts(alert_id, utterance, parts)
        alert = Alert(
            id=alert_id,
            room=utterance.room,
            speaker=utterance.speaker,
            utterance=utterance.id,
            severity=self._plan.severity,
            state=AlertState.OPEN,
            hits=(),
            count=1,
            language=visit.language,
            spoken_at=utterance.began + utterance.seconds,
            raised_at=self._clock(),
            clip=clip,
            voice=_sign(visit.standing, windows, parts[0].start / RATE),
        )
        await self._store.add_alert(alert)
        self._metrics.voice_alert(alert)
        return alert

    async def _turn(self, visit: _Visit, alert: Alert, sign: SyntheticVoice, stands: bool) -> Alert:
        """The evidence has turned: away from the alert, or back to it."""
        now = _sign(visit.standing, sign.windows, sign.clip_start)
        state = AlertState.OPEN if stands else AlertState.WITHDRAWN
        changed = replace(alert, state=state, voice=replace(now, withdrawn=not stands))
        await self._store.change_voice_alert(changed)
        return changed

    def _recent(self, scored: VoiceScored) -> list[Part]:
        """What the speaker said lately, up to the utterance; never empty: the utterance is there at least."""
        utterance = scored.utterance
        since = max(0, utterance.end - round(CLIP * RATE))
        held = self._ring.between(utterance.track, since, utterance.end)
        return together([*held, Part(utterance.start, utterance.audio)])


def _from(parts: Sequence[Part], windows: Sequence[VoiceWindow]) -> list[Part]:
    """The parts from shortly before the first window on; all of them where none is cited."""
    if not windows:
        return list(parts)
    begin = round((windows[0].start - LEAD) * RATE)
    later = [part for part in parts if part.end > begin]
    return [Part(max(part.start, begin), part.audio[max(0, begin - part.start) :]) for part in later]


def _sign(standing: VoiceStanding, windows: tuple[VoiceWindow, ...], clip_start: float) -> SyntheticVoice:
    return SyntheticVoice(
        llr=standing.llr,
        speech=standing.speech,
        model=standing.model,
        calibration=standing.calibration,
        windows=windows,
        clip_start=clip_start,
    )
