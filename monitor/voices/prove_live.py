"""What a detector means for a live service: false alerts, delays, what else tells the recordings apart, CPU."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.model import RATE, Samples
from monitor.voices.card import Table, between, percent
from monitor.voices.corpus import confounds
from monitor.voices.corpus.chain import CHAINS, through
from monitor.voices.corpus.rows import Label, Row, Split
from monitor.voices.detector import VoiceDetector
from monitor.voices.develop import CHAIN, COPIES, rooms_of
from monitor.voices.evidence import Rules, Thresholds
from monitor.voices.features import speech_of
from monitor.voices.metrics import Interval
from monitor.voices.prove import Proof
from monitor.voices.simulate import Delay, FalseAlerts, delays, false_alerts

ROOMS = 2
"""Conditions under which each person of the test part is heard; machines in one."""
MOST = 20
"""Recordings of one synthetic voice in its room."""
PEOPLE_SECONDS = 600.0
"""Of one person's recordings in one room, at most."""
CONFOUNDED = 2
"""Recordings of one voice for the confounds."""
MINUTES = 10.0
"""That one person talks in one session."""


@dataclass(frozen=True, slots=True)
class Live:
    """How the service would judge."""

    rules: Rules
    thresholds: Thresholds
    hours: float  # of people talking to simulate, at least
    seed: int


def live_tables(proof: Proof, live: Live) -> list[Table]:
    """False alerts per 1,000 speaker-hours, and how soon each generator is found."""
    detector, calibration = proof.loaded.detector, proof.calibration
    everyone = [row for row in proof.rows if row.split is Split.TEST and row.label is Label.GENUINE]
    people = rooms_of(proof.place, everyone, detector, calibration, ROOMS, proof.told, PEOPLE_SECONDS)
    voices = [row for row in proof.test(MOST) if row.label is Label.SYNTHETIC and row.family != COPIES]
    machines = rooms_of(proof.place, voices, detector, calibration, 1, proof.told)
    false = false_alerts(people, live.rules, live.thresholds, hours=live.hours, minutes=MINUTES, seed=live.seed)
    found = delays(machines, live.rules, live.thresholds, seed=live.seed)
    return [_false_table(false, live.thresholds, proof), _delays_table(found, proof.seen, live.thresholds)]


def confounds_table(proof: Proof) -> Table:
    """How far one thing alone gets that is not the voice, in what the detector sees."""
    rows = [row for row in proof.test(CONFOUNDED) if row.family != COPIES]
    done = 0

    def load(row: Row) -> Samples:
        nonlocal done
        done += 1
        proof.told("confounds", done, len(rows))
        samples = proof.place.load(proof.place.corpus / row.path)
        return through(samples, row.text_id, CHAINS[CHAIN], proof.place.codec)

    found = confounds.report(rows, load, confounds.seen_features)
    rates = {(one.generator, one.feature): one.eer for one in found}
    generators = sorted({one.generator for one in found})
    return Table(
        "Confounds",
        "EER of one feature alone, in what the detector sees (through the room chain, pauses cut, one level); 50 is "
        "chance. Where one of them comes near the detector's own figure, that figure may be of the recordings and not "
        "of the voices.",
        ("generator", *confounds.FEATURES),
        tuple(
            (name, *(percent(rates.get((name, feature), float("nan"))) for feature in confounds.FEATURES))
            for name in generators
        ),
    )


def cost_table(detector: VoiceDetector, seconds: float = 60.0) -> Table:
    """CPU time of one speaker talking without a pause; on this machine, whatever else it does."""
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.05, round(seconds * RATE)).astype(np.float32)
    size, hop = round(detector.window * RATE), round(detector.window * RATE / 2)
    detector.score([sound[:size]])  # the first run sets things up
    began = time.process_time()
    speech = speech_of(sound).samples
    cutting = time.process_time() - began
    began = time.process_time()
    windows = [speech[at : at + size] for at in range(0, len(speech) - size + 1, hop)]
    for window in windows:
        detector.score([window])
    scoring = time.process_time() - began
    share = (cutting + scoring) / seconds
    rows = (
        ("a window, features and network", f"{1000 * scoring / len(windows):.1f} ms"),
        ("a second of speech, cutting included", f"{1000 * share:.1f} ms"),
        ("of a core, for one speaker talking without a pause", f"{100 * share:.2f} %"),
    )
    return Table("CPU", "One window at a time, one thread. `bench voices` measures it beside a recogniser.",
                 ("what", "CPU time"), rows)  # fmt: skip


def _false_table(false: FalseAlerts, limits: Thresholds, proof: Proof) -> Table:
    alert = "it never alerts, it only marks" if limits.alert is None else f"alert from {limits.alert:.1f}"
    tail = proof.calibration.tail
    known = "" if tail is None else f" (from {tail.speakers} sessions of the {proof.calibration.genuine} people there)"
    return Table(
        "False alerts",
        f"{false.hours:.0f} h in {false.sessions} sessions of {false.speakers} people, {MINUTES:g} min of talking "
        f"each, from {false.distinct:.1f} h of recordings in their rooms; whole speakers are drawn, and a speaker with "
        "few recordings repeats them. At the default setting, whose thresholds come from the development part"
        f"{known}: suspicious from {limits.suspicious:.1f}, {alert}. The intervals come from the number of people, "
        "which no number of hours mends.",
        ("what", "per 1,000 speaker-hours (95 %)", "people concerned"),
        (
            ("false alerts", _per(false.rate), f"{false.alerted} of {false.speakers}"),
            ("false marks", _per(false.marks), f"{false.marked} of {false.speakers}"),
        ),
    )


def _delays_table(found: Sequence[Delay], seen: frozenset[str], limits: Thresholds) -> Table:
    rows = tuple(
        (
            one.generator,
            "yes" if one.generator in seen else "no",
            f"{one.voices}",
            between(one.found),
            percent(one.marked),
            "–" if one.median is None else f"{one.median:.0f}",
            "–" if one.slow is None else f"{one.slow:.0f}",
        )
        for one in found
    )
    return Table(
        "Delay",
        "Sessions of five minutes: how many raise an alert, how many are at least marked as suspicious, and after how "
        "many seconds of talking the alert comes, where it does." + ("" if limits.alert else " It only marks here."),
        ("generator", "in training", "voices", "alert %", "marked %", "median s", "nine in ten within s"),
        rows,
    )


def _per(rate: Interval) -> str:
    return f"{rate.value:.1f} ({rate.low:.1f}–{rate.high:.1f})"
