"""`room-monitor voices train`, `calibrate` and `evaluate`: make a detector, fit it to rooms, say what it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.common import Config, err, out
from monitor.commands.voices_data import Corpus, pieces
from monitor.errors import OperatorError

if TYPE_CHECKING:
    from monitor.voices.develop import Place

app = typer.Typer()

Kept = Annotated[
    Path | None, typer.Option(help="Directory for features, checkpoints and scores; default: work/ in the corpus")
]


@app.command("train")
def train(
    corpus: Corpus,
    to: Annotated[Path, typer.Option("--out", help="Directory for the model, its manifest and its calibration")],
    kept: Kept = None,
    seed: Annotated[int, typer.Option(help="Another seed trains another network")] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="Rounds of 150 batches")] = 6,
    window: Annotated[float, typer.Option(min=1, max=6, help="Seconds of speech in a window")] = 2.0,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Generator that doesn't train, so that it stays a test; again for more")
    ] = None,
) -> None:
    """Train a detector on a corpus (`voices data`), calibrate it, and write what `[voices] model` takes.

    Takes minutes on a CPU once the features are there; can be broken off and taken up again.
    """
    _need_extra()
    from monitor.voices.bundle import BUNDLED
    from monitor.voices.corpus import rows as table
    from monitor.voices.corpus import splits
    from monitor.voices.develop import CHAIN, develop
    from monitor.voices.examples import Recipe
    from monitor.voices.train import Plan

    rows = table.read(corpus)
    splits.check(rows)
    with pieces() as tell:
        plan = Plan(seed=seed, epochs=epochs, window=window)
        recipe = Recipe(variants=2, seed=seed, chain=f"{CHAIN}-1")
        try:
            made = develop(_place(corpus, kept), rows, plan, recipe, BUNDLED, to, tell, leave_out or ())
        except ValueError as error:
            raise OperatorError(f"{corpus} can't be trained on: {error}") from error
    out.print(
        f"{to}: {made.model}. Development part: EER {made.eer:.1%}, Cllr {made.cllr:.2f} of windows "
        f"({made.genuine} people, {made.synthetic} voices). What that is worth elsewhere says `voices evaluate`."
    )


@app.command("calibrate")
def calibrate(
    genuine: Annotated[
        Path, typer.Option(help="People's recordings: a directory for each speaker, or a file for each")
    ],
    to: Annotated[Path, typer.Option("--out", help="File for the calibration set")],
    synthetic: Annotated[
        Path | None, typer.Option(help="The same for synthetic voices; default: as the model's own set knows them")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the set, shown with each judgement")] = "own",
    model: Annotated[str, typer.Option(help="bundled, a directory, a manifest, or a fetched hub name")] = "",
    language: Annotated[
        list[str] | None,
        typer.Option(help="Language of the recordings (ISO 639-1); with it, others are abstained from"),
    ] = None,
    trust: Annotated[bool, typer.Option("--trust", help="Accept a model file whose manifest gives no digest")] = False,
    config: Config = None,
) -> None:
    """Fit a detector's scores to your own rooms, from recordings of people that you may keep.

    The recordings must be as the service hears them: from rooms, through the same codec.
    """
    from monitor.config import load
    from monitor.media import read_all
    from monitor.voices import calibrate as fitting
    from monitor.voices import models
    from monitor.voices.own import Own, own_set, recordings

    settings = load(config)
    loaded = models.load(model or settings.voices.model or models.BUNDLED, trust=trust or settings.voices.trust)
    with pieces() as tell:
        people = recordings(genuine, loaded.detector, read_all, lambda done, of: tell("people", done, of))
        machines = None
        if synthetic is not None:
            machines = recordings(synthetic, loaded.detector, read_all, lambda done, of: tell("machines", done, of))
    made = own_set(loaded, Own(name, people, machines, frozenset(language or ())))
    to.write_text(fitting.to_json(made), encoding="utf-8")
    out.print(f"{to}: {made.genuine} people, Cllr {made.cllr:.2f} (least {made.min_cllr:.2f}), EER {made.eer:.1%}")
    if made.tail is None:
        err.print(
            "[yellow]Too few people for a threshold[/]: with this set the detector marks and never alerts. "
            "Give at least 30, with six seconds of speech each."
        )


@app.command("evaluate")
def evaluate(
    corpus: Corpus,
    model: Annotated[str, typer.Option(help="bundled, a directory, a manifest, or a fetched hub name")] = "bundled",
    calibration: Annotated[Path | None, typer.Option(help="Calibration set; default: the one beside the model")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="Write the model card (Markdown) to this file")] = None,
    kept: Kept = None,
    folds: Annotated[
        bool, typer.Option(help="Train a network without each family of generators in turn (minutes each)")
    ] = True,
    hours: Annotated[float, typer.Option(min=1, help="Hours of people talking to simulate, at least")] = 10.0,
    seed: Annotated[int, typer.Option(help="Of the networks trained without a family, and of the simulation")] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="Of the networks trained without a family")] = 3,
    config: Config = None,
) -> None:
    """Every figure of a detector's model card, from the corpus's test part: printed, and written with --out.

    What is trained and scored is kept, so an evaluation that was broken off goes on.
    """
    _need_extra()
    from rich.markdown import Markdown

    from monitor.config import load
    from monitor.voice_house import plan_for
    from monitor.voices import models
    from monitor.voices.bundle import unseen
    from monitor.voices.card import markdown
    from monitor.voices.corpus import rows as table
    from monitor.voices.corpus import splits
    from monitor.voices.proof import generators, intro, tables, trained_on
    from monitor.voices.prove import Proof
    from monitor.voices.prove_live import Live
    from monitor.voices.train import Plan

    loaded = models.load(model, calibration=calibration)
    if loaded.calibration is None:
        raise OperatorError(f"{loaded.model} has no calibration, so it says nothing: make one with voices calibrate.")
    rows = table.read(corpus)
    splits.check(rows)
    plan = plan_for(load(config).voices, loaded, measured=True)
    live = Live(plan.rules, plan.thresholds, hours, seed)
    with pieces() as tell:
        made = trained_on(loaded)
        unseen(made, [row for row in rows if row.split in (table.Split.DEV, table.Split.TEST)])
        proof = Proof(_place(corpus, kept), tuple(rows), loaded, loaded.calibration, generators(made), tell)
        title = "The bundled voice detector: model card" if model == models.BUNDLED else f"Model card: {loaded.model}"
        found = tables(proof, live, Plan(seed=seed, epochs=epochs, steps=100) if folds else None)
    card = markdown(title, intro(proof, made, "room-monitor voices evaluate"), found)
    out.print(Markdown(card))
    if to is not None:
        to.write_text(card, encoding="utf-8")


def _place(corpus: Path, kept: Path | None) -> Place:
    from monitor import room_codec
    from monitor.voices.corpus.wav import read_wav
    from monitor.voices.develop import Place

    return Place(corpus, kept or corpus / "work", read_wav, room_codec.over)


def _need_extra() -> None:
    """Raises OperatorError where the extra isn't installed."""
    from importlib.util import find_spec

    if missing := [name for name in ("jax", "optax", "onnx") if find_spec(name) is None]:
        raise OperatorError(f"Training needs {', '.join(missing)}: pip install 'room-monitor[train]'")
