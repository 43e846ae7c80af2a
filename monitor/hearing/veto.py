"""Second voice activity detection, on whole utterances, right before the recogniser: Silero VAD (v6, MIT).

Whisper writes fluent sentences for noise; what is refused here costs nothing and can't become a ghost.
How the rules were chosen, and the figures: docs/decisions/0004-second-opinion-before-whisper.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from faster_whisper.utils import get_assets_path
from numpy.typing import NDArray

from monitor.errors import ModelMissing
from monitor.model import FRAME, RATE, Samples

WINDOW = 512
"""Samples that one probability is for (32 ms); fixed by the model."""
CONTEXT = 64
"""Samples before each window that the model sees as well."""
LEVEL = -20.0
"""dBFS to which the loudest half second is brought: at its natural level quiet speech is refused."""
MOST_GAIN = 40.0
"""dB. Beyond it there is only the noise of the microphone to be raised."""
SPEECH = 0.5
"""Probability from which a window counts as speech in `speech_seconds` and `spans`."""

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the second VAD says of an utterance."""

    probability: float  # 0..1 that there is speech anywhere in it: refuse when it is below the setting `hearing.veto`
    speech_seconds: float  # in windows that sound like speech
    spans: tuple[tuple[int, int], ...]  # samples [start, end) from the head of the audio, of such windows


class SpeechGate:
    """Holds the model. About 2.5 ms of CPU for a second of audio on one thread; call it off the event loop."""

    def __init__(self, model: Path | None = None) -> None:
        """`model`: None takes the file that comes with faster-whisper. Raises ModelMissing when there is none."""
        path = model or _shipped()
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1  # the recogniser has the cores
        options.enable_cpu_mem_arena = False  # or one long utterance would hold its memory for ever
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )

    def examine(self, audio: Samples) -> Verdict:
        """Is there speech in it? Safe to call from several threads."""
        if not audio.any():
            return Verdict(0.0, 0.0, ())
        windows = self._probabilities(_levelled(audio))
        spans = _spans(windows, len(audio))
        return Verdict(_strongest(windows), sum(end - start for start, end in spans) / RATE, spans)

    def _probabilities(self, audio: NDArray[np.float32]) -> Probabilities:
        """One for each window; the last one is filled up with silence."""
        count = -(-len(audio) // WINDOW)
        padded = np.zeros(CONTEXT + count * WINDOW, np.float32)
        padded[CONTEXT : CONTEXT + len(audio)] = audio
        rows = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + WINDOW)[::WINDOW]
        state = np.zeros((1, 1, 128), np.float32)
        found = self._session.run(None, {"input": np.ascontiguousarray(rows), "h": state, "c": state})[0]
        return np.asarray(found, np.float32).reshape(-1)


def _shipped() -> Path:
    found = sorted(Path(get_assets_path()).glob("silero_vad_v6*.onnx"))
    if not found:
        raise ModelMissing("faster-whisper comes without its Silero VAD file: install faster-whisper 1.2.1 or newer")
    return found[-1]


def _levelled(audio: Samples) -> NDArray[np.float32]:
    """-1..1, with the loudest half second at LEVEL: a word among silence counts as much as a whole sentence."""
    signal = audio.astype(np.float32) / 32768
    whole = len(signal) // FRAME * FRAME
    frames = signal[:whole].reshape(-1, FRAME) if whole else signal[None]
    power = np.sort(np.mean(np.square(frames), axis=1))[-25:]
    level = max(float(np.sqrt(np.mean(power))), 1e-9)
    gain = min(10 ** (LEVEL / 20) / level, 10 ** (MOST_GAIN / 20))
    return np.clip(signal * np.float32(gain), -1, 1)


def _strongest(windows: Probabilities) -> float:
    """Highest moving mean. The longer the utterance, the more windows have a chance to err: so the mean grows.

    Up to 1.2 s one window is enough (a short word has no more), up to 3.2 s three, beyond five (160 ms).
    """
    seconds = len(windows) * WINDOW / RATE
    run = min(len(windows), 1 if seconds <= 1.2 else 3 if seconds <= 3.2 else 5)
    return float(np.max(np.convolve(windows, np.full(run, 1 / run, np.float32), "valid")))


def _spans(windows: Probabilities, length: int) -> tuple[tuple[int, int], ...]:
    speech = np.concatenate(([False], windows >= SPEECH, [False]))
    edges = np.flatnonzero(speech[1:] != speech[:-1])
    return tuple((int(start) * WINDOW, min(int(end) * WINDOW, length)) for start, end in edges.reshape(-1, 2))
