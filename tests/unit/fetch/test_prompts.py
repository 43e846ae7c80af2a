"""Which of Asterisk's prompts are measured, and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import OperatorError
from monitor.fetch import debian, prompts
from monitor.fetch.prompts import sentences

LIST = """; remarks: these are not prompts of any kind at all
one-sentence: Somebody has   put a sentence here... for the test.
sub/two: And this one stands in a folder, too.
short: too few words
a-tone: What follows is a tone <beep> and no word.
a-digit: Press 5 to repeat the current message.
digits: There are 42 ways to read this one here.
no colon in this line at all, whatever it says
"""


def test_sentences_of_words_alone_are_taken() -> None:
    assert sentences(LIST) == {
        "one-sentence": "Somebody has put a sentence here for the test.",
        "a-digit": "Press 5 to repeat the current message.",
        "sub/two": "And this one stands in a folder, too.",
    }


def test_those_that_the_package_has_come_with_their_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "texts").write_text(LIST, "utf-8")
    place = "usr/share/asterisk/sounds/en_US_f_Allison"
    packed = {f"{place}/sub/two.g722": b"sound", f"{place}/short.g722": b"other"}
    monkeypatch.setattr(debian, "fetch", lambda *_: tmp_path)
    monkeypatch.setattr(debian, "unpack", lambda _, wanted: {k: v for k, v in packed.items() if k in wanted})
    (one,) = prompts.prompts(tmp_path / "texts")
    assert (one.name, one.text, one.sound) == ("sub/two", "And this one stands in a folder, too.", b"sound")
    (tmp_path / "texts").write_text("other: a file of something that is else", "utf-8")
    with pytest.raises(OperatorError, match=r"names none.*core-sounds-en\.txt"):
        prompts.prompts(tmp_path / "texts")
