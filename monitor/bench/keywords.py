"""`bench keywords`: what the lists find and what they find wrongly, on speech whose words are known.

Speakers are split into two halves by a seed; phrases come out of the references by rule and seed (phrases.py), as many
out of the measured half (these are said) as out of the other one (decoys: nobody in the measured half says them). Then
each clip goes through a room (network.py), the live pipeline and, in the same run, the plain way: faster-whisper with
its defaults and a search for the lower-cased phrase in the lower-cased text. Thresholds were never set on the test
half; whoever tunes something uses `--half train`.
"""

from __future__ import annotations

import asyncio
import tempfile
import wave
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from faster_whisper import WhisperModel
from rich.console import Console
from rich.progress import track

from monitor.bench import evasion, respeak
from monitor.bench.clips import Clip, from_manifest, from_recordings
from monitor.bench.keyword_material import Material, Plan, material
from monitor.bench.keyword_tables import print_evasion, print_sound
from monitor.bench.machine import describe
from monitor.bench.network import BITRATE, CONDITIONS, Condition, heard
from monitor.bench.phrases import found_in, spelt_in, split
from monitor.bench.scores import Said, Score, Tally, count
from monitor.config import Settings
from monitor.fetch.recordings import recordings
from monitor.keywords.match import Matcher
from monitor.media import read_all
from monitor.model import RATE, Grade, Samples
from monitor.replay import replay
from monitor.show import file_progress
from monitor.speech.weights import find

BARS = Console(stderr=True)
"""Where progress is shown, so that what is printed can be kept."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One condition: both ways on the same audio."""

    condition: Condition
    ours: Tally
    plain: Score
    folded: Score  # plain, but text and phrase are brought to one spelling before they are compared
    errors: list[dict[str, Any]]  # what was found wrongly, or missed, by either


async def measure(
    settings: Settings, data: Path | None, plan: Plan, out: Console, conditions: Sequence[Condition] = CONDITIONS
) -> dict[str, Any]:
    """Print the tables; gives all of it as JSON. Raises OperatorError where something is missing."""
    if plan.tts:
        respeak.program()
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        clips = _clips(data, plan, Path(scratch))
        parts = material(clips, plan)
        result: dict[str, Any] = {"plan": asdict(plan), "machine": describe(), "bitrate": BITRATE, "languages": {}}
        result |= {"model": settings.speech.model, "data": data.name if data else "the demo's recordings"}
        for part in parts:
            result["languages"][part.language] = await _language(settings, part, plan, conditions, Path(scratch), out)
            texts = _evasions(part, clips, plan)
            print_evasion(out, part.language, texts)
            result["languages"][part.language]["evasion"] = texts
    for language in plan.languages:
        if language not in result["languages"]:
            out.print(f"[yellow]{language}: no phrases can be made of the speech in {result['data']}[/]")
    out.print(
        f"seed {plan.seed}, {plan.half} half, from {result['data']}, Opus at {BITRATE // 1000} kbit/s, "
        f"model {settings.speech.model}",
        highlight=False,
    )
    out.print(describe(), style="dim", highlight=False)
    return result


def _clips(data: Path | None, plan: Plan, scratch: Path) -> dict[str, list[Clip]]:
    if data is not None:
        return {language: from_manifest(data, language) for language in plan.languages}
    demo = from_recordings(recordings(), scratch)
    return {language: [clip for clip in demo if clip.language == language] for language in plan.languages}


async def _language(
    settings: Settings, part: Material, plan: Plan, conditions: Sequence[Condition], scratch: Path, out: Console
) -> dict[str, Any]:
    lists = scratch / f"lists-{part.language}"
    lists.mkdir()
    for name, text in part.lists().items():
        (lists / f"{name}.toml").write_text(text, "utf-8")
    settings = _loud(settings, lists)
    plain = await asyncio.to_thread(_Plain, settings, part.language)
    samples = [await asyncio.to_thread(read_all, clip.path) for clip in part.clips]
    heard_as = [await _heard(settings, part, samples, c, plain, plan.seed, scratch) for c in conditions]
    print_sound(out, part, heard_as)
    result = {
        "clips": len(part.clips),
        "speakers": len({clip.speaker for clip in part.clips}),
        "seconds": round(sum(len(one) for one in samples) / RATE, 1),
        "phrases": part.phrases,
        "decoys": part.decoys,
        "conditions": [_row(one) for one in heard_as],
    }
    if plan.tts:
        told = [clip for clip in part.clips if part.said(clip, 0.0).exact]
        spoken = [await respeak.spoken(clip.transcript, part.language, n) for n, clip in enumerate(told)]
        machine = replace(part, clips=tuple(told))
        again = await _heard(settings, machine, spoken, conditions[0], plain, plan.seed, scratch)
        print_sound(out, machine, [again], spoken_by=respeak.PROGRAM)
        result["spoken by a machine"] = {"clips": len(told), "program": respeak.PROGRAM, **_row(again)}
    return result


def _loud(settings: Settings, lists: Path) -> Settings:
    """Every hit of every grade becomes an alert, so that it is seen."""
    highest = dict.fromkeys(("highest_a", "highest_b", "highest_c"), "critical")
    return settings.model_copy(
        update={
            "keywords": settings.keywords.model_copy(update={"lists": lists}),
            "alerts": settings.alerts.model_copy(update={**highest, "cool_down": 0.0}),
        }
    )


