"""The codec: what goes in comes out, what is lost is won back or guessed, and rubbish is refused."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import RATE
from monitor.rooms import opus
from tests.helpers.tone import PACKET, babble, loudness, packets, tone


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Largest normalised correlation within 10 ms of shift: 1 is the same sound."""
    best = 0.0
    for shift in range(-160, 161):
        x = a[max(0, shift) : len(a) + min(0, shift)].astype(float)
        y = b[max(0, -shift) : len(b) + min(0, -shift)].astype(float)
        best = max(best, float(np.dot(x, y) / (np.linalg.norm(x) * np.linalg.norm(y) + 1e-9)))
    return best


def test_libopus_of_the_wheel_is_found() -> None:
    assert "libopus" in opus.available()
    assert isinstance(opus.make_decoder(), opus.Decoder)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_round_trip_keeps_sound_and_length(rate: int) -> None:
    sound = tone(1.0, rate=rate)
    encoder, decoder = opus.Encoder(rate), opus.Decoder()
    out = np.concatenate([decoder.decode(encoder.encode(p)) for p in sound.reshape(-1, encoder.frame)])
    assert len(out) == RATE
    assert likeness(tone(1.0)[3200:9600], out[3200:9600]) > 0.98


def test_a_lost_packet_is_won_back_from_the_next_one() -> None:
    sound = babble(1.0)
    sent = packets(sound, loss_percent=20)
    whole, lossy = opus.Decoder(), opus.Decoder()
    reference = [whole.decode(p) for p in sent]
    for payload in sent[:20]:
        lossy.decode(payload)
    assert opus.fec_samples(sent[21]) == PACKET
    recovered = lossy.decode_fec(sent[21], PACKET)
    assert likeness(reference[20], recovered) > 0.9


def test_without_fec_in_the_sender_nothing_can_be_won_back() -> None:
    assert {opus.fec_samples(p) for p in packets(babble(0.5), fec=False)} == {0}


def test_concealment_goes_on_with_the_sound_and_fades() -> None:
    decoder = opus.Decoder()
    for payload in packets(tone(0.5)):
        decoder.decode(payload)
    guess = decoder.conceal(RATE)
    assert len(guess) == RATE
    assert loudness(guess[:PACKET]) > 1000
    assert loudness(guess[-PACKET:]) < 100


def test_concealment_covers_lengths_off_the_grid() -> None:
    decoder = opus.Decoder()
    assert [len(decoder.conceal(n)) for n in (1, 39, 40, 41, 2000)] == [1, 39, 40, 41, 2000]


def test_reset_forgets_the_sound_before() -> None:
    decoder = opus.Decoder()
    for payload in packets(tone(0.5)):
        decoder.decode(payload)
    decoder.reset()
    assert loudness(decoder.conceal(PACKET)) == 0


def test_silence_with_dtx_gives_packets_that_need_not_be_sent() -> None:
    sent = packets(np.zeros(RATE, np.int16), dtx=True)
    assert sum(len(p) <= 2 for p in sent) > 20


@pytest.mark.parametrize("make", [opus.Decoder, opus.PlainDecoder])
def test_rubbish_raises_opus_error_and_decoding_goes_on(make: type[opus.OpusDecoder]) -> None:
    decoder = make()
    chance = random.Random(3)
    good = packets(tone(0.4))
    for payload in good[:10]:
        decoder.decode(payload)
    refused = 0
    for _ in range(300):
        rubbish = chance.randbytes(chance.randrange(0, 40))
        try:
            decoder.decode(rubbish)
        except opus.OpusError:
            refused += 1
    assert refused > 50
    for payload in good:
        assert len(decoder.decode(payload)) == PACKET


def test_the_fallback_has_the_same_lengths_and_the_same_sound() -> None:
    sound = tone(1.0)
    decoder = opus.PlainDecoder()
    out = [decoder.decode(p) for p in packets(sound)]
    assert {len(piece) for piece in out} == {PACKET}
    assert likeness(sound[3200:9600], np.concatenate(out)[3200:9600]) > 0.9
    assert loudness(decoder.conceal(PACKET)) == 0
    with pytest.raises(opus.OpusError):
        decoder.decode_fec(packets(sound)[1], PACKET)


@given(config=st.integers(0, 31), stereo=st.booleans(), code=st.integers(0, 3), frames=st.integers(0, 63))
def test_the_length_of_a_packet_is_what_libopus_says(config: int, stereo: bool, code: int, frames: int) -> None:
    payload = bytes([config << 3 | stereo << 2 | code, frames])
    library = opus._library()
    assert library is not None
    says = library.opus_packet_get_nb_samples(payload, len(payload), RATE)
    if says < 0 or says == 0:
        with pytest.raises(opus.OpusError):
            opus.packet_samples(payload)
    else:
        assert opus.packet_samples(payload) == says


def test_the_encoder_refuses_frames_of_another_length() -> None:
    with pytest.raises(ValueError, match="320"):
        opus.Encoder().encode(np.zeros(319, np.int16))


@pytest.mark.parametrize("make", [opus.Decoder, opus.PlainDecoder])
def test_an_empty_packet_is_refused_not_concealed(make: type[opus.OpusDecoder]) -> None:
    with pytest.raises(opus.OpusError, match="empty"):
        make().decode(b"")
