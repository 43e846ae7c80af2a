"""What the database keeps about voices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from monitor.messages import AlertChanged, AlertRaised, Numbered, VoiceChanged, VoiceDetectorChanged, VoiceDetectorView
from monitor.model import Alert, AlertState
from monitor.store.records import Judgement, StoredVoice
from monitor.store.store import Store
from monitor.voice_model import Abstained, SyntheticVoice, VoiceLabel, VoiceStanding, VoiceState, VoiceWindow
from tests.helpers.storing import ANN, alert, database

SIGN = SyntheticVoice(
    llr=7.5,
    speech=12.0,
    model="net@12ab",
    calibration="rooms",
    windows=(VoiceWindow(12.0, 15.0, 2.8, 4.5, 3.25), VoiceWindow(17.0, 20.0, 3.0, 4.0, 3.0)),
    clip_start=10.0,
)
STANDING = VoiceStanding(
    VoiceState.SUSPICIOUS, 4.25, 9.0, 3, ((Abstained.NOISY, 2.0), (Abstained.SHORT, 1.5)), "net@12ab", "rooms", False
)
VOICE = StoredVoice("t1", "lobby", ANN, highest=5.0)


def about_a_voice(alert_id: str = "a1") -> Alert:
    return alert(alert_id, hits=(), voice=SIGN)


async def test_an_alert_about_a_voice_reads_back_whole_and_cites_places_in_its_clip(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with Store.open(database(tmp_path), told.append) as store:
        await store.add_alert(about_a_voice())
        assert await store.alert("a1") == replace(about_a_voice(), incident=1)
    (raised,) = told
    assert isinstance(raised, AlertRaised)
    assert raised.alert.hits == []
    assert raised.alert.voice is not None
    assert [(w.at, w.seconds, w.llr) for w in raised.alert.voice.windows] == [(2.0, 3.0, 3.25), (7.0, 3.0, 3.0)]


async def test_an_alert_about_words_has_no_voice(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), lambda _: None) as store:
        await store.add_alert(alert("a1"))
        found = await store.alert("a1")
        assert found is not None
        assert found.voice is None
        assert await store.label_voice("a1", VoiceLabel.CONFIRMED, "Bo") is None
        assert await store.change_voice_alert(about_a_voice()) is None


async def test_a_label_is_kept_when_the_evidence_turns_and_told_with_the_alert(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with Store.open(database(tmp_path), told.append, lambda: 50.0) as store:
        await store.add_alert(about_a_voice())
        given = await store.label_voice("a1", VoiceLabel.SUSPECTED, "Bo", "sounds flat")
        assert given is not None
        assert (given.label, given.model, given.llr, given.who) == (VoiceLabel.SUSPECTED, "net@12ab", 7.5, "Bo")
        turned = replace(SIGN, llr=0.5, withdrawn=True)
        await store.change_voice_alert(replace(about_a_voice(), state=AlertState.WITHDRAWN, voice=turned))
        found = await store.alert("a1")
        assert found is not None
        assert found.state is AlertState.WITHDRAWN
        assert found.voice == replace(turned, label=VoiceLabel.SUSPECTED)
        await store.label_voice("a1", VoiceLabel.DISMISSED, "Cy")
        assert [(j.label, j.who, j.llr) for j in await store.voice_labels("a1")] == [
            (VoiceLabel.DISMISSED, "Cy", 0.5),
            (VoiceLabel.SUSPECTED, "Bo", 7.5),
        ]
    changed = [message.alert.voice for message in told if isinstance(message, AlertChanged)]
    assert [(v.label, v.withdrawn) for v in changed if v] == [
        ("suspected", False),
        ("suspected", True),
        ("dismissed", True),
    ]


async def test_a_label_outlives_its_alert_without_its_note(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), lambda _: None, lambda: 3000.0) as store:
        await store.add_alert(about_a_voice())
        await store.label_voice("a1", VoiceLabel.POSSIBLE, "Bo", "she quotes a name")
        await store.purge(before=5000.0, gone=[("a1", "its time")])
        assert await store.alert("a1") is None
        assert await store.label_voice("a1", VoiceLabel.POSSIBLE, "Bo") is None
        assert await store.change_voice_alert(about_a_voice()) is None
        assert [(j.label, j.note) for j in await store.voice_labels()] == [(VoiceLabel.POSSIBLE, "")]


async def test_a_voice_is_told_with_why_it_abstains_and_kept_once_a_track(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with Store.open(database(tmp_path), told.append, lambda: 50.0) as store:
        await store.add_voice(VOICE, STANDING, VoiceState.CLEAR)
        await store.keep_voice(replace(VOICE, highest=6.0), replace(STANDING, llr=1.0, state=VoiceState.CLEAR))
        await store.keep_voice(replace(VOICE, track="t2", room="den"), STANDING)
        (kept,) = await store.voices("lobby")
        assert (kept.state, kept.llr, kept.highest, kept.speaker) == (VoiceState.CLEAR, 1.0, 6.0, ANN)
        assert kept.abstained == {"too noisy": 2.0, "too short": 1.5}
        assert len(await store.voices()) == 2
        (again,) = await store.events(0, 10)
        await store.purge(before=60.0)
        assert await store.voices() == []
    (changed,) = told
    assert changed == again
    assert isinstance(changed, VoiceChanged)
    assert (changed.before, changed.voice.state, changed.voice.llr) == ("no-sign", "suspicious", 4.25)
    assert [(a.reason, a.seconds) for a in changed.voice.abstained] == [("too noisy", 2.0), ("too short", 1.5)]


async def test_a_detector_that_fails_is_on_the_record(tmp_path: Path) -> None:
    view = VoiceDetectorView(
        state="failed",
        detail="NaN",
        model="net@12ab",
        calibration="rooms",
        marks_only=False,
        claims=["espeak"],
        chance=["clones"],
    )
    async with Store.open(database(tmp_path), lambda _: None) as store:
        await store.add_voice_detector(view)
        (told,) = await store.events(0, 10)
        assert isinstance(told, VoiceDetectorChanged)
        assert told.detector == view


async def test_an_alert_about_a_voice_is_nothing_that_a_keyword_verdict_can_be_on(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), lambda _: None) as store:
        await store.add_alert(about_a_voice())
        assert await store.add_verdict("a1", Judgement.RIGHT, "Bo") is None
