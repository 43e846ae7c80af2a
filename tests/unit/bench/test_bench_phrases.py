"""Which speakers, which phrases, and what is true of a clip: by rule and seed."""

from __future__ import annotations

from pathlib import Path

from monitor.bench.clips import Clip
from monitor.bench.keyword_material import Half, Plan, material
from monitor.bench.phrases import chosen, found_in, keyword_list, spelt_in, split
from monitor.keywords.lists import parse
from monitor.model import Way
from monitor.speech.wer import tokens

ENGLISH = [
    "the lighthouse keeper counted seven distant schooners beyond the harbour",
    "an orchestra rehearsed the forgotten symphony in a draughty warehouse",
    "she didn't believe the cartographer who couldn't fold his maps",
    "our accountant discovered a remarkable error in the ledger yesterday",
    "volcanic ashes drifted slowly over the abandoned monastery garden",
    "the blacksmith hammered glowing horseshoes until midnight struck",
]
MANDARIN = [
    "观察三十年来的新增人口曲线",
    "加强电话销售过程管理",
    "将暂行办法修改完善后拟与新基金法同步实施",
    "一名工人当场死亡",
]


def clips(texts: list[str], language: str = "en") -> list[Clip]:
    return [Clip(Path(f"{n}.wav"), language, f"speaker {n // 2}", text) for n, text in enumerate(texts)]


def test_nobody_is_in_both_halves_and_nobody_is_left_out() -> None:
    everybody = clips(ENGLISH * 3)
    halves = split(everybody, 0)
    assert not {c.speaker for c in halves.train} & {c.speaker for c in halves.test}
    assert len(halves.train) + len(halves.test) == len(everybody)
    assert abs(len(halves.train) - len(halves.test)) <= 2
    assert split(everybody, 0) == halves
    assert any(split(everybody, seed) != halves for seed in range(1, 5))


def test_phrases_are_said_don_t_overlap_and_have_content() -> None:
    phrases = chosen(clips(ENGLISH), "en", 20, 0)
    assert len(phrases) >= 12
    assert {len(phrase.split()) for phrase in phrases} == {1, 2, 3}
    for phrase in phrases:
        assert any(f" {phrase} " in f" {text} " for text in ENGLISH), phrase
        assert not {phrase.split()[0], phrase.split()[-1]} & {"the", "a", "in", "our", "didn", "didnt", "couldnt"}, (
            phrase
        )
    for text in ENGLISH:
        said = [phrase for phrase in phrases if f" {phrase} " in f" {text} "]
        assert sum(len(phrase.split()) for phrase in said) <= len(text.split())
        assert not any(one in other for one in said for other in said if one != other)
    assert chosen(clips(ENGLISH), "en", 20, 0) == phrases


def test_mandarin_phrases_are_words_of_two_to_four_characters() -> None:
    phrases = chosen(clips(MANDARIN, "zh"), "zh", 20, 0)
    assert {len(phrase) for phrase in phrases} >= {2}
    assert all(2 <= len(phrase) <= 4 and any(phrase in text for text in MANDARIN) for phrase in phrases)
    assert not any(set(phrase) & set("的与三十一") for phrase in phrases)


def test_what_nobody_says_is_not_even_said_in_another_form() -> None:
    said = clips(["horseshoes glowed while the accountants drifted home"])
    phrases = chosen(clips(ENGLISH), "en", 100, 0, avoid=said)
    assert phrases
    assert not any(sum(found_in(phrase, said[0].transcript, "en")) for phrase in phrases)
    assert "accountant" not in phrases


def test_a_phrase_is_counted_as_it_is_and_in_other_forms() -> None:
    assert found_in("red kite", "two red kites and a red kite, Red Kite!", "en") == (2, 1)
    assert found_in("kite", "kitten", "en") == (0, 0)
    assert found_in("人口", "新增人口，人 口", "zh") == (2, 0)


def test_one_spelling_is_as_far_as_the_folded_baseline_goes() -> None:
    assert spelt_in("john dashwood", "And Mr. John, Dashwood!", "en")
    assert not spelt_in("art", "the heart", "en")
    assert not spelt_in("kite", "kites", "en")
    assert spelt_in("电话销售", "加強電話，銷售", "zh")


def test_the_list_does_what_its_options_say() -> None:
    found = parse(keyword_list("bench-en", "en", ["lighthouse keeper", "maps"]), "bench.toml")
    assert [(r.inflect, r.disguise, r.sound is not None) for r in found.rules] == [
        (True, True, True),
        (True, True, False),
    ]
    found = parse(keyword_list("bench-zh", "zh", ["人口", "新基金"], everywhere=True), "bench.toml")
    assert [(r.inflect, r.disguise, r.sound is not None) for r in found.rules] == [
        (False, True, False),
        (False, True, True),
    ]
    assert found.languages == ()


def test_the_material_knows_what_is_true_and_the_matcher_finds_it_in_the_references() -> None:
    plan = Plan(("en",), Half.TEST, phrases=8, limit=0, seed=0, tts=False)
    (part,) = material({"en": clips(ENGLISH)}, plan)
    test = split(clips(ENGLISH), 0).test
    assert set(part.clips) == set(test)
    assert len(part.decoys) == len(part.phrases) > 3
    matcher = part.matcher()
    for clip in part.clips:
        said = part.said(clip, 1.0)
        exact = {hit.phrase for hit in matcher.find_text(clip.transcript, "en") if hit.way is Way.EXACT}
        assert exact == said.exact
        assert not said.exact & set(part.decoys)
        assert all(set(tokens(phrase, "en")) <= set(tokens(clip.transcript, "en")) for phrase in said.exact)
    assert any(part.said(clip, 1.0).exact for clip in part.clips)
