"""The real service as a process of its own, with its room, its lists and its data in a directory of the test's."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

START = 90.0
"""Seconds that a start may take on a busy machine (the model is loaded)."""

SETTINGS = """
grace = 20.0
[web]
port = 0
[storage]
data = "data"
[keywords]
lists = "lists"
reload = 0.2
[[rooms]]
id = "test"
name = "Test room"
languages = ["en"]
"""
LIST = """
name = "test-en"
title = "What the recordings say"
languages = ["en"]
severity = "high"
phrases = ["your country", "fellow americans"]
examples.hit = ["ask not what your country can do for you"]
"""


class Service:
    """A running `room-monitor run`. `url` is http://host:port."""

    def __init__(self, directory: Path, patience: float = START, program: Sequence[str] = ("monitor", "run")) -> None:
        """`program`: the module to run and its first words."""
        self.log: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", *program, "--config", str(directory / "monitor.toml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200", "NO_COLOR": "1"},
        )
        self.url = ""
        self._started = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._started.wait(patience) or not self.url:
            self.process.kill()
            raise AssertionError("the service did not start:\n" + "".join(self.log))

    @property
    def websocket(self) -> str:
        return self.url.replace("http", "ws", 1)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and wait; returns the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(10)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log.append(line)
            if found := re.search(r"running: (http://[^/\s]+)", line):
                self.url = found.group(1)
                self._started.set()
        self._started.set()
        self.process.stdout.close()


def prepare(directory: Path, settings: str = SETTINGS, words: str = LIST) -> Path:
    """Write settings and one keyword list into the directory."""
    (directory / "monitor.toml").write_text(settings, "utf-8")
    (directory / "lists").mkdir(exist_ok=True)
    (directory / "lists" / "test.toml").write_text(words, "utf-8")
    return directory


@contextmanager
def running(directory: Path) -> Iterator[Service]:
    """The service, killed at the end if the test has not stopped it."""
    service = Service(directory)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.stop(signal.SIGKILL)
