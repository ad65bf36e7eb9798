"""The work behind the dialog of models: reading, checking and deleting, off the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgecnn.bundle.io import Bundle
from edgecnn.errors import EdgeCNNError
from gui.models.checking import Finding, check_signature, verify
from gui.models.foreign import Foreign, adopt, examine, save
from gui.models.shelf import ShelfCard, delete_model, read_shelf
from gui.workers.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Office:
    """How things stand.

    Attributes:
        shelf: All models; None while they are being read for the first time.
        doing: What is being done, in words; empty when idle.
        finding: Outcome of the last check, and the model it is about.
        foreign: The file that was examined last.
        saved: Name of the model that was saved last.
        problem: Why the last file, saving or deletion was refused.
        serial: Another number when anything changed.
    """

    shelf: tuple[ShelfCard, ...] | None = None
    doing: str = ""
    finding: tuple[str, Finding] | None = None
    foreign: Foreign | None = None
    saved: str = ""
    problem: str = ""
    serial: int = 0


class Keeper:
    """Does it on a thread of its own; the dialog looks at `office` on a timer.

    Methods are for one thread, the window's; they return at once.
    """

    def __init__(self) -> None:
        self._jobs = Jobs("edgecnn-keeper")
        self._lock = threading.Lock()
        self._office = Office()
        self._enough = threading.Event()
        self.read()

    @property
    def office(self) -> Office:
        """How things stand now."""
        with self._lock:
            return self._office

    def read(self) -> None:
        """Read the list of models anew."""
        self._jobs.submit("read", self._do_read)

    def verify(self, name: str) -> None:
        """Check files and golden answers of a model."""
        self._check(name, lambda: verify(name, self._told))

    def check_signature(self, card: ShelfCard, key: Path) -> None:
        """Hold a model against its signer's public key."""
        self._check(card.name, lambda: check_signature(card.name, card.folder, key))

    def stop_checking(self) -> None:
        """End a check after the answer that is being given."""
        self._enough.set()

    def examine(self, path: Path) -> None:
        """Find out what a file is."""
        self._set(doing=f"Looking at {path.name}", foreign=None, problem="")
        self._jobs.submit("examine", lambda: self._try(lambda: self._do_examine(path)))

    def save(self, bundle: Bundle, name: str, *, title: str, licence: str) -> None:
        """Write a model into the user's own; the list is read anew when it is there."""
        self._set(problem="", saved="")

        def work() -> None:
            save(bundle, name, title=title, licence=licence)
            self._set(saved=name)

        self._jobs.submit("save", lambda: self._try(work))

    def adopt(self, name: str) -> None:
        """Take a bundle that was just made among the models."""

        def work() -> None:
            adopt(name)
            self._do_read()

        self._jobs.submit("adopt", lambda: self._try(work))

    def delete(self, name: str) -> None:
        """Delete one of the user's own models."""
        self._jobs.submit("delete", lambda: self._try(lambda: self._do_delete(name)))

    def forget(self) -> None:
        """Forget the file that was examined, and what was wrong with it."""
        self._set(foreign=None, problem="")

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is left to do; for tests and scripts."""
        return self._jobs.wait(timeout_s)

    def close(self, timeout_s: float = 0.5) -> bool:
        """End; returns whether it has ended in time."""
        self._enough.set()
        return self._jobs.close(timeout_s=timeout_s)

    # -- on its thread

    def _check(self, name: str, work: Callable[[], Finding]) -> None:
        self._enough.clear()
        self._set(doing="Checking", finding=None)

        def check() -> None:
            try:
                finding = work()
            except EdgeCNNError as error:
                finding = Finding(False, str(error))
            self._set(doing="", finding=(name, finding))

        self._jobs.submit("check", check)

    def _told(self, words: str) -> bool:
        self._set(doing=words)
        return not self._enough.is_set()

    def _do_read(self) -> None:
        self._set(shelf=tuple(read_shelf()))

    def _do_examine(self, path: Path) -> None:
        self._set(doing="", foreign=examine(path))

    def _do_delete(self, name: str) -> None:
        delete_model(name)
        self._do_read()

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except EdgeCNNError as error:
            self._set(doing="", problem=str(error))

    def _set(self, **changes: object) -> None:
        with self._lock:
            now = {name: getattr(self._office, name) for name in Office.__slots__}
            self._office = Office(**{**now, **changes, "serial": self._office.serial + 1})
