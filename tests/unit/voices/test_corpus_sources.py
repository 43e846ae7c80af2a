from __future__ import annotations

from pathlib import Path

import pytest

from monitor.voices.corpus.rows import Label
from monitor.voices.corpus.sources import asterisk, fillets, from_manifest, weights_ok


@pytest.mark.parametrize(
    ("licence", "ok"),
    [
        ("CC-BY-4.0 (LibriSpeech; repo Apache-2.0)", True),
        ("public domain (LibriVox); repo BSD-2", True),
        ("Apache-2.0 (AISHELL-3; repo has no licence file)", True),
        ("LJSpeech public domain", True),
        ("Apache-2.0 (repo)", False),
        ("Apache-2.0 (repo; THCHS-30-style utterance)", False),
        ("CC-BY-SA-3.0 (Asterisk core sounds, Allison Smith / Digium)", False),
        ("CC-BY-NC-4.0", False),
        ("GPL-2.0-or-later", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_only_clear_licences_go_into_weights(licence: str, ok: bool) -> None:
    assert weights_ok(licence) is ok


def table(folder: Path, columns: str, *lines: str) -> Path:
    (folder / "manifest.tsv").write_text("\n".join([columns, *lines]) + "\n", "utf-8")
    return folder


def test_one_person_has_one_name_whoever_recorded_it(tmp_path: Path) -> None:
    folder = table(
        tmp_path,
        "file\tsystem\tlanguage\tkind\tpair_id\tlicence\ttext",
        "g.flac\tnatural speech\tzh\tgenuine\tSSB00800003\tMIT; genuine AISHELL-3 Apache-2.0\t你好",
        "s.flac\tFastSpeech2 (x)\tzh\tsynthetic\tSSB00800003\tMIT; genuine AISHELL-3 Apache-2.0\t你好",
        "v.flac\tVITS VCTK (y)\ten\tsynthetic\t\tApache-2.0\thello",
        "l.flac\tnatural speech\ten\tgenuine\t207_131203_000011\tMIT; genuine LibriTTS CC-BY-4.0\tgood day",
    )
    person, made, vits, libri = from_manifest(folder)
    assert (person.label, person.speaker, person.weights_ok) == (Label.GENUINE, "aishell3-SSB0080", True)
    assert (made.label, made.speaker) == (Label.SYNTHETIC, "fastspeech2-ming024:aishell3-SSB0080")
    assert made.text_id == person.text_id
    assert made.pair_id == person.pair_id
    assert (vits.generator, vits.weights_ok) == ("vits-vctk", False)
    assert libri.speaker == "libri-207"


def test_recordings_of_unknown_origin_don_t_go_into_weights(tmp_path: Path) -> None:
    folder = table(
        tmp_path,
        "file\tlanguage\tspeaker\tlicence\ttranscript\thuman",
        "a.flac\ten\tlibri-1\tCC-BY-4.0\thello\tyes (LibriVox)",
        "b.flac\tde\tx-1\tCC-BY-4.0\thallo\tlikely (origin not documented)",
    )
    assert [f.weights_ok for f in from_manifest(folder)] == [True, False]


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def test_prompts_of_one_speaker_in_two_languages_are_one_speaker(tmp_path: Path) -> None:
    for name in ("en_US_f_Allison/hello", "es_MX_f_Allison/hola", "ru_RU_f_X/da", "en_US_f_Allison/silence/1"):
        touch(tmp_path / f"{name}.g722")
    found = list(asterisk(tmp_path))
    assert [(f.language, f.speaker, f.weights_ok) for f in found] == [
        ("en", "asterisk-Allison", False),
        ("es", "asterisk-Allison", False),
        ("ru", "asterisk-ru_RU_f_X", True),
    ]


def test_of_the_game_only_the_two_without_effects_are_taken_with_their_words(tmp_path: Path) -> None:
    for name in ("let-m-divna", "let-v-oko", "vit-hs-klid1", "rand-5"):
        touch(tmp_path / "sound" / "airplane" / "cs" / f"{name}.ogg")
    script = tmp_path / "script" / "airplane" / "dialogs_cs.lua"
    script.parent.mkdir(parents=True)
    script.write_text('dialogId("let-m-divna", "font", "What?")\ndialogStr("Co je to za \\"loď\\"?")\n', "utf-8")
    found = {f.path.stem: f for f in fillets(tmp_path)}
    assert sorted(found) == ["let-m-divna", "let-v-oko"]
    assert found["let-m-divna"].text == 'Co je to za "loď"?'
    assert found["let-m-divna"].speaker != found["let-v-oko"].speaker
    assert found["let-v-oko"].text == ""
    assert not any(f.weights_ok for f in found.values())
