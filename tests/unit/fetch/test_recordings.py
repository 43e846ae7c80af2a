"""The demo's voices: real, named, and exactly the pinned ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.errors import DownloadFailed
from monitor.fetch import recordings as subject
from monitor.fetch.pip_settings import PipSettings
from tests.helpers.speech import package_clips


def test_each_recording_says_who_speaks_and_under_which_licence() -> None:
    clips = package_clips()
    assert len({c.speaker for c in clips}) >= 3
    assert len({c.name for c in clips}) == len(clips)
    for clip in clips:
        assert clip.licence
        assert clip.source
        assert clip.transcript
        assert clip.samples.dtype == np.int16
        assert len(clip.samples) > 16_000
        assert np.abs(clip.samples).max() > 1000


def test_a_changed_file_in_the_cache_is_not_used(tmp_path: Path) -> None:
    package_clips()
    for path in subject.default_folder().glob("*.wav"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    unreachable = PipSettings(())
    assert len(subject.recordings(folder=tmp_path, settings=unreachable)) == len(package_clips())
    damaged = tmp_path / "kennedy.wav"
    damaged.write_bytes(damaged.read_bytes()[:-2] + b"xx")
    with pytest.raises(DownloadFailed, match="pywhispercpp"):
        subject.recordings(folder=tmp_path, settings=unreachable)
