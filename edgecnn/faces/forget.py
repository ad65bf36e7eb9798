"""Forgetting people, and proving it.

What goes: the person's record, templates and photographs, their lines in the audit log (a one-way
mark stays, so that a restored backup cannot bring them back), every backup that edgecnn made, and
temporary files. The gallery is written anew under a new data key; with the system keyring the key
that wraps it is replaced as well, after which no old copy of the file can be opened by anybody.

The proof does not trust the steps before it: each file that edgecnn owns is read from the disk
again, decrypted, and searched for the identifier, for every template in pieces of 32 bytes and for
the photographs. What no program can reach is said in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecnn.errors import DamagedError, EdgeCNNError, GalleryError
from edgecnn.faces import atomic, records
from edgecnn.faces.backups import DAMAGED, FOLDER
from edgecnn.faces.edits import noted, replace, tombstone, with_other_ids, without_people
from edgecnn.faces.envelope import MAGIC, read_envelope
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.policy import calibrated
from edgecnn.faces.records import Contents, Person

_PIECE = 32
"""Eight numbers of a template: enough not to occur by chance, few enough to find a part of one."""


@dataclass(frozen=True, slots=True)
class FileProof:
    """A file that was read again.

    Attributes:
        path: Which.
        decrypted: Whether it could be.
        traces: What of the person was found in it; the proof holds when there is nothing.
    """

    path: str
    decrypted: bool
    traces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done and what is proven.

    Attributes:
        people: How many were forgotten.
        templates, photos: How many of them went.
        backups_deleted: Paths of deleted backups.
        proof: Each file that edgecnn owns, after it.
        searched: How many identifiers, pieces of templates and photographs were searched for.
        out_of_reach: Where something may still be, in words.
        notes: What else changed.
    """

    people: int
    templates: int
    photos: int
    backups_deleted: tuple[str, ...]
    proof: tuple[FileProof, ...]
    searched: int
    out_of_reach: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def proven(self) -> bool:
        """Whether every owned file was decrypted and had no trace."""
        return all(file.decrypted and not file.traces for file in self.proof)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "people": self.people,
            "templates": self.templates,
            "photos": self.photos,
            "backups_deleted": list(self.backups_deleted),
            "proven": self.proven,
            "proof": [
                {"path": f.path, "decrypted": f.decrypted, "traces": list(f.traces)}
                for f in self.proof
            ],
            "searched": self.searched,
            "out_of_reach": list(self.out_of_reach),
            "notes": list(self.notes),
        }


def forget(gallery: Gallery, names: Sequence[str]) -> Forgotten:
    """Remove people from everything that edgecnn owns, and look.

    Raises:
        GalleryError: Nobody of one of the names, or a file cannot be written; then all are still
            there, and only backups may be gone.
    """
    with gallery.writing():
        before = gallery.contents
        indices = sorted({records.find_person(before, name) for name in names})
        if not indices:
            raise GalleryError("Nobody was named.")
        people = [before.people[index] for index in indices]
        traces = _traces(before, indices)
        exported = _exports_with(before, {person.id for person in people})
        # Backups go first: if anything fails in between, the person is still enrolled, and the
        # command can be given again.
        deleted, missing = _delete_backups(gallery, before.backups)
        notes: list[str] = []
        gallery.change(lambda contents: _without(gallery, contents, people, missing, notes))
        renewed = gallery.store.renew_keyring_key()
        proof = _prove(gallery, traces)
    return Forgotten(
        people=len(people),
        templates=sum(len(person.templates) for person in people),
        photos=sum(t.photo is not None for person in people for t in person.templates),
        backups_deleted=tuple(deleted),
        proof=tuple(proof),
        searched=len(traces),
        out_of_reach=_out_of_reach(gallery, missing, exported, renewed),
        notes=(*notes, *_names_in_notes(gallery.contents, people)),
    )


def forget_expired(gallery: Gallery) -> Forgotten | None:
    """Forget everybody whose time is over; None when there is nobody."""
    gallery.refresh()
    now = records.now_utc()
    names = [person.name for person in gallery.people if person.expired(now)]
    return forget(gallery, names) if names else None


def _without(
    gallery: Gallery,
    contents: Contents,
    people: Sequence[Person],
    missing: Sequence[str],
    notes: list[str],
) -> Contents:
    gone = {item for person in people for item in person.ids}
    marks = {item: tombstone(gallery.store.gallery_id, item) for item in gone}
    exports = tuple(
        replace(export, people=others)
        for export in contents.exports
        if (others := tuple(item for item in export.people if item not in gone))
    )
    changed = replace(
        without_people(with_other_ids(contents, marks), gone),
        exports=exports,
        backups=tuple(missing),
        tombstones=tuple(dict.fromkeys((*contents.tombstones, *marks.values()))),
    )
    if changed.calibration is not None:
        # Its threshold is a distance between two people, who may be gone now.
        try:
            found = calibrated(changed, changed.calibration.target, gallery.table)
            changed = replace(changed, calibration=found)
            notes.append("The threshold was calibrated anew without them.")
        except GalleryError as error:
            changed = replace(changed, calibration=None)
            notes.append(f"The calibration was dropped: {error}")
    return noted(changed, "forget", tuple(marks[person.id] for person in people))


