"""Manifests that are wrong in themselves: each refused with what to change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.errors import ModelMissing, VoiceModelInvalid
from monitor.voices import fusion, models
from monitor.voices.features import LEVEL
from monitor.voices.manifest import File, Input, Manifest, Output, Padding, parse, read

GOOD = """
name = "example"
licence = "MIT"
source = "https://example.org"
claims = ["formant synthesis"]
[input]
layout = "samples"
window = 4.0
samples = 64600
[output]
kind = "logits"
genuine = 1
"""
ROOT = Path(__file__).resolve().parents[3]


def test_what_is_not_said_has_its_default() -> None:
    said = parse(GOOD.encode(), "here")
    assert (said.input.rate, said.input.padding, said.input.level) == (16_000, Padding.REPEAT, LEVEL)
    assert (said.file.path, said.file.sha256, said.polarity, said.claims) == (
        "model.onnx",
        "",
        True,
        ("formant synthesis",),
    )


@pytest.mark.parametrize(
    ("line", "instead", "advice"),
    [
        ('licence = "MIT"\n', "", "licence: Field required"),
        ('name = "example"', 'name = "No good"', "name: String should match"),
        ('layout = "samples"', 'layout = "wave"', "[input] layout: Input should be 'samples', 'channel-samples'"),
        ('layout = "samples"', 'layout = "frames"', "layout frames needs `features`, one of: linear-filterbank-60, "),
        ('layout = "samples"', 'layout = "samples"\nfeatures = "linear-filterbank-80"', "leave `features` out"),
        (
            'layout = "samples"\nwindow = 4.0\nsamples = 64600',
            'layout = "frames"\nwindow = 2\nfeatures = "mfcc"',
            "`features` must be one of: linear-filterbank-60",
        ),
        (
            'layout = "samples"\nwindow = 4.0\nsamples = 64600',
            'layout = "frames"\nwindow = 2\nfeatures = "linear-filterbank-80"\nrate = 8000',
            "features are made at 16000 Hz",
        ),
        ("window = 4.0", "window = 5.0", "64600 samples are 4.0375 s, less than the window: set window = 4.037"),
        ("window = 4.0", "window = 0", "[input] window: Input should be greater than 0.5"),
        ("genuine = 1", "", 'set `genuine` to the index of the output that says "a person"'),
        ("genuine = 1", "genuine = -1", "[output] genuine: Input should be greater than or equal to 0"),
        ('kind = "logits"', 'kind = "single"', 'kind "single" has no classes: leave `genuine` out and set `higher`'),
        ('kind = "logits"\ngenuine = 1', 'kind = "single"', 'set `higher` to "synthetic" or "genuine"'),
        ("genuine = 1", 'genuine = 1\nhigher = "genuine"', "leave one of them out"),
        ("genuine = 1", "genuine = 1\nbest = 2", "[output] best: Extra inputs are not permitted"),
        ("[input]", '[file]\nsha256 = "abc"\n[input]', "[file] sha256: String should match"),
        ("[input]", '[file]\npath = "../../etc/passwd"\n[input]', "[file] path: String should match"),
        ("[input]", "[input", "not TOML"),
    ],
)
def test_each_mistake_is_named_with_its_place(line: str, instead: str, advice: str) -> None:
    assert line in GOOD
    with pytest.raises(VoiceModelInvalid) as caught:
        parse(GOOD.replace(line, instead).encode(), "here/manifest.toml")
    assert str(caught.value).startswith("here/manifest.toml: ")
    assert advice in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    wrong = GOOD.replace('licence = "MIT"\n', "").replace("genuine = 1", "").replace("window = 4.0", "window = 99")
    with pytest.raises(VoiceModelInvalid) as caught:
        parse(wrong.encode(), "here")
    assert str(caught.value).count("\n  ") == 3


def test_no_manifest_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no manifest of a voice detector there"):
        read(tmp_path / "manifest.toml")


@pytest.mark.parametrize("path", sorted(models.KNOWN.glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_manifests_can_be_read(path: Path) -> None:
    said = read(path)
    assert said.name == path.stem
    assert said.licence
    assert said.notes
    assert said.claims == (), "nothing was measured with it here: it marks and never alerts"


def test_the_public_models_come_with_manifests() -> None:
    assert set(models.known()) >= {
        "aasist",
        "aasist-l",
        "antideepfake-small",
        "spectra-aasist",
        "nes2net-x",
        "xlsr-mamba",
        "conformer-tcm",
    }


def test_the_reference_s_examples_are_manifests_and_no_field_is_without_a_word() -> None:
    page = (ROOT / "docs" / "reference" / "voice-models.md").read_text("utf-8")
    detectors = [block for block in re.findall(r"```toml\n(.*?)```", page, re.S) if "[[members]]" not in block]
    assert [parse(block.encode(), "page").name for block in detectors] == ["example", "small"]
    for table, model in (("", Manifest), ("[file] ", File), ("[input] ", Input), ("[output] ", Output)):
        for field in set(model.model_fields) - {"file", "input", "output"}:
            assert re.search(rf"^\| `{re.escape(table)}.*\b{field}`", page, re.M), f"{table}{field}"


def test_the_reference_s_votes_are_votes(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "voice-models.md").read_text("utf-8")
    (votes,) = [block for block in re.findall(r"```toml\n(.*?)```", page, re.S) if "[[members]]" in block]
    (tmp_path / "votes.toml").write_text(votes, "utf-8")
    assert [member.model for member in fusion.read(tmp_path / "votes.toml").members] == ["bundled", "another"]
