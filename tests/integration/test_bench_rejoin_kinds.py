"""The bench of rejoining, with the servers that only tests can start: small, the measuring works."""

import io
import re

from rich.console import Console

from tests.bench import rejoin_of_all_kinds


async def test_livekit_and_whep_are_heard_again_under_their_names() -> None:
    said = io.StringIO()
    await rejoin_of_all_kinds.measure(["livekit", "whep"], 1, Console(file=said, width=200))
    lines = said.getvalue().splitlines()
    assert sum("heard again" in line and "n = 1" in line for line in lines) == 2
    assert (
        sum(re.search(r"[1-9]\d* half seconds looked at, 0 under a wrong name", line) is not None for line in lines)
        == 2
    )
