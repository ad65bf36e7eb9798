"""Carrying people from one gallery to another, and giving people what is stored about them.

An export is a gallery file of its own, under its own passphrase. What a person gets about
themselves has to be readable, so `export_my_data` writes plain JSON and photographs in a ZIP file;
it is the only thing here that leaves a name or a template unencrypted, and it is made on request.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecnn.errors import GalleryError
from edgecnn.faces import atomic, records
from edgecnn.faces.edits import index_of, noted, replace, tombstone, with_person, without_people
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.records import Contents, Export
from edgecnn.faces.store import Store
from edgecnn.faces.unlocking import Passphrase


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Attributes:
        added: Names of people who are new.
        present: Names of people who were here already; they were left as they are.
        forgotten: How many were forgotten here, and stay so; they may be enrolled anew.
    """

    added: tuple[str, ...]
    present: tuple[str, ...]
    forgotten: int


def export_people(
    gallery: Gallery, target: Path, passphrase: Passphrase, names: Sequence[str] = ()
) -> int:
    """Write people, with templates and photographs, into an encrypted file.

    Args:
        gallery: Whose.
        target: A file that does not exist.
        passphrase: Opens the export; choose another than the gallery's, to hand it over.
        names: Who; nobody named means everybody.

    Returns:
        How many people.

    Raises:
        GalleryError: Nobody of a name, nobody at all, or the target exists.
        OptionError: The passphrase is too short.
    """
    passphrase.check_strength()
    with gallery.writing():
        contents = gallery.contents
        chosen = {contents.people[records.find_person(contents, name)].id for name in names}
        ids = chosen or {person.id for person in contents.people}
        if not ids:
            raise GalleryError("Nobody is enrolled, so there is nothing to export.")
        others = {person.id for person in contents.people} - ids
        subset = replace(
            without_people(contents, others),
            calibration=None,
            audit=(),
            tombstones=(),
            backups=(),
            exports=(),
        )
        # Noted first: `forget` has to name a copy even if the note is all that a crash left.
        _note_export(gallery, target, tuple(sorted(ids)), "export")
        Store.create(target, passphrase, records.encode(subset))
        atomic.lock_file(target).unlink(missing_ok=True)
    return len(ids)


def import_people(gallery: Gallery, source: Path, passphrase: Passphrase) -> Imported:
    """Take over the people of an export.

    Args:
        gallery: Where to.
        source: A file that `export_people` wrote, or a gallery.
        passphrase: Opens it.

    Raises:
        PassphraseError: Not the passphrase of the file.
        GalleryError: Another embedding space, or a name is taken by somebody else; nothing was
            changed.
    """
    other = records.decode(Store.open(source, passphrase).content, str(source))
    outcome: list[Imported] = []

    def edit(contents: Contents) -> Contents:
        if (other.space, other.dimension) != (contents.space, contents.dimension):
            raise GalleryError(
                f"{source} holds faces of {other.space!r}, this gallery of {contents.space!r}: "
                "templates of two embedders cannot be compared."
            )
        here = {person.id for person in contents.people}
        gone = {
            person.id
            for person in other.people
            if any(
                tombstone(gallery.store.gallery_id, item) in contents.tombstones
                for item in person.ids
            )
        }
        new = [i for i, person in enumerate(other.people) if person.id not in here | gone]
        taken = [
            other.people[index].name
            for index in new
            if index_of(contents, other.people[index].name) is not None
        ]
        if taken:
            raise GalleryError(
                f"Other people are enrolled as {', '.join(taken)} already. Rename them first: "
                "edgecnn faces rename"
            )
        matrix = other.matrix()
        changed = contents
        for index in new:
            changed = with_person(changed, other.people[index], matrix[other.rows_of(index)])
        added = [other.people[index] for index in new]
        outcome.append(
            Imported(
                tuple(person.name for person in added),
                tuple(person.name for person in other.people if person.id in here),
                len(gone),
            )
        )
        return noted(changed, "import", tuple(person.id for person in added))

    gallery.change(edit)
    return outcome[0]


def export_my_data(gallery: Gallery, name: str, target: Path) -> Path:
    """Write everything that is stored about one person, readable, into a ZIP file.

    ``person.json`` has name, consent, expiry, templates as numbers and the lines of the audit log;
    the photographs lie beside it.

    Args:
        gallery: Whose.
        name: Of the person.
        target: A file that does not exist.

    Raises:
        GalleryError: Nobody of that name, or the target exists or cannot be written.
    """
    with gallery.writing():
        if target.exists():
            raise GalleryError(f"{target} exists already; it is not replaced.")
        index = records.find_person(gallery.contents, name)
        person = gallery.contents.people[index]
        _note_export(gallery, target, (person.id,), "export_my_data")
        contents = gallery.contents
        vectors = contents.matrix()[contents.rows_of(index)]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            plain = _about(contents, index, vectors.tolist())
            archive.writestr("person.json", json.dumps(plain, indent=1, ensure_ascii=False))
            for number, template in enumerate(person.templates):
                if template.photo is not None:
                    archive.writestr(f"photo{number + 1}.jpg", template.photo)
        atomic.write_atomically(target.absolute(), buffer.getvalue())
    return target


def _about(contents: Contents, index: int, vectors: Sequence[Sequence[float]]) -> dict[str, Any]:
    person = contents.people[index]
    return {
        "name": person.name,
        "identifier": person.id,
        "enrolled_utc": person.enrolled_utc,
        "expires_utc": person.expires_utc,
        "consent": {
            "statement": person.consent.statement or "not stated",
            "purpose": person.consent.purpose or "not stated",
            "recorded_utc": person.consent.recorded_utc,
        },
        "embedding_space": contents.space,
        "embedder": contents.embedder,
        "templates": [
            {
                "made_utc": template.made_utc,
                "quality": template.quality,
                "photo": f"photo{number + 1}.jpg" if template.photo is not None else None,
                "vector": list(vector),
            }
            for number, (template, vector) in enumerate(zip(person.templates, vectors, strict=True))
        ],
        "audit_log": [
            {"at_utc": entry.at_utc, "action": entry.action}
            for entry in contents.audit
            if person.id in entry.people
        ],
    }


def _note_export(
    gallery: Gallery, target: Path, ids: tuple[str, ...], action: records.Action
) -> None:
    if target.exists():
        raise GalleryError(f"{target} exists already; it is not replaced.")
    export = Export(at_utc=records.now_utc(), path=str(target.absolute()), people=ids)
    gallery.change(
        lambda contents: noted(replace(contents, exports=(*contents.exports, export)), action, ids)
    )
