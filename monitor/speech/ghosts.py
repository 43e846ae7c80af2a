"""Guards against ghosts: text that Whisper writes where nobody spoke.

Trained on subtitles, the model fills noise with what subtitles end on ("Thanks for watching"), repeats itself, or puts
words after the end of the sound. Each guard needs signs, not only a suspicion: a person who does say "thank you for
watching" is heard. What is refused is kept with its reason, so that a wrong refusal can be seen.

Thresholds for no speech, log probability and compression: Whisper's own decoder (Radford et al. 2022, §4.5).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model import Word
from monitor.speech.stock import STOCK

NO_SPEECH = 0.6
LOG_PROBABILITY = -1.0
COMPRESSION = 2.4
LEAST = 0.2
"""Mean probability of the words of a claim; in speech none was below 0.42."""
_HALF = 0.5
_SLACK = 0.15  # seconds that an alignment may be off at the end of the sound
_LITTLE = 0.25  # seconds of speech: less is a short word at most, and for one the model is sure that there is speech
_FASTEST = {"zh": 14.0, "ja": 16.0, "yue": 14.0, "ko": 16.0}  # characters a second that nobody exceeds
_FASTEST_SPACED = 40.0  # the same where words have spaces
_RUN = 3  # words without duration in a row; one alone is the alignment's doing
_REPEATS = 4
_SHOWN = 120  # characters of a refused text that are kept: loops are long


@dataclass(frozen=True, slots=True)
class Claim:
    """One segment that the model says it heard. Times of the words: seconds from the start of the utterance."""

    words: tuple[Word, ...]
    no_speech: float  # probability that there is none
    log_probability: float  # mean a token
    compression: float  # length ÷ length when compressed: high means repetition

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words).strip()


def believe(
    claims: Sequence[Claim], language: str, seconds: float, speech: float | None = None, least: float = LEAST
) -> tuple[tuple[Word, ...], tuple[str, ...]]:
    """The words to believe, and what is refused as "reason: text".

    `seconds`: length of the utterance. `speech`: seconds in it that a voice detector took for speech; None: unknown.
    `least`: mean probability of the words below which they are not believed.
    """
    kept: list[Word] = []
    refused: list[str] = []
    for claim in claims:
        words, late = _within(claim.words, seconds)
        if late:
            refused.append(_refusal("after the end of the sound", _text(late)))
        words, timeless = _with_duration(words)
        if timeless:
            refused.append(_refusal("no time to be said", _text(timeless)))
        rest = Claim(words, claim.no_speech, claim.log_probability, claim.compression)
        if not rest.text:
            continue
        impossible = late or timeless
        if _mean(words) < least or (impossible and min(_mean(claim.words), _mean(words)) < _HALF):
            refused.append(_refusal("too unsure", rest.text))
        elif reason := suspicion(rest, language, seconds, speech, cut=bool(impossible)):
            refused.append(_refusal(reason, rest.text))
        else:
            kept += words
    return tuple(kept), tuple(refused)


def suspicion(claim: Claim, language: str, seconds: float, speech: float | None, cut: bool = False) -> str | None:
    """Why the claim isn't believed; None when it is. `cut`: words of it were impossible already."""
    heard = min(seconds, speech) if speech is not None else seconds
    unsure = claim.log_probability < LOG_PROBABILITY
    if _describes(claim.text):
        return "describes sounds"
    if claim.no_speech > NO_SPEECH and (unsure or heard < _LITTLE or _mean(claim.words) < _HALF):
        return "no speech"
    if claim.log_probability < LOG_PROBABILITY - 0.7:
        return "no speech"
    if claim.compression > COMPRESSION:
        return "repeats itself"
    if _rate(claim.text, language) > max(heard, 0.1):
        return "more words than time"
    if _loops(claim.words) and (unsure or cut or claim.no_speech > 0.3 or _mean(claim.words) < 0.5):
        return "repeats itself"
    if is_stock(claim.text, language) and (cut or unsure or _doubtful(claim, language, seconds, speech)):
        return "stock phrase"
    if unsure and speech is not None and speech < 0.4 * seconds and _mean(claim.words) < 0.4:
        return "too unsure"
    return None


def compression(text: str) -> float:
    """Length ÷ length when compressed, as Claim has it: high means repetition."""
    raw = text.strip().encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def is_stock(text: str, language: str) -> bool:
    """True when the text is nothing but phrases that the model writes over silence."""
    folded = _fold(text)
    phrases = STOCK.get(language, ()) + STOCK["any"]
    for phrase in sorted((_fold(p) for p in phrases), key=len, reverse=True):
        folded = folded.replace(phrase, " ")
    return bool(_fold(text)) and not folded.strip()


def _refusal(reason: str, text: str) -> str:
    return f"{reason}: {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"


def _doubtful(claim: Claim, language: str, seconds: float, speech: float | None) -> bool:
    """Signs that count only for a stock phrase: it is weaker evidence than other words."""
    if claim.no_speech > 0.3 or claim.log_probability < -0.8 or _mean(claim.words) < 0.45:
        return True
    # Said by a person, a phrase takes about twice the shortest time that is possible for it.
    if speech is not None and speech < 2.0 * _rate(claim.text, language):
        return True
    # A phrase that fills little of a long sound was written over the rest.
    return speech is None and seconds > 5.0 and _spoken(claim.words) < 0.25 * seconds


def _within(words: tuple[Word, ...], seconds: float) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    late = tuple(word for word in words if word.start > seconds + _SLACK)
    return tuple(word for word in words if word.start <= seconds + _SLACK), late


def _with_duration(words: tuple[Word, ...]) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """Runs of words without duration are what the model wrote without anything to hear."""
    kept: list[Word] = []
    dropped: list[Word] = []
    run: list[Word] = []
    for word in words:
        if word.end - word.start < 0.01:
            run.append(word)
            continue
        (dropped if len(run) >= _RUN else kept).extend(run)
        run = []
        kept.append(word)
    (dropped if len(run) >= _RUN else kept).extend(run)
    return tuple(kept), tuple(dropped)


def _loops(words: Sequence[Word]) -> bool:
    """The text ends in the same one to eight words, four times or more."""
    folded = [f for f in (_fold(word.text) for word in words) if f]
    for n in range(1, 9):
        tail = folded[-n:]
        count = 1
        while folded[-n * (count + 1) : -n * count] == tail and n * (count + 1) <= len(folded):
            count += 1
        if count >= _REPEATS:
            return True
    return False


def _describes(text: str) -> bool:
    """[Music], (applause), ♪♪: a description of sounds, as subtitles have it."""
    without = re.sub(r"[\[(（【*♪][^\])）】*♪]*[\])）】*♪]", "", text)
    return not any(c.isalnum() for c in without)


def _rate(text: str, language: str) -> float:
    """Shortest time in seconds in which the text can be said."""
    return sum(c.isalnum() for c in text) / _FASTEST.get(language, _FASTEST_SPACED)


def _spoken(words: Sequence[Word]) -> float:
    return sum(max(0.0, word.end - word.start) for word in words)


def _mean(words: Sequence[Word]) -> float:
    return sum(word.probability for word in words) / len(words) if words else 0.0


def _text(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words).strip()


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in text if c.isalnum())
