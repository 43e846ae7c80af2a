"""The recogniser's models, put together from the settings: which there are, where they run, how one is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor import memory, priority
from monitor.config import Settings
from monitor.errors import ModelMissing, ModelUnfit
from monitor.fetch.recordings import kept
from monitor.speech.choice import Choice
from monitor.speech.device import WORKERS_ON_GPU, Device, device
from monitor.speech.known import by_name
from monitor.speech.models import Models
from monitor.speech.recogniser import Recogniser
from monitor.speech.trial import Sample, try_out
from monitor.speech.weights import ModelFiles, canonical, find, resident
from monitor.speech.whisper import WhisperRecogniser

_SAID = "kennedy"  # the clearest of the demo's recordings


def choice_of(settings: Settings) -> Choice:
    """Which model hears what."""
    speech = settings.speech
    languages = {code: canonical(name) for code, name in speech.models.items()}
    rooms = {room.id: canonical(room.model) for room in settings.rooms if room.model}
    return Choice(canonical(speech.model), languages, rooms, canonical(speech.smaller) if speech.smaller else "")


def device_of(settings: Settings) -> Device:
    """Raises ModelMissing."""
    return device(settings.speech.device, settings.speech.compute_type)


def workers_of(settings: Settings) -> int:
    """One thread each hears more utterances than several threads for one."""
    if settings.speech.workers:
        return settings.speech.workers
    return WORKERS_ON_GPU if device_of(settings).kind == "cuda" else min(os.cpu_count() or 1, 8)


def together_of(settings: Settings) -> int:
    """Utterances in one call, at most. Over 30 s each is decoded by itself."""
    if settings.speech.context == "full":
        return 1
    return settings.speech.together or device_of(settings).together


def models_of(settings: Settings) -> Models:
    """All that the settings name, loaded. Blocks. Raises ModelMissing, ModelUntrusted."""
    loader = _Loader(settings)
    models = Models(choice_of(settings), loader.load, loader.try_out, loader.english)
    models.begin()
    loader.careful = True
    return models


def second_of(settings: Settings) -> Recogniser | None:
    """The model for second hearings, where one is wanted. Blocks. Raises ModelMissing, ModelUntrusted."""
    speech = settings.speech
    if not speech.second:
        return None
    files, where = find(speech.second, trust=speech.trust), device_of(settings)
    return priority.loaded(lambda: _whisper(files, where, speech.threads, 1, 0.0, full=True), priority.SECOND)


def outside(settings: Settings) -> Callable[[str], str]:
    """What may be named over the network: known models, and whatever the settings name. Not any directory of this
    machine: its files would be read, and run, as a model. Gives the name that `Models` knows; raises ModelMissing."""
    speech = settings.speech
    rooms = (room.model for room in settings.rooms)
    configured = {canonical(name) for name in (speech.model, *speech.models.values(), speech.smaller, *rooms) if name}

    def named(called: str) -> str:
        if by_name(called) is None and canonical(called) not in configured:
            raise ModelMissing(f"{called} is neither a known model nor one that the settings name: put it there first.")
        return canonical(called)

    return named


@dataclass
class _Loader:
    """Called in one thread at a time."""

    settings: Settings
    careful: bool = False  # people are being heard: nothing may be killed for want of memory
    _files: dict[str, ModelFiles] = field(default_factory=dict)  # of what was loaded; small, and stays

    def load(self, name: str) -> Recogniser:
        """Raises ModelMissing, ModelUntrusted, ModelUnfit."""
        speech, where = self.settings.speech, device_of(self.settings)
        files = self._files[name] = find(name, trust=speech.trust)
        if self.careful and where.kind == "cpu":
            _fits(files, where)
        workers = workers_of(self.settings)
        full = speech.context == "full"
        return priority.loaded(
            lambda: _whisper(files, where, speech.threads, workers, speech.unsure, full), priority.FIRST
        )

    def try_out(self, recogniser: Recogniser) -> str:
        """Raises ModelUnfit."""
        known = any(files.name == recogniser.model and files.known for files in self._files.values())
        return try_out(recogniser, _sample(), strict=known)

    def english(self, name: str, recogniser: Recogniser) -> bool:
        """Some were trained for English alone though their vocabulary has all languages."""
        files = self._files.get(name)
        if files is not None and files.known is not None:
            return not files.known.multilingual
        return not getattr(recogniser, "multilingual", True)


def _fits(files: ModelFiles, where: Device) -> None:
    needed, free = resident(files, where.compute_type), memory.available()
    if free is not None and needed > free:
        raise ModelUnfit(
            f"The model {files.name} takes about {needed / 1e6:.0f} MB beside the one in use, and {free / 1e6:.0f} MB "
            "are free: all that is heard would be lost if the system ended the service. Take a smaller one, or restart "
            "with it."
        )


def _sample() -> Sample | None:
    recording = kept(_SAID)
    return Sample(recording.samples, recording.transcript) if recording is not None else None


def _whisper(
    files: ModelFiles, where: Device, threads: int, workers: int, unsure: float, full: bool
) -> WhisperRecogniser:
    return WhisperRecogniser(
        files.path,
        files.name,
        device=where.kind,
        compute_type=where.compute_type,
        threads=threads or (1 if workers > 1 else 0),
        workers=workers,
        unsure=unsure,
        full=full,
    )
