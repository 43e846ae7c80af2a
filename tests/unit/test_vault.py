from __future__ import annotations

import asyncio
import io
import sqlite3
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigInvalid, EvidenceUnknown, EvidenceUnreadable
from monitor.evidence import keys
from monitor.evidence.clip import wav
from monitor.evidence.files import Segment, hashed
from monitor.evidence.master import key_master
from monitor.evidence.ring import Part, Ring
from monitor.evidence_model import ClipState, Kind, Scope
from monitor.keeping import Keeping
from monitor.model import RATE, Cut, Samples, Speaker, Utterance
from monitor.store.store import Store
from monitor.vault import Vault
from monitor.vault_start import begin, rotate
from tests.helpers.storing import alert, database, hit
from tests.helpers.trails import trail_of
from tests.helpers.vaults import MASTER, PLAN, keeping_of

BEGAN = 1000.0


def tone(seconds: float, pitch: float = 440.0) -> Samples:
    times = np.arange(round(seconds * RATE)) / RATE
    return (9000 * np.sin(2 * np.pi * pitch * times)).astype(np.int16)


def said(start: float, seconds: float, track: str = "t1", room: str = "lobby", pitch: float = 440.0) -> Utterance:
    """Somebody who sounds for some seconds of the track; the track began at BEGAN."""
    speaker = Speaker(f"s-{track}", "Ann")
    at = round(start * RATE)
    return Utterance(f"u-{track}-{at}", room, speaker, track, BEGAN + start, at, tone(seconds, pitch), Cut.SILENCE)


