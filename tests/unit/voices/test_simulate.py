from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.model import RATE, Samples
from monitor.voice_model import VoiceWindow
from monitor.voices.corpus.rows import Label, Row, Split
from monitor.voices.evidence import Rules, Thresholds
from monitor.voices.features import Signal
from monitor.voices.judge import Judge
from monitor.voices.simulate import Block, Tape, by_voice, delays, false_alerts, record, session

RULES = Rules(unit=2.0)
LIMITS = Thresholds(suspicious=2.0, alert=5.0)


def tape(speaker: str, llr: float, generator: str = "", count: int = 6, seconds: float = 10.0) -> Tape:
    """Recordings of 10 s, each with five windows of 2 s of the same ratio."""
    windows = tuple(VoiceWindow(2.0 * n, 2.0 * n + 2, 2.0, llr, llr) for n in range(int(seconds / 2)))
    return Tape(speaker, generator, 0, tuple(Block(windows, seconds) for _ in range(count)))


def drawn(speakers: int, wrong: int) -> list[Tape]:
    """People, of whom some are misjudged in every window."""
    return [tape(f"s{n}", 3.0 if n < wrong else -1.0) for n in range(speakers)]


def test_a_session_lasts_as_long_as_asked_and_repeats_who_has_said_little() -> None:
    one = session(tape("s", -1.0, count=2), 5.0, RULES, LIMITS, np.random.default_rng(0))
    assert one.seconds == pytest.approx(300, abs=10)
    assert one.alert_at is None


def test_the_alert_comes_after_as_much_speech_as_the_evidence_needs() -> None:
    soon = session(tape("s", 3.0), 5.0, RULES, LIMITS, np.random.default_rng(0))
    late = session(tape("s", 1.6), 5.0, RULES, LIMITS, np.random.default_rng(0))
    assert soon.alert_at is not None
    assert late.alert_at is not None
    assert soon.mark_at is not None
    assert soon.mark_at <= soon.alert_at < late.alert_at
    assert soon.alert_at >= RULES.least


def test_time_goes_on_from_recording_to_recording() -> None:
    """Windows of a later recording are news: with times that began anew nothing after the first would count."""
    short = session(tape("s", 1.6, count=1), 5.0, RULES, LIMITS, np.random.default_rng(0))
    assert short.alert_at is not None
    assert short.alert_at > 10.0


def test_people_misjudged_all_along_give_one_alert_a_session_each() -> None:
    found = false_alerts(drawn(40, wrong=2), RULES, LIMITS, hours=20, minutes=10)
    assert found.speakers == 40
    assert found.hours >= 20
    assert found.alerted == 2
    assert found.alerts == 2 * found.sessions / 40
    assert found.rate.value == pytest.approx(1000 * found.alerts / found.hours)
    assert found.rate.low < found.rate.value < found.rate.high


def test_more_hours_of_the_same_people_make_nothing_surer() -> None:
    few = false_alerts(drawn(20, wrong=1), RULES, LIMITS, hours=20)
    many = false_alerts(drawn(20, wrong=1), RULES, LIMITS, hours=60)
    assert many.rate.high == pytest.approx(few.rate.high, rel=0.3)
    assert many.distinct == few.distinct


def test_without_an_alert_the_bound_comes_from_the_number_of_people() -> None:
    few, many = (false_alerts(drawn(n, wrong=0), RULES, LIMITS, hours=10) for n in (10, 100))
    assert few.rate.value == many.rate.value == 0
    assert few.rate.high > 4 * many.rate.high > 0


def test_a_detector_that_only_marks_raises_no_alert() -> None:
    found = false_alerts(drawn(10, wrong=10), RULES, Thresholds(2.0, None), hours=5)
    assert found.alerts == 0
    assert found.marked == 10


def test_the_same_seed_gives_the_same_figures() -> None:
    tapes = [tape(f"s{n}", llr) for n, llr in enumerate(np.random.default_rng(1).normal(0.3, 1.0, 20))]
    assert false_alerts(tapes, RULES, LIMITS, seed=4) == false_alerts(tapes, RULES, LIMITS, seed=4)


