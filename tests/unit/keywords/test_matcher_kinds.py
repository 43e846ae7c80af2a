"""Kinds of rules, grades, states and scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from monitor.keywords.match import Matcher
from monitor.keywords.rules import Combination, KeywordList, Kind, Reach, Rule
from monitor.model import Grade, KeywordHit, RuleState, Severity, Way, Word


def phrase(text: str, severity: Severity = Severity.HIGH, **options: object) -> Rule:
    return Rule(text, severity, text=text, **options)  # type: ignore[arg-type]


def pattern(text: str, label: str = "p", **options: object) -> Rule:
    return Rule(label, Severity.HIGH, kind=Kind.PATTERN, text=text, **options)  # type: ignore[arg-type]


def combination(*parts: str, label: str = "c", **options: object) -> Rule:
    own = {key: options.pop(key) for key in ("without", "ordered", "words", "seconds", "reach") if key in options}
    found = Combination(parts, **own)  # type: ignore[arg-type]
    return Rule(label, Severity.HIGH, kind=Kind.COMBINATION, combination=found, **options)  # type: ignore[arg-type]


def make(*rules: Rule, name: str = "l", **options: object) -> KeywordList:
    base = KeywordList(name, name, ("en",), Severity.HIGH, rules, (), (), (), "v1")
    return replace(base, **options)  # type: ignore[arg-type]


def spoken(text: str, probability: float = 0.9, start: float = 0.0) -> list[Word]:
    return [Word(f" {t}", start + i * 0.5, start + i * 0.5 + 0.5, probability) for i, t in enumerate(text.split())]


def brief(hits: Sequence[KeywordHit]) -> list[tuple[str, str, str, str]]:
    return [(hit.phrase, hit.matched, hit.way.value, hit.grade.value) for hit in hits]


# patterns


def test_pattern_is_searched_in_normal_text_and_shown_as_said() -> None:
    matcher = Matcher([make(pattern(r"kill (all|both) of you"), pattern(r"\bb[o0]mbs?\b", label="q"))])
    hits = matcher.find_text("I'll KILL… both of you, BÓMBS!")
    assert brief(hits) == [("p", "KILL… both of you", "exact", "A"), ("q", "BÓMBS", "exact", "A")]


def test_pattern_never_matches_across_a_pause() -> None:
    matcher = Matcher([make(pattern("send.{0,9}money"))])
    assert matcher.find([*spoken("send"), *spoken("money", start=1.0)])
    assert not matcher.find([*spoken("send"), *spoken("money", start=9.0)])


def test_many_patterns_of_which_few_match() -> None:
    rules = [pattern(rf"w{i} (the |a )?x{i}s?", label=f"p{i}") for i in range(500)]
    hits = Matcher([make(*rules)]).find_text("w7 the x7s and w499 x499 and w12 x13")
    assert [hit.phrase for hit in hits] == ["p7", "p499"]


def test_big_patterns_are_searched_too() -> None:
    """RE2 says that nothing is found where a set does not fit in its memory."""
    rules = [pattern(rf"(a{i}|b{i}).{{0,400}}end{i}", label=f"p{i}") for i in range(30)]
    found = Matcher([make(*rules)]).find_text("b29 " + "so it goes on " * 20 + "end29")
    assert [hit.phrase for hit in found] == ["p29"]


# other forms


def test_inflections_are_grade_b() -> None:
    matcher = Matcher([make(phrase("kill the dog", inflect=True), phrase("stab you"))])
    assert brief(matcher.find_text("She kills the dogs, he killed the dog.", "en")) == [
        ("kill the dog", "kills the dogs", "inflected", "B"),
        ("kill the dog", "killed the dog", "inflected", "B"),
    ]
    assert brief(matcher.find_text("kill the dog", "en")) == [("kill the dog", "kill the dog", "exact", "A")]
    assert matcher.find_text("stabbed you", "en") == []
    assert matcher.find_text("She kills the dogs", "de") == []


def test_inflections_with_accents_and_capitals() -> None:
    matcher = Matcher([make(phrase("das Haus anzünden", inflect=True), languages=("de",))])
    assert brief(matcher.find_text("die Häuser, das Hauses anzündete", "de")) == [
        ("das Haus anzünden", "das Hauses anzündete", "inflected", "B")
    ]


def test_disguises_are_grade_b() -> None:
    matcher = Matcher([make(phrase("kill you", disguise=True), phrase("bomb"))])
    assert brief(matcher.find_text("I will k1ll you")) == [("kill you", "k1ll you", "disguised", "B")]
    assert brief(matcher.find_text("I will k i l l you")) == [("kill you", "k i l l you", "disguised", "B")]
    assert brief(matcher.find_text("I will kill you")) == [("kill you", "kill you", "exact", "A")]
    assert matcher.find_text("b0mb") == []


def test_sound_is_grade_c_with_its_likeness() -> None:
    matcher = Matcher([make(phrase("kill your family", sound=0.8), phrase("bomb threat"))])
    (hit,) = matcher.find_text("I will keel your family", "en")
    assert (hit.matched, hit.way, hit.grade) == ("keel your family", Way.SOUND, Grade.C)
    assert 0.8 <= hit.likeness < 1.0
    (exact,) = matcher.find_text("I will kill your family", "en")
    assert (exact.way, exact.grade, exact.likeness) == (Way.EXACT, Grade.A, 1.0)
    assert matcher.find_text("bom thread", "en") == []


def test_sound_in_chinese_leads_back_to_the_words() -> None:
    matcher = Matcher([make(phrase("转账到安全账户", sound=0.8), languages=("zh",))])
    (hit,) = matcher.find_text("请专账到安全帐户吧", "zh")
    assert (hit.before, hit.matched, hit.after, hit.grade) == ("请", "专账到安全帐户", "吧", Grade.C)


# grades


def test_unsure_words_are_grade_b_and_biased_decoding_is_c() -> None:
    matcher = Matcher([make(phrase("send money"))])
    sure, unsure = spoken("send money", 0.5), [*spoken("send"), *spoken("money", 0.49, start=0.5)]
    assert [hit.grade for hit in matcher.find(sure)] == [Grade.A]
    assert [hit.grade for hit in matcher.find(unsure)] == [Grade.B]
    assert [hit.grade for hit in matcher.find(sure, biased=True)] == [Grade.C]


def test_cool_down_goes_with_the_hit() -> None:
    (hit,) = Matcher([make(phrase("bomb", cool_down=7.0))]).find_text("bomb")
    assert hit.cool_down == 7.0


def test_a_stronger_hit_is_not_lost_to_a_longer_weaker_one() -> None:
    rules = (phrase("send money"), phrase("send money quicker", Severity.CRITICAL, sound=0.75))
    hits = Matcher([make(*rules)]).find_text("send money quick", "en")
    assert ("send money", "A") in [(hit.phrase, hit.grade.value) for hit in hits]


# states


def test_states_of_lists_and_their_overrides() -> None:
    rules = (phrase("one"), phrase("two"))

    def states(of_list: RuleState, **own: RuleState) -> list[tuple[str, str]]:
        override = {("l", label if label != "whole" else ""): state for label, state in own.items()}
        hits = Matcher([make(*rules, state=of_list)], override).find_text("one two")
        return [(hit.phrase, hit.state.value) for hit in hits]

    assert states(RuleState.LIVE) == [("one", "live"), ("two", "live")]
    assert states(RuleState.SHADOW) == [("one", "shadow"), ("two", "shadow")]
    assert states(RuleState.DRAFT) == states(RuleState.RETIRED) == []
    assert states(RuleState.LIVE, one=RuleState.SHADOW) == [("one", "shadow"), ("two", "live")]
    assert states(RuleState.LIVE, two=RuleState.RETIRED) == [("one", "live")]
    assert states(RuleState.SHADOW, one=RuleState.LIVE) == [("one", "live"), ("two", "shadow")]
    assert states(RuleState.RETIRED, one=RuleState.LIVE) == []
    assert states(RuleState.DRAFT, whole=RuleState.SHADOW) == [("one", "shadow"), ("two", "shadow")]
    assert states(RuleState.LIVE, whole=RuleState.RETIRED) == []


def test_shadow_never_hides_what_is_live() -> None:
    rules = (phrase("send money now"), phrase("send money"))
    matcher = Matcher([make(*rules)], {("l", "send money now"): RuleState.SHADOW})
    assert [(hit.phrase, hit.state.value) for hit in matcher.find_text("send money now")] == [
        ("send money", "live"),
        ("send money now", "shadow"),
    ]


def test_with_states_leaves_the_first_as_it_was() -> None:
    first = Matcher([make(phrase("one"))])
    second = first.with_states({("l", "one"): RuleState.RETIRED})
    assert (len(first.find_text("one")), len(second.find_text("one"))) == (1, 0)
    assert len(second.with_states({}).find_text("one")) == 1


# scope


def test_rooms_of_lists_and_rules() -> None:
    matcher = Matcher([make(phrase("one"), phrase("two", rooms=("a",)), rooms=("a", "b"))])

    def found(room: str) -> list[str]:
        return [hit.phrase for hit in matcher.find(spoken("one two"), room=room)]

    assert (found("a"), found("b"), found("c"), found("")) == (["one", "two"], ["one"], [], ["one", "two"])


def test_languages_of_rules() -> None:
    matcher = Matcher([make(phrase("gift"), phrase("rat", languages=("de",)), languages=("en", "de"))])
    assert [hit.phrase for hit in matcher.find_text("gift rat", "en")] == ["gift"]
    assert [hit.phrase for hit in matcher.find_text("gift rat", "de")] == ["gift", "rat"]


def test_the_last_day_counts_and_the_next_does_not() -> None:
    last = date(2026, 11, 23)
    rules = (phrase("one", expires=last), phrase("two"))
    matcher = Matcher([make(*rules), make(phrase("three"), name="m", expires=last)])

    def found(day: date | None) -> list[str]:
        return [hit.phrase for hit in matcher.find(spoken("one two three"), day=day)]

    assert found(last) == found(None) == ["one", "two", "three"]
    assert found(date(2026, 11, 24)) == ["two"]


# combinations within an utterance


def test_all_parts_in_any_order() -> None:
    matcher = Matcher([make(combination("gun", "school"))])
    assert brief(matcher.find_text("a gun, at the school today")) == [("c", "gun, at the school", "exact", "A")]
    assert brief(matcher.find_text("school and then gun")) == [("c", "school and then gun", "exact", "A")]
    assert matcher.find_text("gun gun") == []


def test_combination_in_order() -> None:
    matcher = Matcher([make(combination("bring", "gun", "school", ordered=True))])
    assert len(matcher.find_text("bring a gun to school")) == 1
    assert matcher.find_text("gun bring school") == []
    assert len(matcher.find_text("gun bring school gun then school")) == 1


@pytest.mark.parametrize(("words", "count"), [(1, 0), (2, 1), (9, 1)])
def test_combination_near_by_words(words: int, count: int) -> None:
    matcher = Matcher([make(combination("gun", "school", words=words))])
    assert len(matcher.find_text("gun in the school")) == count


def test_near_by_words_counts_characters_where_there_are_no_spaces() -> None:
    near, far = make(combination("炸", "学校", words=2)), make(combination("炸", "学校", words=1))
    assert len(Matcher([near]).find_text("炸那个学校")) == 1
    assert Matcher([far]).find_text("炸那个学校") == []


def test_near_finds_the_tight_one_among_looser_ones() -> None:
    matcher = Matcher([make(combination("a1", "b1", "c1", words=1))])
    (hit,) = matcher.find_text("a1 b1 x x x a1 b1 c1")
    assert hit.matched == "a1 b1 c1"
    tangled = Matcher([make(combination("a1", "b1", "c1", words=4, ordered=True))])
    (hit,) = tangled.find_text("a1 b1 x x x b1 c1")
    assert hit.matched == "a1 b1 x x x b1 c1"


@pytest.mark.parametrize(("seconds", "count"), [(1.9, 0), (2.0, 1)])
def test_combination_within_seconds(seconds: float, count: int) -> None:
    matcher = Matcher([make(combination("gun", "school", seconds=seconds))])
    assert len(matcher.find(spoken("gun in the school"))) == count


def test_combination_with_what_must_be_absent() -> None:
    matcher = Matcher([make(combination("shoot", without=("photo", "basketball")))])
    assert len(matcher.find_text("we shoot tonight")) == 1
    assert matcher.find_text("we shoot a photo tonight") == []


def test_combination_is_as_weak_as_its_weakest_part() -> None:
    matcher = Matcher([make(combination("gun", "school"))])
    words = [*spoken("gun"), *spoken("at", 0.1, start=0.5), *spoken("school", 0.6, start=1.0)]
    (hit,) = matcher.find(words)
    assert (hit.grade, hit.probability) == (Grade.A, 0.6)
    (hit,) = matcher.find([*spoken("gun"), *spoken("school", 0.3, start=1.0)])
    assert hit.grade == Grade.B
    bent = Matcher([make(combination("gun", "school", inflect=True))])
    assert brief(bent.find_text("guns at school", "en")) == [("c", "guns at school", "inflected", "B")]


def test_combination_and_phrases_leave_each_other_alone() -> None:
    matcher = Matcher([make(combination("gun", "school"), phrase("kill you"))])
    assert [hit.phrase for hit in matcher.find_text("gun kill you school")] == ["c", "kill you"]


def test_combination_needs_a_fresh_part() -> None:
    matcher = Matcher([make(combination("gun", "school"))])
    words = spoken("gun school yes")
    assert (len(matcher.find(words, 1)), len(matcher.find(words, 2))) == (1, 0)


def test_each_part_counts_once() -> None:
    matcher = Matcher([make(combination("gun", "school"))])
    assert [hit.matched for hit in matcher.find_text("gun school school gun")] == ["gun school", "school gun"]


def test_exception_excuses_a_part() -> None:
    matcher = Matcher([make(combination("gun", "school"), exceptions=("nail gun",))])
    assert matcher.find_text("a nail gun at school") == []
    assert len(matcher.find_text("a gun at school")) == 1


def test_wider_reach_gives_parts_and_no_hits() -> None:
    matcher = Matcher([make(combination("gun", "school", without=("film",), reach=Reach.SPEAKER))])
    found = matcher.examine(spoken("gun at school film"))
    assert found.hits == ()
    assert [(one.part, one.hit.matched) for one in found.parts] == [(0, "gun"), (1, "school"), (2, "film")]
    assert [one.part for one in matcher.examine(spoken("gun at school film"), 1).parts] == [1, 2]


# exceptions and near misses


def test_exception_in_another_form_excuses_only_what_was_found_so() -> None:
    matcher = Matcher([make(phrase("hurt myself", inflect=True), exceptions=("hurt myself trying",))])
    assert matcher.find_text("hurting myself trying", "en") == []
    assert matcher.find_text("hurting myself tries", "en") == []
    assert len(matcher.find_text("hurt myself tries", "en")) == 1
    assert len(matcher.find_text("hurting myself", "en")) == 1


def test_near_misses_name_the_exception() -> None:
    matcher = Matcher([make(phrase("kill you"), exceptions=("won't kill you",))])
    words = spoken("it won't kill you")
    (miss,) = matcher.near(words)
    assert (miss.phrase, miss.matched, miss.before) == ("kill you", "kill you", "it won't ")
    assert (miss.start, miss.end, miss.list_version) == (1.0, 2.0, "v1")
    assert miss.cause == 'covered by the exception "won\'t kill you"'
    assert matcher.near(words, 4) == []
    assert matcher.find(words) == []


def test_near_misses_by_sound_say_by_how_much() -> None:
    matcher = Matcher([make(phrase("kill your family", sound=0.99))])
    (miss,) = matcher.near(spoken("keel your family"), language="en")
    assert matcher.find(spoken("keel your family"), language="en") == []
    assert 0.9 < miss.likeness < 0.99 == miss.wanted
    assert "0.99" in miss.cause
    assert matcher.near(spoken("kill your family"), language="en") == []


def test_no_near_misses_of_rules_that_are_off() -> None:
    one = make(phrase("kill you"), exceptions=("won't kill you",))
    assert Matcher([one], {("l", "kill you"): RuleState.RETIRED}).near(spoken("won't kill you")) == []


# other hypotheses


def test_alternatives_have_what_the_best_text_lacks() -> None:
    matcher = Matcher([make(phrase("kill you"), phrase("send money", Severity.CRITICAL))])
    best = spoken("keel you send money")
    hits = matcher.in_alternatives(best, [spoken("kill you send money"), spoken("kill you spend money")], "en")
    assert brief(hits) == [("kill you", "kill you", "alternative", "B")]
    assert hits[0].start == 0.0
    later = [Word(word.text, word.start + 9, word.end + 9, 0.9) for word in spoken("send money")]
    assert len(matcher.in_alternatives(best, [later], "en")) == 1, "the same rule at another time"


def test_alternatives_bow_to_the_best_text_and_its_exceptions() -> None:
    matcher = Matcher([make(phrase("kill you"), exceptions=("won't kill you", "keel you"))])
    assert matcher.in_alternatives(spoken("won't kill you"), [spoken("want kill you")], "en") == []
    assert matcher.in_alternatives(spoken("I keel you"), [spoken("I kill you")], "en") == []


def test_alternatives_are_searched_in_scope_and_never_by_sound() -> None:
    matcher = Matcher([make(phrase("kill your family", sound=0.8), rooms=("a",))])
    best = spoken("fill a form")
    assert matcher.in_alternatives(best, [spoken("keel your family")], "en", room="a") == []
    assert matcher.in_alternatives(best, [spoken("kill your family")], "en", room="b") == []
    (hit,) = matcher.in_alternatives(best, [spoken("kill your family", 0.2)], "en", room="a", biased=True)
    assert hit.grade == Grade.C
