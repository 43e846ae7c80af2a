from __future__ import annotations

import numpy as np
import pytest

from monitor.hearing.vad import NEED, Vad
from monitor.model import FRAME, Samples
from tests.helpers.voicelike import room_noise, silence, voice


def marks(audio: Samples, aggressiveness: int = 2) -> list[bool]:
    vad = Vad(aggressiveness)
    return [vad.voiced(audio[at : at + FRAME]) for at in range(0, len(audio) - FRAME + 1, FRAME)]


@pytest.mark.parametrize("level", [-10.0, -20.0, -40.0])
def test_a_voice_is_noticed_within_a_tenth_of_a_second_of_pre_roll(level: float) -> None:
    found = marks(np.concatenate([silence(1), voice(2, level=level), silence(1)]))
    onset = found.index(True)
    assert 50 + NEED - 1 <= onset <= 55
    # It takes some of this unchanging voice for noise after a while; a person pauses and changes more.
    longest_pause = max(len(run) for run in "".join(".#"[v] for v in found[onset:150]).split("#"))
    assert longest_pause < 30, "no hangover ends within a sentence"
    assert not any(found[160:])


def test_digital_silence_is_no_voice_and_leaves_the_model_alone() -> None:
    assert not any(marks(silence(5)))


def test_what_a_decoder_makes_of_silence_ends_a_voice_at_once() -> None:
    """A sender with DTX stops sending 0.2 s after the last word: it must not look as if it had stopped in one."""
    still = np.tile(np.array([1, 0, -1, 0], np.int16), 16_000 // 20)[: 9 * FRAME]
    found = marks(np.concatenate([silence(0.5), voice(2), still]), aggressiveness=1)
    assert found[100]
    assert not any(found[-5:])


def test_one_click_is_no_voice() -> None:
    audio = silence(1)
    audio[8000 : 8000 + FRAME] = voice(0.02, level=-10)
    assert not any(marks(audio))


def test_a_quiet_room_is_no_voice_once_its_noise_is_known() -> None:
    assert not any(marks(room_noise(5))[25:])


def test_aggressiveness_has_four_values() -> None:
    with pytest.raises(ValueError, match="invalid mode"):
        Vad(4)
