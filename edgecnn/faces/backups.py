"""Backups of a gallery, and the way back.

A backup is a copy of the encrypted file: it opens with the passphrase of its time. The gallery
keeps a list of those it made (encrypted with everything else), so that forgetting somebody reaches
them. A restored gallery never brings back people who were forgotten since the backup.
"""

from __future__ import annotations

import datetime
import glob
from dataclasses import dataclass
from pathlib import Path

from edgecnn.errors import DamagedError, GalleryError, PassphraseError
from edgecnn.faces import atomic, records
from edgecnn.faces.edits import noted, replace, tombstone, without_people
from edgecnn.faces.envelope import read_envelope, seal_envelope
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.records import Contents
from edgecnn.faces.store import read_file
from edgecnn.faces.unlocking import Lock, Secret

FOLDER = "backups"
SUFFIX = ".faces"
DAMAGED = ".damaged-"
"""Between the name of a gallery and the time, where a restoration puts a damaged one aside."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of a restoration.

    Attributes:
        people: How many are enrolled now.
        left_out: How many of the backup were forgotten since, and stay so.
        kept_aside: Where the file went that could not be opened; None when there was none.
        forgotten_known: Whether the gallery that was replaced could be asked who was forgotten.
    """

    people: int
    left_out: int
    kept_aside: Path | None
    forgotten_known: bool


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that lies beside a gallery and looks sound from outside.

    Attributes:
        path: Of the file.
        made: When, in local time.
        lock: What opens it.
    """

    path: Path
    made: datetime.datetime
    lock: Lock


def find_backups(path: Path) -> tuple[Backup, ...]:
    """The backups of a gallery in its folder of backups, newest first; none is opened.

    Backups that were written elsewhere are known to the gallery alone, which has to be open to say.

    Args:
        path: Of the gallery; it may be missing or damaged.
    """
    found = []
    for file in (path.parent / FOLDER).glob(f"{glob.escape(path.stem)}-*{SUFFIX}"):
        try:
            lock = read_file(file).header.lock
            made = datetime.datetime.fromtimestamp(file.stat().st_mtime).astimezone()
        except (GalleryError, OSError):
            continue
        found.append(Backup(file, made, lock))
    return tuple(sorted(found, key=lambda one: (one.made, one.path.name), reverse=True))


def back_up(gallery: Gallery, target: Path | None = None) -> Path:
    """Copy the encrypted file.

    Args:
        gallery: Which.
        target: A file that does not exist; None for one named by the time, beside the gallery.

    Returns:
        Where it is.

    Raises:
        GalleryError: The target exists or cannot be written.
    """
    path = gallery.store.path
    with gallery.writing():
        chosen = _default_target(path) if target is None else target.absolute()
        if chosen.exists():
            raise GalleryError(f"{chosen} exists already; a backup never replaces anything.")
        # On the list first: a backup that a crash prevents is looked for in vain, which is
        # harmless; one that is not on the list would outlive a forgotten person.
        gallery.change(
            lambda contents: noted(
                replace(contents, backups=(*contents.backups, str(chosen))), "backup"
            )
        )
        atomic.write_atomically(chosen, path.read_bytes())
    return chosen


def restore(
    path: Path,
    backup: Path,
    secret: Secret,
    *,
    replace_sound: bool = False,
    found_damaged: bool = False,
) -> Restored:
    """Put a backup in the place of a gallery.

    A file that cannot be opened is never overwritten: it is kept beside the restored one.

    Args:
        path: Of the gallery; it may be missing or damaged.
        backup: Of the backup.
        secret: What opens the backup.
        replace_sound: Replace a gallery that is not damaged, too.
        found_damaged: Somebody has found with the gallery's own secret that it is damaged, which
            the secret of the backup cannot show when it is another one.

    Raises:
        GalleryError: The backup cannot be read, or the gallery is sound and ``replace_sound`` off.
        PassphraseError: The secret is not that of the backup.
        DamagedError: The backup is damaged.
    """
    path = path.resolve()
    envelope = read_file(backup)
    content, holder = envelope.open(secret)
    contents = records.decode(content, str(backup))
    aside: Path | None = None
    with atomic.writer_lock(path):
        current, damaged = _current(path, secret)
        if current is not None and current[0] != envelope.header.gallery_id:
            raise GalleryError(f"{backup} is a backup of another gallery than {path}.")
        damaged = damaged or (found_damaged and current is None)
        if path.exists() and not damaged and not replace_sound:
            raise GalleryError(
                f"{path} is not known to be damaged; what changed since the backup would be lost. "
                "Restore nevertheless with --yes."
            )
        known = current[1] if current is not None else None
        contents, left_out = _without_forgotten(contents, known, envelope.header.gallery_id)
        contents = noted(contents, "restore")
        if current is None and path.exists():
            aside = path.with_name(f"{path.name}{DAMAGED}{_stamp()}")
            path.replace(aside)
        written, _ = seal_envelope(
            records.encode(contents), holder, envelope.header.gallery_id, envelope.header.retired
        )
        atomic.write_atomically(path, written)
    return Restored(len(contents.people), left_out, aside, known is not None)


def _without_forgotten(
    contents: Contents, current: Contents | None, gallery_id: str
) -> tuple[Contents, int]:
    """Without those whom the current gallery has forgotten; how many they were."""
    if current is None:
        return contents, 0
    gone = {
        person.id
        for person in contents.people
        if any(tombstone(gallery_id, item) in current.tombstones for item in person.ids)
    }
    merged = replace(
        without_people(contents, gone),
        tombstones=tuple(dict.fromkeys((*contents.tombstones, *current.tombstones))),
        backups=tuple(dict.fromkeys((*contents.backups, *current.backups))),
        exports=tuple(dict.fromkeys((*contents.exports, *current.exports))),
        audit=current.audit,
    )
    return merged, len(gone)


def _current(path: Path, secret: Secret) -> tuple[tuple[str, Contents] | None, bool]:
    """Identifier and contents of the gallery in place, if it opens; whether it is damaged."""
    if not path.exists():
        return None, False
    try:
        envelope = read_envelope(path.read_bytes(), str(path))
        content, _ = envelope.open(secret)
        return (envelope.header.gallery_id, records.decode(content, str(path))), False
    except DamagedError:
        return None, True
    except PassphraseError:
        return None, False


def _default_target(path: Path) -> Path:
    folder = path.parent / FOLDER
    stem = f"{path.stem}-{_stamp()}"
    candidate, number = folder / f"{stem}{SUFFIX}", 1
    while candidate.exists():
        number += 1
        candidate = folder / f"{stem}-{number}{SUFFIX}"
    return candidate


def _stamp() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
