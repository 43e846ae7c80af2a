"""What the feed and the API show: personal data hidden, the words of a hit visible, times kept."""

from __future__ import annotations

from dataclasses import replace

from monitor.masking import hide
from monitor.messages import AlertRaised, GapNoted, HeardMessage, WordView
from monitor.model import Reheard, SecondHearing
from monitor.views import alert_view, hit_view
from tests.helpers.storing import alert, hit, speaker


def heard(*words: str) -> HeardMessage:
    views = [WordView(text=word, start=n, end=n + 0.5, probability=0.9 - n / 100) for n, word in enumerate(words)]
    return HeardMessage(
        seq=7, at=1.0, room="lobby", speaker=speaker(), utterance="u1", began=1.0, seconds=9.0, language="en",
        text="".join(words).strip(), words=views, cut="silence", model="base", took=0.1,
    )  # fmt: skip


def test_the_words_of_a_number_become_one_word_with_the_time_of_all() -> None:
    shown = hide.heard(heard(" call", " 202", "-456", "-1414", ".", " Bye"))
    assert shown.text == "call [phone]. Bye"
    assert [word.text for word in shown.words] == [" call", " [phone]", ".", " Bye"]
    number = shown.words[1]
    assert (number.start, number.end, number.probability) == (1, 3.5, 0.87)
    assert shown.masked


def test_two_numbers_stay_two() -> None:
    said = heard(" a@b.org", " or", " c@d.org")
    assert [word.text for word in hide.heard(said).words] == [" [e-mail]", " or", " [e-mail]"]


def test_a_message_without_personal_data_is_the_same_object() -> None:
    said = heard(" good", " morning")
    assert hide.message(said) is said


def test_the_words_of_a_hit_stay_and_what_is_around_them_is_hidden() -> None:
    found = replace(hit("send a code to"), before="please", after="202-456-1414 today")
    shown = hide.hit(hit_view(found))
    assert (shown.before, shown.matched, shown.after) == ("please", "send a code to", "[phone] today")
    assert shown.masked


def test_a_number_that_reaches_into_a_hit_is_hidden_on_both_sides_of_it() -> None:
    found = replace(hit("five five five"), before="it is one two", after="three four six")
    shown = hide.hit(hit_view(found))
    assert (shown.before, shown.matched, shown.after) == ("it is [phone]", "five five five", "[phone]")


def test_the_second_hearing_is_hidden_too() -> None:
    found = replace(hit(), second=SecondHearing("medium", "free money 202 456 1414", Reheard.CONFIRMED))
    shown = hide.hit(hit_view(found))
    assert shown.second is not None
    assert shown.second.text == "free money [phone]"


def test_alerts_of_the_feed_are_masked() -> None:
    raised = alert("a1", hits=(replace(hit(), after="call 202-456-1414"),))
    message = AlertRaised(seq=1, at=1.0, alert=alert_view(raised))
    text = hide.message(message).model_dump_json()
    assert "1414" not in text
    assert '"masked":true' in text


def test_what_was_refused_as_made_up_is_hidden_as_well() -> None:
    said = heard(" good").model_copy(update={"ghosts": ["repeated: mail a@b.org"]})
    assert hide.heard(said).ghosts == ["repeated: mail [e-mail]"]
    gap = GapNoted(
        seq=1, at=1.0, room="lobby", speaker=None, began=1.0, seconds=1.0, state="vetoed",
        cause="ghost text refused (repeated: mail a@b.org)",
    )  # fmt: skip
    assert "a@b.org" not in hide.message(gap).model_dump_json()
