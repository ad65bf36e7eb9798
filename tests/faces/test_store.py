"""The encrypted file: what opens it, what is noticed, and that nothing is ever half written."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgecnn.errors import DamagedError, GalleryError, OptionError, PassphraseError
from edgecnn.faces import atomic
from edgecnn.faces.store import Store
from edgecnn.faces.unlocking import Passphrase, SystemKeyring

pytest.importorskip("cryptography")

CHEAP = 10
"""scrypt at 1 MiB: the tests are about the file, not about the cost."""
SECRET = Passphrase("correct horse battery", CHEAP)
OTHER = Passphrase("another staple here", CHEAP)
CONTENT = b"Ada Lovelace" * 40


def header_end(whole: bytes) -> int:
    return 46 + int.from_bytes(whole[10:14], "big")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own" / "gallery.faces"


@pytest.fixture
def store(path: Path) -> Store:
    return Store.create(path, SECRET, CONTENT)


def test_gives_back_what_was_put_in(store, path):
    assert Store.open(path, SECRET).content == CONTENT


def test_file_and_folder_belong_to_their_owner_alone(store, path):
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_content_is_nowhere_in_the_file(store, path):
    assert b"Ada" not in path.read_bytes()


def test_passphrase_is_in_no_repr(store):
    assert "horse" not in repr(SECRET)
    assert "horse" not in repr(vars(store)["_holder"])
    assert "master" not in repr(vars(store)["_holder"])


def test_accents_count_alike_however_they_are_typed(path):
    Store.create(path, Passphrase("caf\u00e9 au lait", CHEAP), CONTENT)
    assert Store.open(path, Passphrase("cafe\u0301 au lait")).content == CONTENT


def test_short_passphrase_is_refused(path):
    with pytest.raises(OptionError, match="7 characters"):
        Store.create(path, Passphrase("1234567", CHEAP), CONTENT)
    assert not path.exists()


def test_wrong_passphrase_is_told_from_damage(store, path):
    with pytest.raises(PassphraseError, match="wrong"):
        Store.open(path, OTHER)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DamagedError, match="passphrase is right"):
        Store.open(path, SECRET)


def test_every_altered_byte_and_every_cut_is_noticed_as_damage(store, path):
    whole = path.read_bytes()
    rng = random.Random(5)
    places = {0, 7, 8, 9, 10, 13, 14, 45, 46, len(whole) - 1} | set(
        rng.sample(range(len(whole)), 250)
    )
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(DamagedError):
            Store.open(path, SECRET)
    for length in (0, 1, 45, 46, 100, len(whole) - 17, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedError):
            Store.open(path, SECRET)
    path.write_bytes(whole + b"\0")
    with pytest.raises(DamagedError, match="extended"):
        Store.open(path, SECRET)


def test_header_of_another_state_does_not_fit(store, path):
    first = path.read_bytes()
    with store.writing():
        store.write(CONTENT)
    second = path.read_bytes()
    path.write_bytes(first[: header_end(first)] + second[header_end(second) :])
    with pytest.raises(DamagedError):
        Store.open(path, SECRET)


def test_absurd_cost_in_the_header_is_refused_before_it_is_paid(store, path):
    whole = path.read_bytes()
    end = header_end(whole)
    text = whole[46:end].replace(b'"log2_n":10', b'"log2_n":63')
    path.write_bytes(whole[:14] + hashlib.sha256(text).digest() + text + whole[end:])
    with pytest.raises(DamagedError, match="log2_n"):
        Store.open(path, SECRET)


def test_missing_file_says_how_to_make_one(path):
    with pytest.raises(GalleryError, match="edgecnn faces enrol"):
        Store.open(path, SECRET)


def test_existing_file_is_not_replaced_by_a_new_gallery(store, path):
    before = path.read_bytes()
    with pytest.raises(GalleryError, match="exists already"):
        Store.create(path, OTHER, b"")
    assert path.read_bytes() == before


def test_every_write_has_another_data_key_and_no_temporary_stays(store, path):
    wrapped = {store.header.lock.wrapped}
    for number in range(3):
        with store.writing():
            store.write(bytes([number]))
        wrapped.add(store.header.lock.wrapped)
    assert len(wrapped) == 4
    assert {entry.name for entry in path.parent.iterdir()} == {
        "gallery.faces",
        ".gallery.faces.lock",
    }


def test_writing_without_the_lock_is_refused(store):
    with pytest.raises(GalleryError, match="store.writing"):
        store.write(b"")


def test_second_writer_waits_and_then_gives_up(store, path, monkeypatch):
    with atomic.writer_lock(path), pytest.raises(GalleryError, match="Another program"):  # noqa: SIM117
        with atomic.writer_lock(path, wait_s=0.05):
            pass
    with store.writing():
        store.write(b"after")
    assert Store.open(path, SECRET).content == b"after"


def test_writer_sees_what_another_wrote(store, path):
    other = Store.open(path, SECRET)
    with other.writing():
        other.write(b"newer")
    with store.writing():
        assert store.content == b"newer"
        store.write(store.content + b" still")
    assert other.refresh()
    assert other.content == b"newer still"
    assert not other.refresh()


def test_changed_passphrase_opens_and_the_old_one_does_not(store, path):
    other = Store.open(path, SECRET)
    store.change_secret(OTHER)
    assert Store.open(path, OTHER).content == CONTENT
    with pytest.raises(PassphraseError):
        Store.open(path, SECRET)
    with pytest.raises(PassphraseError, match="was changed"):
        other.refresh()


def test_link_is_followed_and_stays_a_link(store, path, tmp_path):
    link = tmp_path / "link.faces"
    link.symlink_to(path)
    linked = Store.open(link, SECRET)
    with linked.writing():
        linked.write(b"newer")
    assert link.is_symlink()
    assert Store.open(path, SECRET).content == b"newer"


def test_any_bytes_are_refused_with_an_error_of_ours(path):
    rng = random.Random(3)
    path.parent.mkdir()
    whole = Store.create(path.with_name("other.faces"), SECRET, CONTENT).path.read_bytes()
    head = whole[:46]
    for _ in range(200):
        text = bytes(rng.choice(b'{}[]":,0123456789abcklp_ntu') for _ in range(rng.randint(0, 60)))
        made = head[:10] + len(text).to_bytes(4, "big") + hashlib.sha256(text).digest() + text
        path.write_bytes(made + rng.randbytes(40))
        with pytest.raises(DamagedError):
            Store.open(path, SECRET)
        path.write_bytes(rng.randbytes(rng.randint(0, 300)))
        with pytest.raises(DamagedError):
            Store.open(path, SECRET)


def test_failed_write_leaves_the_old_file(store, path, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GalleryError, match="No space left"), store.writing():
        store.write(b"more")
    assert path.read_bytes() == before
    assert atomic.leftovers(path) == []
    assert Store.open(path, SECRET).content == CONTENT


def test_leftovers_of_a_killed_process_are_removed_by_the_next_writer(store, path):
    stray = path.parent / ".gallery.faces.abcd.tmp"
    stray.write_bytes(b"half")
    unrelated = path.parent / ".other.tmp"
    unrelated.write_bytes(b"mine")
    with store.writing():
        store.write(b"x")
    assert not stray.exists()
    assert unrelated.exists()


WRITER = """
import sys
from pathlib import Path
from edgecnn.faces.store import Store
from edgecnn.faces.unlocking import Passphrase
first, second = Passphrase("correct horse battery", 10), Passphrase("another staple here", 10)
path = Path(sys.argv[1])
try:
    store, mine = Store.open(path, first), first
