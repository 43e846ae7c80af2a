"""Makes a trained network into what `models.load` takes: ONNX file, manifest, calibration set, in one directory."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from monitor.voices import calibrate, export, net
from monitor.voices.calibrate import About, Labelled, Set
from monitor.voices.corpus.rows import CorpusInvalid, Label, Row
from monitor.voices.manifest import NAME
from monitor.voices.metrics import Scores
from monitor.voices.train import Plan, Trained
from monitor.voices.trial import Heard

MODEL = "model.onnx"
CALIBRATION = "calibration.json"


@dataclass(frozen=True, slots=True)
class Words:
    """What people read about a detector."""

    name: str
    licence: str
    source: str
    notes: str
    claims: tuple[str, ...] = ()
    chance: tuple[str, ...] = ()


BUNDLED = Words(
    name="lcnn-filterbank",
    licence="Apache-2.0",
    source="room-monitor voices train",
    notes="Finds classic synthesis, and is at chance for modern voices: see docs/discussion/voices.md.",
    claims=("formant synthesis (eSpeak NG, Klatt)", "diphone synthesis (Festival, Flite)"),
    chance=("modern neural text to speech", "cloned voices", "voice conversion"),
)
"""The detector that comes with the product. Its claims are those that its model card carries."""


def write_model(
    folder: Path, trained: Trained, plan: Plan, features: str, words: Words, made: Mapping[str, str]
) -> None:
    """The ONNX file and its manifest. `made`: what it was made from and with, kept in the file."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = net.folded(trained.params, trained.running)
    path = folder / MODEL
    export.write(path, plain, bands=net.BANDS, scale=net.SCALE, tiny=net.TINY, notes=made)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / NAME).write_text(_manifest(words, plan, features, digest), encoding="utf-8")


def calibration_of(heard: Sequence[Heard], model: str, window: float, chain: str, words: Words) -> Set:
    """A set from development recordings; speakers and voices weigh alike. Raises CalibrationInvalid."""
    about = About(f"{words.name}-{chain}", model, window, chain)
    made = calibrate.fit(about, labelled(heard))
    return calibrate.named(made, words.claims, words.chance)


def labelled(heard: Iterable[Heard]) -> Labelled:
    """Scores by speaker and voice; recordings without a window are nobody's."""
    groups: dict[bool, dict[str, list[Scores]]] = {False: defaultdict(list), True: defaultdict(list)}
    for one in heard:
        if len(one.scores):
            groups[one.synthetic][f"{one.row.generator} {one.row.speaker}"].append(one.scores)
    people, machines = (tuple(np.concatenate(g) for g in groups[label].values()) for label in (False, True))
    return Labelled(people, machines)


def made_with(path: Path) -> dict[str, str]:
    """What `write_model` kept in an ONNX file; empty for one that came from elsewhere."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(session.get_modelmeta().custom_metadata_map)


def material(rows: Iterable[Row]) -> dict[str, str]:
    """What a training was made from, for the model's file: counts, and a digest of the list of recordings."""
    listed = sorted(rows, key=lambda row: row.path)
    digest = hashlib.sha256("\n".join(f"{row.path} {row.seconds:.2f}" for row in listed).encode()).hexdigest()
    people = [row for row in listed if row.label is Label.GENUINE]
    machines = [row for row in listed if row.label is Label.SYNTHETIC]
    return {
        "recordings": digest[:16],
        "genuine": _counts(people),
        "synthetic": _counts(machines),
        "generators": ", ".join(sorted({row.generator for row in machines})),
        "sources": ", ".join(sorted({row.source for row in people})),
        "speakers": " ".join(sorted({row.speaker for row in listed})),
        "texts": " ".join(sorted({row.text_id for row in listed})),
    }


def unseen(made: Mapping[str, str], rows: Iterable[Row]) -> None:
    """Raises CorpusInvalid where one of the rows has a speaker, voice or text that the model was trained on."""
    speakers, texts = (set(made.get(name, "").split()) for name in ("speakers", "texts"))
    for row in rows:
        if row.speaker in speakers or row.text_id in texts:
            what = f"speaker {row.speaker}" if row.speaker in speakers else f"text {row.text_id}"
            raise CorpusInvalid(f"{row.path}: the model was trained on its {what}, so its figures would flatter")


def _counts(rows: Sequence[Row]) -> str:
    minutes = sum(row.seconds for row in rows) / 60
    return f"{len(rows)} recordings of {len({row.speaker for row in rows})} voices, {minutes:.0f} min"


def _manifest(words: Words, plan: Plan, features: str, digest: str) -> str:
    claims = ", ".join(f'"{claim}"' for claim in words.claims)
    return f'''# Written by `room-monitor voices train`.
name = "{words.name}"
licence = "{words.licence}"
source = "{words.source}"
notes = "{words.notes}"
claims = [{claims}]

[file]
path = "{MODEL}"
sha256 = "{digest}"

[input]
layout = "frames"
features = "{features}"
window = {plan.window}

[output]
kind = "logits"
genuine = 0
'''
