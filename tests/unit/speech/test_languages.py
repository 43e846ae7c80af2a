"""Language choice: what is heard, restricted to the room's set, with the speaker's habit where it is unclear."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.speech.languages import LanguageMemory, choose

HEARD = [("en", 0.5), ("zh", 0.2), ("cy", 0.3)]


def test_the_best_heard_language_without_other_knowledge() -> None:
    assert choose(HEARD, (), None) == ("en", 0.5)


def test_only_languages_of_the_room_count() -> None:
    language, probability = choose(HEARD, ("zh", "cy"), None)
    assert language == "cy"
    assert abs(probability - 0.6) < 1e-9


def test_habit_settles_doubt_but_not_a_clear_change() -> None:
    assert choose(HEARD, (), "zh")[0] == "zh"
    assert choose([("en", 0.95), ("zh", 0.05)], (), "zh")[0] == "en"


def test_a_habit_outside_the_room_s_set_is_ignored() -> None:
    assert choose(HEARD, ("en", "cy"), "zh")[0] == "en"


def test_a_set_that_the_model_does_not_know_falls_to_its_first() -> None:
    assert choose(HEARD, ("xx", "yy"), None) == ("xx", 0.0)


@given(
    st.lists(st.tuples(st.sampled_from(["en", "zh", "fr", "de"]), st.floats(0, 1)), unique_by=lambda p: p[0]),
    st.sets(st.sampled_from(["en", "zh", "fr"]), min_size=1),
    st.none() | st.sampled_from(["en", "de"]),
)
def test_the_choice_is_always_allowed(heard: list[tuple[str, float]], allowed: set[str], likely: str | None) -> None:
    language, probability = choose(heard, tuple(allowed), likely)
    assert language in allowed
    assert 0 <= probability <= 1


def test_memory_follows_the_speaker_and_forgets_old_habits() -> None:
    memory = LanguageMemory()
    assert memory.likely("a") is None
    memory.note("a", "en", 5.0)
    memory.note("a", "zh", 1.0)
    assert memory.likely("a") == "en"
    for _ in range(5):
        memory.note("a", "zh", 2.0)
    assert memory.likely("a") == "zh"
    memory.forget("a")
    assert memory.likely("a") is None


def test_memory_is_bounded_and_drops_the_least_recent_speaker() -> None:
    memory = LanguageMemory(speakers=2)
    memory.note("a", "en", 1.0)
    memory.note("b", "en", 1.0)
    memory.note("a", "en", 1.0)
    memory.note("c", "en", 1.0)
    assert len(memory) == 2
    assert memory.likely("b") is None
    assert memory.likely("a") == "en"
