"""The `room-monitor voices` commands that use detectors: score recordings, list and fetch models."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from monitor.commands.common import Config, err, out, start_log
from monitor.commands.voices_simulate import app as data
from monitor.commands.voices_train import app as training
from monitor.config import load
from monitor.errors import MediaUnreadable, OperatorError

if TYPE_CHECKING:
    from monitor.voices.models import Loaded
    from monitor.voices.score import Moment, Timeline

app = typer.Typer(help="Synthetic-voice signatures: score, models, corpus.", no_args_is_help=True)
app.add_typer(data)
app.add_typer(training)

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table")]
Trust = Annotated[bool, typer.Option("--trust", help="Accept a model file whose manifest gives no digest")]
Model = Annotated[
    str,
    typer.Option(help="bundled, a directory, a manifest, or a fetched hub name; default: as set, else the bundled one"),
]


@app.command()
def score(
    files: Annotated[list[Path], typer.Argument(help="Recordings of one speaker each, anything that FFmpeg reads")],
    model: Model = "",
    calibration: Annotated[Path | None, typer.Option(help="Calibration set; default: the one beside the model")] = None,
    language: Annotated[
        str, typer.Option(help="Language spoken (ISO 639-1); without it, calibrations of some languages abstain")
    ] = "",
    as_json: Json = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the time line to this PNG; for several files, into this directory")
    ] = None,
    trust: Trust = False,
    config: Config = None,
) -> None:
    """Score recordings as live speakers are: window by window, with the evidence so far.

    What it finds is a signature for a person's review, never proof. Exit code 1 when a file could not be read (the
    others are done all the same).
    """
    from monitor.hearing.veto import SpeechGate
    from monitor.media import read_all
    from monitor.voice_files import utterances
    from monitor.voice_house import plan_for
    from monitor.voices import models
    from monitor.voices.plot import draw
    from monitor.voices.score import as_dict, timeline

    settings = load(config)
    start_log(settings, logging.WARNING)
    loaded = models.load(
        model or settings.voices.model or models.BUNDLED,
        calibration=calibration or (Path(settings.voices.calibration) if settings.voices.calibration else None),
        trust=trust or settings.voices.trust,
    )
    plan = plan_for(settings.voices, loaded)
    gate, unreadable = SpeechGate(), False
    if not as_json:
        _about(loaded, plan.claims, marks_only=plan.thresholds.alert is None)
    for file in files:
        try:
            audio = read_all(file)
        except MediaUnreadable as error:
            unreadable = True
            err.print(str(error), style="red", markup=False)
            continue
        said = utterances(file, audio, gate, settings.hearing.veto, settings.hearing.aggressiveness)
        line = timeline(loaded, plan.rules, plan.thresholds, said, language)
        if as_json:
            print(json.dumps({"file": str(file), **as_dict(line, loaded)}, ensure_ascii=False), flush=True)
        else:
            _show(file, line, calibrated=loaded.calibration is not None)
        if plot:
            draw(_picture(plot, file, len(files)), file.name, audio, line, plan.thresholds)
    raise typer.Exit(1 if unreadable else 0)


@app.command("models")
def list_models(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; default: the bundled, the set, the fetched, and public ones")
    ] = None,
    as_json: Json = False,
    trust: Trust = False,
    config: Config = None,
) -> None:
    """Which detectors there are, what is known of them, and whether they pass the self-test.

    Exit code 1 when one doesn't.
    """
    from monitor.voices import models

    settings = load(config)
    wanted = names or [models.BUNDLED, *filter(None, [settings.voices.model]), *_fetched(models.default_cache())]
    rows = [_tried(name, trust or settings.voices.trust) for name in dict.fromkeys(wanted)]
    if not names:
        rows += [_public(name) for name in models.known() if name not in wanted]
    for row in rows:
        if as_json:
            print(json.dumps(row, ensure_ascii=False))
        else:
            _card(row)
    raise typer.Exit(1 if any(row["passed"] is False for row in rows) else 0)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="owner/name at the model hub, or a manifest that names one")],
) -> None:
    """Fetch a detector from the model hub into the cache. Its licence is yours to read: `voices models` shows it."""
    from monitor.voices import models

    out.print(str(models.fetch(name)), soft_wrap=True, highlight=False)


def _tried(name: str, trust: bool) -> dict[str, Any]:
    from monitor.voices import models

    try:
        loaded = models.load(name, trust=trust)
    except OperatorError as error:
        return {"name": name, "passed": False, "problem": str(error)}
    known, report = loaded.calibration, loaded.report
    return {
        "name": name,
        "passed": True,
        "model": loaded.model,
        "window": loaded.detector.window,
        "licence": loaded.licence,
        "source": loaded.source,
        "notes": loaded.notes.strip(),
        "claims": list(loaded.claims),
        "calibration": known.name if known else "",
        "chance": list(known.chance) if known else [],
        "languages": sorted(known.languages) if known else [],
        "selftest_ordered": report.ordered if report else None,
        "cpu_per_window": round(report.cpu, 5) if report else None,
    }


def _public(name: str) -> dict[str, Any]:
    """A model that others have, and what is known of it."""
    from monitor.voices import manifest, models

    said = manifest.read(models.KNOWN / f"{name}.toml")
    terms = {"licence": said.licence, "source": said.source, "notes": said.notes.strip()}
    return {"name": name, "passed": None, "manifest": str(models.KNOWN / f"{name}.toml"), **terms}


def _card(row: dict[str, Any]) -> None:
    titles = {True: "", None: "  [yellow]its file is not part of this product[/]", False: "  [red]not usable[/]"}
    out.print(f"[bold]{row['name']}[/]{titles[row['passed']]}")
    if row["passed"] is False:
        out.print(row["problem"], markup=False, highlight=False)
    elif row["passed"] is None:
        _lines({title: row[title] for title in ("licence", "source", "manifest", "notes")})
    else:
        _lines(_figures(row))


def _figures(row: dict[str, Any]) -> dict[str, str]:
    ordered, cpu = row["selftest_ordered"], row["cpu_per_window"]
    return {
        "model": row["model"],
        "window": f"{row['window']:g} s of speech" + (f", {1000 * cpu:.1f} ms of CPU each" if cpu else ""),
        "licence": row["licence"],
        "source": row["source"],
        "claims to find": ", ".join(row["claims"]) or "nothing: it marks and never alerts",
        "at chance": ", ".join(row["chance"]),
        "calibration": row["calibration"] or "none: it can score and says nothing (room-monitor voices calibrate)",
        "languages": ", ".join(row["languages"]) or ("any" if row["calibration"] else ""),
        "self-test": "" if ordered is None else f"passed, {ordered:.0%} of the pairs in order",
        "notes": row["notes"],
    }


def _lines(lines: dict[str, str]) -> None:
    for title, text in lines.items():
        if text:
            out.print(f"  {title:<15}{' '.join(text.split())}", markup=False, highlight=False)


def _about(loaded: Loaded, claims: tuple[str, ...], *, marks_only: bool) -> None:
    known = loaded.calibration
    out.print(f"Detector {loaded.model}, calibration {known.name if known else 'none'}", highlight=False)
    out.print(f"It claims to find: {', '.join(claims) or 'nothing'}", highlight=False)
    if known and known.chance:
        out.print(f"No better than chance for: {', '.join(known.chance)}", highlight=False)
    if marks_only:
        out.print("At most it marks a voice as suspicious: its figures carry no alert.", highlight=False)
    out.print("What follows is a synthetic-voice signature for review, no proof of anything.\n", highlight=False)


def _show(file: Path, line: Timeline, *, calibrated: bool) -> None:
    table = Table(title=str(file), title_justify="left", box=None, pad_edge=False)
    for heading in ("from", "to", "LLR" if calibrated else "score", "evidence", "state"):
        table.add_column(heading, justify="right" if heading != "state" else "left")
    for moment in line.moments:
        table.add_row(*_cells(moment, calibrated))
    out.print(table)
    standing = line.standing
    if not calibrated:
        out.print("Raw scores say nothing before they are calibrated: room-monitor voices calibrate\n", highlight=False)
        return
    left = ", ".join(f"{seconds:.1f} s {reason.value}" for reason, seconds in standing.abstained)
    out.print(
        f"[bold]{standing.state.value}[/]: evidence {standing.llr:+.2f} from {standing.speech:.1f} s of usable speech "
        f"in {standing.windows} windows" + (f"; not judged: {left}" if left else ""),
        highlight=False,
    )
    if line.alert_at is not None:
        out.print(f"A live room would have been alerted {line.alert_at:.1f} s into it.", highlight=False)
    out.print()


def _cells(moment: Moment, calibrated: bool) -> tuple[str, ...]:
    window = moment.window
    value = window.llr if calibrated else window.score
    shown = f"{value:+.2f}" if value is not None else f"({window.abstained.value if window.abstained else ''})"
    return f"{window.start:.1f}", f"{window.end:.1f}", shown, f"{moment.evidence:+.2f}", moment.state.value


def _picture(plot: Path, file: Path, files: int) -> Path:
    if files == 1 and not plot.is_dir():
        return plot
    plot.mkdir(parents=True, exist_ok=True)
    return plot / f"{file.stem}.png"


def _fetched(cache: Path) -> list[str]:
    return sorted(str(path.parent) for path in cache.glob("*/manifest.toml"))
