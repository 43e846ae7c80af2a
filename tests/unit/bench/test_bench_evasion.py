"""Hidden phrases are hidden, by rule, and only they."""

from __future__ import annotations

import pytest
from pypinyin import lazy_pinyin

from monitor.bench.evasion import evaded

ENGLISH = [("night rider", "there was a night rider on the hill"), ("gloss", "no gloss is left")]
MANDARIN = [("电话销售", "加强电话销售过程管理"), ("人口", "观察新增人口曲线")]


def kinds(said: list[tuple[str, str]], language: str, **carriers: list[str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for one in evaded(said, language, carriers, 0):
        found.setdefault(one.kind, []).append((one.phrase, one.text))
    return found


def test_english_kinds() -> None:
    found = kinds(ENGLISH, "en", zh=["观察新增人口曲线"])
    assert set(found) == {
        "leet",
        "letters set apart",
        "look-alike letters",
        "homophone",
        "as it is, in a sentence of zh",
    }
    for kind, pairs in found.items():
        for phrase, text in pairs:
            assert (f" {phrase} " in f" {text} ") is kind.startswith("as it is"), (kind, text)
    for phrase, text in found["leet"]:
        assert len(text) == len(dict(ENGLISH)[phrase])
        assert text.isascii()
    assert all(not text.isascii() for _, text in found["look-alike letters"])
    assert ("night rider", "there was a knight rider on the hill") in found["homophone"]
    assert found["as it is, in a sentence of zh"][0][1] == "观察新增 night rider 人口曲线"


def test_mandarin_kinds() -> None:
    found = kinds(MANDARIN, "zh", en=["two words"])
    assert found["traditional characters"] == [("电话销售", "加强電話銷售过程管理")]
    assert found["as it is, in a sentence of en"][1] == ("人口", "two 人口 words")
    for kind in ("homophone, same tone", "homophone, other tone"):
        for phrase, text in found[kind]:
            assert phrase not in text
            assert lazy_pinyin(text) == lazy_pinyin(dict(MANDARIN)[phrase]), text
    assert all(any(c.isascii() and c.isalpha() for c in text) for _, text in found["a character in pinyin"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_seed_decides(language: str) -> None:
    said = ENGLISH if language == "en" else MANDARIN
    assert evaded(said, language, {}, 3) == evaded(said, language, {}, 3)
    assert any(evaded(said, language, {}, 3) != evaded(said, language, {}, seed) for seed in range(4, 8))
