"""Texts that try to get a phrase past a list, made by rule from references and a seed: nothing is picked by hand.

It is text that is evaded, as a chat or a recogniser would write it; no speech is in this part of the bench.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from opencc import OpenCC
from pypinyin import Style, lazy_pinyin
from wordfreq import get_frequency_dict, zipf_frequency

from monitor.bench.phrases import UNSPACED
from monitor.errors import ModelMissing

LEET = {"a": "4@", "b": "8", "e": "3", "g": "9", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7", "z": "2"}
LOOK_ALIKE = {"a": "а", "c": "с", "e": "е", "i": "і", "j": "ј", "o": "о", "p": "р", "s": "ѕ", "x": "х", "y": "у"}
"""Latin to Cyrillic (Unicode UTS 39 has them as confusable)."""
SHARE = 0.5
"""Of the letters that can be changed so many are; at least one."""
KNOWN = 2.0
"""Zipf frequency that a homophone needs: a word that people, and recognisers, do write."""
COMMON_CHARACTERS = 3000


@dataclass(frozen=True, slots=True)
class Evaded:
    """A sentence in which the phrase is hidden."""

    kind: str
    phrase: str
    text: str
    language: str  # of the sentence
    source: str  # what is said in it: the reference, or the phrase in another one


def evaded(
    said: Sequence[tuple[str, str]], language: str, carriers: Mapping[str, Sequence[str]], seed: int
) -> list[Evaded]:
    """For each (phrase, reference that has it) one text of each kind that the phrase allows.

    `carriers`: references of other languages, into the middle of which the phrase is put as it is.
    """
    found = []
    for kind, change in (_MANDARIN if language in UNSPACED else _ENGLISH).items():
        chance = random.Random(f"{seed} {kind}")  # noqa: S311  no secret
        for phrase, reference in said:
            hidden = change(phrase, chance)
            if hidden is not None and (text := _replaced(reference, phrase, hidden, language)):
                found.append(Evaded(kind, phrase, text, language, reference))
    for other, sentences in carriers.items():
        chance = random.Random(f"{seed} {other}")  # noqa: S311  no secret
        for phrase, _ in said if sentences else ():
            text = _put_into(chance.choice(sentences), phrase, other)
            found.append(Evaded(f"as it is, in a sentence of {other}", phrase, text, other, text))
    return found


def _replaced(reference: str, phrase: str, hidden: str, language: str) -> str:
    """Empty where the phrase is not in the text letter by letter."""
    if language in UNSPACED:
        return reference.replace(phrase, hidden, 1) if phrase in reference else ""
    padded = f" {reference} "
    return padded.replace(f" {phrase} ", f" {hidden} ", 1).strip() if f" {phrase} " in padded else ""


def _put_into(sentence: str, phrase: str, language: str) -> str:
    if language in UNSPACED:
        return f"{sentence[: len(sentence) // 2]} {phrase} {sentence[len(sentence) // 2 :]}"
    words = sentence.split()
    return " ".join([*words[: len(words) // 2], phrase, *words[len(words) // 2 :]])


def _some(text: str, table: Mapping[str, str], chance: random.Random) -> str | None:
    """Some of the characters replaced by one of the table's; None where it has none of them."""
    places = [place for place, char in enumerate(text) if char in table]
    if not places:
        return None
    changed = {place for place in places if chance.random() < SHARE} or {chance.choice(places)}
    return "".join(chance.choice(table[char]) if place in changed else char for place, char in enumerate(text))


def _spaced(phrase: str, chance: random.Random) -> str:
    """Letters set apart: by spaces, full stops or hyphens; words by a wider gap."""
    sign = chance.choice(" .-")
    return ("  " if sign == " " else " ").join(sign.join(word) for word in phrase.split(" "))


def _homophone(phrase: str, chance: random.Random) -> str | None:
    """One word replaced by another one that CMUdict pronounces the same."""
    words = phrase.split(" ")
    options = [(place, other) for place, word in enumerate(words) for other in _same_sound().get(word, ())]
    if not options:
        return None
    place, other = chance.choice(options)
    return " ".join([*words[:place], other, *words[place + 1 :]])


@functools.cache
def _same_sound() -> dict[str, list[str]]:
    """word → others with the same first pronunciation. Raises ModelMissing."""
    spec = find_spec("pocketsphinx")
    places = [Path(one) for one in (spec.submodule_search_locations or ())] if spec else []
    file = next((found for place in places for found in place.glob("**/cmudict-en-us.dict")), None)
    if file is None:
        raise ModelMissing("the package pocketsphinx, with CMUdict in it, is not installed")
    by_sound: dict[str, list[str]] = {}
    for line in file.read_text("utf-8").splitlines():
        word, _, phones = line.partition(" ")
        if word.isalpha() and word.isascii() and zipf_frequency(word, "en") >= KNOWN:
            by_sound.setdefault(phones, []).append(word)
    return {word: [o for o in group if o != word] for group in by_sound.values() if len(group) > 1 for word in group}


def _same_tone(phrase: str, chance: random.Random) -> str | None:
    """One character replaced by another one of the same syllable and tone."""
    return _other_character(phrase, chance, same_tone=True)


def _other_tone(phrase: str, chance: random.Random) -> str | None:
    """One character replaced by another one of the same syllable in another tone."""
    return _other_character(phrase, chance, same_tone=False)


def _other_character(phrase: str, chance: random.Random, *, same_tone: bool) -> str | None:
    readings = list(zip(lazy_pinyin(phrase), lazy_pinyin(phrase, style=Style.TONE3), strict=True))
    options = [
        (place, other)
        for place, (plain, toned) in enumerate(readings)
        for other, tone in _characters().get(plain, ())
        if other != phrase[place] and (tone == toned) is same_tone
    ]
    if not options:
        return None
    place, other = chance.choice(options)
    return phrase[:place] + other + phrase[place + 1 :]


@functools.cache
def _characters() -> dict[str, list[tuple[str, str]]]:
    """Syllable without tone → (character, syllable with tone), of the most used characters."""
    single = ((word, use) for word, use in get_frequency_dict("zh").items() if len(word) == 1 and "一" <= word <= "鿿")
    found: dict[str, list[tuple[str, str]]] = {}
    for character, _ in sorted(single, key=lambda pair: -pair[1])[:COMMON_CHARACTERS]:
        syllable = lazy_pinyin(character)[0]
        found.setdefault(syllable, []).append((character, lazy_pinyin(character, style=Style.TONE3)[0]))
    return found


def _in_letters(phrase: str, chance: random.Random) -> str:
    """One character written as its pinyin, without the tone."""
    place = chance.randrange(len(phrase))
    return phrase[:place] + lazy_pinyin(phrase)[place] + phrase[place + 1 :]


def _traditional(phrase: str, _: random.Random) -> str | None:
    converted = str(OpenCC("s2t").convert(phrase))
    return converted if converted != phrase else None


_Change = Callable[[str, random.Random], str | None]
_ENGLISH: dict[str, _Change] = {
    "leet": lambda phrase, chance: _some(phrase, LEET, chance),
    "letters set apart": _spaced,
    "look-alike letters": lambda phrase, chance: _some(phrase, LOOK_ALIKE, chance),
    "homophone": _homophone,
}
_MANDARIN: dict[str, _Change] = {
    "traditional characters": _traditional,
    "characters set apart": _spaced,
    "homophone, same tone": _same_tone,
    "homophone, other tone": _other_tone,
    "a character in pinyin": _in_letters,
}
