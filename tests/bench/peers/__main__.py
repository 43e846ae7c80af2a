"""Other live transcription systems beside this one: the same talk at the pace of life, the same model, one table.

    .venv/bin/python -m tests.bench.peers whisperlive --streams 1,2,4 --seconds 120
    .venv/bin/python -m tests.bench.peers --install

Each peer runs in an environment of its own, as its own server or recorder, and is talked to as its own client does;
docs/discussion/peers.md says how each was set up. Environments are kept. No peer is tuned, nor is anything here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from monitor.bench.capacity import IN_TIME
from monitor.bench.clips import Clip, from_manifest, from_recordings
from monitor.bench.machine import describe
from monitor.bench.paced import Talk
from monitor.commands.common import fetch_model, fetch_recordings, start_log
from monitor.config import Settings, load
from monitor.errors import MonitorError
from tests.bench.peers import ours
from tests.bench.peers.measure import TOLERATED, Run, measure
from tests.bench.peers.peer import Peer
from tests.bench.peers.processes import PeerFailed
from tests.bench.peers.realtimestt import RealtimeSTT
from tests.bench.peers.talker import SILENCE, material
from tests.bench.peers.whisperlive import WhisperLive
from tests.bench.peers.whisperlivekit import WhisperLiveKit

PEERS: dict[str, Peer] = {
    "whisperlive": WhisperLive(),
    "whisperlivekit": WhisperLiveKit(),
    "realtimestt": RealtimeSTT(),
}
OURS = {"ours": "Room Monitor", "plain": "30 s windows"}
out = Console(width=None if sys.stdout.isatty() else 110)


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join([*PEERS, *OURS])}; default: all")] = None,
    streams: Annotated[str, typer.Option(help="Numbers of speakers at once, with commas")] = "1,2,4",
    seconds: Annotated[float, typer.Option(min=20, help="Seconds for which they talk")] = 120.0,
    data: Annotated[
        Path | None, typer.Option(help="Directory with manifest.tsv; default: the demo's recordings")
    ] = None,
    model: Annotated[str, typer.Option(help="Whisper model, for all")] = "base",
    install: Annotated[bool, typer.Option("--install", help="Only make the peers' environments")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file")] = None,
) -> None:
    """Measure, one after the other. Exit code 1 when any of them could not be measured."""
    names = names or [*PEERS, *OURS]
    if unknown := set(names) - {*PEERS, *OURS}:
        raise typer.BadParameter(f"{', '.join(unknown)}: there are {', '.join([*PEERS, *OURS])}")
    settings = load()
    settings = settings.model_copy(update={"speech": settings.speech.model_copy(update={"model": model})})
    start_log(settings, logging.ERROR)
    able = [name for name in names if name in OURS or asyncio.run(_made(PEERS[name]))]
    runs: list[Run] = []
    failed = len(able) < len(names)
    if not install:
        where = fetch_model(model)
        with tempfile.TemporaryDirectory(prefix="room-monitor-peers-") as scratch:
            clips = from_manifest(data, "en") if data else from_recordings(fetch_recordings(), Path(scratch))
            failed |= _all(able, [int(count) for count in streams.split(",")], seconds, settings, where, clips, runs)
        if as_json:
            as_json.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n", "utf-8")
    raise typer.Exit(failed)


async def _made(peer: Peer) -> bool:
    with _told(peer.name) as good:
        if not peer.environment.ready:
            out.print(f"{peer.name}: making its environment, which is kept: {peer.environment.path}", highlight=False)
        await peer.environment.make()
        good.append(True)
    return bool(good)


def _all(
    names: Sequence[str],
    counts: Sequence[int],
    seconds: float,
    settings: Settings,
    model: Path,
    clips: Sequence[Clip],
    runs: list[Run],
) -> bool:
    """Measure and print, also what there is when it is interrupted. True: something could not be measured."""
    with out.status("Reading the recordings"):
        talks, words, often = material(clips)
    failed = False
    try:
        for name in names:
            for count in counts:
                title = OURS.get(name) or PEERS[name].name
                with _told(title) as good, out.status(f"{title}, {count} streams, {seconds + SILENCE:g} s"):
                    runs.append(asyncio.run(_one(name, count, seconds, settings, model, words, often)))
                    good.append(True)
                failed |= not good
    except KeyboardInterrupt:
        failed = True
    _show(runs, len(talks), settings.speech.model)
    return failed


async def _one(
    name: str,
    count: int,
    seconds: float,
    settings: Settings,
    model: Path,
    words: Mapping[Talk, tuple[str, ...]],
    often: list[str],
) -> Run:
    if name in OURS:
        return await ours.measure(OURS[name], count, seconds, settings, list(words.items()), often)
    with tempfile.TemporaryDirectory(prefix="room-monitor-peers-") as scratch:
        return await measure(PEERS[name], count, seconds, model, words, Path(scratch))


@contextmanager
def _told(name: str) -> Iterator[list[bool]]:
    """Expected failures are printed; the list stays empty then."""
    good: list[bool] = []
    try:
        yield good
    except* (PeerFailed, MonitorError, TimeoutError, OSError) as group:
        for error in _leaves(group):
            out.print(f"[red]{name} is not measured:[/red] {str(error) or type(error).__name__}", highlight=False)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _show(runs: Sequence[Run], talks: int, model: str) -> None:
    if not runs:
        return
    table = Table(title=f"Live transcription systems, model {model}, {runs[0].seconds:g} s each", box=None)
    for column in ("", "n", "said", "lost", "words", "WER", "final", "any", "cores", "MB", "held"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for run in runs:
        one, errors = run.score, run.score.errors
        table.add_row(
            run.name,
            str(run.streams),
            str(one.recordings),
            str(one.lost),
            f"{one.found / max(errors.tokens, 1):.0%}",
            f"{errors.rate:.1%}",
            _pair(one.final),
            _pair(one.any),
            f"{run.cores:.2f}",
            f"{run.memory:.0f}",
            "yes" if run.held else "no",
        )
    out.print(table)
    out.print(
        f"{talks} recordings; each of n speakers talks half of the time at the pace of life. Said: recordings, whole. "
        "Lost: those of which most words have no final text. Words: found in the final text. Final, any: seconds from "
        "the end of a recording's speech until its words were final, or shown at all, p50 / p95. "
        f"Held: at most {TOLERATED:.0%} lost, and p95 to the final text at most {IN_TIME:g} s.",
        highlight=False,
    )
    for name, how in dict.fromkeys((run.name, f"{run.set_as}; {run.versions}") for run in runs):
        out.print(f"{name}: {how}", style="dim", highlight=False)
    out.print(describe(), style="dim", highlight=False)


def _pair(values: Sequence[float]) -> str:
    if not values:
        return "-"
    p50, p95 = np.percentile(values, [50, 95])
    return f"{p50:.2f} / {p95:.2f}"


if __name__ == "__main__":
    typer.run(main)
