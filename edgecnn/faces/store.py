"""An encrypted file that survives: opened by a secret, changed in steps, written whole.

`Store` knows nothing of people; it keeps bytes. A change happens inside ``with store.writing()``:
the lock is taken, what another program wrote since is read, and `Store.write` replaces the file.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from edgecnn.errors import DamagedError, GalleryError, PassphraseError
from edgecnn.faces import atomic
from edgecnn.faces.envelope import (
    MAX_BYTES,
    Envelope,
    Header,
    new_gallery_id,
    read_envelope,
    seal_envelope,
)
from edgecnn.faces.unlocking import (
    Holder,
    Secret,
    SystemKeyring,
    drop_from_keyring,
    new_holder,
)


def read_file(path: Path) -> Envelope:
    """The closed content of a file.

    Raises:
        GalleryError: It is not there or cannot be read.
        DamagedError: It is no gallery file, or visibly damaged.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DamagedError(f"{path} has {size} bytes; galleries up to {MAX_BYTES} are read.")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise GalleryError(
            f"There is no gallery {path}. Enrol somebody to make it: edgecnn faces enrol NAME PHOTO"
        ) from error
    except OSError as error:
        raise GalleryError(f"Cannot read {path}: {error.strerror or error}.") from error
    return read_envelope(content, str(path))


class Store:
    """An opened file; made by `Store.create` and `Store.open`.

    Attributes:
        path: Where it is.
        content: What it holds, as of the last read or write.
        header: Its readable part.
        turn: Held by the thread that reads or writes the file.
    """

    def __init__(self, path: Path, envelope: Envelope, content: bytes, holder: Holder) -> None:
        self.path = path
        self.content = content
        self.header: Header = envelope.header
        self._holder = holder
        self._writing = False
        self.turn = threading.RLock()
        self._stamp = _stamp(path)

    @classmethod
    def create(cls, path: Path, secret: Secret, content: bytes) -> Store:
        """Make a new file.

        Raises:
            GalleryError: It exists already, or cannot be written.
            OptionError: The passphrase is too short.
            PassphraseError: There is no safe keyring.
        """
        path = path.resolve()
        with atomic.writer_lock(path):
            if path.exists():
                raise GalleryError(f"{path} exists already; it is never replaced by a new gallery.")
            holder = new_holder(secret)
            written, _ = seal_envelope(content, holder, new_gallery_id())
            atomic.remove_leftovers(path)
            atomic.write_atomically(path, written)
        return cls(path, read_envelope(written, str(path)), content, holder)

    @classmethod
    def open(cls, path: Path, secret: Secret) -> Store:
        """Open a file; takes the time of scrypt with a passphrase.

        Raises:
            GalleryError: Not there or not readable.
            PassphraseError: The secret is not that of this file.
            DamagedError: The file was damaged or altered.
        """
        # A link is followed: replacing it would leave its target behind, with everybody in it.
        path = path.resolve()
        envelope = read_file(path)
        content, holder = envelope.open(secret)
        return cls(path, envelope, content, holder)

    @property
    def gallery_id(self) -> str:
        """The same for a gallery and its backups."""
        return self.header.gallery_id

    @property
    def uses_keyring(self) -> bool:
        """Whether the system keyring opens it, not a passphrase."""
        return self._holder.account is not None

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer, with the newest content; nests.

        Raises:
            GalleryError: Another writer does not finish.
            PassphraseError: Another program has changed the passphrase since.
        """
        with self.turn:  # among threads; the lock of the file is among processes
            if self._writing:
                yield
                return
            with atomic.writer_lock(self.path):
                self._writing = True
                try:
                    atomic.remove_leftovers(self.path)
                    self.refresh()
                    yield
                finally:
                    self._writing = False

    def seems_changed(self) -> bool:
        """Whether another program has replaced the file, without reading it; for every frame."""
        return _stamp(self.path) != self._stamp

    def refresh(self) -> bool:
        """Read what another program wrote since; whether there was anything.

        Raises:
            GalleryError: The file is gone.
            PassphraseError: It has another passphrase now.
        """
        stamp = _stamp(self.path)
        envelope = read_file(self.path)
        if envelope.header.state_id == self.header.state_id:
            self._stamp = stamp
            return False
        if envelope.header.gallery_id != self.gallery_id:
            raise GalleryError(f"{self.path} was replaced by another gallery. Open it again.")
        if not self._holder.opens(envelope.header.lock):
            raise PassphraseError(f"The passphrase of {self.path} was changed. Open it again.")
        self.content = envelope.open_with(self._holder)
        self.header = envelope.header
        self._stamp = stamp
        return True

    def write(self, content: bytes) -> None:
        """Replace the content, under a new data key; only inside `writing`.

        Raises:
            GalleryError: It cannot be written; the old file stays.
        """
        self._write(content, self._holder, ())

    def change_secret(self, secret: Secret, *, keep_old: bool = False) -> None:
        """Have another passphrase, or go over to the system keyring or back.

        Copies that were made before keep the old secret.

        Args:
            secret: The new one.
            keep_old: Leave the old key in the keyring, for copies that it opens.

        Raises:
            OptionError: The passphrase is too short.
            PassphraseError: There is no safe keyring.
        """
        with self.writing():
            self._replace_holder(new_holder(secret), keep_old=keep_old)

    def renew_keyring_key(self) -> bool:
        """With the keyring: a new key, and the old one deleted, so that old copies stay closed.

        Nothing of the kind is possible with a passphrase: whoever knows it opens old copies.

        Returns:
            Whether the old key is certainly gone; False with a passphrase.
        """
        if not self.uses_keyring:
            return False
        with self.writing():
            self._replace_holder(new_holder(SystemKeyring()))
        return not self.header.retired

    def decrypt(self, content: bytes, where: str) -> bytes:
        """What the bytes of a file of this gallery hold, read anew; for proofs.

        Raises:
            PassphraseError: It has another secret.
            DamagedError: It was damaged or altered.
        """
        envelope = read_envelope(content, where)
        if not self._holder.opens(envelope.header.lock):
            raise PassphraseError(f"{where} has another passphrase than {self.path}.")
        return envelope.open_with(self._holder)

    def _replace_holder(self, holder: Holder, *, keep_old: bool = False) -> None:
        """First the file, with the old key on the list of what has to go; then the key."""
        old = None if keep_old else self._holder.account
        retired = tuple(dict.fromkeys((*self.header.retired, *([old] if old else []))))
        self._write(self.content, holder, retired)
        if retired:
            self._write(self.content, holder, ())

    def _write(self, content: bytes, holder: Holder, retired: tuple[str, ...]) -> None:
        if not self._writing:
            raise GalleryError("A gallery is changed inside `with store.writing()`.")
        # Keys that an interrupted change left in the keyring are dropped by the next write.
        pending = tuple(
            account
            for account in self.header.retired
            if account not in retired and not drop_from_keyring(account)
        )
        written, _ = seal_envelope(content, holder, self.gallery_id, (*retired, *pending))
        if len(written) > MAX_BYTES:
            raise GalleryError(f"The gallery would have {len(written)} bytes, over {MAX_BYTES}.")
        atomic.write_atomically(self.path, written)
        self.header = read_envelope(written, str(self.path)).header
        self.content = content
        self._holder = holder
        self._stamp = _stamp(self.path)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced; None when it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
