"""An environment for each peer, made once with pip from wherever pip gets its packages on this machine."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from tests.bench.peers.processes import PeerFailed

SPACE = 8e9
"""Bytes that must be free before anything is fetched: PyTorch for graphics cards needs as much, that for CPUs 1.5e9."""
_LINES = 8
"""Of what pip said last, for the message."""


@dataclass(frozen=True, slots=True)
class Environment:
    """`bare` is installed without what it asks for, since much of that is for microphones and graphics cards;
    `needed` with all of it."""

    name: str
    bare: tuple[str, ...]
    needed: tuple[str, ...]

    @property
    def path(self) -> Path:
        return home() / self.name

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    @property
    def ready(self) -> bool:
        """True: it is there, and made from these very requirements."""
        mark = self.path / _MARK
        return mark.is_file() and mark.read_text("ascii") == self.digest

    @property
    def digest(self) -> str:
        """Of the requirements."""
        return hashlib.sha256(json.dumps([self.bare, self.needed]).encode()).hexdigest()

    async def make(self) -> None:
        """Raises PeerFailed with what pip says."""
        if self.ready:
            return
        home().mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(home()).free) < SPACE:
            raise PeerFailed(f"{free / 1e9:.1f} GB are free on the disk, it needs up to {SPACE / 1e9:.0f}")
        await _run(sys.executable, "-m", "venv", "--clear", self.path)
        pip = (self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet")
        await _run(*pip, *self.needed)
        await _run(*pip, "--no-deps", *self.bare)
        (self.path / _MARK).write_text(self.digest, "ascii")

    def versions(self, *packages: str) -> str:
        """Of what is installed in it, from its own metadata."""
        found = {
            path.name.split("-")[0].lower().replace("_", "-"): path.name.removesuffix(".dist-info").split("-", 1)[1]
            for path in self.path.glob("lib/python*/site-packages/*.dist-info")
        }
        return ", ".join(f"{package} {found[package]}" for package in packages if package in found)


_MARK = "ready"


def home() -> Path:
    return Path(platformdirs.user_cache_dir("room-monitor")) / "peers"


async def _run(*command: str | Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    if process.returncode:
        last = "\n".join(told.decode(errors="replace").strip().splitlines()[-_LINES:])
        raise PeerFailed(f"can't be installed here:\n{last}")
