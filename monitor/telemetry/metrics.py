"""Figures for Prometheus. One object for the process, with a registry of its own; docs/reference/metrics.md lists them.

Labels are rooms, lists, severities and states only: never a speaker or a text.
"""

from __future__ import annotations

from collections.abc import Collection

from prometheus_client import Counter, Gauge, Histogram, generate_latest

from monitor.model import Alert, Coverage, Heard, RoomState, Transcript
from monitor.telemetry.load import DELAYS, LoadMetrics
from monitor.voice_model import VoiceScored

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_TOOK = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)


class Metrics(LoadMetrics):
    """Methods are called where the thing happens; none of them fails or waits."""

    def __init__(self) -> None:
        super().__init__()
        self._room_part()
        self._speech_part()
        self._feed_part()
        self._canary_part()
        self._voice_part()
        self._webhook_part()

    def _room_part(self) -> None:
        registry = self.registry
        self._rooms = Gauge(
            "room_monitor_room_state", "1 for the state that the room is in", ["room", "state"], registry=registry
        )
        self._speakers = Gauge(
            "room_monitor_speakers", "Participants in the room, the monitor not counted", ["room"], registry=registry
        )
        self._coverage = Gauge(
            "room_monitor_coverage_seconds",
            "Seconds of speaker time by state of the ledger, since the process began",
            ["room", "state"],
            registry=registry,
        )
        self._gaps = Counter(
            "room_monitor_gaps", "Stretches that were not examined", ["room", "state"], registry=registry
        )
        self._gap_seconds = Counter(
            "room_monitor_gap_seconds", "Length of these stretches in seconds", ["room", "state"], registry=registry
        )

    def _speech_part(self) -> None:
        registry = self.registry
        self._utterances = Counter(
            "room_monitor_utterances",
            "Utterances by what became of them: transcribed, vetoed, or a lost state",
            ["outcome"],
            registry=registry,
        )
        self._words = Counter("room_monitor_words", "Words recognised", ["language"], registry=registry)
        self._ghosts = Counter("room_monitor_ghosts", "Texts that the guards refused as made up", registry=registry)
        self._spoken = Counter("room_monitor_transcribed_seconds", "Seconds of audio transcribed", registry=registry)
        self._took = Histogram(
            "room_monitor_recogniser_seconds",
            "Seconds in the recogniser for one utterance",
            buckets=_TOOK,
            registry=registry,
        )
        self._early = Counter(
            "room_monitor_early_hits",
            "Hits in utterances that were still open: raised, then agreed on by a second look, confirmed or withdrawn",
            ["outcome"],
            registry=registry,
        )
        self._alerts = Counter(
            "room_monitor_alerts", "Alerts raised (merged repeats not counted)", ["list", "severity"], registry=registry
        )
        self._alternatives = Counter(
            "room_monitor_alternatives",
            "Utterances with unsure words, in which other readings were looked for: found or none",
            ["outcome"],
            registry=registry,
        )
        self._alternatives_took = Counter(
            "room_monitor_alternatives_seconds", "Seconds in the recogniser spent on it", registry=registry
        )
        self._second = Counter(
            "room_monitor_second_hearings",
            "Hits heard again by a bigger model: confirmed, undecided, withdrawn, or given up",
            ["outcome"],
            registry=registry,
        )
        self._delay = Histogram(
            "room_monitor_alert_delay_seconds",
            "Seconds from the end of the first hit's last word to the stored alert",
            buckets=DELAYS,
            registry=registry,
        )

    def _canary_part(self) -> None:
        registry = self.registry
        self._canary_runs = Counter(
            "room_monitor_canary_runs",
            "Times that the canary's phrase was spoken, by what came of it: heard, slow, missed, failed",
            ["outcome"],
            registry=registry,
        )
        self._canary_ok = Gauge(
            "room_monitor_canary_ok",
            "1 where the canary's last phrase was heard in time, 0 where not; none before the first",
            registry=registry,
        )
        self._canary_delay = Gauge(
            "room_monitor_canary_delay_seconds",
            "Seconds from the end of the canary's last recording to its alert; none where none came",
            registry=registry,
        )
        self.canary("", None)

    def _voice_part(self) -> None:
        registry = self.registry
        self._voice_speech = Counter(
            "room_monitor_voice_seconds",
            "Seconds of speech in windows of the voice detector (overlapping ones count twice): usable, or why not",
            ["outcome"],
            registry=registry,
        )
        self._voice_took = Counter(
            "room_monitor_voice_cpu_seconds", "Seconds of CPU time in the voice detector", registry=registry
        )
        self._voice_alerts = Counter(
            "room_monitor_voice_alerts", "Alerts raised for a synthetic-voice signature", registry=registry
        )
        self._voice_ok = Gauge(
            "room_monitor_voice_detector_ok",
            "1 while the voice detector works, 0 where it failed or can't keep up; none where there is none",
            registry=registry,
        )
        self.voice_detector("")

    def _feed_part(self) -> None:
        self._clients = Gauge("room_monitor_feed_clients", "Clients of the websocket feed", registry=self.registry)
        self._overruns = Counter(
            "room_monitor_feed_overruns",
            "Clients that were closed because they read too slowly",
            registry=self.registry,
        )

    def _webhook_part(self) -> None:
        registry = self.registry
        self._hook_tries = Counter(
            "room_monitor_webhook_tries",
            "Tries to hand a letter to a webhook: sent, failed (tried again) or dead (given up)",
            ["webhook", "outcome"],
            registry=registry,
        )
        self._hook_letters = Gauge(
            "room_monitor_webhook_letters",
            "Letters of a webhook that wait, or are given up (dead)",
            ["webhook", "state"],
            registry=registry,
        )

    # rooms

    def room(self, room: str, state: RoomState) -> None:
        for each in RoomState:
            self._rooms.labels(room, each.value).set(1 if each is state else 0)

    def speakers(self, room: str, count: int) -> None:
        self._speakers.labels(room).set(count)

    def coverage(self, room: str, coverage: Coverage) -> None:
        for state in Heard:
            self._coverage.labels(room, state.value).set(coverage.seconds.get(state, 0.0))

    def gap(self, room: str, state: str, seconds: float) -> None:
        self._gaps.labels(room, state).inc()
        self._gap_seconds.labels(room, state).inc(max(0.0, seconds))

    # speech

    def utterance(self, outcome: str) -> None:
        """`outcome`: "vetoed" or a lost state; transcribed ones come through `transcript`."""
        self._utterances.labels(outcome).inc()

    def transcript(self, transcript: Transcript) -> None:
        self._utterances.labels("transcribed").inc()
        if transcript.words:
            self._words.labels(transcript.language).inc(len(transcript.words))
        self._ghosts.inc(len(transcript.ghosts))
        self._spoken.inc(transcript.utterance.seconds)
        self._took.observe(transcript.took)
        if transcript.alternatives_took:
            self._alternatives.labels("found" if transcript.alternatives else "none").inc()
            self._alternatives_took.inc(transcript.alternatives_took)

    def second(self, outcome: str, hits: int) -> None:
        """What a second hearing said of so many hits: confirmed, undecided or withdrawn, or "given-up"."""
        self._second.labels(outcome).inc(hits)

    def early(self, outcome: str) -> None:
        """`outcome`: raised, agreed, confirmed or withdrawn."""
        self._early.labels(outcome).inc()

    def alert(self, alert: Alert) -> None:
        name = alert.hits[0].list_name if alert.hits else ""
        self._alerts.labels(name, alert.severity.value).inc()
        delay = max(0.0, alert.raised_at - alert.spoken_at)
        self._delay.observe(delay)
        self.recent.note("alert", delay)

    # canary

    def canary(self, outcome: str, delay: float | None) -> None:
        """One try is over; an empty outcome: none yet. NaN is Prometheus' word for "no value"."""
        if outcome:
            self._canary_runs.labels(outcome).inc()
        self._canary_ok.set(float(outcome == "heard") if outcome else float("nan"))
        self._canary_delay.set(float("nan") if delay is None else delay)

    # voices

    def voice(self, scored: VoiceScored) -> None:
        """What the voice detector made of one utterance."""
        for window in scored.windows:
            outcome = window.abstained.value.replace(" ", "-") if window.abstained else "usable"
            self._voice_speech.labels(outcome).inc(window.speech)
        self._voice_took.inc(scored.took)
        self.voices.add(scored.took)

    def voice_alert(self, alert: Alert) -> None:
        self._alerts.labels("voices", alert.severity.value).inc()
        self._voice_alerts.inc()

    def voice_detector(self, state: str) -> None:
        """Empty: there is none."""
        self._voice_ok.set(float(state == "on") if state else float("nan"))

    def total(self, name: str) -> float:
        """The present sum of a metric's samples over all labels; 0 where nothing was counted."""
        return sum(
            sample.value for family in self.registry.collect() for sample in family.samples if sample.name == name
        )

    def totals(self, names: Collection[str]) -> dict[str, float]:
        """The same for several at once; `name{value}` is of one label's value alone: `…_stage_seconds_sum{queued}`."""
        found = dict.fromkeys(names, 0.0)
        for family in self.registry.collect():
            for sample in family.samples:
                for name in (sample.name, *(f"{sample.name}{{{value}}}" for value in sample.labels.values())):
                    if name in found:
                        found[name] += sample.value
        return found

    # feed

    def feed_clients(self, count: int) -> None:
        self._clients.set(count)

    def feed_overrun(self) -> None:
        self._overruns.inc()

    # webhooks

    def webhook(self, name: str, outcome: str) -> None:
        """`outcome`: sent, failed or dead."""
        self._hook_tries.labels(name, outcome).inc()

    def webhook_letters(self, name: str, waiting: int, dead: int) -> None:
        self._hook_letters.labels(name, "waiting").set(waiting)
        self._hook_letters.labels(name, "dead").set(dead)

    def text(self) -> bytes:
        """All of them in Prometheus' text form (CONTENT_TYPE)."""
        return generate_latest(self.registry)
