"""What counts as personal in what was said, in English and Mandarin, and what does not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.masking import hide
from monitor.masking.digits import luhn, runs
from monitor.masking.find import find

HIDDEN = [
    ("call me on 202-456-1414 now", "call me on [phone] now"),
    ("call +44 20 7946 0958", "call [phone]"),
    ("ring 020 7946 0958 please", "ring [phone] please"),
    ("it is five five five one two three four", "it is [phone]"),
    ("seven double four three two one double oh", "[phone]"),
    ("two oh two, four five six, fourteen fourteen", "[phone]"),
    ("twenty three, forty five, sixty seven, eight nine", "[phone]"),
    ("手机号是13812345678，谢谢", "手机号是[phone]，谢谢"),
    ("我的电话是一三八一二三四五六七八", "我的电话是[phone]"),
    ("幺三八 幺二三四 五六七八", "[phone]"),
    ("mail ann.smith@mail.example.org today", "mail [e-mail] today"),
    ("it's ann dot smith at gmail dot com okay", "it's [e-mail] okay"),
    ("发到 xiaoming88 艾特 qq 点 com", "发到 [e-mail]"),
    ("the card is 4111 1111 1111 1111, right", "the card is [card], right"),
    ("four one one one " + "one one one one " * 3, "[card] "),
    ("pay to GB82 WEST 1234 5698 7654 32", "pay to [bank account]"),
    ("pay to DE89370400440532013000 now", "pay to [bank account] now"),
    ("I live at 12 Baker Street, London", "I live at [address], London"),
    ("I live at twenty two Acacia Avenue", "I live at [address]"),
    ("send it to 1600 North Pine Road apartment 4B", "send it to [address]"),
    ("我住在北京市朝阳区建国路88号3号楼", "我住在[address]"),
    ("寄到成都市武侯区人民南路四段11号", "寄到[address]"),
    ("身份证号11010519491231002X", "身份证号[id]"),
    ("my social is 078-05-1120", "my social is [id]"),
    ("your passport number is X1234567", "your passport number is [id]"),
    ("my PIN is one two three four", "my PIN is [id]"),
    ("验证码是 482913", "验证码是 [id]"),
]
SEEN = [
    "ask not what your country can do for you",
    "it costs 1,000,000 dollars in 2024",
    "between 1999, 2004 and 2020 we grew by 12.5%",
    "he walked down the street and 3 people on the street looked at one house",
    "in nineteen ninety five and two thousand and four",
    "nine one one",
    "one two three four let's go",
    "look at me one time",
    "meet me at 7 30 on May 5",
    "我有一二三四五个问题",
    "他一直在路上，三个人去了北京",
    "my fellow americans",
]


@pytest.mark.parametrize(("said", "shown"), HIDDEN)
def test_personal_data_is_hidden_and_named(said: str, shown: str) -> None:
    assert hide.text(said) == shown


@pytest.mark.parametrize("said", SEEN)
def test_what_is_not_personal_stays(said: str) -> None:
    assert hide.text(said) == said


@given(st.integers(0, 10**15 - 1))
def test_any_card_is_hidden_and_no_digit_of_it_left(number: int) -> None:
    bare = f"4{number:015d}"[:15]
    digits = next(f"{bare}{check}" for check in range(10) if luhn(f"{bare}{check}"))
    spaced = " ".join(digits[at : at + 4] for at in range(0, 16, 4))
    for said in (digits, spaced, "-".join(digits)):
        assert not any(character.isdigit() for character in hide.text(f"it is {said} you know"))


@given(st.text(max_size=300))
def test_any_text_can_be_looked_at(said: str) -> None:
    at = 0
    for span in find(said):
        assert at <= span.start < span.end <= len(said)
        at = span.end


@pytest.mark.parametrize(
    "nasty", ["a dot " * 3000, "1 a a a " * 3000, "五" * 9000 + "路", "a at " * 4000, "GB82 " * 3000, "5 five " * 3000]
)
def test_no_text_takes_long(nasty: str) -> None:
    """Ten thousand characters and more are no utterance; that they are done with at all shows that nothing explodes."""
    began = time.process_time()
    find(nasty)
    assert time.process_time() - began < 20


def test_a_run_of_digits_says_where_it_stands() -> None:
    said = "so it is five five, 51234 okay"
    (run,) = runs(said)
    assert (run.digits, said[run.start : run.end]) == ("5551234", "five five, 51234")
