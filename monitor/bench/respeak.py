"""Texts spoken again by a machine (espeak-ng), for volume: clear, monotonous speech, so its figures stand apart."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from pypinyin import Style, lazy_pinyin

from monitor.errors import OperatorError
from monitor.media import read_all
from monitor.model import Samples

PROGRAM = "espeak-ng"
VOICES = {"en": ("en-us", "en-gb", "en-gb-scotland"), "zh": ("cmn-latn-pinyin",)}
"""Mandarin is given in pinyin: distributions leave out the dictionary with which it reads characters."""
SECONDS = 60.0
"""Seconds that one sentence may take."""


def program() -> str:
    """Its path. Raises OperatorError."""
    if (found := shutil.which(PROGRAM)) is None:
        raise OperatorError(f"--tts needs {PROGRAM}, which is not installed. On Debian: apt-get install {PROGRAM}")
    return found


async def spoken(text: str, language: str, number: int) -> Samples:
    """The text at 16 kHz mono; `number` chooses the voice. Raises OperatorError."""
    voices = VOICES[language]
    if language == "zh":
        text = " ".join(lazy_pinyin(text, style=Style.TONE3))
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        path = Path(scratch) / "said.wav"
        process = await asyncio.create_subprocess_exec(
            program(),
            *("-v", voices[number % len(voices)], "-s", "160", "-w", str(path), "--stdin"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(SECONDS):
            _, told = await process.communicate(text.encode())
        if process.returncode:
            raise OperatorError(f"{PROGRAM} ended with {process.returncode}: {told.decode(errors='replace').strip()}")
        return await asyncio.to_thread(read_all, path)