except Exception:
    store, mine = Store.open(path, second), second
print("ready", flush=True)
number = int(store.content.split()[1])
while True:
    number += 1
    with store.writing():
        store.write(b"state %d " % number + b"x" * 300_000)
    print(number, flush=True)
    if number % 3 == 0:
        mine = second if mine is first else first
        store.change_secret(mine)
"""


def test_killed_at_any_instant_leaves_the_old_or_the_new_state(path):
    Store.create(path, SECRET, b"state 0 ")
    rng = random.Random(11)
    promised = 0
    for _ in range(8):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 0.03))
        child.send_signal(signal.SIGKILL)
        said = child.stdout.read().split()
        child.wait()
        child.stdout.close()
        # Whole lines only: the last may be cut.
        promised = max([promised, *(int(word) for word in said[:-1])])
        try:
            content = Store.open(path, SECRET).content
        except PassphraseError:
            content = Store.open(path, OTHER).content
        number = int(content.split()[1])
        assert promised <= number <= promised + 3
        assert len(content) in (8, len(b"state %d " % number) + 300_000)
        promised = number


class FakeKeyring:
    """As the package ``keyring`` behaves, with a dictionary for the desktop's keyring."""

    class errors:  # noqa: N801
        class KeyringError(Exception):
            pass

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_keyring(self) -> object:
        return self

    def set_password(self, service: str, account: str, value: str) -> None:
        self.kept[service, account] = value

    def get_password(self, service: str, account: str) -> str | None:
        return self.kept.get((service, account))

    def delete_password(self, service: str, account: str) -> None:
        del self.kept[service, account]


