"""Small products of matrices take no second core: the recogniser's threads are as many as there are cores."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import monitor, os, numpy
before = len(os.listdir("/proc/self/task"))
a = numpy.ones((300, 300), numpy.float32)
for _ in range(3):
    a @ a
print(before, len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads in Linux's /proc")
@pytest.mark.parametrize(("said", "most"), [("", 1), ("2", 2)])
def test_numpy_has_one_thread_unless_somebody_says_otherwise(said: str, most: int) -> None:
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    env |= {"OPENBLAS_NUM_THREADS": said} if said else {}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before <= most
    assert after <= most
