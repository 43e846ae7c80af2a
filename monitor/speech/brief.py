"""Whisper over as much context as there is sound, instead of 30 s: most of the work on a short utterance is padding.

With a short context the model does not know when to stop: it says the sentence again after its end. Its own time stamps
tell: what follows the first end stamp near the end of the audio is not believed (decision 19 has the figures). Where
the result looks wrong all the same, the caller hears it again over the full context.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_whisper.transcribe import get_ctranslate2_storage, merge_punctuations
from numpy.typing import NDArray

from monitor.model import RATE, Word
from monitor.speech.ghosts import COMPRESSION, LOG_PROBABILITY, NO_SPEECH, Claim, compression

PAD = 1.0
"""Seconds of silence after the audio. Half a second doubles the errors."""
LONGEST = 24.0
"""Seconds of audio up to which a short context saves anything to speak of."""
NEAR_END = 0.5
"""Seconds before the end of the audio from which an end stamp ends the text."""
SLOWEST = 4.0
"""Letters a second of speech below which something is missing: people say 10 to 20."""
_ENOUGH = 0.8  # seconds of speech; less may be a short word
_DENSE = "\u0e00"  # from here on a character is about a syllable
_STAMP = 0.02  # seconds from one time stamp to the next
_FRAMES = 100  # mel frames a second


@dataclass(frozen=True, slots=True)
class Read:
    """What the decoder wrote for a window."""

    claim: Claim
    whole: bool  # it came to an end by itself

    @property
    def doubtful(self) -> bool:
        """Whether the full context should be asked. What is probably no speech is not worth that."""
        improbable = self.claim.log_probability < LOG_PROBABILITY and self.claim.no_speech <= NO_SPEECH
        return not self.whole or self.claim.compression > COMPRESSION or improbable


def encode(whisper: Any, audio: NDArray[np.float32]) -> Any:
    """The encoder's output for the audio and PAD. `whisper`: a faster-whisper WhisperModel; audio: (n,), -1..1."""
    padded = np.concatenate([audio, np.zeros(round(PAD * RATE), np.float32)])
    features = whisper.feature_extractor(padded)
    frames = len(padded) * _FRAMES // RATE // 2 * 2  # the encoder halves them
    window = np.ascontiguousarray(features[None, :, :frames])
    return whisper.model.encode(get_ctranslate2_storage(window))


def read(whisper: Any, encoded: Any, tokenizer: Any, options: Any, seconds: float) -> Read:
    """The text of an encoded window with `seconds` of audio, greedily. Raises what CTranslate2 raises."""
    prompt = whisper.get_prompt(tokenizer, [])
    (result,) = whisper.model.generate(
        encoded,
        [prompt],
        beam_size=1,
        max_length=len(prompt) + options.max_new_tokens,
        return_scores=True,
        return_no_speech_prob=True,
        suppress_blank=True,
        suppress_tokens=options.suppress_tokens,
        max_initial_timestamp_index=round(options.max_initial_timestamp / _STAMP),
    )
    written = result.sequences_ids[0]
    text, ended = said(written, tokenizer.timestamp_begin, tokenizer.eot, seconds)
    words = _words(whisper, encoded, tokenizer, options, text, seconds)
    claim = Claim(words, float(result.no_speech_prob), float(result.scores[0]), compression(tokenizer.decode(text)))
    return Read(claim, ended or len(written) < options.max_new_tokens)


def said(tokens: Sequence[int], stamps: int, end: int, seconds: float) -> tuple[list[int], bool]:
    """The text tokens up to the end of the audio, and whether a stamp showed where that is.

    `stamps`: the first time stamp token, `end`: the first token that is no text; `seconds`: length of the audio.
    """
    text: list[int] = []
    for token in tokens:
        if token >= stamps:
            if text and (token - stamps) * _STAMP >= seconds - NEAR_END:
                return text, True
        elif token < end:
            text.append(token)
    return text, False


def sparse(words: Sequence[Word], speech: float | None) -> bool:
    """Whether what is believed is too little for `speech` seconds of voice: a short context may end a text early."""
    if speech is None or speech < _ENOUGH:
        return False
    letters = (3 if char >= _DENSE else 1 for word in words for char in word.text if char.isalnum())
    return sum(letters) < SLOWEST * speech


def _words(
    whisper: Any, encoded: Any, tokenizer: Any, options: Any, text: list[int], seconds: float
) -> tuple[Word, ...]:
    if not text:
        return ()
    (aligned,) = whisper.find_alignment(tokenizer, [text], encoded, round((seconds + PAD) * _FRAMES))
    merge_punctuations(aligned, options.prepend_punctuations, options.append_punctuations)
    return tuple(
        Word(word["word"], float(word["start"]), float(word["end"]), float(word["probability"]))
        for word in aligned
        if word["word"]
    )
