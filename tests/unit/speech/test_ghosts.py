"""The guards refuse what the model invents, and keep what people say."""

from __future__ import annotations

from monitor.model import Word
from monitor.speech.ghosts import Claim, believe, is_stock
from monitor.speech.stock import STOCK


def words(text: str, start: float = 0.0, each: float = 0.3, probability: float = 0.9) -> tuple[Word, ...]:
    return tuple(
        Word(" " + part, start + i * each, start + (i + 1) * each, probability) for i, part in enumerate(text.split())
    )


def claim(said: tuple[Word, ...], no_speech: float = 0.02, log_probability: float = -0.3, compression: float = 1.2):
    return Claim(said, no_speech, log_probability, compression)


def test_clear_speech_is_kept_whole() -> None:
    said = words("he was not an ill disposed young man")
    assert believe([claim(said)], "en", 3.0, 2.5) == (said, ())


def test_a_person_who_says_a_stock_phrase_is_kept() -> None:
    said = words("thank you for watching")
    assert believe([claim(said)], "en", 2.0, 1.3) == (said, ())
    assert believe([claim(said)], "en", 2.0)[0] == said


def test_a_stock_phrase_over_almost_no_speech_is_refused_with_its_reason() -> None:
    kept, refused = believe([claim(words("Thanks for watching!"))], "en", 4.0, 0.6)
    assert kept == ()
    assert refused == ("stock phrase: Thanks for watching!",)


def test_each_other_sign_turns_a_stock_phrase_into_a_ghost() -> None:
    said = words("请不吝点赞 订阅 转发 打赏", each=0.5)
    for odd in (
        claim(said, no_speech=0.5),
        claim(said, log_probability=-0.9),
        claim(words("订阅 转发", probability=0.2)),
    ):
        assert is_stock("请不吝点赞 订阅 转发 打赏", "zh")
        kept, refused = believe([odd], "zh", 3.0, 2.5)
        assert (kept == ()) == is_stock(odd.text, "zh")
        assert bool(refused) == is_stock(odd.text, "zh")


def test_the_same_signs_keep_words_that_are_no_stock_phrase() -> None:
    said = words("meet me at the harbour")
    assert believe([claim(said, no_speech=0.5, log_probability=-0.9)], "en", 3.0, 2.0)[0] == said


def test_every_stock_phrase_is_recognised_whatever_its_case_and_signs() -> None:
    for language, phrases in STOCK.items():
        for phrase in phrases:
            assert is_stock(f"  {phrase}!! ", language)
    assert is_stock("THANKS, for watching. You", "en")
    assert not is_stock("thank you for watching my brother", "en")
    assert not is_stock("...", "en")


def test_no_speech_needs_another_sign() -> None:
    said = words("you know")
    assert believe([claim(said, no_speech=0.9)], "en", 2.0)[0] == said
    assert believe([claim(said, no_speech=0.9)], "en", 2.0, 0.6)[0] == said
    refused = ("no speech: you know",)
    assert believe([claim(said, no_speech=0.9, log_probability=-1.2)], "en", 2.0)[1] == refused
    assert believe([claim(said, no_speech=0.9)], "en", 2.0, 0.2)[1] == refused
    assert believe([claim(words("you know", probability=0.2), no_speech=0.9)], "en", 2.0)[1] == refused
    assert believe([claim(words("you know", probability=0.2), no_speech=0.3)], "en", 2.0, 0.6)[0], "one sign is none"


def test_words_after_the_end_of_the_sound_are_dropped_and_the_rest_kept() -> None:
    said = words("one two three four five", each=0.5)
    kept, refused = believe([claim(said)], "en", 1.2)
    assert [w.text for w in kept] == [" one", " two", " three"]
    assert refused == ("after the end of the sound: four five",)


def test_a_run_of_words_without_duration_is_dropped_one_alone_is_not() -> None:
    spoken = words("we leave at")
    nothing = tuple(Word(f" {t}", 0.9, 0.9, 0.8) for t in ("and", "then", "some"))
    kept, refused = believe([claim(spoken + nothing)], "en", 2.0)
    assert kept == spoken
    assert refused == ("no time to be said: and then some",)
    assert believe([claim(spoken + nothing[:1])], "en", 2.0) == (spoken + nothing[:1], ())


def test_unsure_words_before_words_without_duration_are_no_better_than_those() -> None:
    nothing = tuple(Word(f" {t}", 0.6, 0.6, 0.8) for t in ("and", "then", "some"))
    kept, refused = believe([claim(words("we leave", probability=0.2) + nothing)], "en", 2.0, 1.5)
    assert kept == ()
    assert refused == ("no time to be said: and then some", "too unsure: we leave")


def test_words_that_the_model_itself_hardly_believes_are_refused() -> None:
    said = words("we leave", probability=0.1)
    assert believe([claim(said)], "en", 2.0, 1.5) == ((), ("too unsure: we leave",))
    assert believe([claim(words("we leave", probability=0.3))], "en", 2.0, 1.5)[0]


def test_repetition_counts_with_another_sign_only() -> None:
    said = words("no no no no no")
    assert believe([claim(said)], "en", 2.0)[0] == said
    assert believe([claim(said, log_probability=-1.1)], "en", 2.0)[1] == ("repeats itself: no no no no no",)
    assert believe([claim(said, compression=2.6)], "en", 2.0)[0] == ()


def test_more_words_than_anyone_can_say_are_refused() -> None:
    said = words("a whole sentence with many long words squeezed into a blip", each=0.02)
    assert believe([claim(said)], "en", 0.5)[1][0].startswith("more words than time")
    assert believe([claim(said)], "en", 3.0, 0.3)[0] == ()


def test_descriptions_of_sounds_are_no_speech() -> None:
    for text in ("[Music]", "(applause)", "♪ ♪", "...", "【音乐】"):
        assert believe([claim(words(text))], "en", 3.0)[1] == (f"describes sounds: {text}",)
    assert believe([claim(words("he said (quietly) no"))], "en", 3.0)[0]


def test_a_long_loop_is_shown_shortened() -> None:
    (refused,) = believe([claim(words("la " * 200, each=0.01), compression=9.0)], "en", 9.0)[1]
    assert len(refused) < 150
    assert refused.endswith("…")
