"""Whisper through faster-whisper (CTranslate2): one encoder pass an utterance, language and text from the same pass.

No prompts and no hotwords: they leak into the text. Nothing carries over from one utterance to the next.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import TranscriptionOptions, get_suppressed_tokens
from numpy.typing import NDArray

from monitor.errors import ModelMissing
from monitor.model import RATE, Transcript, Utterance, Word
from monitor.speech import brief
from monitor.speech.alternatives import alternatives, hypotheses, unsure
from monitor.speech.ghosts import COMPRESSION, LOG_PROBABILITY, Claim, believe
from monitor.speech.languages import choose
from monitor.speech.recogniser import Hints, context
from monitor.speech.together import LONGEST

_SURE = 0.1  # seconds by which a word must reach into the utterance: more than an alignment is off
_SHORTEST = RATE // 20  # samples: less than 50 ms holds no word, and the alignment fails on nothing
_TOKENS_BASE, _TOKENS_A_SECOND = 30, 20  # English needs about 4 a second, scripts spelt in bytes about 15


@dataclass(frozen=True, slots=True)
class _Window:
    """One window, heard."""

    encoded: Any
    language: str
    tokenizer: Any
    options: Any
    claims: list[Claim]
    short: brief.Heard | None = None  # where the context is short: what `encoded` looks into


class _Found(NamedTuple):
    window: _Window
    words: tuple[Word, ...]  # in utterance time
    ghosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """One utterance with the audio before it."""

    utterance: Utterance
    hints: Hints
    audio: NDArray[np.float32]  # (n,), -1..1; context first
    lead: float  # seconds of context

    @property
    def seconds(self) -> float:
        return len(self.audio) / RATE

    @property
    def tiny(self) -> bool:
        return len(self.utterance.audio) < _SHORTEST


class WhisperRecogniser:
    """A Recogniser. `path`: directory with a CTranslate2 model; no network is used.

    `threads`: 0 takes all cores, at most 8 (beyond, a short utterance gets no faster).
    `workers`: calls of `transcribe` that work at the same time, each with so many threads.
    `full`: always over 30 s, as Whisper was trained; else over as long as the sound, and if that looks wrong
    over 10 s, then 30 s.
    `unsure`: where a word is less probable than this, other hypotheses are looked for; 0: never.
    Raises ModelMissing when the files can't be loaded.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        *,
        device: str = "cpu",
        compute_type: str = "int8",
        threads: int = 0,
        workers: int = 1,
        beam: int = 1,
        unsure: float = 0.0,
        full: bool = False,
    ) -> None:
        self._name = name
        self._brief = not full and beam == 1  # a beam writes more loops, and its words are no better
        self._beam = beam
        self._unsure = unsure
        self._tokenizers: dict[str, Any] = {}  # by language
        try:
            self._whisper: Any = WhisperModel(
                str(path),
                device=device,
                compute_type=compute_type,
                cpu_threads=threads or min(os.cpu_count() or 1, 8),
                num_workers=workers,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelMissing(
                f"The model in {path} can't be loaded on {device} as {compute_type}: {error}. "
                "See `room-monitor models`, speech.device and speech.compute_type."
            ) from error

    @property
    def model(self) -> str:
        return self._name

    @property
    def multilingual(self) -> bool:
        return bool(self._whisper.model.is_multilingual)

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript | None]:
        """One transcript an utterance. Several are decoded together, as long as the longest of them, so a batch costs
        less than its utterances one by one. None for those of several, and for open ones, for which a short context
        wasn't enough.

        Raises RuntimeError, ValueError or MemoryError from CTranslate2.
        """
        began = time.perf_counter()
        tasks = [_task(utterance, hints) for utterance, hints in batch]
        alone = len(tasks) == 1
        windows = [self._alone(tasks[0])] if alone else self._together(tasks)
        shared = (time.perf_counter() - began) / max(1, len(tasks))
        return [self._one(task, window, shared, alone) for task, window in zip(tasks, windows, strict=True)]

    def _one(self, task: _Task, window: _Window | None, shared: float, alone: bool) -> Transcript | None:
        """`window`: what a short context gave; None: it couldn't, or looks wrong."""
        began = time.perf_counter()
        utterance, hints, lead = task.utterance, task.hints, task.lead
        if task.tiny:
            return Transcript(utterance, self._fixed(hints) or hints.likely or "en", (), self._name, 0.0)
        found = self._found(task, window)
        if found is None and self._brief and (not alone or utterance.open):
            return None
        window, words, ghosts = found or self._found(task, self._wider(task)) or self._in_full(task)
        language, claims = window.language, window.claims
        others: tuple[tuple[Word, ...], ...] = ()
        heard = time.perf_counter()
        if look := alone and not (ghosts or hints.quick) and unsure(words, self._unsure):
            best = [word for claim in claims for word in claim.words]
            written = hypotheses(self._whisper, window.encoded, window.tokenizer, window.options, best)
            others = alternatives(best, written, language, utterance.seconds, hints.speech, lead)
        placed, *rest = (_placed(some, utterance) for some in (words, *others))
        done = time.perf_counter()
        return Transcript(
            utterance,
            language,
            placed,
            self._name,
            shared + done - began,
            ghosts,
            tuple(rest),
            full=window.short is None,
            alternatives_took=done - heard if look else 0.0,
        )

    def _found(self, task: _Task, window: _Window | None) -> _Found | None:
        """What is believed of a short context; None: it couldn't be had, or looks wrong."""
        if window is None:
            return None
        found = _believed(task, window)
        return None if brief.sparse(found.words, task.hints.speech) else found

    def _in_full(self, task: _Task) -> _Found:
        return _believed(task, self._fully(task.audio, task.hints))

    def _together(self, tasks: Sequence[_Task]) -> list[_Window | None]:
        """Each over a context as long as the longest; None where that can't be, or looks wrong."""
        found: list[_Window | None] = [None for _ in tasks]
        short = [n for n, task in enumerate(tasks) if self._short(task)]
        longest = max((len(tasks[n].audio) for n in short), default=0)
        asks = [self._ask(tasks[n], brief.PAD, longest) for n in short]
        for n, ask, read in zip(short, asks, brief.read(self._whisper, asks), strict=True):
            found[n] = _window(ask, read, doubts=not tasks[n].hints.quick)
        return found

    def _alone(self, task: _Task) -> _Window | None:
        """The same for one, but for one that was heard so."""
        if task.hints.again or not self._short(task):
            return None
        ask = self._ask(task, brief.PAD)
        (read,) = brief.read(self._whisper, [ask])
        return _window(ask, read, doubts=not task.hints.quick)

    def _wider(self, task: _Task) -> _Window | None:
        """With more silence."""
        if not self._short(task):
            return None
        ask = self._ask(task, max(brief.PAD_AGAIN, brief.WIDE - task.seconds))
        return _window(ask, brief.read_on(self._whisper, ask), doubts=False)

    def _short(self, task: _Task) -> bool:
        return self._brief and not task.tiny and task.seconds <= LONGEST

    def _ask(self, task: _Task, pad: float, longest: int = 0) -> brief.Ask:
        heard = brief.encode(self._whisper, task.audio, pad, longest)
        return brief.Ask(heard, *self._prepared(brief.storage(heard.encoded), task.hints, heard.seconds))

    def _fully(self, audio: NDArray[np.float32], hints: Hints) -> _Window:
        """Over 30 s, as Whisper was trained."""
        features = self._whisper.feature_extractor(audio)
        # The last frame is the extractor's own padding; what follows is cut and padded as faster-whisper does it.
        window = features[:, : min(self._whisper.feature_extractor.nb_max_frames, features.shape[-1] - 1)]
        encoded = self._whisper.encode(pad_or_trim(window))
        language, tokenizer, options = self._prepared(encoded, hints, len(audio) / RATE)
        return _Window(encoded, language, tokenizer, options, self._claims(features, encoded, tokenizer, options))

    def _prepared(self, encoded: Any, hints: Hints, seconds: float) -> tuple[str, Any, Any]:
        language = self._language(encoded, hints)
        tokenizer = self._tokenizer(language)
        return language, tokenizer, _options(tokenizer, self._beam, seconds)

    def _tokenizer(self, language: str) -> Any:
        """One for each language: it works out a hundred tokens that are never written when it is first asked."""
        if (known := self._tokenizers.get(language)) is None:
            known = Tokenizer(self._whisper.hf_tokenizer, self.multilingual, task="transcribe", language=language)
            self._tokenizers[language] = known
        return known

    def _fixed(self, hints: Hints) -> str | None:
        """The language where there is nothing to detect."""
        if not self.multilingual:
            return "en"
        return hints.languages[0] if len(hints.languages) == 1 else None

    def _language(self, encoded: Any, hints: Hints) -> str:
        if (fixed := self._fixed(hints)) is not None:
            return fixed
        heard = [(token[2:-2], p) for token, p in self._whisper.model.detect_language(encoded)[0]]
        return choose(heard, hints.languages, hints.likely)[0]

    def _claims(self, features: Any, encoded: Any, tokenizer: Any, options: Any) -> list[Claim]:
        segments = self._whisper.generate_segments(
            features, tokenizer, options, log_progress=False, encoder_output=encoded
        )
        return [
            Claim(
                tuple(Word(w.word, float(w.start), float(w.end), float(w.probability)) for w in segment.words or ()),
                float(segment.no_speech_prob),
                float(segment.avg_logprob),
                float(segment.compression_ratio),
            )
            for segment in segments
        ]


