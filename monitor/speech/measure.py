"""How many utterances this machine gets through with a model, by workers and threads: for `room-monitor check`.

The work is the same for every sound: the encoder over 4 s (an utterance of 3 s and the silence after it), so many
decoder steps as English has tokens in 3 s, and the word times. What is heard is noise; nothing depends on it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from monitor import memory
from monitor.errors import ModelMissing
from monitor.model import RATE
from monitor.speech import brief

SECONDS = 3.0
"""Of speech in the utterance."""
LEAST = 3
"""Utterances of each worker, or one alone would decide."""
_TOKENS = 16  # English: about 4 a second, and stamps
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True, slots=True)
class Rate:
    """What one way of sharing the machine gives."""

    workers: int
    threads: int  # of each
    heard: int  # utterances, while it was measured
    speech: float  # seconds of speech heard in one second
    megabytes: float  # that the model took
    others: float = 0.0  # share of the cores that other programs had meanwhile


def ways(cores: int) -> tuple[tuple[int, int], ...]:
    """(workers, threads of each) worth trying on so many cores, the usual one first."""
    cores = max(1, min(cores, 8))
    found = [(cores, 1)]
    if cores >= 4:
        found.append((cores // 2, 2))
    if cores >= 2:
        found.append((1, cores))
    return tuple(found)


def measure(
    path: Path, ways: tuple[tuple[int, int], ...], *, device: str, compute_type: str, seconds: float = 1.5
) -> Iterator[Rate]:
    """`seconds`: for each way, and for whatever is in work then. Raises ModelMissing."""
    for workers, threads in ways:
        before = _resident()
        try:
            whisper: Any = WhisperModel(
                str(path),
                device=device,
                compute_type=compute_type,
                cpu_threads=threads,
                num_workers=workers,
                local_files_only=True,
            )
            rate = _rate(whisper, workers, threads, seconds, before)
        except (RuntimeError, ValueError, OSError, MemoryError) as error:
            raise ModelMissing(f"The model in {path} can't be run on {device} as {compute_type}: {error}") from error
        yield rate
        del whisper
        memory.give_back()


def _rate(whisper: Any, workers: int, threads: int, seconds: float, before: float) -> Rate:
    _work(whisper)  # the first one pays for what is made once
    heard, lock = 0, threading.Lock()
    busy, own = _busy(), time.process_time()
    began = time.perf_counter()
    ended = began

    def hear() -> None:
        nonlocal heard, ended
        while time.perf_counter() - began < seconds or heard < LEAST * workers:
            _work(whisper)
            with lock:
                heard, ended = heard + 1, time.perf_counter()

    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="measure") as pool:
        for done in [pool.submit(hear) for _ in range(workers)]:
            done.result()
    took = ended - began
    others = max(0.0, (_busy() - busy) - (time.process_time() - own)) / (took * (os.cpu_count() or 1))
    return Rate(workers, threads, heard, heard * SECONDS / took, max(0.0, _resident() - before), min(1.0, others))


def _work(whisper: Any) -> None:
    audio = np.random.default_rng(0).normal(0, 0.02, round(SECONDS * RATE)).astype(np.float32)
    heard = brief.encode(whisper, audio)
    tokenizer = Tokenizer(whisper.hf_tokenizer, whisper.model.is_multilingual, task="transcribe", language="en")
    prompt = whisper.get_prompt(tokenizer, [], without_timestamps=True)
    (result,) = whisper.model.generate(
        brief.storage(heard.encoded),
        [prompt],
        beam_size=1,
        max_length=brief.max_length(len(prompt), _TOKENS),
        suppress_tokens=[*get_suppressed_tokens(tokenizer, [-1]), tokenizer.eot],
    )
    text = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
    whisper.find_alignment(tokenizer, [text], brief.storage(heard.encoded), heard.encoded.shape[1] * 2)


def _busy() -> float:
    """CPU seconds of all programs of this machine so far; 0 where the system doesn't tell."""
    try:
        user, nice, system, _idle, _wait, irq, soft = map(int, Path("/proc/stat").read_text("ascii").split()[1:8])
    except (OSError, ValueError):
        return 0.0
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def _resident() -> float:
    """Megabytes of this process; 0 where the system doesn't tell."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE / 1e6
    except OSError:
        return 0.0