def test_delays_tell_generators_apart() -> None:
    tapes = [tape(f"a{n}", 3.0, "formant-a") for n in range(4)]
    tapes += [tape(f"b{n}", 1.6 if n else -1.0, "diphone-b") for n in range(2)]
    tapes += [tape("c", -1.0, "vits-c"), tape("person", 3.0)]
    found = {delay.generator: delay for delay in delays(tapes, RULES, LIMITS, each=3)}
    assert sorted(found) == ["diphone-b", "formant-a", "vits-c"]
    first, second, third = found["formant-a"], found["diphone-b"], found["vits-c"]
    assert (first.found.value, second.found.value, third.found.value) == (1.0, 0.5, 0.0)
    assert first.median is not None
    assert second.median is not None
    assert first.median < second.median
    assert third.median is None
    assert first.found.low < 0.6  # four voices can't say more, however many sessions


def test_nothing_to_say_is_told() -> None:
    with pytest.raises(ValueError, match="no speech"):
        false_alerts([], RULES, LIMITS)


class Loudness:
    """A detector of the simplest kind: what oscillates fast is synthetic."""

    name, digest, window = "crossings", "0" * 12, 2.0

    def score(self, windows: Sequence[Signal]) -> NDArray[np.float64]:
        return np.array([float(np.mean(np.diff(np.sign(w)) != 0)) for w in windows])


class Halves:
    """0.2 crossings a sample are as likely in both."""

    name = "halves"
    languages = frozenset({"en"})

    def llrs(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return 20 * (scores - 0.2)


def row(speaker: str, number: int, generator: str = "", language: str = "en") -> Row:
    label = Label.SYNTHETIC if generator else Label.GENUINE
    return Row(
        f"{speaker}-{number}",
        label,
        "read",
        speaker,
        generator,
        f"t{number}",
        "",
        language,
        "CC0",
        True,
        Split.TEST,
        5.0,
    )


def sound(one: Row, room: int) -> Samples:
    rng = np.random.default_rng([room, *one.path.encode()])
    noise = rng.normal(0, 4000, 5 * RATE)
    if not one.generator:
        noise = np.convolve(noise, np.ones(12) / 6, "same")
    bursts = np.maximum(np.sin(np.arange(5 * RATE) / 900) + 0.4, 0.0) + 0.0005
    return np.round(noise * bursts).clip(-32768, 32767).astype(np.int16)


def test_recordings_are_judged_as_one_track_and_each_keeps_its_own_times() -> None:
    made = record([row("v", n, "formant-x") for n in range(4)], lambda: Judge(Loudness(), Halves()), sound, 0)
    assert (made.speaker, made.generator, made.seconds) == ("v", "formant-x", 20.0)
    windows = [w for block in made.blocks for w in block.windows if w.llr is not None]
    assert len(windows) >= 7
    assert all(w.llr is not None and w.llr > 0 for w in windows)
    assert all(-2.1 <= w.start < w.end <= 5.1 for w in windows)


def test_people_and_machines_are_told_apart_end_to_end() -> None:
    rows = [row(s, n) for s in ("p1", "p2") for n in range(3)] + [row("v", n, "formant-x") for n in range(3)]
    groups = by_voice(rows)
    assert sorted(groups) == [("", "p1"), ("", "p2"), ("formant-x", "v")]
    tapes = [record(g, lambda: Judge(Loudness(), Halves()), sound, room) for g in groups.values() for room in (0, 1)]
    assert {t.room for t in tapes} == {0, 1}
    assert false_alerts([t for t in tapes if not t.generator], RULES, LIMITS, hours=1).alerts == 0
    (delay,) = delays(tapes, RULES, LIMITS)
    assert delay.found.value == 1.0


def test_a_tape_is_no_longer_than_asked() -> None:
    made = record([row("p", n) for n in range(10)], lambda: Judge(Loudness(), Halves()), sound, 0, most=12.0)
    assert made.seconds == 15.0


def test_a_language_without_calibration_says_nothing() -> None:
    made = record([row("p", n, language="cs") for n in range(3)], lambda: Judge(Loudness(), Halves()), sound, 0)
    assert all(w.llr is None for block in made.blocks for w in block.windows)
