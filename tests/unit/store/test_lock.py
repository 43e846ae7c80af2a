"""A data directory belongs to one service at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.errors import DataInUse
from monitor.store.lock import owned

HOLD = """
import sys
from pathlib import Path
from monitor.store.lock import owned
with owned(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_owner_is_refused_until_the_first_is_gone_even_killed(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(DataInUse, match="another room-monitor"), owned(tmp_path):
            pass
        other.kill()
        other.wait(10)
    with owned(tmp_path):
        assert (tmp_path / "lock").exists()
