"""The gallery of the app: absent, locked or open, and locked again when nobody is there.

The passphrase itself is never kept: an opened gallery holds a key that was derived from it, and
locking lets go of gallery and key together. Python cannot wipe memory, so a key may stay readable
in the memory of the process until it is overwritten.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from edgecnn import api
from edgecnn.errors import EdgeCNNError, GalleryError
from edgecnn.faces.backups import Restored, restore
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.impostors import find_table
from edgecnn.faces.place import default_gallery
from edgecnn.faces.store import read_file
from edgecnn.faces.unlocking import KeyringLock, Lock, Passphrase, Secret, holder_of
from edgecnn.tasks.faces import FacePipeline
from gui.faces.errands import Errands

_log = logging.getLogger(__name__)

T = TypeVar("T")
State = Literal["absent", "locked", "unlocked"]
Kind = Literal["passphrase", "keyring"]
"""What opens a gallery."""
Done = Callable[[], None]
Failed = Callable[[EdgeCNNError], None]

CHECK_MS = 1000
"""How often is looked whether the time without activity is over."""
DEFAULT_IDLE_MIN = 10


def awake_and_asleep_s() -> float:
    """Seconds on a clock that goes on while the machine sleeps, where there is one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def _nothing() -> None:
    """Nobody waits for it."""


def _log_it(error: EdgeCNNError) -> None:
    _log.warning("%s", error)


