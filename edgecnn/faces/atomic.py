"""Replacing a private file: whatever interrupts, the old or the new content is there, whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edgecnn.errors import GalleryError

_WAIT_S = 10.0


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read.

    The content goes to a neighbour whose name starts with a dot, onto the disk, and then takes the
    place of the old file in one step. What is left behind by a killed process is removed by
    `remove_leftovers`.

    Raises:
        GalleryError: It cannot be written; what was there stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=_prefix(path), suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise GalleryError(
            f"Cannot write {path}: {error.strerror or error}. What was there before is still there."
        ) from error


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a loss of power, where the system can.

    Some file systems refuse to sync folders; the file itself is on the disk by then.
    """
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def leftovers(path: Path) -> list[Path]:
    """Temporary neighbours that a killed process left; call it with the lock held."""
    if not path.parent.is_dir():
        return []
    prefix = _prefix(path)
    return sorted(
        entry
        for entry in path.parent.iterdir()
        if entry.name.startswith(prefix) and entry.name.endswith(".tmp")
    )


def remove_leftovers(path: Path) -> int:
    """Remove them; returns how many there were."""
    found = leftovers(path)
    for entry in found:
        entry.unlink(missing_ok=True)
    return len(found)


@contextlib.contextmanager
def writer_lock(path: Path, wait_s: float = _WAIT_S) -> Iterator[None]:
    """Be the only writer of a file for a while, among processes and threads.

    The lock is on an empty neighbour ``.NAME.lock`` that stays, because the file itself is
    replaced by each write. The system releases it when a process ends, however it ends.

    Args:
        path: The file.
        wait_s: How long to wait for another writer.

    Raises:
        GalleryError: Another writer holds it for longer, or this system has no such locks.
    """
    try:
        import fcntl
    except ImportError as error:
        raise GalleryError("This system has no file locks (fcntl): use Linux or macOS.") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(lock_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise GalleryError(
            f"Cannot write in {path.parent}: {error.strerror or error}. Nothing was changed."
        ) from error
    try:
        until = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= until:
                    raise GalleryError(
                        f"Another program has been writing {path} for {wait_s:g} s. Close it, or "
                        "try again. Nothing was changed."
                    ) from error
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def lock_file(path: Path) -> Path:
    """The empty file that carries the lock of another."""
    return path.with_name(f".{path.name}.lock")


def _prefix(path: Path) -> str:
    return f".{path.name}."
