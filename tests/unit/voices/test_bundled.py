"""The detector that comes with the product goes live, is small, and its card is its own."""

from __future__ import annotations

from pathlib import Path

from monitor.voices import bundle, models
from monitor.voices.evidence import rules_for
from monitor.voices.thresholds import choose

CARD = Path(__file__).parents[3] / "docs" / "discussion" / "voices.md"


def test_it_goes_live_and_may_alert_at_the_default_setting() -> None:
    loaded = models.load(models.BUNDLED)
    assert loaded.calibration is not None
    assert loaded.claims == loaded.calibration.claims == bundle.BUNDLED.claims
    assert loaded.calibration.chance == bundle.BUNDLED.chance
    rules = rules_for(loaded.detector.window)
    thresholds = choose(loaded.calibration.tail, rules, alerts=1.0, marks=50.0)
    assert thresholds.alert is not None
    assert thresholds.suspicious < thresholds.alert


def test_it_is_small_and_says_what_it_was_made_of() -> None:
    folder = models.find(models.BUNDLED).parent
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000
    made = bundle.made_with(folder / bundle.MODEL)
    assert {"recordings", "generators", "plan", "recipe", "made_with", "speakers", "texts"} <= set(made)


def test_the_card_is_of_this_model() -> None:
    text = CARD.read_text("utf-8")
    loaded = models.load(models.BUNDLED)
    assert loaded.model in text, "Run: room-monitor voices evaluate --corpus … --out docs/discussion/voices.md"
    for claim in loaded.claims:
        assert claim in text
