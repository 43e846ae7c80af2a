"""What else an utterance may have been: the next best hypotheses of the recogniser, where its best text is unsure.

The audio is encoded already; what it costs is one more pass of the decoder, as a beam (about a quarter of the first
hearing's work), so it runs only where a word of the best text is less sure than a threshold. The beam writes without
time stamps: with them, half of its hypotheses differ in nothing else. Words get their times from the best text, with
which each hypothesis is aligned: a word that both have is at the same place, what stands instead of other words shares
their time.

Alternatives are for matching only, as weaker evidence, and never shown as what was said. The guards against ghosts
judge them like the best text, and where anything of that was refused there are no alternatives at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from monitor.model import Word
from monitor.speech.brief import max_length
from monitor.speech.ghosts import Claim, believe, compression

BEAM = 5
"""Hypotheses that the decoder follows, the best one among them."""
LEAST = 0.02
"""Share of a hypothesis among those found, below which it is noise."""
_LONGER, _MORE = 1.25, 8  # a hypothesis has at most so many times the tokens of the best text, and so many more
_DENSE = 0x0E00  # from here on (Thai, Lao, Burmese, CJK, kana, …) most scripts have no spaces: a unit is a character
_SPACED_BEYOND = ((0x0F00, 0x0FFF), (0x10A0, 0x139F), (0x1E00, 0x2E7F), (0xAC00, 0xD7AF), (0xFB00, 0xFDFF))


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way to read the whole window."""

    words: tuple[str, ...]  # as written, with their leading spaces
    score: float  # log probability of all of it
    mean: float  # log probability a token
    no_speech: float


class _Unit(NamedTuple):
    """A word, or a character of a script without spaces, with its place in time."""

    folded: str
    start: float
    end: float
    probability: float


def unsure(words: Sequence[Word], threshold: float) -> bool:
    """Whether a word is less sure than `threshold`, so that another hypothesis is worth its cost."""
    return any(word.probability < threshold for word in words)


def alternatives(
    best: Sequence[Word],
    hypotheses: Sequence[Hypothesis],
    language: str,
    seconds: float,
    speech: float | None,
    lead: float = 0.0,
) -> tuple[tuple[Word, ...], ...]:
    """The hypotheses that say something else than `best`, the likeliest first, without those that nobody believes.

    `best`: the words of the whole window, in its time; `lead`: seconds of context at its head, which the alternatives
    don't have, as the transcript hasn't; times of the result count from there. `seconds`, `speech`: as for `believe`.
    A word that the best text hasn't got has the share of its hypothesis as its probability.
    """
    total = _log_sum([hypothesis.score for hypothesis in hypotheses])
    told = {_fold("".join(word.text for word in best if word.end > lead))}
    found: list[tuple[Word, ...]] = []
    for hypothesis in sorted(hypotheses, key=lambda one: -one.score):
        share = math.exp(hypothesis.score - total)
        if share < LEAST:
            continue
        words = _after(aligned(best, hypothesis.words, share), lead)
        text = _fold("".join(word.text for word in words))
        if not text or text in told:
            continue
        told.add(text)
        claim = Claim(words, hypothesis.no_speech, hypothesis.mean, compression("".join(hypothesis.words)))
        kept, refused = believe([claim], language, seconds, speech, least=0.0)  # they are unlikely by nature
        if kept and not refused:
            found.append(kept)
    return tuple(found)


def aligned(best: Sequence[Word], words: Sequence[str], share: float) -> tuple[Word, ...]:
    """The words with times and probabilities: those that `best` has too keep its, others share the time between."""
    old = [unit for word in best for unit in _units(word)]
    pieces = [_pieces(word) for word in words]
    new = [piece for some in pieces for piece in some]
    placed: list[_Unit] = []
    matcher = SequenceMatcher(None, [unit.folded for unit in old], new, autojunk=False)
    for kind, i, j, one, two in matcher.get_opcodes():
        if kind == "equal":
            placed += old[i:j]
        elif two > one:
            start = old[i].start if j > i else (old[i - 1].end if i else (old[0].start if old else 0.0))
            end = old[j - 1].end if j > i else (old[i].start if i < len(old) else start)
            placed += _spread(new[one:two], start, max(start, end), share)
    return tuple(_joined(words, pieces, placed))


