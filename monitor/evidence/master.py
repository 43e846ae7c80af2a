"""The master key, which wraps the key of every room-session: from a file, the environment, or a key service (KMS).

It never touches audio, and may be rotated: the sessions' keys are wrapped anew, no file is written again.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from monitor.errors import ConfigInvalid, EvidenceUnreadable
from monitor.evidence.keys import KEY, fingerprint, new_key, of_session, seal, unseal

KMS_PATIENCE = 15.0
"""Seconds that the command of a key service may take."""
NEXT = ".next"
"""Ending of a new master key's file until all keys are wrapped by it."""


class Master(Protocol):
    """What wraps the keys of sessions. Methods may block: never in the event loop."""

    @property
    def id(self) -> str:
        """Says which key it is, never the key."""
        ...

    def wrap(self, session: str, key: bytes) -> bytes: ...

    def unwrap(self, session: str, wrapped: bytes) -> bytes:
        """Raises EvidenceUnreadable."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class KeyMaster:
    """A key that this process holds."""

    key: bytes
    id: str

    def wrap(self, session: str, key: bytes) -> bytes:
        return seal(self.key, key, of_session(session))

    def unwrap(self, session: str, wrapped: bytes) -> bytes:
        return unseal(self.key, wrapped, of_session(session))


@dataclass(frozen=True, slots=True)
class CommandMaster:
    """A key service, by a command: `COMMAND wrap|unwrap SESSION` gets base64 on standard input and answers in base64.

    The master key stays with the service; who may unwrap is its matter, and so is the rotation of its key.
    """

    command: tuple[str, ...]
    id: str = "command"

    def wrap(self, session: str, key: bytes) -> bytes:
        return self._ask("wrap", session, key)

    def unwrap(self, session: str, wrapped: bytes) -> bytes:
        key = self._ask("unwrap", session, wrapped)
        if len(key) != KEY:
            raise EvidenceUnreadable(f"the key service's command gave {len(key)} bytes for a key of {KEY}")
        return key

    def _ask(self, what: str, session: str, content: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command, from the settings
                [*self.command, what, session],
                input=base64.b64encode(content),
                capture_output=True,
                timeout=KMS_PATIENCE,
                check=True,
            )
            return base64.b64decode(done.stdout, validate=False)
        except (OSError, subprocess.SubprocessError, binascii.Error) as error:
            # Without what it wrote: it may be a key.
            raise EvidenceUnreadable(f"the key service's command failed at {what}: {type(error).__name__}") from None


def key_master(key: bytes) -> KeyMaster:
    return KeyMaster(key, fingerprint(key))


def from_text(text: str, where: str) -> KeyMaster:
    """A key of 32 bytes as 64 hex digits or in base64. Raises ConfigInvalid, which tells where and never what."""
    said = text.strip()
    try:
        key = bytes.fromhex(said) if len(said) == 2 * KEY else base64.b64decode(said, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY:
        raise ConfigInvalid(f"{where}: a master key is {KEY} random bytes, as hex or base64 (openssl rand -hex {KEY})")
    return key_master(key)


def own_file(path: Path) -> KeyMaster:
    """The key in a file of ours, made (mode 0600) where there is none yet. Raises ConfigInvalid."""
    try:
        return _read(path)
    except FileNotFoundError:
        write_key(path, new_key())
        return _read(path)


def next_of(path: Path) -> KeyMaster | None:
    """The key that a rotation has made and not yet put in the place of the old one."""
    try:
        return _read(_next(path))
    except FileNotFoundError:
        return None


def make_next(path: Path) -> KeyMaster:
    """A new master key, durable beside the old one: a crash at any moment leaves the keys with one that opens them."""
    made = next_of(path)
    if made is None:
        write_key(_next(path), new_key())
    return made or _read(_next(path))


def promote(path: Path) -> None:
    """All keys are wrapped by the new one: the old one goes."""
    _next(path).replace(path)
    _sync(path.parent)


def _next(path: Path) -> Path:
    return path.with_name(path.name + NEXT)


def write_key(path: Path, key: bytes) -> None:
    """Durable before it is used: what a lost key has sealed is lost. Readable for the owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync(path.parent)


def _read(path: Path) -> KeyMaster:
    if (path.stat().st_mode & 0o077) != 0:
        raise ConfigInvalid(f"{path}: others than the owner may read this master key; run: chmod 600 {path}")
    return from_text(path.read_text("ascii", "replace"), str(path))


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwrap_with(masters: Sequence[Master], master_id: str, session: str, wrapped: bytes) -> bytes:
    """By the one that wrapped it; any other can't. Raises EvidenceUnreadable."""
    for master in masters:
        if master.id == master_id:
            return master.unwrap(session, wrapped)
    raise EvidenceUnreadable(
        f"session {session}: its key is wrapped by the master key {master_id}, which is not the one that is set now"
    )
