"""A text that doesn't stop is told; people who repeat themselves are not blamed."""

from __future__ import annotations

import pytest

from monitor.bench.runaway import runaways


@pytest.mark.parametrize(
    ("reference", "heard", "found"),
    [
        ("ten of clubs", "ten of clubs ten of clubs ten of clubs", ["ten of clubs × 3"]),
        ("ten of clubs", "ten of clubs ten of clubs", []),
        ("well the end", "well the the the the the the the the the end", ["the × 9"]),
        ("no no no", "no no no no", []),
        ("a b", "a b a b a b a b a b", ["a b × 5"]),
        ("ten of clubs ten of clubs ten of clubs", "of clubs ten of clubs ten of clubs ten", []),
        ("x", "one two three one two three one two three four five six four five six four five six",
         ["one two three × 3", "four five six × 3"]),
        ("a b", "a b a b a b a b", []),
        ("x", "", []),
    ],
)  # fmt: skip
def test_what_goes_on_and_on_is_told(reference: str, heard: str, found: list[str]) -> None:
    assert runaways(reference.split(), heard.split()) == found
