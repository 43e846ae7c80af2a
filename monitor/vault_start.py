"""What the vault finds at a start: leavings of a crash, plain clips of older versions, a rotation that was cut off."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import structlog

from monitor.audit.trail import SYSTEM, Trail
from monitor.errors import ConfigInvalid, EvidenceUnreadable
from monitor.evidence import keys, master
from monitor.evidence.files import Files
from monitor.evidence.master import Master
from monitor.evidence.ring import Part
from monitor.evidence.sound import decode, encode
from monitor.evidence_model import Clip, ClipState, RoomSession
from monitor.model import RATE, Alert, Samples
from monitor.store.store import Store
from monitor.vault import Vault

log = structlog.get_logger()

KEY_FILE = "master.key"


def own_masters(directory: Path) -> list[Master]:
    """The master key in `directory`, made at the first start; with the next one, where a rotation was cut off."""
    path = directory / KEY_FILE
    first, following = master.own_file(path), master.next_of(path)
    return [following, first] if following else [first]


async def begin(vault: Vault, store: Store, files: Files, plain: Path, clock: Callable[[], float]) -> None:
    """Before anything is heard. `plain`: directory in which older versions kept clips as WAV files.

    Raises ConfigInvalid where what is kept is sealed with a master key that isn't set.
    """
    await _masters_known(vault, store)
    await _adopt(vault, store, files, plain)
    await _finish(vault, store, files)
    await _strays(store, files)
    for session in await store.room_sessions(limit=1_000_000, open=True):
        await vault.sessions.end(session.id, clock())
    for session_id in await asyncio.to_thread(files.all_rings):
        await asyncio.to_thread(files.drop_ring, session_id)


async def _masters_known(vault: Vault, store: Store) -> None:
    known = vault.sessions.masters
    unknown = await store.masters() - known
    if unknown:
        raise ConfigInvalid(
            f"The evidence is sealed with the master key {', '.join(sorted(unknown))}, and the one that is set is "
            f"{', '.join(sorted(known))}. Set the right one ([evidence] master_key or kms); after a change of keys run "
            "`room-monitor evidence rotate --old …`."
        )


async def _finish(vault: Vault, store: Store, files: Files) -> None:
    """Clips to which something was still to be added when the process died: as far as the ring on the disk has it."""
    for clip in await store.clips(state=ClipState.RECORDING):
        try:
            await _finish_one(vault, store, files, clip)
        except (EvidenceUnreadable, OSError):
            log.exception("a clip stays as it was when the service died", alert=clip.alert)
            await store.change_clip(replace(clip, state=ClipState.COMPLETE))


async def _finish_one(vault: Vault, store: Store, files: Files, clip: Clip) -> None:
    session = await store.room_session(clip.session)
    if session is None:
        return
    key = await vault.sessions.unwrap(session)
    parts = [Part(clip.start, decode(await vault.opus(clip.alert), clip.samples))]
    for segment in await asyncio.to_thread(files.segments, clip.session, clip.track):
        begin, end = max(segment.start, clip.end), min(segment.end, clip.until)
        if begin < end:
            sealed = await asyncio.to_thread(files.read_segment, clip.session, segment)
            content = keys.unseal(key, sealed, keys.of_segment(clip.session, segment.name))
            audio = await asyncio.to_thread(decode, content, segment.end - segment.start)
            parts.append(Part(begin, audio[begin - segment.start : end - segment.start]))
    await vault.extend(clip, parts, key, clip.began - clip.start / RATE)


async def _strays(store: Store, files: Files) -> None:
    """Clips that were written and whose alert never was: nobody was told of them."""
    without = await store.clips_without_alert()
    await store.drop_clips(without)
    known = {clip.alert for clip in await store.clips()}
    gone = [alert for alert in await asyncio.to_thread(files.all_clips) if alert not in known]
    await asyncio.to_thread(files.drop_clips, gone)


async def _adopt(vault: Vault, store: Store, files: Files, plain: Path) -> None:
    """Seal the clips that an older version kept as they were, each room's in a session of its own, and remove them."""
    sessions: dict[str, tuple[RoomSession, bytes]] = {}
    for path in await asyncio.to_thread(_plain, plain):
        alert = await store.alert(path.stem)
        if alert is not None and await store.clip(alert.id) is None:
            if alert.room not in sessions:
                sessions[alert.room] = await vault.sessions.make(alert.room, alert.raised_at)
            await _adopt_one(store, files, alert, path, *sessions[alert.room])
        await asyncio.to_thread(_shred, path)


async def _adopt_one(store: Store, files: Files, alert: Alert, path: Path, session: RoomSession, key: bytes) -> None:
    try:
        audio = await asyncio.to_thread(_read, path)
    except (wave.Error, EOFError, ValueError):
        log.warning("an old clip can't be read and is removed", alert=alert.id)
        return
    own = keys.new_key()
    sealed = keys.seal(own, await asyncio.to_thread(encode, audio), keys.of_clip(session.id, alert.id))
    await asyncio.to_thread(files.put_clip, alert.id, sealed)
    clip = Clip(
        alert=alert.id,
        session=session.id,
        track="",
        room=alert.room,
        speaker=alert.speaker.id,
        key=keys.seal(key, own, keys.of_clip_key(session.id, alert.id)),
        state=ClipState.COMPLETE,
        start=0,
        samples=len(audio),
        until=len(audio),
        began=alert.spoken_at - len(audio) / RATE,
    )
    await store.add_clip(clip)


def _plain(directory: Path) -> list[Path]:
    """The clips; drafts of them that a crash left behind are removed."""
    if not directory.is_dir():
        return []
    for draft in directory.glob(".*.wav.*"):
        _shred(draft)
    return sorted(directory.glob("*.wav"))


def _read(path: Path) -> Samples:
    """A clip as older versions wrote them: 16-bit mono at RATE. Raises wave.Error, EOFError, ValueError."""
    with wave.open(str(path)) as file:
        audio = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
    if not len(audio):
        raise ValueError("no audio in it")
    return audio


def _shred(path: Path) -> None:
    """Overwritten before it goes: the file was plain audio. (Copies that the file system made are out of reach.)"""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


async def settle_rotation(store: Store, directory: Path) -> None:
    """A rotation that was cut off after all keys were wrapped anew: its key takes the place of the old one."""
    path = directory / KEY_FILE
    following = await asyncio.to_thread(master.next_of, path)
    if following is not None and await store.masters() <= {following.id}:
        await asyncio.to_thread(master.promote, path)


async def rotate(vault: Vault, store: Store, trail: Trail, new: Master, who: str = SYSTEM) -> int:
    """Wrap the keys of all sessions with `new`, in one transaction; how many. No file of audio is touched."""
    sessions = await store.room_sessions(limit=10_000_000, keyed=True)
    await trail.note(who, "evidence.rotated", new.id, sessions=len(sessions))
    wrapped = {}
    for session in sessions:
        key = await vault.sessions.unwrap(session)
        wrapped[session.id] = await asyncio.to_thread(new.wrap, session.id, key)
    await store.rewrap(wrapped, new.id)
    vault.sessions.wrap_with(new)
    return len(wrapped)
