"""How the keywords commands write what was said."""

from __future__ import annotations

import pytest

from monitor.commands.keywords_show import quoted


@pytest.mark.parametrize(
    ("before", "matched", "after", "shown"),
    [
        ("there is", " free money", "for all", "there is [bold]free money[/] for all"),
        ("It is", " Kill", ", now", "It is [bold]Kill[/], now"),
        ("Yes,", " free money", ".", "Yes, [bold]free money[/]."),
        ("我要", "杀", "了你", "我要[bold]杀[/]了你"),
        ("好，", "free", "了", "好，[bold]free[/]了"),
        ("", "free", "", "[bold]free[/]"),
        ("[red]", " a", "[/]", "\\[red] [bold]a[/]\\[/]"),
    ],
)
def test_words_are_joined_as_they_are_written(before: str, matched: str, after: str, shown: str) -> None:
    assert quoted({"before": before, "matched": matched, "after": after}) == shown