def _task(utterance: Utterance, hints: Hints) -> _Task:
    before = context(utterance, hints)
    audio = np.concatenate([before, utterance.audio]).astype(np.float32) / 32768.0
    return _Task(utterance, hints, audio, len(before) / RATE)


def _believed(task: _Task, window: _Window) -> _Found:
    claims = _after(window.claims, task.lead)
    return _Found(window, *believe(claims, window.language, task.utterance.seconds, task.hints.speech))


def _window(ask: brief.Ask, read: brief.Read, *, doubts: bool) -> _Window | None:
    """None where it looks wrong. `doubts`: also where it is only improbable."""
    if read.doubtful if doubts else read.broken:
        return None
    encoded = brief.storage(ask.heard.encoded)
    return _Window(encoded, ask.language, ask.tokenizer, ask.options, [read.claim], ask.heard)


def _after(claims: Sequence[Claim], lead: float) -> list[Claim]:
    """The claims on what comes after the first `lead` seconds, counted from there.

    A word belongs where it ends: the alignment lets the first word after a pause begin within the pause.
    """
    if not lead:
        return list(claims)
    late = []
    for claim in claims:
        words = tuple(
            replace(word, start=max(0.0, word.start - lead), end=word.end - lead)
            for word in claim.words
            if word.end > lead + _SURE
        )
        if words:
            late.append(replace(claim, words=words))
    return late