async def _heard(
    settings: Settings,
    part: Material,
    samples: Sequence[Samples],
    condition: Condition,
    plain: _Plain,
    seed: int,
    scratch: Path,
) -> Heard:
    paths = []
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        for number, one in enumerate(samples):
            paths.append(Path(folder) / f"{number:04}.wav")
            audio = await asyncio.to_thread(heard, one, condition, seed * 10_000 + number)
            await asyncio.to_thread(_write, paths[-1], audio)
        found = await _pipeline(settings, paths, part.language)
        ours, score, folded, errors = Tally(), Score(), Score(), []
        for clip, path, one in track(
            list(zip(part.clips, paths, samples, strict=True)), "plain faster-whisper", console=BARS, transient=True
        ):
            text = await asyncio.to_thread(plain.text, path)
            by_plain = {phrase for phrase in part.all if phrase.lower() in text.lower()}
            said = part.said(clip, len(one) / RATE)
            ours.add(said, found[path])
            score += count(said, by_plain)
            folded += count(said, {phrase for phrase in part.all if spelt_in(phrase, text, part.language)})
            errors += _errors(clip, said, found[path], by_plain, text)
    return Heard(condition, ours, score, folded, errors)


async def _pipeline(settings: Settings, paths: Sequence[Path], language: str) -> dict[Path, dict[str, Grade]]:
    """For each file its phrases with the best grade that found them."""
    found: dict[Path, dict[str, Grade]] = {path: {} for path in paths}

    def emit(row: dict[str, Any]) -> None:
        if row["type"] == "alert":
            best, grade = found[Path(row["file"])], Grade(row["grade"])
            best[row["phrase"]] = min(grade, best.get(row["phrase"], Grade.C))

    with file_progress(BARS, list(paths)) as progress:
        await replay(list(paths), settings, emit, progress, language=language, live=True)
    return found


class _Plain:
    """faster-whisper as its README uses it; the language is given, as it is to the pipeline."""

    def __init__(self, settings: Settings, language: str) -> None:
        speech = settings.speech
        self._language = language
        self._model = WhisperModel(
            str(find(speech.model, trust=speech.trust).path),
            device=speech.device,
            compute_type=speech.compute_type,
            cpu_threads=speech.threads,
            local_files_only=True,
        )

    def text(self, path: Path) -> str:
        audio = read_all(path).astype("float32") / 32768
        segments, _ = self._model.transcribe(audio, language=self._language, beam_size=5)
        return "".join(segment.text for segment in segments)


def _errors(clip: Clip, said: Said, ours: Mapping[str, Grade], plain: set[str], text: str) -> list[dict[str, Any]]:
    rows = []
    for phrase in sorted(set(ours) | plain | said.exact):
        true = phrase in said.exact or (phrase in said.other and (phrase in ours or phrase in plain))
        if (phrase in ours) is not true or (phrase in plain) is not true:
            row = {"clip": clip.path.name, "phrase": phrase, "said": true, "grade": ours.get(phrase, "")}
            rows.append(row | {"plain": phrase in plain, "reference": clip.transcript, "plain_text": text})
    return rows


def _evasions(part: Material, clips: Mapping[str, Sequence[Clip]], plan: Plan) -> list[dict[str, Any]]:
    """For each kind of hidden text: how often the phrase was found, by grade, and by the plain way."""
    said = [(phrase, _reference(part, phrase)) for phrase in part.phrases]
    carriers = {
        other: [clip.transcript for clip in split(found, plan.seed).test]
        for other, found in clips.items()
        if other != part.language
    }
    own, anywhere = part.matcher(), part.matcher(everywhere=True)
    rows: dict[str, dict[str, Any]] = {}
    for one in evasion.evaded(said, part.language, carriers, plan.seed):
        _note(rows, one.kind, part, one, own)
        if one.language != part.language:
            _note(rows, f"{one.kind}, list for all languages", part, one, anywhere)
    return list(rows.values())


def _note(rows: dict[str, dict[str, Any]], kind: str, part: Material, one: evasion.Evaded, matcher: Matcher) -> None:
    row = rows.setdefault(kind, {"kind": kind, "texts": 0, "A": 0, "B": 0, "C": 0, "plain": 0, "false": 0})
    hits = matcher.find_text(one.text, one.language)
    row["texts"] += 1
    row["plain"] += one.phrase.lower() in one.text.lower()
    if grades := [hit.grade for hit in hits if hit.phrase == one.phrase]:
        row[min(grades).value] += 1
    row["false"] += len({hit.phrase for hit in hits if not any(found_in(hit.phrase, one.source, part.language))})


def _reference(part: Material, phrase: str) -> str:
    return next(clip.transcript for clip in part.clips if found_in(phrase, clip.transcript, part.language)[0])


def _row(one: Heard) -> dict[str, Any]:
    ours = {name: score.row() for name, score in {**one.ours.up_to, **one.ours.alone}.items()}
    return {
        "condition": one.condition.name,
        "ours": ours,
        "plain": one.plain.row(),
        "folded": one.folded.row(),
        "errors": one.errors,
    }


def _write(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
