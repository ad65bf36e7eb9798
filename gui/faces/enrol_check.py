"""What enrolling would mean beside those who are there, before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgecnn.errors import OptionError
from edgecnn.faces.duplicates import compare
from edgecnn.faces.edits import index_of
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import Enrolled, NewFace
from edgecnn.faces.records import clean_name


@dataclass(frozen=True, slots=True)
class Outlook:
    """What it would mean.

    Attributes:
        name: As it would be kept; empty while none can be.
        name_problem: Why the name cannot be kept, in words.
        there: Templates that somebody of this name has already; None when nobody has the name.
        resembles: Others whom the faces match, with the distance, the nearest first.
        unlike: Positions of faces that match no other of this person.
    """

    name: str = ""
    name_problem: str = ""
    there: int | None = None
    resembles: tuple[tuple[str, float], ...] = ()
    unlike: tuple[int, ...] = ()


def outlook(gallery: Gallery, name: str, faces: Sequence[NewFace]) -> Outlook:
    """Compare faces that may be enrolled with everybody; changes nothing.

    Args:
        gallery: Where to.
        name: As it was typed; may be empty.
        faces: Perhaps none.
    """
    contents = gallery.contents
    try:
        kept, problem = (clean_name(name), "") if name.strip() else ("", "")
    except OptionError as error:
        kept, problem = "", str(error)
    index = index_of(contents, kept) if kept else None
    there = None if index is None else len(contents.people[index].templates)
    if index is not None:
        kept = contents.people[index].name
    if not faces:
        return Outlook(kept, problem, there)
    vectors = np.stack([face.embedding.vector for face in faces]).astype(np.float32)
    found = compare(contents, index, kept, vectors, gallery.rule().threshold)
    return Outlook(kept, problem, there, found.resembles, found.unlike)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What the form says beside the name.

    Attributes:
        statement: Who agreed and how; empty: not stated.
        purpose: What for; empty: not stated.
        expires_in_days: None: never.
        keep_photos: Keep the face of each photograph in the gallery, encrypted.
    """

    statement: str = ""
    purpose: str = ""
    expires_in_days: int | None = None
    keep_photos: bool = False


def store(gallery: Gallery, name: str, faces: Sequence[NewFace], agreed: Agreed) -> Enrolled:
    """Enrol; the first moment at which anything is written.

    Raises:
        EdgeCNNError: It cannot be; nothing was changed.
    """
    kept = [face if agreed.keep_photos else replace(face, photo=None) for face in faces]
    return gallery.enrol(
        name,
        kept,
        consent=agreed.statement.strip() or None,
        purpose=agreed.purpose.strip() or None,
        expires_in_days=agreed.expires_in_days,
    )