@pytest.fixture
def keyring(monkeypatch) -> FakeKeyring:
    fake = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setitem(sys.modules, "keyring.errors", fake.errors)
    return fake


def test_keyring_opens_without_a_passphrase_and_its_key_is_renewed(path, keyring):
    store = Store.create(path, SystemKeyring(), CONTENT)
    old_file, old_keys = path.read_bytes(), set(keyring.kept)
    assert Store.open(path, SystemKeyring()).content == CONTENT
    assert store.renew_keyring_key()
    assert len(keyring.kept) == 1
    assert not old_keys & set(keyring.kept)
    assert Store.open(path, SystemKeyring()).content == CONTENT
    path.write_bytes(old_file)  # an old copy is closed for good
    with pytest.raises(PassphraseError, match="does not have the key"):
        Store.open(path, SystemKeyring())


def test_secret_of_the_other_kind_is_refused(path, keyring, store):
    with pytest.raises(PassphraseError, match="by a passphrase"):
        Store.open(path, SystemKeyring())
    store.change_secret(SystemKeyring())
    with pytest.raises(PassphraseError, match="system keyring"):
        Store.open(path, SECRET)
    store.change_secret(OTHER)
    assert keyring.kept == {}
    assert Store.open(path, OTHER).content == CONTENT


def test_key_of_an_interrupted_change_is_dropped_by_the_next_write(path, keyring, monkeypatch):
    store = Store.create(path, SystemKeyring(), CONTENT)
    writes = []
    real = atomic.write_atomically

    def once(target: Path, content: bytes) -> None:
        if writes:
            raise KeyboardInterrupt
        writes.append(target)
        real(target, content)

    monkeypatch.setattr(atomic, "write_atomically", once)
    with pytest.raises(KeyboardInterrupt):
        store.renew_keyring_key()
    monkeypatch.setattr(atomic, "write_atomically", real)
    again = Store.open(path, SystemKeyring())
    with again.writing():
        again.write(CONTENT)
    assert len(keyring.kept) == 1
    assert again.header.retired == ()


def test_plain_text_keyring_is_not_used(path, monkeypatch):
    fake = FakeKeyring()
    plain = type("PlaintextKeyring", (), {"__module__": "keyrings.alt.file"})()
    monkeypatch.setattr(fake, "get_keyring", lambda: plain)
    monkeypatch.setitem(sys.modules, "keyring", fake)
    with pytest.raises(PassphraseError, match="no safe system keyring"):
        Store.create(path, SystemKeyring(), CONTENT)
    assert not path.exists()


def test_real_keyring_without_a_desktop_says_to_use_a_passphrase(path, monkeypatch):
    keyring = pytest.importorskip("keyring")
    from keyring.backends import fail

    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)
    with pytest.raises(PassphraseError, match="--passphrase-file"):
        Store.create(path, SystemKeyring(), CONTENT)
