"""Which model hears what: the room's own, the language's, the default; and while too much waits."""

from __future__ import annotations

import pytest

from monitor.speech.choice import Choice

CHOICE = Choice("base", {"zh": "small", "en": "tiny.en"}, {"stage": "medium"}, smaller="tiny.en")
ENGLISH = frozenset({"tiny.en"})


def test_each_model_is_named_once_the_default_one_first() -> None:
    assert CHOICE.names == ("base", "small", "tiny.en", "medium")
    assert Choice("base", {"zh": "base"}, smaller="base").names == ("base",)
    assert CHOICE.uses_of("tiny.en") == ("language en", "when too much waits")
    assert CHOICE.uses_of("base") == ("default",)
    assert CHOICE.uses_of("medium") == ("room stage",)


@pytest.mark.parametrize(
    ("room", "spoken", "likely", "model"),
    [
        ("hall", (), None, "base"),  # nobody knows yet
        ("hall", (), "zh", "small"),  # the speaker's so far
        ("hall", (), "fr", "base"),
        ("hall", ("zh",), None, "small"),  # the room's only one
        ("hall", ("zh",), "en", "small"),  # which outweighs what was guessed
        ("hall", ("en", "fr"), "zh", "base"),  # not spoken there: a wrong guess
        ("hall", ("en", "zh"), "en", "tiny.en"),
        ("stage", ("zh",), "zh", "medium"),  # the room's own above all
    ],
)
def test_the_room_s_own_then_the_language_s_then_the_default(
    room: str, spoken: tuple[str, ...], likely: str | None, model: str
) -> None:
    assert CHOICE.of(room, spoken, likely, ENGLISH) == model


def test_a_model_of_english_alone_doesn_t_guess_in_a_room_of_several_languages() -> None:
    choice = Choice("tiny.en", {"zh": "small"})
    assert choice.of("hall", ("en", "zh"), None, ENGLISH) == "small"
    assert choice.of("hall", ("en", "zh"), "en", ENGLISH) == "tiny.en"
    assert choice.of("hall", ("en",), None, ENGLISH) == "tiny.en"
    assert choice.of("hall", (), None, ENGLISH) == "tiny.en"  # any language, and the operator chose this model
    assert choice.of("hall", ("en", "fr"), None, ENGLISH) == "tiny.en"  # there is no other one


def test_in_haste_the_smaller_one_hears_what_it_knows() -> None:
    assert CHOICE.in_haste("hall", (), "en", ENGLISH) == "tiny.en"
    assert CHOICE.in_haste("stage", ("en",), None, ENGLISH) == "tiny.en"
    assert CHOICE.in_haste("hall", (), "zh", ENGLISH) == "small"  # of English alone it would make English of it
    assert CHOICE.in_haste("hall", (), None, ENGLISH) == "base"
    assert Choice("base", smaller="tiny").in_haste("hall", (), "zh") == "tiny"
    assert Choice("base").in_haste("hall", (), None) == "base"


def test_a_language_that_was_found_is_handed_over_to_its_model() -> None:
    assert CHOICE.after("hall", (), "base", "zh") == "small"
    assert CHOICE.after("hall", (), "small", "zh") == ""
    assert CHOICE.after("hall", (), "base", "fr") == ""
    assert CHOICE.after("hall", (), "small", "fr") == ""  # it was heard by a bigger one: no use in the default's
    assert CHOICE.after("hall", ("zh",), "base", "zh") == ""  # known before
    assert CHOICE.after("stage", (), "medium", "zh") == ""


def test_who_can_tell_what_is_spoken() -> None:
    assert CHOICE.able("hall", (), ENGLISH) == "base"
    small = Choice("tiny.en", {"zh": "small", "en": "tiny.en"})
    assert small.able("hall", ("en", "zh"), ENGLISH) == "small"
    assert small.able("hall", (), ENGLISH) == "small"
    assert small.able("hall", ("en", "fr"), ENGLISH) == ""
    assert small.able("hall", ("en",), ENGLISH) == ""
    assert CHOICE.able("stage", (), ENGLISH) == ""


def test_changes_leave_the_rest_as_it_was() -> None:
    assert CHOICE.with_language("", "large-v3").default == "large-v3"
    changed = CHOICE.with_language("zh", "large-v3").with_room("hall", "small")
    assert (changed.of("hall", (), None), changed.of("attic", ("zh",), None)) == ("small", "large-v3")
    assert (CHOICE.of("hall", (), None), CHOICE.of("attic", ("zh",), None)) == ("base", "small")
    assert changed.with_room("hall", "").rooms == CHOICE.rooms
