"""Small steps from one state of a gallery to the next; nothing is changed in place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec
import numpy as np

from edgecnn.faces import records
from edgecnn.faces.records import Action, AuditEntry, Contents, Floats, Person

replace = msgspec.structs.replace


def index_of(contents: Contents, name: str) -> int | None:
    """Index of a person by a cleaned name; None when there is nobody."""
    for index, person in enumerate(contents.people):
        if person.name.casefold() == name.casefold():
            return index
    return None


def with_person(contents: Contents, person: Person, vectors: Floats) -> Contents:
    """One person more, at the end."""
    return replace(
        contents,
        people=(*contents.people, person),
        vectors=contents.vectors + vectors.astype("<f4").tobytes(),
    )


def with_templates(contents: Contents, index: int, person: Person, vectors: Floats) -> Contents:
    """The person at an index replaced by one with more templates, whose vectors these are."""
    end = contents.rows_of(index).stop * contents.dimension * 4
    block = vectors.astype("<f4").tobytes()
    return replace(
        contents,
        people=(*contents.people[:index], person, *contents.people[index + 1 :]),
        vectors=contents.vectors[:end] + block + contents.vectors[end:],
    )


def without_people(contents: Contents, ids: set[str]) -> Contents:
    """Without some people and their vectors."""
    stays = np.array([person.id not in ids for person in contents.people], np.bool_)
    counts = [len(person.templates) for person in contents.people]
    rows = np.repeat(stays, counts)
    return replace(
        contents,
        people=tuple(person for person in contents.people if person.id not in ids),
        vectors=contents.matrix()[rows].astype("<f4").tobytes(),
    )


def with_other_ids(contents: Contents, other: Mapping[str, str]) -> Contents:
    """With identifiers replaced in the audit log and in the list of exports."""

    def renamed(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(other.get(item, item) for item in ids))

    return replace(
        contents,
        audit=tuple(replace(entry, people=renamed(entry.people)) for entry in contents.audit),
        exports=tuple(replace(item, people=renamed(item.people)) for item in contents.exports),
    )


def noted(
    contents: Contents, action: Action, people: tuple[str, ...] = (), count: int = 1
) -> Contents:
    """With one line more in the audit log."""
    entry = AuditEntry(at_utc=records.now_utc(), action=action, people=people, count=count)
    return replace(contents, audit=(*contents.audit, entry)[-records.MAX_AUDIT_ENTRIES :])


def tombstone(gallery_id: str, person_id: str) -> str:
    """A one-way mark of a person's identifier: both are random, so it gives nothing away."""
    return "forgotten-" + hashlib.sha256(f"{gallery_id}:{person_id}".encode()).hexdigest()[:32]
