"""Recordings cut into utterances as a live speaker's sound is: the same voice detectors, the same segmenter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from monitor.hearing.segmenter import Rules, Segmenter, Speech
from monitor.hearing.vad import Vad
from monitor.hearing.veto import SpeechGate
from monitor.model import FRAME, AudioFrame, Cut, Samples, Speaker, Utterance


def utterances(path: Path, audio: Samples, gate: SpeechGate, veto: float, aggressiveness: int) -> Iterator[Utterance]:
    """What is speech in a recording of one speaker, in order; media time counts from its beginning.

    `veto`: probability below which the second detector refuses an utterance. Live, one without words is left out as
    well; here nothing is transcribed.
    """
    vad, segmenter = Vad(aggressiveness), Segmenter(Rules())
    speaker = Speaker("file", path.name)
    padded = np.concatenate([audio, np.zeros(-len(audio) % FRAME, np.int16)])
    pieces = []
    for start in range(0, len(padded), FRAME):
        frame = AudioFrame(start, padded[start : start + FRAME])
        pieces += segmenter.feed(frame, vad.voiced(frame.samples))
        while pieces:
            yield from _utterance(pieces.pop(0), path, speaker, gate, veto)
    for piece in segmenter.flush(Cut.LEFT):
        yield from _utterance(piece, path, speaker, gate, veto)


def _utterance(piece: object, path: Path, speaker: Speaker, gate: SpeechGate, veto: float) -> Iterator[Utterance]:
    if isinstance(piece, Speech) and gate.examine(piece.audio).probability >= veto:
        yield Utterance(
            id=str(piece.start),
            room="file",
            speaker=speaker,
            track=str(path),
            began=0.0,
            start=piece.start,
            audio=piece.audio,
            cut=piece.cut,
            overlap=piece.overlap,
        )
