"""From a corpus to a detector that can go live: training, ONNX file and manifest, calibration, the tail of its errors.

Trained on the training part, calibrated on the development part; the test part is never touched here.
"""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from monitor.model import Samples
from monitor.voice_model import VoiceWindow
from monitor.voices import bundle, calibrate
from monitor.voices.bundle import Words
from monitor.voices.calibrate import Set
from monitor.voices.corpus.chain import CHAINS, Codec, seeded
from monitor.voices.corpus.rows import Label, Row, Split
from monitor.voices.detector import VoiceDetector
from monitor.voices.evidence import peak, rules_for
from monitor.voices.examples import Example, Examples, Recipe
from monitor.voices.features import as_signal
from monitor.voices.judge import Judge
from monitor.voices.manifest import NAME, read
from monitor.voices.onnx import OnnxDetector
from monitor.voices.simulate import Tape
from monitor.voices.tapes import in_rooms, taped
from monitor.voices.thresholds import Tail, fit
from monitor.voices.train import Plan, train
from monitor.voices.trial import Condition, Trial

CHAIN = "room"
"""The chain of training, calibration and the main figures."""
COPIES = "copy"
"""Family of recordings of people taken apart and put together again: not trained on. It didn't help, and what is left
of a person in them is a person's.
"""
ROOMS = 3
"""Conditions under which each development speaker is heard for the tail."""
MINUTES = 5.0
"""Of a session for the tail."""
MOST_SECONDS = 120.0
"""Of one speaker's recordings in one room."""
CALIBRATING = 8
"""Recordings of one voice by one generator that calibrate, at most."""
MOST = 130
"""Recordings of one genuine speaker that train, at most: one person with many recordings is still one person."""

Told = Callable[[str, int, int], None]
"""What is being done, how much of it is, of how much."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are read and kept."""

    corpus: Path
    kept: Path  # features, checkpoints and scores, to go on from
    load: Callable[[Path], Samples]
    codec: Codec


def trainable(rows: Sequence[Row], without: str = "", leave_out: Collection[str] = ()) -> list[Row]:
    """Rows of the training part whose licences allow weights to be given away.

    `without`: a family of generators, `leave_out`: single generators that don't train.
    """
    counts: dict[str, int] = {}
    kept = []
    for row in sorted(rows, key=lambda r: r.path):
        if row.split is not Split.TRAIN or not row.weights_ok or row.family in (COPIES, without or COPIES):
            continue
        if row.generator in leave_out:
            continue
        if row.label is Label.GENUINE:
            counts[row.speaker] = counts.get(row.speaker, 0) + 1
            if counts[row.speaker] > MOST:
                continue
        kept.append(row)
    return kept


def examples(place: Place, rows: Sequence[Row], recipe: Recipe, told: Told) -> list[Example]:
    """Every variant of each row through the chain. Raises OSError, and what `load` raises."""
    made = Examples(
        place.corpus,
        place.kept / "features",
        recipe,
        seeded(CHAINS[CHAIN], place.codec),
        lambda path: as_signal(place.load(path)),
    )
    done = []
    for number, example in enumerate(made.of(rows), 1):
        done.append(example)
        told("features", number, len(rows) * recipe.variants)
    return done


def develop(
    place: Place,
    rows: Sequence[Row],
    plan: Plan,
    recipe: Recipe,
    words: Words,
    out: Path,
    told: Told,
    leave_out: Collection[str] = (),
) -> Set:
    """Train, and write a directory that `models.load` takes. Goes on where it was broken off.

    Raises OSError, ValueError without speech of both classes, CalibrationInvalid.
    """
    chosen = trainable(rows, leave_out=leave_out)
    heard = examples(place, chosen, recipe, told)
    trained = train(heard, plan, place.kept / "training.npz", lambda epoch, of, loss: told("training", epoch, of))
    made = bundle.material(chosen) | {"plan": str(plan), "recipe": str(recipe), "chain": CHAIN, "made_with": versions()}
    bundle.write_model(out, trained, plan, recipe.features, words, made)
    return calibrated(place, rows, words, out, told)


def calibrated(place: Place, rows: Sequence[Row], words: Words, out: Path, told: Told) -> Set:
    """The calibration set of the detector in `out`, from the development part, written beside it."""
    detector = OnnxDetector(read(out / NAME), out / bundle.MODEL)
    development = capped([r for r in rows if r.split is Split.DEV and r.family != COPIES], CALIBRATING)
    trial = Trial(place.corpus, place.kept / "scores", detector, place.codec, place.load)
    condition = Condition(f"{CHAIN}-development", CHAINS[CHAIN])
    heard = trial.heard(development, condition, lambda done, of: told("calibration", done, of))
    model = f"{detector.name}@{detector.digest}"
    made = bundle.calibration_of(heard, model, detector.window, CHAIN, words)
    people = [row for row in development if row.label is Label.GENUINE]
    made = replace(made, tail=tail(rooms_of(place, people, detector, made, ROOMS, told), detector.window))
    (out / bundle.CALIBRATION).write_text(calibrate.to_json(made), encoding="utf-8")
    return made


def capped(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many recordings of one voice by one generator, spread evenly over the list."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: r.path):
        groups[row.generator, row.speaker].append(row)
    return [row for group in groups.values() for row in group[:: -(-len(group) // most)]]


def rooms_of(
    place: Place,
    rows: Sequence[Row],
    detector: VoiceDetector,
    calibration: Set,
    rooms: int,
    told: Told,
    most: float = MOST_SECONDS,
) -> list[Tape]:
    """Each voice in so many rooms, judged as live speakers are; kept on disk. `most`: seconds of a voice in a room."""
    return taped(
        rows,
        lambda: Judge(detector, calibration),
        in_rooms(place.corpus, CHAINS[CHAIN], place.codec),
        rooms=rooms,
        kept=place.kept / "tapes.jsonl",
        made_with=f"{detector.digest} {calibration.slope} {calibration.offset} {CHAIN}",
        most=most,
        tell=lambda done, of: told("speakers in rooms", done, of),
    )


def tail(heard: Sequence[Tape], window: float, minutes: float = MINUTES, seed: int = 0) -> Tail | None:
    """How high the evidence about people goes, from one session of each tape. None where there are too few."""
    rules = rules_for(window)
    rng = np.random.default_rng(seed)
    talked = [tape for tape in heard if tape.seconds > 0]
    peaks = [peak(_talking(tape, minutes, rng), rules) for tape in talked]
    return fit(peaks, len(talked) * minutes / 60)


def _talking(tape: Tape, minutes: float, rng: np.random.Generator) -> Iterator[VoiceWindow]:
    """A speaker's windows in a session, as `simulate.session` draws them."""
    clock = 0.0
    while clock < minutes * 60:
        for index in rng.permutation(len(tape.blocks)):
            block = tape.blocks[index]
            for window in block.windows:
                yield replace(window, start=window.start + clock, end=window.end + clock)
            clock += block.seconds
            if clock >= minutes * 60:
                return


def versions() -> str:
    """Of what decides the numbers."""
    names = ("jax", "jaxlib", "optax", "numpy", "onnx", "onnxruntime")
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)])