def _joined(words: Sequence[str], pieces: Sequence[Sequence[str]], placed: Sequence[_Unit]) -> Iterator[Word]:
    """One word for all of its units. What has no letters has no time: it goes with the word before it."""
    at = 0
    last: Word | None = None
    for text, some in zip(words, pieces, strict=True):
        units = placed[at : at + len(some)]
        at += len(some)
        if not units:
            last = replace(last, text=last.text + text) if last else None
            continue
        if last:
            yield last
        last = Word(text, units[0].start, units[-1].end, min(unit.probability for unit in units))
    if last:
        yield last


def _units(word: Word) -> list[_Unit]:
    pieces = _pieces(word.text)
    return _spread(pieces, word.start, word.end, word.probability)


def _spread(pieces: Sequence[str], start: float, end: float, probability: float) -> list[_Unit]:
    """The pieces one after another over the time, each as long as it has letters."""
    letters = max(1, sum(len(piece) for piece in pieces))
    units, at, done = [], start, 0
    for piece in pieces:
        done += len(piece)
        until = min(end, start + (end - start) * done / letters)  # sums of floats may end up beyond
        units.append(_Unit(piece, at, until, probability))
        at = until
    return units


def _pieces(text: str) -> list[str]:
    """The folded word; in scripts without spaces each character for itself. Empty where there are no letters."""
    folded = _fold(text)
    if any(_dense(char) for char in folded):
        return list(folded)
    return [folded] if folded else []


def _dense(char: str) -> bool:
    code = ord(char)
    return code >= _DENSE and not any(first <= code <= last for first, last in _SPACED_BEYOND)


def _after(words: Sequence[Word], lead: float) -> tuple[Word, ...]:
    """The words that end after the context, counted from its end; see whisper._after."""
    late = (word for word in words if not lead or word.end > lead + 0.1)
    return tuple(replace(word, start=max(0.0, word.start - lead), end=word.end - lead) for word in late)


def hypotheses(whisper: Any, encoded: Any, tokenizer: Any, options: Any, best: Sequence[Word]) -> list[Hypothesis]:
    """The beam over an encoding that is there already, of a long or a short context. `whisper`: a faster-whisper
    WhisperModel; `best`: the words of the whole window: nothing much longer is looked for, so loops cost little.

    Raises what CTranslate2 raises: RuntimeError, ValueError, MemoryError.
    """
    prompt = whisper.get_prompt(tokenizer, [], without_timestamps=True)
    longest = _LONGER * len(tokenizer.encode("".join(word.text for word in best))) + _MORE
    (result,) = whisper.model.generate(
        encoded,
        [prompt],
        beam_size=BEAM,
        num_hypotheses=BEAM,
        length_penalty=1,
        max_length=max_length(len(prompt), min(round(longest), options.max_new_tokens)),
        return_scores=True,
        return_no_speech_prob=True,
        suppress_blank=True,
        suppress_tokens=options.suppress_tokens,
    )
    found = []
    for sequence, score in zip(result.sequences_ids, result.scores, strict=True):
        tokens = [token for token in sequence if token < tokenizer.eot]
        if not tokens:
            continue
        words, _ = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        whole = score * len(sequence)  # the score is a mean: length_penalty is 1
        mean = whole / (len(sequence) + 1)
        found.append(Hypothesis(tuple(words[:-1]), whole, mean, float(result.no_speech_prob)))
    return found


def _log_sum(scores: Sequence[float]) -> float:
    top = max(scores, default=0.0)
    return top + math.log(sum(math.exp(score - top) for score in scores)) if scores else 0.0


def _fold(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