def _placed(words: Sequence[Word], utterance: Utterance) -> tuple[Word, ...]:
    """Utterance time → media time; nothing was said after the end of the utterance."""
    offset, seconds = utterance.start / RATE, utterance.seconds
    starts = [min(max(word.start, 0.0), seconds) for word in words]
    return tuple(
        replace(word, start=offset + start, end=offset + min(max(word.end, start), seconds))
        for word, start in zip(words, starts, strict=True)
    )


def _options(tokenizer: Any, beam: int, seconds: float) -> Any:
    """faster-whisper's defaults, except: no silent skipping (our guards refuse with a reason), and no sampling.

    The length is capped above what can be said in the time: a loop over music took 13 s of CPU without.
    """
    return TranscriptionOptions(
        beam_size=beam,
        best_of=1,
        patience=1,
        length_penalty=1,
        repetition_penalty=1,
        no_repeat_ngram_size=0,
        log_prob_threshold=LOG_PROBABILITY,
        no_speech_threshold=None,
        compression_ratio_threshold=COMPRESSION,
        condition_on_previous_text=False,
        prompt_reset_on_temperature=0.5,
        temperatures=[0.0],  # sampling would hear the same audio differently each time, and mends nothing (decision 17)
        initial_prompt=None,
        prefix=None,
        suppress_blank=True,
        suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        without_timestamps=False,
        max_initial_timestamp=1.0,
        word_timestamps=True,
        prepend_punctuations="\"'“¿([{-",
        append_punctuations="\"'.。,，!！?？:：”)]}、",
        multilingual=False,
        max_new_tokens=min(_TOKENS_BASE + int(_TOKENS_A_SECOND * seconds), 220),
        clip_timestamps=[0.0],
        hallucination_silence_threshold=None,
        hotwords=None,
    )