def all_bytes(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


@dataclass
class Scene:
    keeping: Keeping
    store: Store
    ring: Ring
    directory: Path

    @property
    def vault(self) -> Vault:
        return self.keeping.vault

    def hear(self, utterance: Utterance) -> None:
        self.ring.add(utterance)
        self.vault.hear(utterance)

    async def alarm(self, name: str, utterance: Utterance, start: float, end: float) -> str:
        """An alert of a hit at those seconds, as it is raised."""
        clip = await self.vault.keep(name, replace(hit(), start=start, end=end), utterance)
        found = alert(name, room_id=utterance.room, speaker=utterance.speaker, utterance=utterance.id, clip=clip)
        await self.store.add_alert(found)
        return clip

    async def length(self, name: str) -> float:
        with wave.open(io.BytesIO(await self.vault.wav(name))) as file:
            return file.getnframes() / file.getframerate()

    def files(self) -> list[str]:
        root = self.directory / "evidence"
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    async def worked(self) -> None:
        """All that waits is done."""
        running = asyncio.get_running_loop().create_task(self.vault.run())
        await asyncio.sleep(0)
        self.vault.close()
        await running
        self.vault._closed = False


@asynccontextmanager
async def scene(directory: Path, path: Path | None = None) -> AsyncIterator[Scene]:
    async with Store.open(path or database(directory), lambda _: None, lambda: 2000.0) as store:
        ring = Ring()
        trail = await trail_of(store, directory)
        yield Scene(keeping_of(store, directory, trail, ring, lambda: 2000.0), store, ring, directory)


async def test_a_visit_without_an_alert_leaves_a_receipt_and_nothing_else(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.vault.entered("lobby")
        it.hear(said(0.0, 2.0))
        it.hear(said(3.0, 2.0, track="t2"))
        await it.worked()
        (session,) = await it.store.room_sessions()
        assert session.key is not None
        assert len(it.files()) == 2
        assert all(name.startswith(f"ring/{session.id}/") for name in it.files())
        it.vault.forget("t1")
        it.vault.forget("t2")
        await it.worked()
        assert await it.store.receipts() == []  # somebody may speak again in this visit
        assert it.files() == []
        it.vault.left("lobby")
        await it.worked()
        (session,) = await it.store.room_sessions()
        (receipt,) = await it.store.receipts()
        assert (session.key, session.closed_at, session.destroyed_at) == (None, 2000.0, 2000.0)
        assert (receipt.id, receipt.kind, receipt.session, receipt.why) == (1, "session", session.id, "nothing to keep")
        assert receipt.detail["tracks"] == 2
        with pytest.raises(EvidenceUnreadable):
            await it.vault.sessions.key(session.id)
        assert await it.keeping.check_receipt(1) == []
        noted = [(entry.action, entry.subject) async for entry in it.store.audit_entries()]
        assert noted == [("evidence.destroyed", session.id)]


async def test_what_is_on_the_disk_is_neither_audio_nor_key(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        speech = said(0.0, 4.0)
        it.hear(speech)
        await it.worked()
        await it.alarm("a1", speech, 1.0, 2.0)
        (session,) = await it.store.room_sessions()
        key = await it.vault.sessions.unwrap(session)
        opus = await it.vault.opus("a1")
    found = all_bytes(tmp_path)
    for secret in (key, b"OggS", b"Opus", opus[200:232], speech.audio[:200].tobytes(), MASTER.key):
        assert secret not in found


async def test_a_clip_begins_before_the_hit_and_its_end_is_added_when_it_was_said(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.vault.entered("lobby")
        first, second, third = said(0.0, 4.0), said(5.0, 2.0), said(7.2, 3.0)
        it.hear(first)
        it.hear(second)
        await it.worked()
        assert await it.alarm("a1", second, 5.5, 6.5) == "a1.clip"
        clip = await it.vault.clip("a1")
        assert clip is not None
        # From two seconds before the hit (PLAN) to the end of what was said so far.
        assert (clip.state, clip.start, clip.seconds, clip.began) == ("recording", 56_000, 3.5, BEGAN + 3.5)
        assert await it.length("a1") == 3.5
        assert (await it.vault.opus("a1"))[:4] == b"OggS"
        await it.worked()
        assert (await it.vault.clip("a1")) == clip
        it.hear(third)
        await it.worked()
        clip = await it.vault.clip("a1")
        assert clip is not None
        assert (clip.state, clip.start, clip.seconds) == ("complete", 56_000, 4.0)  # to one second after the hit
        assert await it.length("a1") == 4.0


async def test_a_clip_sounds_as_what_was_said(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        speech = said(0.0, 4.0, pitch=700.0)
        it.hear(speech)
        await it.alarm("a1", speech, 2.0, 3.0)
        with wave.open(io.BytesIO(await it.vault.wav("a1"))) as file:
            heard = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    meant = speech.audio.astype(float)
    assert len(heard) == len(meant)
    assert np.dot(heard, meant) / np.linalg.norm(heard) / np.linalg.norm(meant) > 0.98


async def test_whoever_leaves_ends_the_clip_and_a_clip_keeps_the_key(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.vault.entered("lobby")
        speech = said(0.0, 3.0)
        it.hear(speech)
        await it.worked()
        await it.alarm("a1", speech, 2.0, 2.9)
        it.vault.left("lobby")
        it.vault.forget("t1")
        it.ring.forget("t1")
        await it.worked()
        (session,) = await it.store.room_sessions()
        clip = await it.vault.clip("a1")
        assert clip is not None
        assert (session.key is not None, session.closed_at, session.clips) == (True, 2000.0, 1)
        assert (clip.state, await it.length("a1")) == ("complete", 3.0)
        assert (tmp_path / "evidence" / "clips" / "a1.clip").stat().st_size < speech.audio.nbytes / 4, "it is Opus now"
        assert it.files() == ["clips/a1.clip"]
        assert await it.store.receipts() == []


async def test_each_visit_has_a_key_of_its_own(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        for number in range(2):
            it.vault.entered("lobby")
            speech = said(0.0, 1.0, track=f"t{number}")
            it.hear(speech)
            await it.worked()
            await it.alarm(f"a{number}", speech, 0.1, 0.5)
            it.vault.left("lobby")
            it.vault.forget(f"t{number}")
            await it.worked()
        first, second = await it.store.room_sessions()
        assert first.fingerprint != second.fingerprint
        one, two = await it.vault.clip("a0"), await it.vault.clip("a1")
        assert one is not None
        assert two is not None
        assert one.session != two.session
        with pytest.raises(EvidenceUnreadable, match="another key"):
            keys.unseal(await it.vault.sessions.key(two.session), one.key, keys.of_clip_key(one.session, "a0"))


async def test_a_hit_that_is_found_after_its_speaker_left_has_a_clip(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.vault.entered("lobby")
        speech = said(0.0, 3.0)
        it.hear(speech)
        await it.worked()
        it.vault.left("lobby")
        it.vault.forget("t1")
        it.ring.forget("t1")
        await it.worked()
        assert [receipt.kind for receipt in await it.store.receipts()] == ["session"]
        await it.alarm("late", speech, 1.0, 2.0)
        await it.worked()
        assert await it.length("late") == 3.0
        assert [session.clips for session in await it.store.room_sessions()] in ([1, 0], [0, 1])
        assert all(session.closed_at is not None for session in await it.store.room_sessions())


async def test_the_ring_is_no_longer_than_it_should_be_and_holds_nothing_twice(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        for start in range(0, 90, 6):
            it.hear(said(float(start), 8.0))  # each begins two seconds before the one before ends
            await it.worked()
        (session,) = await it.store.room_sessions()
        held = it.vault._files.segments(session.id, "t1")
        assert [a.end for a in held[:-1]] == [b.start for b in held[1:]]
        assert held[-1].end - held[0].end <= 60 * RATE
        assert held[-1].end - held[0].start > 60 * RATE - 8 * RATE


async def test_after_a_crash_a_clip_is_completed_from_the_disk_and_the_rest_goes(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        first, second = said(0.0, 4.0), said(4.0, 3.0)
        it.hear(first)
        await it.worked()
        await it.alarm("a1", first, 3.0, 3.9)
        await it.vault.keep("never-stored", hit(), first)
        # The next words are in the ring on the disk, and the process dies before the clip is written anew.
        part = Segment(hashed("t1"), second.start, second.end)
        (open_one,) = it.vault.sessions._all.values()
        await asyncio.to_thread(it.vault._put, open_one, part, second.audio, "t1")
        (it.directory / "evidence" / "clips" / ".a9.clip.abcd").write_bytes(b"half")
    async with scene(tmp_path, tmp_path / "monitor.db") as it:
        await begin(it.vault, it.store, it.keeping.files, tmp_path / "clips", lambda: 3000.0)
        clip = await it.vault.clip("a1")
        assert clip is not None
        assert (clip.state, clip.seconds) == (ClipState.COMPLETE, 3.9)
        assert await it.length("a1") == pytest.approx(3.9, abs=0.001)
        assert it.files() == ["clips/a1.clip"]
        (session,) = await it.store.room_sessions()
        assert (session.closed_at, session.clips, session.key is not None) == (3000.0, 1, True)
        with pytest.raises(EvidenceUnknown):
            await it.vault.wav("never-stored")


async def test_after_a_crash_a_visit_without_a_clip_loses_its_key(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.hear(said(0.0, 4.0))
        await it.worked()
        assert len(it.files()) == 1
    async with scene(tmp_path, tmp_path / "monitor.db") as it:
        await begin(it.vault, it.store, it.keeping.files, tmp_path / "clips", lambda: 3000.0)
        assert it.files() == []
        assert [receipt.kind for receipt in await it.store.receipts()] == ["session"]


async def test_plain_clips_of_older_versions_are_sealed_and_gone(tmp_path: Path) -> None:
    plain = tmp_path / "clips"
    plain.mkdir()
    audio = tone(2.0)
    (plain / "old.wav").write_bytes(wav(audio))
    (plain / "nobodys.wav").write_bytes(wav(audio))
    (plain / "broken.wav").write_bytes(b"RIFFnonsense")
    (plain / ".x.wav.1234").write_bytes(b"half")
    async with scene(tmp_path) as it:
        await it.store.add_alert(alert("old", clip="old.wav"))
        await it.store.add_alert(alert("broken", clip="broken.wav"))
        await begin(it.vault, it.store, it.keeping.files, plain, lambda: 3000.0)
        assert await it.length("old") == 2.0
        assert list(plain.iterdir()) == []
        assert it.files() == ["clips/old.clip"]
        await begin(it.vault, it.store, it.keeping.files, plain, lambda: 3000.0)
        assert await it.length("old") == 2.0


async def test_a_clip_whose_file_was_swapped_does_not_open(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        speech = said(0.0, 3.0)
        it.hear(speech)
        await it.alarm("a1", speech, 1.0, 2.0)
        await it.alarm("a2", speech, 1.0, 2.0)
        clips = tmp_path / "evidence" / "clips"
        (clips / "a1.clip").write_bytes((clips / "a2.clip").read_bytes())
        with pytest.raises(EvidenceUnreadable, match=r"clip .* a1"):
            await it.vault.wav("a1")


async def test_the_master_key_can_be_rotated_and_no_clip_is_written_anew(tmp_path: Path) -> None:
    new = key_master(bytes(32))
    async with scene(tmp_path) as it:
        speech = said(0.0, 3.0)
        it.hear(speech)
        await it.alarm("a1", speech, 1.0, 2.0)
        before = (tmp_path / "evidence" / "clips" / "a1.clip").read_bytes()
        assert await rotate(it.vault, it.store, await trail_of(it.store, tmp_path), new) == 1
        assert (tmp_path / "evidence" / "clips" / "a1.clip").read_bytes() == before
        assert await it.store.masters() == {new.id}
        (session,) = await it.store.room_sessions()
        assert await it.length("a1") > 2
    async with scene(tmp_path, tmp_path / "monitor.db") as it:  # with the old key alone
        with pytest.raises(ConfigInvalid, match=new.id):
            await begin(it.vault, it.store, it.keeping.files, tmp_path / "clips", lambda: 3000.0)
        with pytest.raises(EvidenceUnreadable, match="master key"):
            await it.vault.sessions.unwrap(session)


async def test_a_key_service_that_fails_costs_the_clip_and_nothing_else(tmp_path: Path) -> None:
    class Failing:
        id = "failing"

        def wrap(self, session: str, key: bytes) -> bytes:
            raise EvidenceUnreadable("no service")

        unwrap = wrap

    async with scene(tmp_path) as it:
        it.vault.sessions.wrap_with(Failing())
        speech = said(0.0, 3.0)
        it.hear(speech)
        await it.worked()
        assert await it.vault.keep_parts("a1", speech, [Part(0, speech.audio)]) == ""
        assert await it.store.room_sessions() == []
        assert it.vault.trouble() == ["evidence can't be kept: no service"]
        it.vault.sessions.wrap_with(MASTER)
        assert await it.vault.keep_parts("a2", speech, [Part(0, speech.audio)]) == "a2.clip"
        assert it.vault.trouble() == []


async def test_the_database_itself_holds_no_key_that_opens_anything(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        speech = said(0.0, 3.0)
        it.hear(speech)
        await it.alarm("a1", speech, 1.0, 2.0)
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as db:
        wrapped, fingerprint = db.execute("SELECT key, fingerprint FROM room_sessions").fetchone()
    with pytest.raises(EvidenceUnreadable):
        key_master(bytes(32)).unwrap("x", wrapped)
    assert len(fingerprint) == 16


async def test_a_room_can_be_erased_while_somebody_speaks_in_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.vault.entered("lobby")
        first, second = said(0.0, 3.0), said(4.0, 3.0)
        it.hear(first)
        await it.worked()
        await it.alarm("a1", first, 2.0, 2.9)  # its end is still to come
        await it.keeping.erase(Scope(Kind.ROOM, "lobby"), "asked", "Eve")
        assert it.files() == []
        assert it.ring.between("t1", 0, 99 * RATE) == ()
        it.hear(second)
        await it.worked()
        assert not [name for name in it.files() if name.startswith("clips/")], "the erased clip is not completed"
        new, old = sorted(await it.store.room_sessions(), key=lambda session: session.key is None)
        assert (new.key is not None, old.key, old.closed_at) == (True, None, 2000.0)
        assert all(name.startswith(f"ring/{new.id}/") for name in it.files())
        await it.alarm("a2", second, 5.0, 6.0)
        assert await it.length("a2") == 3.0
        it.vault.left("lobby")
        it.vault.forget("t1")
        await it.worked()
        assert it.files() == ["clips/a2.clip"]


async def test_one_speaker_can_be_erased_and_the_others_visit_goes_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.vault.entered("lobby")
        ann, bob = said(0.0, 3.0), said(0.0, 3.0, track="t2")
        for speech in (ann, bob):
            it.hear(speech)
            await it.worked()
        await it.alarm("a1", ann, 0.5, 1.0)
        await it.alarm("a2", bob, 0.5, 1.0)
        await it.keeping.erase(Scope(Kind.SPEAKER, "s-t1", "lobby"), "asked", "Eve")
        (session,) = await it.store.room_sessions()
        assert session.key is not None
        held = [name for name in it.files() if name.startswith("ring/")]
        assert [hashed("t2") in name for name in held] == [True]
        assert await it.length("a2") == 2.0
        with pytest.raises(EvidenceUnknown):
            await it.vault.wav("a1")


async def test_the_service_stops_with_nothing_half_done(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.vault.entered("lobby")
        it.vault.entered("den")
        for room, track in (("lobby", "t1"), ("den", "t2")):
            speech = said(0.0, 3.0, track=track, room=room)
            it.hear(speech)
            await it.worked()
            if room == "lobby":
                await it.alarm("a1", speech, 2.0, 2.9)
        it.hear(said(0.0, 3.0, track="t3", room="den"))  # and the stop comes before this is sealed
        await it.vault.end()
        assert it.files() == ["clips/a1.clip"]
        assert [clip.state.value for clip in await it.store.clips()] == ["complete"]
        assert {s.room: s.key is not None for s in await it.store.room_sessions()} == {"lobby": True, "den": False}


async def test_a_visit_that_never_ends_gets_a_new_key_for_who_comes_later(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), lambda _: None) as store:
        now, ring = [1000.0], Ring()
        trail = await trail_of(store, tmp_path)
        plan = replace(PLAN, longest=60.0)
        it = Scene(keeping_of(store, tmp_path, trail, ring, lambda: now[0], plan=plan), store, ring, tmp_path)
        it.vault.entered("lobby")
        it.hear(said(0.0, 1.0))
        await it.worked()
        now[0] += 61.0
        it.hear(said(1.0, 1.0))  # still there: still in the first session
        it.hear(said(0.0, 1.0, track="t2"))
        await it.worked()
        assert len(await store.room_sessions()) == 2
        it.vault.forget("t1")
        await it.worked()
        assert [session.key is not None for session in await store.room_sessions()].count(True) == 1
