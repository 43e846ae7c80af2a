"""`room-monitor bench …`: measurements. Each prints figures, counts and the machine."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated

import typer

from monitor.commands.common import Config, fetch_model, fetch_prompts, fetch_recordings, out, start_log
from monitor.config import load
from monitor.running import run_expected

app = typer.Typer(help="Measure: each prints figures, counts and the machine.", no_args_is_help=True)


@app.command("wer")
def bench_wer(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Directory with manifest.tsv (file, language, speaker, transcript), beside the demo's recordings"
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the clips to take")] = "en",
    half: Annotated[
        str, typer.Option(help="Half of the speakers: dev to choose by, held to confirm with, all")
    ] = "all",
    model: Annotated[list[str] | None, typer.Option(help="Model; again for more; default: as set")] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(
            help="English: Asterisk's prompts, too (one speaker, from Debian's mirror); the file says what they say: "
            "core-sounds-en.txt, which comes with Asterisk's sounds"
        ),
    ] = None,
    plain: Annotated[bool, typer.Option(help="Beside plain faster-whisper on the whole recordings")] = True,
    limit: Annotated[int, typer.Option(min=0, help="At most so many clips, by chance; 0: all")] = 0,
    jobs: Annotated[
        int, typer.Option(min=1, help="Processes: sooner done; with more than one, CPU times are rough")
    ] = 1,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write all figures and texts to this file")] = None,
    config: Config = None,
) -> None:
    """Word error rate over short contexts beside 30 s windows and plain faster-whisper, with the CPU that each takes.

    The same recordings for all, through Opus and cut as in a live room. Ctrl-C shows what is done. Exit code 1 when
    short contexts are more than half a point worse than 30 s windows, or a text over them goes on and on.
    """
    from monitor.bench.clips import Half
    from monitor.bench.wer import Plan, Speech, measure

    if half not in list(Half):
        raise typer.BadParameter(", ".join(Half), param_hint="--half")
    settings = load(config)
    start_log(settings, logging.WARNING)
    models = tuple(dict.fromkeys(model or [settings.speech.model]))
    for name in models:
        fetch_model(name, settings.speech.trust)
    english = language == "en"
    speech = Speech(data, fetch_recordings() if english else (), fetch_prompts(prompts) if english and prompts else ())
    good, found = measure(settings, speech, Plan(models, language, Half(half), limit, plain, jobs), out)
    if as_json:
        as_json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    raise typer.Exit(0 if good else 1)


@app.command("latency")
def bench_latency(
    alerts: Annotated[int, typer.Option(help="Alerts to measure")] = 50,
    config: Config = None,
) -> None:
    """Delay from the end of the spoken keyword to the alert on the websocket, over real WebRTC."""
    from monitor.bench.latency import measure

    settings = load(config)
    start_log(settings, logging.WARNING)
    fetch_model(settings.speech.model, settings.speech.trust)
    run_expected(measure(settings, fetch_recordings(), alerts, out))


@app.command("decode")
def bench_decode(
    data: Annotated[
        Path | None,
        typer.Option(help="Directory with manifest.tsv (file, language, speaker, transcript); default: the demo's"),
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the clips to take")] = "en",
    limit: Annotated[int, typer.Option(min=0, help="At most so many utterances; 0: all")] = 40,
    config: Config = None,
) -> None:
    """CPU an utterance of up to 4 s: short contexts beside 30 s windows, and beside what the arithmetic needs.

    Exit code 1 when short contexts don't take a sixth of the 30 s way's CPU or less.
    """
    import tempfile

    from monitor.bench.clips import from_manifest, from_recordings
    from monitor.bench.decode import measure

    settings = load(config)
    start_log(settings, logging.WARNING)
    fetch_model(settings.speech.model, settings.speech.trust)
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        clips = from_manifest(data, language) if data else from_recordings(fetch_recordings(), Path(scratch))
        good = run_expected(measure(settings, clips, language, limit, out))
    raise typer.Exit(0 if good else 1)


@app.command("capacity")
def bench_capacity(
    data: Annotated[
        Path | None,
        typer.Option(help="Directory with manifest.tsv (file, language, speaker, transcript); default: the demo's"),
    ] = None,
    rooms: Annotated[str, typer.Option(help="Numbers of rooms to try, with commas")] = "10,20,40,60",
    seconds: Annotated[float, typer.Option(min=10, help="Seconds to hold each")] = 300.0,
    over: Annotated[
        list[str] | None,
        typer.Option(
            help="pcm: frames without a network; webrtc: real participants of built-in rooms, in processes of this "
            "machine; janus: in rooms of a Janus, which must be installed; again for more; default: pcm and webrtc"
        ),
    ] = None,
    plain: Annotated[
        str,
        typer.Option(
            help="Numbers of rooms to try with plain 30 s windows, one at a time, without a network; empty: none"
        ),
    ] = "4",
    monologue: Annotated[
        float, typer.Option(min=0, help="Seconds for which a speaker goes on without a pause; 0: as recorded")
    ] = 0.0,
    idle: Annotated[
        int, typer.Option(min=0, help="Measure the memory of so many more rooms in which nobody speaks; 0: don't")
    ] = 50,
    stages: Annotated[
        bool, typer.Option("--stages", help="Where the CPU time goes, stage by stage; costs some of it")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="With a recogniser that takes no time: what all the rest costs")
    ] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file")] = None,
    config: Config = None,
) -> None:
    """How many rooms this machine hears in time, with the whole service at work; what memory and CPU go to.

    Each number of rooms is a service of its own. Broken off, it prints what is done.
    """
    import tempfile

    from monitor.bench.capacity import Asked, measure
    from monitor.bench.capacity_show import as_json as figures
    from monitor.bench.clips import from_manifest, from_recordings
    from monitor.bench.hold import Over

    if unknown := set(over or ()) - set(Over):
        raise typer.BadParameter(f"{', '.join(unknown)}: there are {', '.join(Over)}", param_hint="--over")
    settings = load(config)
    start_log(settings, logging.WARNING)
    fetch_model(settings.speech.model, settings.speech.trust)
    asked = Asked(
        _numbers(rooms, "--rooms"),
        seconds,
        tuple(map(Over, over or (Over.PCM, Over.WEBRTC))),
        _numbers(plain, "--plain"),
        monologue,
        idle,
        stages,
        quick,
    )
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        clips = from_manifest(data, "en") if data else from_recordings(fetch_recordings(), Path(scratch))
        found = run_expected(measure(settings, clips, asked, out))
    if as_json:
        as_json.write_text(json.dumps(figures(*found), indent=1) + "\n", "utf-8")


def _numbers(text: str, option: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(number) for number in text.split(",") if number.strip())
    except ValueError:
        numbers = (0,)
    if any(number < 1 for number in numbers):
        raise typer.BadParameter(f"{text!r}: numbers of rooms with commas between, as in 10,20", param_hint=option)
    return numbers


@app.command("overload")
def bench_overload(
    data: Annotated[
        Path | None,
        typer.Option(help="Directory with manifest.tsv (file, language, speaker, transcript); default: the demo's"),
    ] = None,
    rooms: Annotated[int, typer.Option(min=1, help="Rooms that the machine hears in time (`bench capacity`)")] = 20,
    times: Annotated[float, typer.Option(min=1, help="So many times as many, for a while")] = 3.0,
    minutes: Annotated[float, typer.Option(min=0.1, help="For so long")] = 3.0,
    config: Config = None,
) -> None:
    """More rooms than the machine can hear, for a while: what becomes of each second, how soon all is as before.

    Exit code 1 when a second is nowhere in the ledger.
    """
    import tempfile

    from monitor.bench.clips import from_manifest, from_recordings
    from monitor.bench.overload import measure as overload

    settings = load(config)
    start_log(settings, logging.WARNING)
    fetch_model(settings.speech.model, settings.speech.trust)
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        clips = from_manifest(data, "en") if data else from_recordings(fetch_recordings(), Path(scratch))
        good = run_expected(overload(settings, clips, rooms, times, 60 * minutes, out))
    raise typer.Exit(0 if good else 1)


@app.command("matching")
def bench_matching(
    rules: Annotated[int, typer.Option(min=1000, help="Rules over all kinds")] = 100_000,
    utterances: Annotated[int, typer.Option(min=10, help="Utterances to search, in each language")] = 2000,
    seed: Annotated[int, typer.Option(help="Another seed makes other rules and utterances")] = 0,
) -> None:
    """What matching costs with many rules: time an utterance, memory, and a reload beside the event loop."""
    from monitor.bench.matching import measure

    run_expected(measure(rules, utterances, seed, out))


@app.command("ghosts")
def bench_ghosts(
    music: Annotated[
        Path | None,
        typer.Option(help="Directory with recorded music without voices; default: Debian's asterisk-moh-opsound-wav"),
    ] = None,
    minutes: Annotated[float, typer.Option(min=1, help="Minutes of sound; half of them recorded music")] = 10,
    seed: Annotated[int, typer.Option(help="Another seed makes other sounds")] = 0,
    config: Config = None,
) -> None:
    """Text where nobody speaks: silence, noise, signals and music through Opus and the live pipeline.

    Exit code 1 when any text is left, or a second is not accounted for.
    """
    from monitor.bench.ghosts import MUSIC, measure

    settings = load(config)
    fetch_model(settings.speech.model, settings.speech.trust)
    good = run_expected(measure(settings, minutes, music or MUSIC, seed, out))
    raise typer.Exit(0 if good else 1)


@app.command("keywords")
def bench_keywords(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Directory with manifest.tsv (file, language, speaker, transcript); default: the demo's recordings"
        ),
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="Language to measure; again for more")] = None,
    half: Annotated[str, typer.Option(help="Half of the speakers: test, or train for whoever tunes")] = "test",
    phrases: Annotated[int, typer.Option(min=1, help="At most so many phrases a language, and as many decoys")] = 100,
    limit: Annotated[int, typer.Option(min=0, help="At most so many clips a language; 0: all")] = 0,
    seed: Annotated[int, typer.Option(help="Another seed makes another split and other phrases")] = 0,
    tts: Annotated[
        bool, typer.Option("--tts", help="The texts spoken again by espeak-ng, too, reported apart")
    ] = False,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write all figures and all errors to this file")
    ] = None,
    config: Config = None,
) -> None:
    """Precision and recall by grade beside plain faster-whisper with a substring search, through a simulated room.

    Phrases come from the references by rule and seed; nothing is tuned on the test half.
    """
    from monitor.bench.keyword_material import Half, Plan
    from monitor.bench.keywords import measure

    if half not in list(Half):
        raise typer.BadParameter("test or train", param_hint="--half")
    settings = load(config)
    start_log(settings, logging.WARNING)
    fetch_model(settings.speech.model, settings.speech.trust)
    languages = tuple(dict.fromkeys(language or ["en", "zh"]))
    result = run_expected(measure(settings, data, Plan(languages, Half(half), phrases, limit, seed, tts), out))
    if as_json:
        as_json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")


@app.command("backtest")
def bench_backtest(
    utterances: Annotated[int, typer.Option(min=1, help="Stored utterances to search")] = 1_000_000,
    keep: Annotated[
        Path | None,
        typer.Option(help="Directory that keeps the made database (1.3 GB a million) for the next time"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes other utterances")] = 0,
) -> None:
    """How long lists of 1,000 phrases take to be tried on many stored utterances, which it makes first (a minute)."""
    from monitor.bench.backtest import measure

    measure(utterances, keep, seed, out)


@app.command("alike")
def bench_alike(
    language: Annotated[list[str] | None, typer.Option(help="Language to measure; again for more")] = None,
    text: Annotated[
        Path | None,
        typer.Option(
            help="Text of real talk, an utterance a line: phrases out of its first half, speech is the second"
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Directory with manifest.tsv: of what is misheard there in noise, how much is found by sound"
        ),
    ] = None,
    phrases: Annotated[int, typer.Option(min=10, help="Phrases whose false hits are counted")] = 500,
    words: Annotated[int, typer.Option(min=1000, help="Words of speech, where it is made from frequencies")] = 100_000,
    seed: Annotated[int, typer.Option(help="Another seed makes other phrases and speech")] = 0,
    config: Config = None,
) -> None:
    """Matching by sound: its cost with 10,000 phrases, its false hits an hour, and what it finds again."""
    from monitor.bench import alike, misheard

    languages = tuple(dict.fromkeys(language or ["en", "zh", "es"]))
    alike.measure(alike.Plan(languages, phrases, 10_000, words, seed), text, out)
    if data is not None:
        settings = load(config)
        start_log(settings, logging.WARNING)
        fetch_model(settings.speech.model, settings.speech.trust)
        run_expected(misheard.measure(settings, data, languages, seed, out))


@app.command("soak")
def bench_soak(
    minutes: Annotated[float, typer.Option(min=0.5, help="Minutes in which speakers come and go")] = 30,
    rooms: Annotated[int, typer.Option(min=2, help="Rooms; every other one is a VideoRoom of a Janus")] = 20,
    loss: Annotated[float, typer.Option(min=0, max=0.5, help="Share of the speakers' packets that get lost")] = 0.02,
    kills: Annotated[int, typer.Option(min=0, help="Times that Janus is killed and started again")] = 3,
    seed: Annotated[int, typer.Option(help="Another seed makes other visits")] = 0,
    config: Config = None,
) -> None:
    """The ledger beside what the speakers really sent, memory over time, and what is left over at the end.

    The real service with a scripted recogniser; a real Janus, which must be installed. Exit code 1 when the ledger
    misses or invents more than 0.5 % of the talk, when memory grows by 1 MB a minute, or when anything is left over.
    """
    from monitor.bench.soak import Soak, measure

    settings = load(config)
    start_log(settings, logging.ERROR)
    raise typer.Exit(0 if run_expected(measure(settings, Soak(minutes, rooms, loss, kills, seed), out)) else 1)


@app.command("voices")
def bench_voices(
    speakers: Annotated[int, typer.Option(min=1, help="Speakers who talk at once")] = 30,
    seconds: Annotated[float, typer.Option(min=10, help="Seconds that they talk")] = 60,
    model: Annotated[str, typer.Option(help="Detector; default: as set, else the bundled one")] = "",
    trust: Annotated[bool, typer.Option("--trust", help="Accept a model file whose manifest gives no digest")] = False,
    config: Config = None,
) -> None:
    """How many speakers at once a core can judge for synthetic voices, beside a recogniser that is always at work.

    Exit code 1 when it is less than promised, or speech was left out.
    """
    from monitor.bench.voices import Plan, measure
    from monitor.voices.models import BUNDLED

    settings = load(config)
    start_log(settings, logging.WARNING)
    fetch_model(settings.speech.model, settings.speech.trust)
    plan = Plan(speakers, seconds, model or settings.voices.model or BUNDLED, trust)
    raise typer.Exit(0 if run_expected(measure(settings, fetch_recordings(), plan, out)) else 1)


@app.command("rejoin")
def bench_rejoin(
    restarts: Annotated[int, typer.Option(min=0, help="Times that Janus is killed and started again")] = 20,
    joins: Annotated[int, typer.Option(min=0, help="Joins, and as many leaves, at random")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed makes other joins")] = 0,
) -> None:
    """How soon a room is heard again after its server came back, and whether names stay with their voices.

    A real Janus, which must be installed. Exit code 1 when p95 is above 2 s, or any audio is under a wrong name.
    """
    from monitor.bench.rejoin import measure
    from monitor.telemetry.logs import configure

    configure("text", level=logging.ERROR)
    raise typer.Exit(0 if run_expected(measure(restarts, joins, seed, out)) else 1)


@app.command("rooms")
def bench_rooms(
    kind: Annotated[
        list[str] | None, typer.Option(help="janus, stock or builtin; again for more; default: all")
    ] = None,
    count: Annotated[
        list[int] | None, typer.Option(min=1, help="Rooms; again for more; default: 1, 10, 50, 100")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds that each cell is measured")] = 8,
) -> None:
    """CPU and memory of a silent and of a talking room, without a recogniser, beside aiortc's own receiver.

    A real Janus, which must be installed. One core is what the event loop can have.
    """
    from monitor.bench.rooms import KINDS, measure
    from monitor.telemetry.logs import configure

    if unknown := set(kind or ()) - set(KINDS):
        raise typer.BadParameter(f"{', '.join(unknown)}: there are {', '.join(KINDS)}", param_hint="--kind")
    configure("text", level=logging.ERROR)
    run_expected(measure(kind or KINDS, count or (1, 10, 50, 100), seconds, out))
