"""Whisper over as much context as there is sound, instead of 30 s: most of the work on a short utterance is padding.

With a short context the model does not know when to stop: it says the sentence again after its end. Its own time stamps
tell: what follows the first end stamp near the end of the audio is not believed (decision 19 has the figures), and the
decoder is first given no more tokens than people say in the time. Where the result looks wrong all the same, the caller
hears it again over more silence, and only then over the full context (decision 44).

Utterances that wait at the same time are decoded together (together.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from faster_whisper.transcribe import get_ctranslate2_storage, merge_punctuations
from numpy.typing import NDArray

from monitor.model import RATE, Word
from monitor.speech.ghosts import COMPRESSION, NO_SPEECH, Claim, compression
from monitor.speech.recogniser import alike

PAD = 1.0
"""Seconds of silence after the audio. Half a second doubles the errors."""
PAD_AGAIN, WIDE = 4.0, 10.0
"""The same where the text looks wrong: at least so much, and up to so many seconds in all. It is as good as 30 s there:
with more silence the model knows better where to stop."""
IMPROBABLE = -1.5
"""Mean log probability of a token below which it is heard again. Of short texts between that and -1 nearly half are
right, and another hearing mends few of the others."""
NEAR_END = 0.5
"""Seconds before the end of the audio from which an end stamp ends the text."""
AGAIN = 3
"""Tokens of a text from which on it counts as said again; and in less than half of the time it can't have been."""
SLOWEST = 4.0
"""Letters a second of speech below which something is missing: people say 10 to 20."""
_FIRST_TOKENS, _FIRST_TOKENS_A_SECOND = 8, 5
"""Tokens that one in 100 texts exceeds: those are heard again with more silence, and no loop costs more."""
_MODEL_TOKENS = 448  # that Whisper's decoder has places for
_ENOUGH = 0.8  # seconds of speech; less may be a short word
_DENSE = "\u0e00"  # from here on a character is about a syllable
_STAMP = 0.02  # seconds from one time stamp to the next
_FRAMES = 100  # mel frames a second


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A window that the encoder has heard."""

    encoded: NDArray[np.float32]  # (1, frames / 2, model's width)
    audio: NDArray[np.float32]  # (n,), -1..1, without the silence after it

    @property
    def seconds(self) -> float:
        return len(self.audio) / RATE


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """What to decode."""

    heard: Heard
    language: str
    tokenizer: Any
    options: Any


@dataclass(frozen=True, slots=True)
class Read:
    """What the decoder wrote for a window."""

    claim: Claim
    whole: bool  # it came to an end by itself

    @property
    def broken(self) -> bool:
        """Whether this is no text that anybody said: it has no end, or says the same over and over."""
        return not self.whole or self.claim.compression > COMPRESSION

    @property
    def doubtful(self) -> bool:
        """Whether it should be heard again, if there is time. What is probably no speech is not worth that."""
        improbable = self.claim.log_probability < IMPROBABLE and self.claim.no_speech <= NO_SPEECH
        return self.broken or improbable


def encode(whisper: Any, audio: NDArray[np.float32], pad: float = PAD, length: int = 0) -> Heard:
    """`whisper`: a faster-whisper WhisperModel; audio: (n,), -1..1; `pad`: seconds of silence after it, at least: up to
    a whole second, or to what is left of `length` samples with those it is heard with."""
    silence = np.zeros(alike(max(length, len(audio))) - len(audio) + round(pad * RATE), np.float32)
    padded = np.concatenate([audio, silence])
    features = whisper.feature_extractor(padded)
    frames = len(padded) * _FRAMES // RATE // 2 * 2  # the encoder halves them
    window = np.ascontiguousarray(features[None, :, :frames])
    return Heard(np.array(whisper.model.encode(get_ctranslate2_storage(window), to_cpu=True)), audio)


def max_length(prompt: int, tokens: int) -> int:
    """What CTranslate2 must be told so that it writes up to `tokens` after a prompt of `prompt` tokens: it stops at
    half of its max_length, whatever the prompt."""
    return min(max(2 * tokens, prompt + tokens), _MODEL_TOKENS)


def storage(encoded: NDArray[np.float32]) -> Any:
    """What CTranslate2 takes. It looks into the array: keep that for as long."""
    return get_ctranslate2_storage(encoded)


def read(whisper: Any, asks: Sequence[Ask]) -> list[Read]:
    """The texts of encoded windows of one length, greedily, in order. Raises what CTranslate2 raises."""
    return _read(whisper, asks, max(map(_first_tokens, asks))) if asks else []


def read_on(whisper: Any, ask: Ask) -> Read:
    """The same of one for which that many tokens may not be enough."""
    return _read(whisper, [ask], ask.options.max_new_tokens)[0]


def _read(whisper: Any, asks: Sequence[Ask], longest: int) -> list[Read]:
    """`longest`: tokens that are written at most."""
    stacked = np.concatenate([ask.heard.encoded for ask in asks])
    results = _generate(whisper, stacked, asks, longest)
    texts = [_said(result, ask) for result, ask in zip(results, asks, strict=True)]
    whole = [ended or len(result.sequences_ids[0]) < longest for result, (_, ended) in zip(results, texts, strict=True)]
    kept = [text if done else [] for (text, _), done in zip(texts, whole, strict=True)]
    words = _words(whisper, stacked, asks, kept)
    return [Read(_claim(*each), done) for *each, done in zip(results, asks, kept, words, whole, strict=True)]


def _first_tokens(ask: Ask) -> int:
    return _FIRST_TOKENS + round(_FIRST_TOKENS_A_SECOND * ask.heard.seconds)


def _generate(whisper: Any, stacked: NDArray[np.float32], asks: Sequence[Ask], longest: int) -> list[Any]:
    prompts = [whisper.get_prompt(ask.tokenizer, []) for ask in asks]
    options = asks[0].options
    return list(
        whisper.model.generate(
            storage(stacked),
            prompts,
            beam_size=1,
            max_length=max_length(len(prompts[0]), longest),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=options.suppress_tokens,
            max_initial_timestamp_index=round(options.max_initial_timestamp / _STAMP),
        )
    )


def _claim(result: Any, ask: Ask, tokens: list[int], words: tuple[Word, ...]) -> Claim:
    text = ask.tokenizer.decode(tokens)
    return Claim(words, float(result.no_speech_prob), float(result.scores[0]), compression(text))


def _said(result: Any, ask: Ask) -> tuple[list[int], bool]:
    return said(result.sequences_ids[0], ask.tokenizer.timestamp_begin, ask.tokenizer.eot, ask.heard.seconds)


def said(tokens: Sequence[int], stamps: int, end: int, seconds: float) -> tuple[list[int], bool]:
    """The text tokens up to the end of the audio, and whether a stamp showed where that is.

    It is where an end stamp lies near the end of the audio, or where all that was said is said again in what is left of
    it, though that is less than half as long.
    `stamps`: the first time stamp token, `end`: the first token that is no text; `seconds`: length of the audio.
    """
    text: list[int] = []
    began: float | None = None
    for n, token in enumerate(tokens):
        if token >= stamps:
            at = (token - stamps) * _STAMP
            began = at if began is None else began
            late = at >= seconds - NEAR_END
            if text and (late or (seconds - at < (at - began) / 2 and _again(text, tokens[n:], end))):
                return text, True
        elif token < end:
            text.append(token)
    return text, False


def _again(text: Sequence[int], rest: Sequence[int], end: int) -> bool:
    """Whether what follows begins as the text does."""
    next_ = [token for token in rest if token < end][: len(text)]
    return len(next_) >= AGAIN and next_ == list(text[: len(next_)])


def sparse(words: Sequence[Word], speech: float | None) -> bool:
    """Whether what is believed is too little for `speech` seconds of voice: a short context may end a text early."""
    if speech is None or speech < _ENOUGH:
        return False
    letters = (3 if char >= _DENSE else 1 for word in words for char in word.text if char.isalnum())
    return sum(letters) < SLOWEST * speech


def _words(
    whisper: Any, stacked: NDArray[np.float32], asks: Sequence[Ask], texts: Sequence[list[int]]
) -> list[tuple[Word, ...]]:
    """Words with their times, of each text."""
    words: list[tuple[Word, ...]] = [() for _ in texts]
    spoken = sorted((n for n, text in enumerate(texts) if text), key=lambda n: asks[n].language)
    for _, group in groupby(spoken, lambda n: asks[n].language):
        numbers = list(group)
        found = _aligned(whisper, stacked[numbers], asks[numbers[0]], [texts[n] for n in numbers])
        for n, each in zip(numbers, found, strict=True):
            words[n] = each
    return words


def _aligned(whisper: Any, held: NDArray[np.float32], ask: Ask, texts: Sequence[list[int]]) -> list[tuple[Word, ...]]:
    """The same for texts in one language: `ask` is one of them."""
    options, frames = ask.options, held.shape[1] * 2
    found = whisper.find_alignment(ask.tokenizer, texts, storage(held), frames)
    for aligned in found:
        merge_punctuations(aligned, options.prepend_punctuations, options.append_punctuations)
    return [
        tuple(
            Word(word["word"], float(word["start"]), float(word["end"]), float(word["probability"]))
            for word in aligned
            if word["word"]
        )
        for aligned in found
    ]
