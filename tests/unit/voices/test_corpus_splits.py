from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.voices.corpus import rows as table
from monitor.voices.corpus import splits
from monitor.voices.corpus.rows import CorpusInvalid, Label, Row, Split

VOICES = {"v-train": Split.TRAIN, "v-dev": Split.DEV, "v-test": Split.TEST}


def person(speaker: str, text: str, language: str = "en", ok: bool = True, seconds: float = 10.0) -> Row:
    return Row(
        path=f"audio/{speaker}-{text}.wav",
        label=Label.GENUINE,
        source="read",
        speaker=speaker,
        generator="",
        text_id=text,
        pair_id=f"{speaker}-{text}",
        language=language,
        licence="CC0",
        weights_ok=ok,
        split=Split.NONE,
        seconds=seconds,
    )


def machine(voice: str, text: str, generator: str = "formant-x") -> Row:
    return replace(
        person(voice, text),
        path=f"audio/{generator}/{voice}-{text}.wav",
        label=Label.SYNTHETIC,
        generator=generator,
        pair_id="",
    )


def people(count: int = 30) -> list[Row]:
    return [person(f"s{n}", f"t{n}-{k}") for n in range(count) for k in range(3)]


def test_no_two_splits_share_a_speaker_or_text_and_each_gets_its_share() -> None:
    done = splits.assign(people(), VOICES)
    splits.check(done)
    for split, share in splits.SHARES.items():
        assert sum(r.split is split for r in done) / len(done) == pytest.approx(share, abs=0.05)


def test_speakers_with_a_text_in_common_are_in_one_split() -> None:
    rows = [*people(), person("s0", "common"), person("s1", "common"), person("s1", "other"), person("s2", "other")]
    done = splits.assign(rows, VOICES)
    assert len({r.split for r in done if r.speaker in ("s0", "s1", "s2")}) == 1


def test_speech_that_mayn_t_go_into_weights_never_trains() -> None:
    rows = people(12) + [person(f"n{n}", f"u{n}", ok=False) for n in range(12)]
    done = splits.assign(rows, VOICES)
    mine = {r.split for r in done if not r.weights_ok}
    assert mine == {Split.DEV, Split.TEST}
    assert {r.split for r in done if r.weights_ok} == {Split.TRAIN, Split.DEV, Split.TEST}


def test_a_person_can_be_dealt_by_hand_and_takes_along_who_says_the_same() -> None:
    rows = [*people(), person("s5", "same"), person("s6", "same")]
    for split in splits.SHARES:
        done = splits.assign(rows, {"s5": split})
        assert {r.split for r in done if r.speaker in ("s5", "s6")} == {split}


def test_a_voice_speaks_only_texts_of_its_own_split() -> None:
    spoken = splits.assign(people(), VOICES)
    rows = [*spoken, *(machine(v, r.text_id) for r in spoken for v in VOICES)]
    done = splits.assign(rows, VOICES)
    splits.check(done)
    for row in done:
        if row.label is Label.SYNTHETIC:
            text = next(r.split for r in done if r.text_id == row.text_id and r.label is Label.GENUINE)
            assert row.split is (VOICES[row.speaker] if VOICES[row.speaker] is text else Split.NONE)


def test_a_copy_goes_with_its_speaker() -> None:
    rows = people()
    copies = [replace(r, label=Label.SYNTHETIC, generator="copy-x", path=r.path + "c") for r in rows]
    done = splits.assign(rows + copies, VOICES)
    of = {r.speaker: r.split for r in done[: len(rows)]}
    assert all(r.split is of[r.speaker] for r in done[len(rows) :])


def test_matched_pairs_only_judge() -> None:
    rows = [replace(r, source="matched-pairs") if r.speaker == "s3" else r for r in people()]
    twin = replace(machine("net:s3", "t3-0", "fastspeech2-y"), source="matched-pairs")
    done = splits.assign([*rows, twin], VOICES)
    assert {r.split for r in done if r.speaker in ("s3", "net:s3")} == {Split.TEST}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: replace(r, speaker="s0"), "the speaker s0 is in"),
        (lambda r: replace(r, text_id="t0-0"), "the text t0-0 is in"),
    ],
)
def test_what_two_splits_share_is_named(change: object, told: str) -> None:
    first = replace(person("s0", "t0-0"), split=Split.TRAIN)
    other = change(replace(person("s9", "t9-0"), split=Split.TEST))  # type: ignore[operator]
    with pytest.raises(CorpusInvalid, match=told):
        splits.check([first, other])


def test_a_training_row_without_a_clear_licence_is_refused() -> None:
    with pytest.raises(CorpusInvalid, match="doesn't allow weights"):
        splits.check([replace(person("s0", "t0", ok=False), split=Split.TRAIN)])


def test_folds_leave_a_whole_family_out() -> None:
    spoken = splits.assign(people(), VOICES)
    made = [machine(v, r.text_id, g) for r in spoken for v in VOICES for g in ("formant-a", "formant-b", "diphone-c")]
    rows = splits.assign([*spoken, *made], VOICES)
    folds = splits.leave_one_out(rows)
    assert [f.left_out for f in folds] == ["diphone", "formant"]
    formant = folds[1]
    assert {r.generator for r in formant.train} == {"", "diphone-c"}
    assert {r.generator for r in formant.test} == {"", "formant-a", "formant-b"}


def test_a_fold_that_shares_anything_is_refused() -> None:
    train, test = machine("v1", "t1", "formant-a"), machine("v2", "t2", "formant-b")
    with pytest.raises(CorpusInvalid, match="share the generator formant"):
        splits.check_fold(splits.Fold("formant", (train,), (test,)))
    with pytest.raises(CorpusInvalid, match="share the speaker v1"):
        splits.check_fold(splits.Fold("diphone", (train,), (replace(test, speaker="v1", generator="diphone-x"),)))


def test_the_deal_is_the_same_each_time_and_another_with_another_seed() -> None:
    rows = people()
    assert splits.assign(rows, VOICES) == splits.assign(list(rows), VOICES)
    assert splits.assign(rows, VOICES, seed=1) != splits.assign(rows, VOICES, seed=2)


def test_the_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = splits.assign([*people(3), machine("v-test", "strange")], VOICES)
    rows[0] = replace(rows[0], licence='MIT "quoted"; with a tab\there')
    table.write(tmp_path, rows)
    assert table.read(tmp_path) == rows


def test_a_damaged_table_is_named_with_its_line(tmp_path: Path) -> None:
    path = table.write(tmp_path, people(1))
    path.write_text(path.read_text("utf-8").replace("\tgenuine\t", "\tghost\t", 1), "utf-8")
    with pytest.raises(CorpusInvalid, match="line 2"):
        table.read(tmp_path)
    with pytest.raises(CorpusInvalid, match="voices data"):
        table.read(tmp_path / "nowhere")


def test_equal_texts_have_equal_names() -> None:
    assert table.text_id("Don't, my DEAR!", "en") == table.text_id("dont my dear", "en")
    assert table.text_id("one", "en") != table.text_id("two", "en")
    assert table.text_id("no", "en") != table.text_id("no", "es")
