"""What a room has agreed to: the table, the fold of entries, and who may be listened to."""

from __future__ import annotations

import itertools

import pytest

from monitor.consent import machine, notices
from monitor.consent.entries import Standing, fold
from monitor.consent.listening import may_listen, opted_out, refusal
from monitor.consent_model import Act, Basis, Consent, ConsentEntry
from monitor.errors import IllegalTransition
from monitor.model import RoomState, Speaker

ANN, BO = Speaker("s1", "Ann"), Speaker("s2", "Bo")
GRANTED = Standing(Consent.GRANTED)


def entry(act: Act, basis: Basis = Basis.HOST, **more: object) -> ConsentEntry:
    return ConsentEntry("lobby", 1.0, act, "host link x", basis, **more)  # type: ignore[arg-type]


def state(*acts: Act, basis: Basis = Basis.HOST, required: bool = True) -> Consent:
    return fold((entry(act, basis) for act in acts), required=required).state


def test_the_usual_way_through_the_table() -> None:
    assert state() is Consent.UNASKED
    assert state(Act.ANNOUNCE) is Consent.ANNOUNCED
    assert state(Act.ANNOUNCE, Act.GRANT) is Consent.GRANTED
    assert state(Act.ANNOUNCE, Act.GRANT, Act.PAUSE) is Consent.PAUSED
    assert state(Act.ANNOUNCE, Act.GRANT, Act.PAUSE, Act.GRANT) is Consent.GRANTED
    assert state(Act.ANNOUNCE, Act.GRANT, Act.PAUSE, Act.WITHDRAW) is Consent.WITHDRAWN


def test_no_visit_and_no_restart_brings_consent_back_that_was_withdrawn() -> None:
    assert state(Act.GRANT, Act.WITHDRAW, Act.ANNOUNCE, Act.ANNOUNCE) is Consent.WITHDRAWN
    assert state(Act.GRANT, Act.PAUSE, Act.ANNOUNCE) is Consent.PAUSED


def test_what_was_never_switched_on_cannot_be_paused() -> None:
    for before in (Consent.UNASKED, Consent.ANNOUNCED, Consent.WITHDRAWN):
        assert not machine.accepts(before, Act.PAUSE)
        with pytest.raises(IllegalTransition):
            machine.after(before, Act.PAUSE)


def test_only_a_grant_leads_to_granted() -> None:
    for before, act in itertools.product(Consent, Act):
        if before is not Consent.GRANTED and machine.accepts(before, act):
            assert (machine.after(before, act) is Consent.GRANTED) == (act is Act.GRANT), (before, act)


def test_the_operators_policy_counts_only_where_no_host_must_agree() -> None:
    assert state(Act.GRANT, basis=Basis.POLICY, required=False) is Consent.GRANTED
    assert state(Act.GRANT, basis=Basis.POLICY, required=True) is Consent.UNASKED


def test_the_host_overrules_the_operators_policy_and_not_the_other_way_round() -> None:
    entries = [entry(Act.GRANT, Basis.POLICY), entry(Act.WITHDRAW)]
    standing = fold(entries, required=False)
    assert (standing.state, standing.basis, standing.who) == (Consent.WITHDRAWN, Basis.HOST, "host link x")


def test_the_notice_and_its_last_showing_are_known() -> None:
    entries = [
        entry(Act.NOTICE, notice="hello", language="en"),
        entry(Act.ANNOUNCE, notice="hello", way="in the chat"),
        entry(Act.ANNOUNCE, notice="hello", way="by themselves", to=("s2",)),
    ]
    standing = fold(entries, required=True)
    assert (standing.notice, standing.language) == ("hello", "en")
    assert (standing.shown, standing.way, standing.shown_at) == ("hello", "in the chat", 1.0)


def test_somebody_opted_out_stays_so_when_they_come_back_under_another_id() -> None:
    standing = fold([entry(Act.GRANT), entry(Act.OPT_OUT, speaker=ANN)], required=True)
    assert opted_out(standing, [Speaker("new", " ann ")])
    assert not opted_out(standing, [BO])
    again = fold([entry(Act.GRANT), entry(Act.OPT_OUT, speaker=ANN), entry(Act.OPT_IN, speaker=ANN)], required=True)
    assert not opted_out(again, [ANN])


def test_listening_needs_a_live_room_a_granted_consent_and_nobody_opted_out() -> None:
    out = Standing(Consent.GRANTED, out=(BO,))
    for room, consent in itertools.product(RoomState, Consent):
        allowed = room is RoomState.LIVE and consent is Consent.GRANTED
        assert may_listen(room, Standing(consent), [ANN]) == allowed
    assert may_listen(RoomState.LIVE, out, [ANN])
    assert not may_listen(RoomState.LIVE, out, [BO])
    assert not may_listen(RoomState.LIVE, out, [ANN, BO]), "a mix has the voice of both"


def test_why_nobody_is_listened_to_is_said_in_words() -> None:
    said = {refusal(RoomState.LIVE, Standing(consent), [ANN]) for consent in Consent}
    assert len(said) == len(Consent)
    assert refusal(RoomState.LIVE, GRANTED, [ANN]) == ""


def test_the_room_is_never_told_that_it_is_monitored_while_it_is_not() -> None:
    for language in notices.STANDARD:
        words = notices.STANDARD[language]
        assert notices.shown(Consent.GRANTED, "our own", language) == "our own"
        assert notices.shown(Consent.GRANTED, "", language) == words.on
        for consent in Consent:
            if consent is not Consent.GRANTED:
                assert notices.shown(consent, "our own", language) in (words.asked, words.off)
    assert notices.shown(Consent.PAUSED, "", "tlh") == notices.STANDARD["en"].off


def test_every_standard_notice_fits() -> None:
    for words in notices.STANDARD.values():
        assert all(0 < len(text) <= notices.LONGEST for text in words)


def test_the_table_for_the_docs_has_every_cell() -> None:
    table = machine.as_table()
    assert table.count("\n") == len(Consent) + 2
    assert sum(row.count("GRANTED") for row in table.splitlines()[2:]) == 1 + 5 + 1
