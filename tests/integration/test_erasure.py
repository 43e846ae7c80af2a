"""What is gone is gone: these tests look at the bytes on the disk: of the database, its log and all other files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import EvidenceHeld, EvidenceUnknown, EvidenceUnreadable
from monitor.evidence.ring import Part
from monitor.evidence_model import Kind, Scope
from monitor.keeping import Keeping
from monitor.messages import Numbered, RoomChanged, RoomView
from monitor.model import RATE, Coverage, Cut, Gap, Heard, NearMiss, Severity, Speaker, Spoken, Transcript, Utterance
from monitor.model import Word as HeardWord
from monitor.store.records import Judgement, StoredVoice
from monitor.store.store import Store
from monitor.vault_start import begin
from monitor.voice_model import VoiceStanding, VoiceState
from tests.helpers.storing import alert, database, hit, speaker
from tests.helpers.trails import trail_of
from tests.helpers.vaults import keeping_of

DAY = 86400.0


@dataclass(frozen=True)
class Said:
    """One person in one visit to a room, with words and a name that occur nowhere else."""

    room: str
    person: str  # id
    visit: int

    @property
    def mark(self) -> str:
        return f"{self.room}{self.person}{self.visit}"

    @property
    def words(self) -> str:
        return f"canary{self.mark}word"

    @property
    def name(self) -> str:
        return f"Canary{self.room}{self.person}name"

    @property
    def alert(self) -> str:
        return f"{self.mark:x<32}"

    @property
    def track(self) -> str:
        return f"track-{self.mark}"

    @property
    def utterance(self) -> str:
        return f"{self.mark:u<32}"


PEOPLE = [Said(room, person, visit) for room in ("hall", "den") for visit in (1, 2) for person in ("ann", "bob")]


@dataclass
class Scene:
    directory: Path
    store: Store
    keeping: Keeping
    now: list[float]
    told: list[Numbered]
    sealed: dict[str, bytes]  # by alert: its clip's file as it was

    def bytes(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.directory.rglob("*") if path.is_file())

    def check(self, gone: list[Said]) -> None:
        """Of these nothing can be found, of all others everything."""
        found = self.bytes()
        for one in PEOPLE:
            marks = [one.words, f"note on {one.words}", one.utterance]
            if not any(one.name == each.name for each in PEOPLE if each not in gone):
                marks += [one.name, f"id-{one.room}-{one.person}"]
            for mark in marks:
                assert (mark.encode() in found) is (one not in gone), (mark, one)
            assert (self.sealed[one.alert][-64:] in found) is (one not in gone), one

    async def utter(self, one: Said, at: float) -> None:
        who = Speaker(f"id-{one.room}-{one.person}", one.name)
        audio = np.random.default_rng(len(self.sealed)).normal(0, 3000, 2 * RATE).astype(np.int16)
        speech = Utterance(one.utterance, one.room, who, one.track, at, 0, audio, Cut.SILENCE)
        await self.store.open_track(one.track, one.room, who, at)
        await self.store.add_speaker(one.room, speaker(who.id, who.name), "joined")
        words = (HeardWord(f" {one.words}", 0.2, 0.9, 0.9), HeardWord(" money", 1.0, 1.5, 0.9))
        transcript = Transcript(speech, "en", words, "base", 0.1)
        await self.store.add_heard(transcript, words, Spoken("1", one.words))
        found = replace(hit(), matched=one.words, after=one.words)
        clip = await self.keeping.vault.keep_parts(one.alert, speech, [Part(0, audio)])
        about = {"room_id": one.room, "speaker": who, "utterance": one.utterance, "clip": clip, "raised_at": at}
        await self.store.add_alert(alert(one.alert, hits=(found,), **about))
        await self.store.change_alert(alert(one.alert, hits=(found, found), **about))
        await self.store.add_hits([found, found], transcript, [one.alert, ""])
        miss = NearMiss("scam", "1", "free money", one.words, "", one.words, 0.2, 0.9, 0.5, 0.8, "sounds alike")
        await self.store.add_near_misses([miss], transcript)
        await self.store.add_verdict(one.alert, Judgement.UNSURE, "Eve", f"note on {one.words}")
        standing = VoiceStanding(VoiceState.SUSPICIOUS, 4.0, 9.0, 4, (), "net@1", "rooms", True)
        await self.store.add_voice(StoredVoice(one.track, one.room, who, 4.0), standing, VoiceState.CLEAR)
        await self.store.add_gap(Gap(one.room, who, one.track, at, 0.5, Heard.LOST_NETWORK, "lost"))
        await self.store.close_track(one.track, Coverage({Heard.EXAMINED: 2.0, Heard.LOST_NETWORK: 0.5}), at + 3)


@asynccontextmanager
async def scene(directory: Path) -> AsyncIterator[Scene]:
    """Two rooms, two visits to each, two people who speak in each visit."""
    now, told = [1000.0], []  # type: list[float], list[Numbered]
    async with Store.open(database(directory), told.append, lambda: now[0]) as store:
        keeping = keeping_of(store, directory, await trail_of(store, directory), clock=lambda: now[0])
        it = Scene(directory, store, keeping, now, told, {})
        await store.begin_session()
        for room in ("hall", "den"):
            for visit in (1, 2):
                keeping.vault.entered(room)
                present = [one for one in PEOPLE if (one.room, one.visit) == (room, visit)]
                people = [speaker(f"id-{one.room}-{one.person}", one.name) for one in present]
                await store.add_room(RoomView(id=room, name=room, state="live", speakers=people))
                for one in present:
                    await it.utter(one, now[0])
                    it.sealed[one.alert] = (directory / "evidence" / "clips" / f"{one.alert}.clip").read_bytes()
                keeping.vault.left(room)
                for one in present:
                    keeping.vault.forget(one.track)
                await keeping.vault._work()
                now[0] += 100.0
        yield it


async def test_before_an_erasure_all_of_it_is_there(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.check([])
        sessions = await it.store.room_sessions()
        assert [(session.room, session.clips, session.key is not None) for session in sessions] == [
            ("den", 2, True),
            ("den", 2, True),
            ("hall", 2, True),
            ("hall", 2, True),
        ]


async def test_a_room_is_erased(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        before = await it.store.coverage("hall")
        receipt = await it.keeping.erase(Scope(Kind.ROOM, "hall"), "asked by its host", "Eve")
        it.check([one for one in PEOPLE if one.room == "hall"])
        assert (receipt.kind, receipt.subject, receipt.who) == ("erasure", "room hall", "Eve")
        looked = ("tried", "opened", "files_left", "found_in_database_file", "log_emptied")
        assert [receipt.detail[key] for key in looked] == [4, 0, 0, 0, True]
        assert receipt.detail["rows"]["session keys"] == 2
        assert await it.keeping.check_receipt(receipt.id) == []
        assert await it.store.coverage("hall") == before, "seconds are nobody's: they stay"
        assert it.told[-1].model_dump()["type"] == "erased"
        rooms = [message.room for message in await it.store.events(0, 999) if isinstance(message, RoomChanged)]
        assert [room.speakers for room in rooms if room.id == "hall"] == [[]]
        with pytest.raises(EvidenceUnknown, match="erased before"):
            await it.keeping.erase(Scope(Kind.ROOM, "nowhere"), "x", "Eve")


async def test_a_speaker_is_erased_in_one_room_or_in_all(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        gone = [one for one in PEOPLE if (one.room, one.person) == ("hall", "ann")]
        receipt = await it.keeping.erase(Scope(Kind.SPEAKER, "id-hall-ann", "hall"), "asked", "Eve")
        it.check(gone)
        assert receipt.subject.startswith("speaker ")
        assert "ann" not in receipt.subject
        with pytest.raises(EvidenceUnknown):
            await it.keeping.erase(Scope(Kind.SPEAKER, "id-den-bob", "hall"), "asked", "Eve")
        await it.keeping.erase(Scope(Kind.SPEAKER, "id-den-bob"), "asked", "Eve")
        it.check([*gone, *(one for one in PEOPLE if (one.room, one.person) == ("den", "bob"))])
        # The others' clips of the same visits can be heard.
        assert await it.keeping.vault.wav(PEOPLE[1].alert)


async def test_a_session_is_erased_with_its_key(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        gone = [one for one in PEOPLE if (one.room, one.visit) == ("hall", 1)]
        session = (await it.store.clip(gone[0].alert)).session  # type: ignore[union-attr]
        copy = it.sealed[gone[0].alert]
        await it.keeping.erase(Scope(Kind.SESSION, session), "asked", "Eve")
        it.check(gone)
        (tmp_path / "evidence" / "clips" / f"{gone[0].alert}.clip").write_bytes(copy)  # from a backup, say
        with pytest.raises(EvidenceUnknown):
            await it.keeping.vault.wav(gone[0].alert)
        with pytest.raises(EvidenceUnreadable, match="destroyed"):
            await it.keeping.vault.sessions.key(session)
        receipts = await it.store.receipts()
        assert [each.kind for each in receipts] == ["erasure", "session"]
        assert await it.keeping.check_receipt(receipts[1].id) == []
        assert await it.keeping.check_receipt(receipts[0].id) == [f"there is a clip of alert {gone[0].alert}"]


async def test_an_alert_is_erased_with_what_was_said(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        one = PEOPLE[0]
        await it.keeping.erase(Scope(Kind.ALERT, one.alert), "asked", "Eve")
        found = it.bytes()
        for mark in (one.words.encode(), it.sealed[one.alert][-64:], one.utterance.encode()):
            assert mark not in found
        assert PEOPLE[1].words.encode() in found
        assert [each.id for _, each in await it.store.alerts()].count(one.alert) == 0


async def test_what_is_on_hold_is_neither_erased_nor_does_its_time_come(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        bob = Scope(Kind.SPEAKER, "id-hall-bob", "hall")
        hold = await it.keeping.hold(bob, 400 * DAY, "case 12", "Eve")
        for scope in (bob, Scope(Kind.ROOM, "hall"), Scope(Kind.ALERT, PEOPLE[1].alert)):
            with pytest.raises(EvidenceHeld, match="case 12"):
                await it.keeping.erase(scope, "asked", "Eve")
        it.check([])
        it.now[0] = 100 * DAY  # everything has had its time
        dry = await it.keeping.tonight()
        held = {each.alert.id for each in dry.going if each.hold}
        assert held == {one.alert for one in PEOPLE if (one.room, one.person) == ("hall", "bob")}
        assert (len(dry.going), dry.utterances, dry.sessions) == (8, 6, 2)
        await it.keeping.run()
        found = it.bytes()
        for one in PEOPLE:
            mine = (one.room, one.person) == ("hall", "bob")
            assert (one.words.encode() in found) is mine, one
            assert (it.sealed[one.alert][-64:] in found) is mine, one
            assert (await it.store.alert(one.alert) is not None) is mine
        assert await it.keeping.vault.wav(PEOPLE[1].alert)
        await it.keeping.release(hold.id, "closed", "Eve")
        await it.keeping.run()
        assert [each for each in PEOPLE if each.words.encode() in it.bytes()] == []
        assert {session.key for session in await it.store.room_sessions()} == {None}
        with pytest.raises(EvidenceUnknown, match="hold"):
            await it.keeping.release(hold.id, "again", "Eve")


async def test_a_hold_that_has_run_out_keeps_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await it.keeping.hold(Scope(Kind.ROOM, "den"), 2 * DAY, "case 13", "Eve")
        it.now[0] = 3 * DAY
        await it.keeping.erase(Scope(Kind.ROOM, "den"), "asked", "Eve")
        it.check([one for one in PEOPLE if one.room == "den"])


async def test_the_dry_run_says_what_the_run_does(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await it.store.add_verdict(PEOPLE[0].alert, Judgement.WRONG, "Eve", "")
        await it.store.add_verdict(PEOPLE[2].alert, Judgement.RIGHT, "Eve", "")
        for days, expected in ((1, 0), (4, 1), (31, 1), (61, 7), (179, 7), (182, 8)):
            it.now[0] = 1000.0 + days * DAY
            dry = await it.keeping.tonight()
            assert len(dry.going) + 8 - len(await it.store.alerts()) == expected, days
            before = {each.alert.id for each in dry.going}
            there = {each.id for _, each in await it.store.alerts()}
            utterances, sessions = len(await it.store.utterances()), await it.store.room_sessions(keyed=True)
            await it.keeping.run()
            assert {each.id for _, each in await it.store.alerts()} == there - before
            assert utterances - len(await it.store.utterances()) == dry.utterances
            assert len(sessions) - len(await it.store.room_sessions(keyed=True)) == dry.sessions
            gone = [one for one in PEOPLE if one.alert not in {each.id for _, each in await it.store.alerts()}]
            for one in gone:
                assert it.sealed[one.alert][-64:] not in it.bytes()
        assert [each.kind for each in await it.store.receipts()].count("clip") == 8


async def test_severity_says_how_long(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        for severity in Severity:
            await it.store.add_alert(alert(severity.value, severity=severity, raised_at=1000.0))
        for days, left in ((6, 5), (8, 4), (15, 3), (31, 2), (61, 1), (91, 0)):
            it.now[0] = 1000.0 + days * DAY
            await it.keeping.run()
            there = {each.id for _, each in await it.store.alerts()}
            assert len(there & {severity.value for severity in Severity}) == left, days


async def test_a_changed_receipt_is_found(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        for one in PEOPLE[:2]:
            await it.keeping.erase(Scope(Kind.ALERT, one.alert), "asked", "Eve")
        assert await it.store.broken_receipts() == []
        from sqlalchemy import text

        await it.store._writer.write(lambda db, _: db.execute(text("UPDATE receipts SET why = 'other' WHERE id = 1")))
        assert await it.store.broken_receipts() == [1]
        assert "changed" in (await it.keeping.check_receipt(1))[0]


async def test_a_crash_in_the_middle_of_an_erasure_leaves_no_clip(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        one = PEOPLE[0]
        await it.store.erase(Scope(Kind.ALERT, one.alert), "Eve", "asked")  # and then the process dies
        assert it.sealed[one.alert][-64:] in it.bytes()
        await begin(it.keeping.vault, it.store, it.keeping.files, tmp_path / "clips", lambda: it.now[0])
        assert it.sealed[one.alert][-64:] not in it.bytes()
