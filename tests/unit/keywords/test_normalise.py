from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.keywords.hanzi import simplified
from monitor.keywords.normalise import STAR, is_spaced, is_unspaced, normalise, normalise_phrase


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  Don’t  KILL-you! ", "dont kill you"),
        ("'quoted' drivers' licence", "quoted drivers licence"),
        ("Café ÉCOLE Straße Łódź", "cafe ecole strasse lodz"),
        ("ΆΣΟΣ Ёлка мой", "ασοσ елка мой"),
        ("ＡＢＣ１２３ ﬁre", "abc123 fire"),
        ("5,000 or 5, 6", "5000 or 5 6"),
        ("pass\u200bword so\u00adft", "password soft"),
        ("加 V 信，聊", "加v信聊"),
        ("轉賬到安全賬戶", "转账到安全账户"),
        ("ｱｶﾞﾊﾟ ガ", "アガパガ"),
        ("한국 말", "한국 말"),
        ("कि ताकत", "कि ताकत"),
        ("น้ำ ใจ", unicodedata.normalize("NFKD", "น้ำใจ")),
        ("İstanbul ISPARTA ırmak", "istanbul isparta irmak"),
        ("مُحَمَّد", "محمد"),
        ("أمل", "أمل"),
        ("!?…", ""),
        ("", ""),
        ("a\nb\tc", "a b c"),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    assert normalise(text).text == normal


@pytest.mark.parametrize("text", ["한국어 죽여", "がぎぐ パピプ", "किताब", "café Ёж й"])
def test_composed_and_decomposed_are_the_same(text: str) -> None:
    assert normalise(unicodedata.normalize("NFD", text)).text == normalise(text).text


@given(st.text(max_size=40))
def test_map_leads_back_and_grows(text: str) -> None:
    normal = normalise(text)
    assert len(normal.text) == len(normal.starts) == len(normal.ends)
    assert all(0 <= a <= b <= len(text) for a, b in zip(normal.starts, normal.ends, strict=True))
    assert list(normal.starts) == sorted(normal.starts)
    assert "  " not in normal.text
    assert normal.text == normal.text.strip(" ")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_speech_never_holds_a_wildcard(text: str) -> None:
    assert STAR not in normalise(text + STAR + "*").text


def test_map_gives_the_place_in_the_original() -> None:
    text = "  So, ÉCOLE—now"
    normal = normalise(text)
    at = normal.text.index("ecole")
    assert text[normal.starts[at] : normal.ends[at + 4]] == "ÉCOLE"


def test_phrases_keep_their_wildcards() -> None:
    assert normalise_phrase("Kill* you") == f"kill{STAR} you"
    assert normalise_phrase("杀＊全家") == f"杀{STAR}全家"


def test_scripts_with_and_without_spaces() -> None:
    assert all(is_unspaced(c) for c in "中のカไລខမ々")
    assert all(is_spaced(c) for c in "aяα한1ש")
    assert not is_spaced(" ")


def test_table_of_characters_is_one_to_one_step() -> None:
    table = simplified()
    assert len(table) > 4000
    assert all(len(old) == len(new) == 1 for old, new in table.items())
    assert not {c for c in table.values() if c in table}, "a simplified character would change again"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("頭髮發生後", "头发发生后"),
        ("帳戶 賬戶 帐户", "账户账户账户"),
        ("聽著 听着", "听着听着"),
        ("餘額 余额", "余额余额"),
        ("裡 裏 爲 為", "里里为为"),
        ("讎 睏", "雠困"),
    ],
)
def test_either_script_has_one_form(written: str, normal: str) -> None:
    assert normalise(written).text == normal
    assert len(normalise(written).starts) == len(normal)
