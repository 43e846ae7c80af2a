"""`room-monitor check`: the models of the settings, what they need, and what this machine does with them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from monitor import memory
from monitor.config import Settings
from monitor.errors import ModelMissing, OperatorError
from monitor.model_house import choice_of, device_of, workers_of
from monitor.speech.choice import ENGLISH, Choice
from monitor.speech.device import Device
from monitor.speech.measure import SECONDS, Rate, measure, ways
from monitor.speech.weights import ModelFiles, find, resident

SHORT = 1.5
"""Seconds for each way of sharing the cores."""
SECOND = "second model"
_BUSY = 0.2
"""Share of the cores that other programs may have had, for the figures to say something."""
_WORTH = 1.1
"""A setting is proposed where it hears so much more; below is chance."""


@dataclass(frozen=True, slots=True)
class Finding:
    grade: Literal["ok", "note", "wrong"]
    what: str
    found: str
    mend: str = ""


def model_findings(settings: Settings) -> Iterator[Finding]:
    """Files, device, languages and memory."""
    choice = choice_of(settings)
    here: dict[str, ModelFiles] = {}
    for name, what in _wanted(settings, choice):
        try:
            files = find(name, trust=settings.speech.trust)
            here[name if what != SECOND else SECOND] = (
                files  # it is loaded by itself, also where it is one of the others
            )
            yield Finding("ok", what, f"{files.name}: {files.path}")
        except OperatorError as error:
            yield Finding("wrong", what, str(error), f"room-monitor models fetch {name}")
    try:
        found = device_of(settings)
        yield Finding("ok", "device", f"{found.kind}, {found.compute_type}")
    except ModelMissing as error:
        yield Finding("wrong", "device", str(error), "mend [speech] device and compute_type")
        return
    yield from _languages(settings, choice, here)
    yield from _memory(here, found)


def speed_findings(settings: Settings) -> Iterator[Finding]:
    """How much the default model hears, in each way of sharing the cores: takes some seconds. Nothing where there is no
    model: that is told elsewhere."""
    try:
        files, found = find(settings.speech.model, trust=settings.speech.trust), device_of(settings)
    except OperatorError:
        return
    yield from _measured(settings, files, found)


def _wanted(settings: Settings, choice: Choice) -> Iterator[tuple[str, str]]:
    """Each model once, with what it is for."""
    for name in choice.names:
        uses = choice.uses_of(name)
        yield name, "model" if name == choice.default else f"model for {', '.join(uses)}"
    if settings.speech.second:
        yield settings.speech.second, SECOND


def _languages(settings: Settings, choice: Choice, here: dict[str, ModelFiles]) -> Iterator[Finding]:
    """Models of English alone write English, whatever is spoken."""
    english = {name for name, files in here.items() if files.known is not None and not files.known.multilingual}
    for language, name in choice.languages.items():
        if name in english and language != ENGLISH:
            yield Finding("wrong", f"model for language {language}", f"{name} knows English alone", "take another one")
    for room in settings.rooms:
        others = [code for code in room.languages if code != ENGLISH and choice.of(room.id, (code,), None) in english]
        if others and not choice.able(room.id, room.languages, english):
            told = f"{choice.of(room.id, others[:1], None)} makes English of {', '.join(others)}"
            yield Finding("wrong", f"room {room.id}", told, "give it a model that knows its languages")
    unheard = [room.id for room in settings.rooms if not room.languages and choice.of(room.id, (), None) in english]
    open_rooms = [room for room in unheard if not choice.able(room, (), english)]
    if open_rooms:
        told = f"{choice.default} makes English of whatever is spoken in {', '.join(open_rooms)}"
        yield Finding("note", "languages", told, 'set languages = ["en"] there, or take a model that knows others')


def _memory(here: dict[str, ModelFiles], found: Device) -> Iterator[Finding]:
    if found.kind != "cpu" or not here:
        return
    needed = sum(resident(files, found.compute_type) for files in here.values())
    free = memory.available()
    told = f"about {needed / 1e6:.0f} MB for {len(here)} model{'s' if len(here) > 1 else ''}"
    if free is None:
        yield Finding("ok", "memory", told)
    elif needed < free:
        yield Finding("ok", "memory", f"{told}, {free / 1e6:.0f} MB are free")
    else:
        yield Finding("wrong", "memory", f"{told}, and {free / 1e6:.0f} MB are free", "take smaller or fewer models")


def _measured(settings: Settings, files: ModelFiles, found: Device) -> Iterator[Finding]:
    speech = settings.speech
    now = (workers_of(settings), speech.threads or (1 if workers_of(settings) > 1 else os.cpu_count() or 1))
    wanted = tuple(dict.fromkeys((*ways(os.cpu_count() or 1), now)))
    try:
        kind, compute_type = found.kind, found.compute_type
        rates = list(measure(files.path, wanted, device=kind, compute_type=compute_type, seconds=SHORT))
    except ModelMissing as error:
        yield Finding("wrong", "speed", str(error), "see [speech] device and compute_type")
        return
    yield speed(files.name, rates, now)


def speed(name: str, rates: list[Rate], now: tuple[int, int]) -> Finding:
    """What is told of the figures. `now`: workers and threads as they are set."""
    each = "; ".join(f"{_way(rate)}: {rate.speech:.1f} s ({rate.heard} heard)" for rate in rates)
    told = f"{name} hears so much speech in a second, in utterances of {SECONDS:g} s: {each}"
    if (others := max(rate.others for rate in rates)) > _BUSY:
        told += f". Other programs had {others:.0%} of the machine meanwhile: that says little"
        return Finding("note", "speed", told, "measure again when it is quiet")
    best = max(rates, key=lambda rate: rate.speech)
    current = next(rate for rate in rates if (rate.workers, rate.threads) == now)
    if best.speech > _WORTH * current.speech:
        return Finding("note", "speed", told, f"set [speech] workers = {best.workers}, threads = {best.threads}")
    if current.speech < 1.0:
        return Finding("note", "speed", told, "less than one person says: take a smaller model or a quicker machine")
    return Finding("ok", "speed", f"{told}; {_way(current)}, as set, is right")


def _way(rate: Rate) -> str:
    threads = f"{rate.threads} thread{'s' if rate.threads > 1 else ''}"
    return f"{rate.workers} × {threads}"
