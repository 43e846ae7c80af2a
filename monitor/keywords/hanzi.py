"""Traditional → simplified Chinese characters, one for one.

Whisper writes Mandarin in either script, as it likes; lists are written in one. Phrase and speech pass through the same
table, so character by character is enough for matching: where one simplified character stands for two traditional ones
(发 for 發 and 髮), both sides agree. OpenCC's conversion of whole words is not used: it depends on what stands beside a
character, may change the length of a text, and would so make the same phrase differ at the edge of an utterance.
"""

from __future__ import annotations

from functools import cache

from opencc import OpenCC

_BLOCKS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))  # Han
_ALIKE = {"帐": "账", "著": "着"}
"""Written for each other in everyday text, and kept apart by OpenCC: accounts; the particle, which is also 著名's."""


@cache
def simplified() -> dict[str, str]:
    """Traditional character → its simplified one; characters that stay are left out. Built once, in about 50 ms."""
    chars = [chr(code) for low, high in _BLOCKS for code in range(low, high)]
    converted = OpenCC("t2s").convert("\n".join(chars)).split("\n")  # no word of its dictionary reaches over a line
    table = {old: new for old, new in zip(chars, converted, strict=True) if old != new and len(new) == 1} | _ALIKE
    return {old: _last(table, old) for old in table}


def _last(table: dict[str, str], char: str) -> str:
    """The end of a chain such as 帳 → 帐 → 账."""
    seen = {char}
    while (after := table.get(char)) is not None and after not in seen:
        seen.add(after)
        char = after
    return char
