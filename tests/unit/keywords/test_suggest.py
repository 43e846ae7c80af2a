"""Exceptions out of wrong hits."""

from __future__ import annotations

from monitor.keywords.lists import parse
from monitor.keywords.match import Matcher
from monitor.keywords.suggest import JudgedHit, suggest


def wrong(before: str, matched: str, after: str) -> JudgedHit:
    return JudgedHit(before, matched, after, right=False)


def test_the_words_that_surround_wrong_hits_become_exceptions() -> None:
    hits = [
        wrong("I just want to ", "kill", " time before lunch"),
        wrong("we have to", " kill", " time, you know"),
        wrong("this heat will", " kill", " the battery"),
        JudgedHit("I will", " kill", " you", right=True),
    ]
    (found,) = suggest(hits)
    assert (found.exception, found.wrong, round(found.share, 2)) == ("kill time", 2, 0.67)
    assert found.examples == ("I just want to kill time before lunch", "we have to kill time, you know")


def test_an_exception_that_would_hide_a_right_hit_is_not_suggested() -> None:
    hits = [wrong("how to", " kill", " a process")] * 3 + [JudgedHit("how to", " kill", " a man", right=True)]
    assert [s.exception for s in suggest(hits)] == ["kill a process"]


def test_spelling_and_signs_do_not_matter_and_the_most_common_spelling_is_shown() -> None:
    hits = [wrong("", "Kill", ", time!"), wrong("", " kill", " time"), wrong("", " kill", " time")]
    (found,) = suggest(hits)
    assert (found.exception, found.wrong) == ("kill time", 3)


def test_each_suggestion_counts_what_the_ones_before_leave() -> None:
    hits = [wrong("", "shot", " of espresso")] * 3 + [wrong("flu", " shot", "")] * 2
    assert [(s.exception, s.wrong) for s in suggest(hits)] == [("shot of", 3), ("flu shot", 2)]
    assert [s.exception for s in suggest(hits, limit=1)] == ["shot of"]


def test_one_sentence_makes_no_rule() -> None:
    assert suggest([wrong("flu", " shot", " clinic")]) == []
    assert suggest([]) == suggest([wrong("", "shot", "")] * 5) == []


def test_scripts_without_spaces_have_characters_as_neighbours() -> None:
    hits = [wrong("在路", "口交", "通灯那里"), wrong("十字路", "口交", "通很乱"), JudgedHit("", "口交", "", right=True)]
    best = suggest(hits)[0]
    assert (best.exception, best.wrong) in {("路口交", 2), ("口交通", 2)}


def test_a_suggestion_is_a_phrase_that_the_matcher_takes_and_that_covers_the_hit() -> None:
    hits = [wrong("that's", " crazy", " cool, man"), wrong("what a", " crazy", " cool thing")]
    (found,) = suggest(hits)
    keys = f'name = "x"\ntitle = "x"\nseverity = "low"\nexceptions = ["{found.exception}"]\n'
    one = parse(keys + 'phrases = ["crazy"]\n', "x.toml")
    assert Matcher([one]).find_text("what a crazy cool thing", "en") == []
    assert len(Matcher([one]).find_text("a crazy thing", "en")) == 1
