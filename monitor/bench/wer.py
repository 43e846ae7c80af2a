"""`bench wer`: short contexts beside 30 s windows and plain faster-whisper, on the same recordings in the same run.

Each recording goes through Opus in packets of 20 ms, as a room sends it, and is cut once, as in a live room; all of our
ways then hear the very same utterances, one after the other on one thread, so that whatever else the machine does slows
all alike. What is counted is CPU time; on processors that share a core between two threads, several jobs make it more.
Plain faster-whisper hears each recording whole.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from monitor.bench import wer_show
from monitor.bench.clips import Clip, Half, from_manifest, from_prompts, from_recordings, half, unlike, write
from monitor.bench.decode import Collected
from monitor.bench.listening import listen
from monitor.bench.network import BITRATE, CONDITIONS, heard
from monitor.bench.ways import Case, Way, ways
from monitor.bench.wer_show import Outcome
from monitor.config import Settings
from monitor.errors import OperatorError
from monitor.fetch.prompts import Prompt
from monitor.fetch.recordings import Recording
from monitor.media import read_all
from monitor.replay import replay
from monitor.running import run_expected
from monitor.show import file_progress

BARS = Console(stderr=True)
"""Where progress is shown, so that what is printed can be kept."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure."""

    models: tuple[str, ...]
    language: str = "en"
    half: Half = Half.ALL
    limit: int = 0  # clips, at most; 0: all
    plain: bool = True  # plain faster-whisper, too
    jobs: int = 1  # processes


@dataclass(frozen=True, slots=True)
class Speech:
    """What to measure on."""

    data: Path | None = None  # directory with a manifest.tsv
    recordings: Sequence[Recording] = ()
    prompts: Sequence[Prompt] = ()


def measure(settings: Settings, speech: Speech, plan: Plan, out: Console) -> tuple[bool, dict[str, Any]]:
    """Print the tables; whether short contexts are as good as they are to be, and all of it as JSON.

    Ctrl-C ends it with what was heard by then. Raises OperatorError.
    """
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        clips = chosen(_clips(speech, plan.language, Path(scratch)), plan)
        if not clips:
            raise OperatorError(f"no recordings with transcripts in {plan.language} in the {plan.half} half")
        cases = _cases(settings, clips, plan.language, Path(scratch))
        found = {model: ways(plain=plan.plain) for model in plan.models}
        _listen(settings, cases, plan, found, out)
    outcome = Outcome(plan.language, plan.half, BITRATE, tuple(cases), found)
    good = wer_show.show(outcome, out)
    return good, wer_show.as_json(outcome)


def chosen(clips: Sequence[Clip], plan: Plan) -> list[Clip]:
    """Of the half, each speaker's clips spread evenly, by dice that always fall the same: a limit, or an early end,
    leaves a fair sample."""
    chance = random.Random(0)  # noqa: S311  no secret
    taken: dict[str, list[Clip]] = {}
    for clip in half(clips, plan.half):
        taken.setdefault(clip.speaker, []).append(clip)
    placed: list[tuple[float, Clip]] = []
    for each in taken.values():
        chance.shuffle(each)
        begin = chance.random()
        placed += [((number + begin) / len(each), clip) for number, clip in enumerate(each)]
    ordered = [clip for _, clip in sorted(placed, key=lambda pair: pair[0])]
    return ordered[: plan.limit or None]


def _clips(speech: Speech, language: str, scratch: Path) -> list[Clip]:
    clips = from_manifest(speech.data, language) if speech.data else []
    more = [*from_recordings(list(speech.recordings), scratch), *from_prompts(speech.prompts, scratch)]
    return clips + unlike([clip for clip in more if clip.language == language], clips)


def _cases(settings: Settings, clips: Sequence[Clip], language: str, scratch: Path) -> list[Case]:
    """Through Opus, then cut as in a live room; whole utterances only."""
    samples = {}
    for number, clip in enumerate(track(clips, "Through Opus", console=BARS, transient=True)):
        path = scratch / f"heard-{number:04}.wav"
        samples[path] = heard(read_all(clip.path), CONDITIONS[0], number)
        write(path, samples[path])
    collected = Collected()
    calm = settings.model_copy(update={"speech": settings.speech.model_copy(update={"early": 0.0})})
    with file_progress(BARS, list(samples)) as progress:
        run_expected(
            replay(list(samples), calm, lambda _: None, progress, language=language, live=True, hears=collected)
        )
    asks = sorted(collected.asks.values(), key=lambda ask: ask[0].start)
    return [
        Case(clip, samples[path], tuple(ask for ask in asks if ask[0].speaker.id.rpartition("#")[0] == str(path)))
        for clip, path in zip(clips, samples, strict=True)
    ]


def _listen(
    settings: Settings, cases: Sequence[Case], plan: Plan, found: Mapping[str, Sequence[Way]], out: Console
) -> None:
    """Each case by all ways before the next one; Ctrl-C ends it with what is done."""
    heard = listen(cases, settings, plan.models, plan.language, plain=plan.plain, jobs=plan.jobs)
    done = 0
    try:
        with closing(heard):
            for by_model in track(heard, "Listening", total=len(cases), console=BARS, transient=True):
                for each, said in zip(found.values(), by_model, strict=True):
                    for way, one in zip(each, said, strict=True):
                        way.said.append(one)
                done += 1
    except KeyboardInterrupt:
        out.print(f"[yellow]Stopped after {done} of {len(cases)} recordings: what follows is about these.[/]")