class FaceSession(QObject):
    """Who is known, and whether the app may look at it. For the GUI thread alone.

    Emits ``changed`` when people or the state have changed, and ``closed`` with the reason when
    the gallery cannot be read any more and was locked for that.

    Args:
        path: The gallery; None for the user's own.
        idle_min: It is locked after so many minutes without `touch`; 0 for never.
        clock: Seconds; for tests.
        parent: Owner.

    Attributes:
        idle_min: As given; may be changed at any time.
    """

    changed = Signal()
    closed = Signal(str)

    def __init__(
        self,
        path: Path | None = None,
        *,
        idle_min: float = DEFAULT_IDLE_MIN,
        clock: Callable[[], float] = awake_and_asleep_s,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.path = default_gallery() if path is None else path
        self.idle_min = idle_min
        self._clock = clock
        self._gallery: Gallery | None = None
        self._errands = Errands("edgecnn-faces", self)
        self._touched_s = clock()
        self._turn = 0
        self._timer = QTimer(self)
        self._timer.setInterval(CHECK_MS)
        self._timer.timeout.connect(self.check_idle)

    @property
    def state(self) -> State:
        """``absent`` (no file), ``locked`` or ``unlocked``."""
        if self._gallery is not None:
            return "unlocked"
        return "locked" if self.path.exists() else "absent"

    @property
    def gallery(self) -> Gallery | None:
        """The opened gallery; None when it is not open."""
        return self._gallery

    @property
    def busy(self) -> bool:
        """Whether slow work is in progress."""
        return self._errands.busy

    def create(
        self,
        secret: str | Secret,
        done: Done = _nothing,
        failed: Failed = _log_it,
        owner: QObject | None = None,
    ) -> None:
        """Make an empty gallery and open it; takes a second.

        Args:
            secret: A passphrase, or `SystemKeyring()`.
            done: Called when it is open.
            failed: Called with an `OptionError` (too short), `PassphraseError` (no keyring) or
                `GalleryError`.
            owner: When it is gone, nobody is told; the gallery is opened nevertheless.
        """

        def work() -> Gallery:
            manifest = api.open_bundle(FacePipeline.parts[1]).manifest
            spec = manifest.embedding
            table = find_table(spec.space) if spec is not None else None
            return Gallery.create(self.path, _secret(secret), manifest, table)

        self._open(work, done, failed, owner)

    def unlock(
        self,
        secret: str | Secret,
        done: Done = _nothing,
        failed: Failed = _log_it,
        owner: QObject | None = None,
    ) -> None:
        """Open the gallery; takes a second.

        Args:
            secret: A passphrase, or `SystemKeyring()`.
            done: Called when it is open.
            failed: Called with a `PassphraseError` (wrong), `DamagedError` or `GalleryError`.
            owner: When it is gone, nobody is told; the gallery is opened nevertheless.
        """
        self._open(lambda: self._opened(secret), done, failed, owner)

    def restore(
        self,
        backup: Path,
        secret: str | Secret,
        done: Callable[[Restored], None],
        failed: Failed,
        owner: QObject | None = None,
    ) -> None:
        """Put a backup in the place of a gallery that is damaged or missing, and open it.

        Args:
            backup: Of which; a damaged file is kept beside it.
            secret: What opens the backup: a passphrase, or `SystemKeyring()`.
            done: Called with what came of it when it is open.
            failed: Called with a `PassphraseError` (not that of the backup) and others.
            owner: When it is gone, nobody is told.
        """
        came: list[Restored] = []

        def work() -> Gallery:
            came.append(restore(self.path, backup, _secret(secret), found_damaged=True))
            return self._opened(secret)

        self._open(work, lambda: done(came[0]), failed, owner)

    def look_at_lock(self, done: Callable[[Kind], None], failed: Failed, owner: QObject) -> None:
        """Find out what opens the gallery, without opening it.

        Args:
            done: Called with it.
            failed: Called with a `DamagedError`, or a `GalleryError` when it cannot be read.
            owner: When it is gone, nobody is told.
        """

        def work() -> Kind:
            return "keyring" if isinstance(self._lock_of_file(), KeyringLock) else "passphrase"

        self._errands.run(work, done, failed, owner)

    def change_secret(
        self,
        current: str | None,
        secret: str | Secret,
        done: Done,
        failed: Failed,
        owner: QObject | None = None,
    ) -> None:
        """Have another passphrase, or go over to the system keyring or back.

        Args:
            current: The passphrase of now, so that nobody else does it at an open window; None
                where the keyring opens the gallery.
            secret: The new one.
            done: Called when the file has it.
            failed: Called with a `PassphraseError` (the current one is wrong, no keyring) and
                others.
            owner: When it is gone, nobody is told.
        """

        def work(gallery: Gallery) -> None:
            if current is not None:
                holder_of(self._lock_of_file(), Passphrase(current))
            gallery.change_secret(_secret(secret))

        self.run(work, lambda _: done(), failed, owner)

    def lock(self) -> None:
        """Let go of everything at once; a gallery that is being opened stays closed."""
        self._turn += 1
        self._timer.stop()
        if self._gallery is not None:
            self._gallery = None
            self.changed.emit()

    def touch(self) -> None:
        """Somebody is there."""
        self._touched_s = self._clock()

    def check_idle(self) -> None:
        """Lock if nobody was there for too long; called by a timer while it is open."""
        quiet_s = self._clock() - self._touched_s
        if self._gallery is not None and 0 < self.idle_min * 60 <= quiet_s:
            self.lock()
        else:
            self._see_other_programs()

    def refresh(self) -> None:
        """Tell everybody that people have changed; for whoever has changed them."""
        if self._gallery is not None and not self.path.exists():
            self.lock()
        else:
            self.changed.emit()

    def run(
        self,
        work: Callable[[Gallery], T],
        done: Callable[[T], None],
        failed: Failed,
        owner: QObject | None = None,
    ) -> None:
        """Do something slow with the open gallery, off the GUI thread.

        Work that was begun is finished even when the gallery is locked meanwhile: half a change
        would be worse.

        Args:
            work: Called with the gallery on a thread of its own; must not touch a widget.
            done: Called on the GUI thread with what came of it.
            failed: Called on the GUI thread with what went wrong.
            owner: When it is gone, nobody is told.
        """
        gallery = self._gallery
        if gallery is None:
            failed(GalleryError("The gallery is locked. Unlock it, then try again."))
            return
        self.touch()
        self._errands.run(lambda: work(gallery), done, failed, owner)

    def note(self, work: Callable[[], object]) -> None:
        """Write something down after all that was asked for before, also when it is locked."""
        self._errands.run(work, lambda _: None, _log_it)

    def close(self) -> bool:
        """Lock and end; what is being written is finished, if need be after the window is gone."""
        self.lock()
        return self._errands.close()

    def _opened(self, secret: str | Secret) -> Gallery:
        gallery = Gallery.open(self.path, _secret(secret))
        gallery.table = find_table(gallery.contents.space)
        return gallery

    def _lock_of_file(self) -> Lock:
        return read_file(self.path).header.lock

    def _see_other_programs(self) -> None:
        """Take over what another program wrote; lock when it cannot be read any more."""
        gallery = self._gallery
        if gallery is None or self._errands.busy or not gallery.store.seems_changed():
            return

        def failed(error: EdgeCNNError) -> None:
            if gallery is self._gallery:
                self.lock()
                self.closed.emit(str(error))

        self._errands.run(gallery.refresh, lambda _: self.changed.emit(), failed, self)

    def _open(
        self, work: Callable[[], Gallery], done: Done, failed: Failed, owner: QObject | None
    ) -> None:
        self._turn += 1
        turn = self._turn

        def opened(gallery: Gallery) -> None:
            if turn != self._turn:  # locked, or wished for once more, meanwhile
                return
            self._gallery = gallery
            self.touch()
            self._timer.start()
            if owner is None or isValid(owner):
                done()
            self.changed.emit()

        def refused(error: EdgeCNNError) -> None:
            if owner is None or isValid(owner):
                failed(error)

        self._errands.run(work, opened, refused)


def _secret(given: str | Secret) -> Secret:
    return Passphrase(given) if isinstance(given, str) else given
