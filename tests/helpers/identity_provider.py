"""A real OpenID provider (tests/peers/oidc, run by Node) for the tests, and a browser that signs in there.

`python -m tests.helpers.identity_provider` installs it; the first test that needs it does the same.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from monitor.web.build_console import ConsoleBuildError, node_and_npm, npm

HERE = Path(__file__).parent.parent / "peers" / "oidc"
CLIENT = "monitor"
SECRET = "between the two of us"
MOST = 12
"""Redirections that a sign-in may take."""


def install() -> None:
    """Once a checkout. Raises ConsoleBuildError where npm can't fetch it."""
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run in two processes
        if not (HERE / "node_modules" / "oidc-provider").is_dir():
            npm(HERE, "ci")


@contextmanager
def identity_provider(people: Mapping[str, Mapping[str, Any]], path: str) -> Iterator[str]:
    """Its issuer. `people`: what is said of each, by subject; `path`: where on loopback it may send browsers to."""
    try:
        install()
    except ConsoleBuildError as error:
        pytest.skip(f"the provider can't be installed: {error}")
    node, _ = node_and_npm()
    told = [json.dumps(people), json.dumps([f"http://127.0.0.1{path}"])]
    command = [str(node), str(HERE / "provider.mjs"), *told]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            issuer = process.stdout.readline().strip()
            assert issuer, "the provider did not start"
            yield issuer
        finally:
            process.kill()


async def until_back(browser: httpx.AsyncClient, start: str, person: str) -> str:
    """Go to the provider and sign in there as `person`. Gives the address that it sends the browser back to."""
    at = start
    for _ in range(MOST):
        answer = await browser.get(at)
        assert answer.status_code in (200, 302, 303), answer.text
        if answer.status_code == 200:
            assert answer.text == "who are you?"
            at = f"{answer.url}?as={person}"
            continue
        at = urljoin(str(answer.url), answer.headers["Location"])
        if "/api/login/provider/callback" in at:
            return at
    raise AssertionError(f"no way back from {at}")


if __name__ == "__main__":
    install()