def _traces(contents: Contents, indices: Sequence[int]) -> dict[bytes, str]:
    """Byte strings that must be found nowhere any more -> what they are."""
    wanted: dict[bytes, str] = {}
    matrix = contents.matrix()
    for index in indices:
        person = contents.people[index]
        wanted.update(dict.fromkeys((item.encode() for item in person.ids), "identifier"))
        for row in matrix[contents.rows_of(index)]:
            template = row.astype("<f4").tobytes()
            for start in range(0, len(template), _PIECE):
                piece = template[start : start + _PIECE]
                if len(set(piece)) > 4:  # zeros prove nothing
                    wanted[piece] = "template"
        for item in person.templates:
            if item.photo:
                middle = len(item.photo) // 2
                wanted[item.photo[middle : middle + 2 * _PIECE]] = "photograph"
    # Somebody else may have the same photograph or template: two names for one person.
    others = without_people(contents, {contents.people[index].id for index in indices})
    kept = records.encode(replace(others, audit=(), exports=()))
    return {piece: what for piece, what in wanted.items() if piece not in kept}


def _delete_backups(gallery: Gallery, listed: Sequence[str]) -> tuple[list[str], list[str]]:
    """Delete those listed and those beside the gallery; those that are not there any more."""
    deleted, missing = [], []
    for path in dict.fromkeys((*map(Path, listed), *_owned(gallery))):
        if path == gallery.store.path:
            continue
        try:
            if not path.exists():
                missing.append(str(path))
                continue
            if not _is_ours(path, gallery):
                continue  # something else has taken its name: not ours to delete
            path.unlink()
            atomic.sync_folder(path.parent)
            deleted.append(str(path))
        except OSError as error:
            raise GalleryError(
                f"Cannot delete the backup {path}: {error.strerror or error}. Nobody was forgotten "
                "yet; make it deletable and try again."
            ) from error
    return deleted, missing


def _owned(gallery: Gallery) -> list[Path]:
    """Files of this gallery in its own folder and the one of its backups, itself included."""
    path = gallery.store.path
    found = []
    for folder in (path.parent, path.parent / FOLDER):
        if folder.is_dir():
            found += [
                entry
                for entry in sorted(folder.iterdir())
                if entry.is_file() and _is_ours(entry, gallery)
            ]
    return found


def _is_ours(path: Path, gallery: Gallery) -> bool:
    """The gallery, a copy of it, or what a restoration has put aside as damaged."""
    aside = path.name.startswith(f"{gallery.store.path.name}{DAMAGED}")
    return aside or _is_of(path, gallery.store.gallery_id)


def _is_of(path: Path, gallery_id: str) -> bool:
    """Whether a file is this gallery or a copy of it, by its readable header."""
    try:
        with path.open("rb") as stream:
            start = stream.read(len(MAGIC))
        if start != MAGIC:
            return False
        return read_envelope(path.read_bytes(), str(path)).header.gallery_id == gallery_id
    except (DamagedError, OSError):
        return False


def _prove(gallery: Gallery, traces: dict[bytes, str]) -> list[FileProof]:
    """Read every owned file again and search it, decrypted and as it lies on the disk."""
    store = gallery.store
    proofs = []
    for path in _owned(gallery):
        raw = path.read_bytes()
        try:
            content = store.decrypt(raw, str(path))
        except EdgeCNNError:
            proofs.append(FileProof(str(path), False, ()))
            continue
        found = {what for piece, what in traces.items() if piece in content or piece in raw}
        proofs.append(FileProof(str(path), True, tuple(sorted(found))))
    stray = atomic.leftovers(store.path)
    return proofs + [FileProof(str(path), False, ("temporary file",)) for path in stray]


def _exports_with(contents: Contents, ids: set[str]) -> list[str]:
    return [
        f"exported on {export.at_utc[:10]} to {export.path}"
        for export in contents.exports
        if ids & set(export.people)
    ]


def _out_of_reach(
    gallery: Gallery, missing: Sequence[str], exported: Sequence[str], renewed: bool
) -> tuple[str, ...]:
    words = [f"the copy {item}" for item in exported]
    words += [f"the backup {path}, which is not there now (moved, or a drive)" for path in missing]
    words.append("copies that were made without edgecnn: system backups, snapshots, cloud folders")
    remnants = "remnants of old versions of the file that a disk or flash chip may keep"
    if renewed:
        words.append(f"{remnants}; the key that opened them is deleted, so nobody can read them")
    elif gallery.store.uses_keyring:
        words.append(f"{remnants}; the old key could not be deleted from the system keyring")
    else:
        words.append(f"{remnants}; whoever has them and the passphrase can read them")
    return tuple(words)


def _names_in_notes(contents: Contents, people: Sequence[Person]) -> list[str]:
    """Whether words that users wrote about others still hold the name."""
    texts = [
        text
        for person in contents.people
        for text in (person.consent.statement, person.consent.purpose, person.name)
        if text
    ]
    hit = any(person.name.casefold() in text.casefold() for person in people for text in texts)
    return ["The name still occurs in names or consent notes of other people."] if hit else []
