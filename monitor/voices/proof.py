"""A model card from first to last: what the detector is, what it claims, and every table in its order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from monitor.voices import bundle
from monitor.voices.card import Table
from monitor.voices.corpus.rows import Label, Row, Split
from monitor.voices.develop import CHAIN, COPIES, versions
from monitor.voices.examples import Recipe
from monitor.voices.models import Loaded
from monitor.voices.prove import Proof, condition_tables, left_out, main_tables
from monitor.voices.prove_live import Live, confounds_table, cost_table, live_tables
from monitor.voices.train import Plan


def trained_on(loaded: Loaded) -> dict[str, str]:
    """What the model's file says of its making; empty where it came from elsewhere."""
    path = loaded.place.parent / bundle.MODEL
    return bundle.made_with(path) if path.is_file() else {}


def generators(made: Mapping[str, str]) -> frozenset[str]:
    """That the model was trained on."""
    return frozenset(name for name in made.get("generators", "").split(", ") if name)


def tables(proof: Proof, live: Live, folds: Plan | None) -> list[Table]:
    """`folds`: how the networks are trained that do without a family; None: none are."""
    without = left_out(proof, folds, Recipe(variants=1, seed=live.seed, chain=f"{CHAIN}-1")) if folds else {}
    pairs, *main = main_tables(proof, without)
    return [
        pairs,
        *main,
        *live_tables(proof, live),
        *condition_tables(proof),
        confounds_table(proof),
        cost_table(proof.loaded.detector),
        material_table(proof),
    ]


def material_table(proof: Proof) -> Table:
    """What the figures are of."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in proof.rows:
        groups[row.generator or f"people: {row.source}"].append(row)
    rows = []
    for name, of in sorted(groups.items(), key=lambda item: (not item[0].startswith("people"), item[0])):
        minutes = [sum(r.seconds for r in of if r.split is s) / 60 for s in (Split.TRAIN, Split.DEV, Split.TEST)]
        free = {r.weights_ok for r in of}
        weights = "yes" if free == {True} else "no" if free == {False} else "partly"
        rows.append((name, f"{len({r.speaker for r in of})}", *(f"{m:.1f}" if m else "" for m in minutes), weights))
    return Table(
        "Data",
        "Minutes by part (no speaker, voice or text is in two of them, checked by `voices data` and again here), and "
        "whether weights trained on it may be given away. What is in no part isn't counted.",
        ("source", "voices", "training", "development", "test", "weights"),
        tuple(rows),
    )


def intro(proof: Proof, made: Mapping[str, str], command: str) -> list[str]:
    """What stands above the tables."""
    calibration, loaded = proof.calibration, proof.loaded
    people = len({r.speaker for r in proof.rows if r.split is Split.TEST and r.label is Label.GENUINE})
    copies = "" if not any(r.family == COPIES for r in proof.rows) else " Copies are reported apart."
    parts = [
        f"Written by `{command}`; nothing here was written by hand. The corpus and its traps: "
        f"[speech for voice detectors](voice-data.md). Model {loaded.model}, windows of "
        f"{calibration.window:g} s of speech, calibration {calibration.name}, licence {loaded.licence}.",
        f"**It claims to find:** {', '.join(loaded.claims) or 'nothing'}. **At chance, and so it says:** "
        f"{', '.join(calibration.chance) or 'not known'}. What it finds is a signature for a person's review, never "
        "proof that a voice is synthetic, and its silence is no proof that a voice is a person's.",
        f"All figures are of the test part ({people} people), which neither training nor calibration saw, through the "
        f"`{CHAIN}` chain unless said otherwise (microphone, room, noise at 8–30 dB, level, Opus at 16–40 kbit/s, loss "
        f"up to 8 %), the same for both classes.{copies} Intervals (95 %) draw whole speakers and voices.",
    ]
    if made:
        parts.append(
            f"Trained on {made.get('genuine')} of people ({made.get('sources')}) and {made.get('synthetic')} of "
            f"machines ({made.get('generators')}). {made.get('plan')} {made.get('recipe')}. Made with "
            f"{made.get('made_with')}; evaluated with {versions()}."
        )
    return parts
