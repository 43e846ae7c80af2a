"""`room-monitor voices simulate`: false alerts and delays of a detector over many hours of sessions."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from monitor.commands.common import Config, err, out
from monitor.commands.voices_data import Corpus, Seed, app, pieces
from monitor.config import load
from monitor.errors import OperatorError

__all__ = ["app"]

if TYPE_CHECKING:
    from monitor.voices.evidence import Rules, Thresholds
    from monitor.voices.metrics import Interval
    from monitor.voices.models import Loaded
    from monitor.voices.simulate import Delay, FalseAlerts, Tape


@app.command("simulate")
def simulate(
    corpus: Corpus,
    model: Annotated[str, typer.Option(help="bundled, a directory, a manifest, or a fetched hub name")] = "bundled",
    calibration: Annotated[Path | None, typer.Option(help="Calibration set; default: the one beside the model")] = None,
    hours: Annotated[float, typer.Option(min=1, help="Hours of people talking, at least")] = 100.0,
    minutes: Annotated[float, typer.Option(min=1, help="Minutes that one person talks in one session")] = 10.0,
    rooms: Annotated[int, typer.Option(min=1, help="Microphones, rooms and links that each speaker is heard in")] = 3,
    chain: Annotated[str, typer.Option(help="clean, opus, room or harsh")] = "room",
    kept: Annotated[Path | None, typer.Option(help="Directory for what was scored; default: beside the corpus")] = None,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object")] = False,
    config: Config = None,
) -> None:
    """False alerts per 1,000 speaker-hours on people of the corpus's test, and how soon machines are found.

    Whole speakers are drawn, in sessions of one microphone, room and link each, and judged with the evidence and at the
    thresholds that the settings give. Copies of people's recordings are left out: what is left of a person in them is a
    person's. The intervals come from the number of people, which no number of hours mends.
    """
    from monitor import room_codec
    from monitor.voice_house import plan_for
    from monitor.voices import models, tapes
    from monitor.voices.corpus import rows as table
    from monitor.voices.corpus.chain import CHAINS
    from monitor.voices.judge import Judge
    from monitor.voices.simulate import delays, false_alerts

    if chain not in CHAINS:
        raise OperatorError(f"There is no chain {chain}: choose {', '.join(CHAINS)}.")
    settings = load(config)
    loaded = models.load(model, calibration=calibration)
    if loaded.calibration is None:
        raise OperatorError(f"{loaded.model} has no calibration, so it says nothing: make one with voices calibrate.")
    plan = plan_for(settings.voices, loaded, measured=True)
    test = [row for row in table.read(corpus) if row.split == table.Split.TEST and row.family != "copy"]
    with pieces() as tell:
        heard = tapes.taped(
            test,
            lambda: Judge(loaded.detector, loaded.calibration),
            tapes.in_rooms(corpus, CHAINS[chain], room_codec.over, seed),
            rooms=rooms,
            kept=(kept or corpus / "kept") / "tapes.jsonl",
            made_with=f"{loaded.model} {loaded.calibration.slope} {loaded.calibration.offset} {chain} {seed}",
            tell=lambda done, total: tell("speakers × rooms", done, total),
        )
    people = [tape for tape in heard if not tape.generator]
    false = false_alerts(people, plan.rules, plan.thresholds, hours=hours, minutes=minutes, seed=seed)
    found = delays(heard, plan.rules, plan.thresholds, seed=seed)
    if as_json:
        out.print_json(json.dumps(_as_dict(loaded, plan.rules, plan.thresholds, false, found, people)))
        return
    _show(loaded, plan.thresholds, false, found)


def _as_dict(
    loaded: Loaded, rules: Rules, limits: Thresholds, false: FalseAlerts, found: list[Delay], people: list[Tape]
) -> dict[str, object]:
    return {
        "model": loaded.model,
        "calibration": loaded.calibration.name if loaded.calibration else "",
        "rules": asdict(rules),
        "thresholds": asdict(limits),
        "false_alerts": asdict(false),
        "people": sorted({tape.speaker for tape in people}),
        "delays": [asdict(one) for one in found],
    }


def _show(loaded: Loaded, limits: Thresholds, false: FalseAlerts, found: list[Delay]) -> None:
    alert = "none: it only marks" if limits.alert is None else f"{limits.alert:.1f}"
    out.print(f"{loaded.model}: suspicious from {limits.suspicious:.1f}, alert from {alert} (natural log)")
    out.print(
        f"{false.hours:.0f} h in {false.sessions} sessions of {false.speakers} people, from {false.distinct:.1f} h of "
        "recordings in their rooms"
    )
    out.print(f"False alerts: {false.alerts}, by {false.alerted} people: {_per(false.rate)} per 1,000 speaker-hours")
    out.print(f"False marks: of {false.marked} people: {_per(false.marks)} per 1,000 speaker-hours")
    table = Table(box=None, header_style="bold")
    for column in ("Generator", "Voices", "Sessions", "Alert, %", "95 %", "Marked, %", "Median s", "9 in 10 within s"):
        table.add_column(column, justify="left" if column == "Generator" else "right")
    for one in found:
        table.add_row(
            one.generator,
            str(one.voices),
            str(one.sessions),
            f"{100 * one.found.value:.0f}",
            f"{100 * one.found.low:.0f}–{100 * one.found.high:.0f}",
            f"{100 * one.marked:.0f}",
            "" if one.median is None else f"{one.median:.0f}",
            "" if one.slow is None else f"{one.slow:.0f}",
        )
    out.print(table)
    if false.alerted == 0:
        err.print("[dim]No alert at all: the upper bound is what so few people allow to say.[/]")


def _per(rate: Interval) -> str:
    return f"{rate.value:.1f} ({rate.low:.1f}–{rate.high:.1f})"
