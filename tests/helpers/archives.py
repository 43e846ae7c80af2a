"""Databases with many utterances, made of words that lists look for, or almost."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from monitor.keywords.spoken import spoken
from monitor.model import Word
from monitor.store.schema import migrate

ENGLISH = (  # noqa: SIM905 - sixty words in a list are sixty lines
    "I kill killed kills killing keel kneel bill time you your the a to of free freely money monkey funny home homes "
    "k1ll fr33 m0n3y k i l l give giving gave me card cards gift gifts giftcard don't send sending sent account "
    "acount bitcoin bit coin killjoy overkill Kill, Money! café 5,000 kіll killll well-known e-mail email bomb balm"
).split(" ")
CHINESE = (
    "杀",
    "殺",
    "全家",
    "加",
    "V",
    "信",
    "微信",
    "路口",
    "口交",
    "通",
    "机会",
    "集会",
    "机",
    "会",
    "转账",
    "專賬",
    "我",
)


def chance_words(chance: random.Random, *, chinese: bool = False) -> list[Word]:
    """A few words with times, with a long pause now and then."""
    words: list[Word] = []
    at = 0.0
    for _ in range(chance.randrange(1, 12)):
        mixed = chance.random() < 0.15
        text = chance.choice(CHINESE if chinese != mixed else ENGLISH)
        spaced = not chinese or chance.random() < 0.3
        at += 2.5 if chance.random() < 0.05 else 0.1
        words.append(Word(" " + text if spaced else text, round(at, 3), round(at + 0.2, 3), chance.choice((0.9, 0.3))))
        at += 0.2
    return words


def add(db: sqlite3.Connection, seq: int, words: Sequence[Word], **changes: object) -> None:
    """One utterance; with `filled=False` without its text, as an older program left it."""
    values: dict[str, object] = {"room": "lobby", "speaker": "s1", "language": "en", "at": 1000.0 + seq, "biased": 0}
    values |= changes
    seconds = words[-1].end if words else 1.0
    shown = [{"text": w.text, "start": w.start, "end": w.end, "probability": w.probability} for w in words]
    room, speaker, language, at = (values[key] for key in ("room", "speaker", "language", "at"))
    db.execute(
        "INSERT INTO utterances VALUES (?, ?, ?, ?, ?, ?, 'x', ?, ?, ?, ?, ?, 'silence', 'made', 0, '[]')",
        (
            f"u{seq}",
            seq,
            at,
            room,
            f"t-{room}-{speaker}",
            speaker,
            at,
            seconds,
            language,
            "".join(w.text for w in words).strip(),
            json.dumps(shown),
        ),
    )
    if values.get("filled", True):
        text = spoken(words)
        row = (seq, text.form, language, seconds, values["biased"], text.normal, text.unfolded)
        db.execute("INSERT INTO spoken VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def made(directory: Path, count: int, seed: int = 1) -> Path:
    """A database with so many utterances of four speakers in two rooms, a third of them Chinese; some without text."""
    path = directory / "monitor.db"
    migrate(path)
    chance = random.Random(seed)
    with closing(sqlite3.connect(path)) as db, db:
        for seq in range(1, count + 1):
            chinese = chance.random() < 0.33
            add(
                db,
                3 * seq,
                chance_words(chance, chinese=chinese),
                room=chance.choice(("lobby", "den")),
                speaker=chance.choice(("s1", "s2")),
                language=chance.choice(("zh", "") if chinese else ("en", "en", "en", "")),
                at=1000.0 + 2.0 * seq,
                biased=int(chance.random() < 0.1),
                filled=chance.random() < 0.9,
            )
    return path
