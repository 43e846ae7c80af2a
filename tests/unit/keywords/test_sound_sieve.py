"""The sieve keeps exactly the texts in which the index of sounds finds something."""

from __future__ import annotations

import random

import pytest

from monitor.keywords import sound_net
from monitor.keywords.sound import SoundIndex
from monitor.keywords.sound import tokens as tokens_of
from monitor.keywords.sound_sieve import SoundSieve

_ENGLISH = (
    "kill keel you ewe the a oh i he send sent sand money monkey many home loan lone gift card cart account a count "
    "transfer trance fur western union bank bang please police sees to do two your you're right write rite now know"
)
_SPANISH = "manda dinero dinera ahora hora envía envia tarjeta tarjetas regalo regala ya te a mi cuenta cuento"
ENGLISH, SPANISH = _ENGLISH.split(), _SPANISH.split()
CHINESE = tuple("机会集会转账专账微信威信我你他钱前")
PHRASES = (
    ("kill", "en", 0.85),
    ("send money", "en", 0.8),
    ("gift card", "en", 0.85),
    ("transfer to your account right now please", "en", 0.8),
    ("western union bank transfer", "en", 0.85),
    ("manda dinero", "es", 0.8),
    ("tarjeta de regalo para la cuenta", "es", 0.8),
    ("转账", "zh", 0.85),
    ("home loan", "", 0.85),
)


def texts(count: int) -> list[tuple[str, str]]:
    chance = random.Random(3)
    made = []
    for _ in range(count):
        language = chance.choice(("en", "en", "es", "zh", ""))
        words = {"en": ENGLISH, "es": SPANISH, "zh": CHINESE, "": ENGLISH + SPANISH}[language]
        if chance.random() < 0.1:  # a phrase, whole or torn
            phrase = chance.choice(PHRASES)[0].split()
            words = phrase[chance.randrange(len(phrase)) :] or phrase
        picked = [chance.choice(words) for _ in range(chance.randrange(0, 10))]
        if chance.random() < 0.2:
            picked += chance.choice(PHRASES)[0].split()
        made.append((("" if language == "zh" else " ").join(picked), language))
    return made


@pytest.mark.parametrize("few", [True, False])
def test_the_same_texts_as_by_the_index(monkeypatch: pytest.MonkeyPatch, few: bool) -> None:
    if not few:
        monkeypatch.setattr(sound_net, "MOST", 10)
    index = SoundIndex([(number, *phrase) for number, phrase in enumerate(PHRASES)])
    sieve = SoundSieve(index)
    lines = texts(1500)
    wanted = [n for n, (text, lang) in enumerate(lines) if index.find([t.text for t in tokens_of(text)], lang)]
    found: set[int] = set()
    for first in range(0, len(lines), 400):  # several rows of texts, as the sieve remembers words
        found.update(first + number for number in sieve.keep(lines[first : first + 400]))
    assert sorted(found) == wanted
    assert 150 < len(wanted) < 1000


def test_words_are_forgotten_before_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_net, "REMEMBERED", 3)
    sieve = SoundSieve(SoundIndex([(0, "send money", "en", 0.85)]))
    for text in ("one two three four", "five six seven", "please sent money now"):
        kept = list(sieve.keep([(text, "en"), ("", "en")]))
    assert kept == [0]
