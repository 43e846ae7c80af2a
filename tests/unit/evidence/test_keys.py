from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigInvalid, EvidenceUnreadable
from monitor.evidence.files import Files
from monitor.evidence.keys import fingerprint, new_key, seal, unseal
from monitor.evidence.master import (
    CommandMaster,
    from_text,
    key_master,
    make_next,
    next_of,
    own_file,
    promote,
    unwrap_with,
)

KEY, OTHER = bytes(range(32)), bytes(32)


@given(st.binary(max_size=400), st.text(max_size=30))
def test_what_is_sealed_opens_with_the_same_key_and_label_alone(plain: bytes, label: str) -> None:
    sealed = seal(KEY, plain, label)
    assert unseal(KEY, sealed, label) == plain
    assert len(plain) < 8 or plain not in sealed
    assert seal(KEY, plain, label) != sealed, "a new nonce each time"
    for key, text, named in ((OTHER, sealed, label), (KEY, sealed, label + "x"), (KEY, sealed[:-1], label)):
        with pytest.raises(EvidenceUnreadable):
            unseal(key, text, named)


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(place: int, change: int) -> None:
    sealed = bytearray(seal(KEY, b"evidence" * 4, "a"))
    sealed[place] ^= change
    with pytest.raises(EvidenceUnreadable):
        unseal(KEY, bytes(sealed), "a")


def test_a_fingerprint_names_a_key_and_is_no_part_of_it() -> None:
    assert fingerprint(KEY) != fingerprint(OTHER)
    assert fingerprint(KEY) not in KEY.hex()
    assert len(new_key()) == 32


def test_the_master_key_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "master.key"
    made = own_file(path)
    assert own_file(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.id == fingerprint(made.key)
    assert made.key.hex() not in repr(made)
    path.chmod(0o640)
    with pytest.raises(ConfigInvalid, match="chmod 600"):
        own_file(path)


@pytest.mark.parametrize("text", ["", "short", "zz" * 32, "00" * 31, "A" * 42])
def test_what_is_no_master_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="32 random bytes") as error:
        from_text(text, "env:KEY")
    assert len(text) < 6 or text not in str(error.value)


def test_a_master_key_may_be_hex_or_base64() -> None:
    assert from_text(KEY.hex() + "\n", "x") == from_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "x")


def test_only_the_master_that_wrapped_unwraps() -> None:
    one, two = key_master(KEY), key_master(OTHER)
    wrapped = one.wrap("s1", b"k" * 32)
    assert unwrap_with([two, one], one.id, "s1", wrapped) == b"k" * 32
    with pytest.raises(EvidenceUnreadable, match="master key"):
        unwrap_with([two], one.id, "s1", wrapped)
    with pytest.raises(EvidenceUnreadable):
        one.unwrap("s2", wrapped)


def test_a_rotation_can_be_cut_off_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    old = own_file(path)
    assert next_of(path) is None
    new = make_next(path)
    assert make_next(path) == new, "cut off: the same one again"
    assert (own_file(path), next_of(path)) == (old, new)
    promote(path)
    assert (own_file(path), next_of(path)) == (new, None)


SERVICE = """
import base64, sys
what, session = sys.argv[1:]
content = bytearray(base64.b64decode(sys.stdin.read()))
if session == "refused":
    sys.exit(3)
sys.stdout.write(base64.b64encode(bytes(b ^ 0x5A for b in content)).decode())
"""


def test_a_key_service_wraps_by_its_command(tmp_path: Path) -> None:
    script = tmp_path / "kms.py"
    script.write_text(SERVICE)
    service = CommandMaster((sys.executable, str(script)))
    wrapped = service.wrap("s1", KEY)
    assert wrapped != KEY
    assert service.unwrap("s1", wrapped) == KEY
    with pytest.raises(EvidenceUnreadable, match="32"):
        service.unwrap("s1", b"short")
    for failing in (CommandMaster((sys.executable, str(script))), CommandMaster((str(tmp_path / "missing"),))):
        with pytest.raises(EvidenceUnreadable, match="key service"):
            failing.wrap("refused", KEY)


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "a.b", "a\n", "ä", "-a", "a" * 101, "a\x00"])
def test_an_id_that_is_no_file_name_leads_nowhere(tmp_path: Path, name: str) -> None:
    files = Files(tmp_path / "evidence")
    (tmp_path / "a.clip").write_bytes(b"x")
    with pytest.raises(ValueError, match="alert id"):
        files.put_clip(name, b"sealed")
    with pytest.raises(ValueError, match="session"):
        files.segments(name)
    assert (files.has_clip(name), files.read_clip(name), files.drop_clips([name])) == (False, None, 0)
    files.put_clip("good-1", b"sealed")
    path = tmp_path / "evidence" / "clips" / "good-1.clip"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (files.read_clip("good-1"), files.all_clips(), files.drop_clips(["good-1"])) == (b"sealed", ["good-1"], 1)
