"""What a gallery holds, as plain records; encrypted as a whole, never written otherwise.

Vectors lie apart in one block, person after person in the order of `Contents.people`, so that
10,000 of them are loaded by one copy.
"""

from __future__ import annotations

import datetime
import os
import unicodedata
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Strict
from edgecnn.errors import DamagedError, GalleryError, OptionError

Floats = NDArray[np.float32]
Metric = Literal["euclidean", "cosine"]
Action = Literal[
    "enrol", "identify", "verify", "rename", "merge", "forget", "export", "import", "backup",
    "restore", "calibrate", "passphrase", "export_my_data", "consent",
]  # fmt: skip

FORMAT = 1
MAX_NAME_LENGTH = 100
MAX_AUDIT_ENTRIES = 20_000
"""Some megabytes; the oldest are dropped beyond it."""


class Consent(Strict, frozen=True, kw_only=True):
    """What is known about a person's agreement.

    Attributes:
        statement: Who agreed and how, in the words of whoever enrolled; None: not stated.
        purpose: What the templates are for; None: not stated.
        recorded_utc: When it was written down (ISO 8601).
    """

    statement: str | None
    purpose: str | None
    recorded_utc: str


class Template(Strict, frozen=True, kw_only=True):
    """One enrolled face; its vector lies in the block.

    Attributes:
        made_utc: When (ISO 8601).
        quality: Numbers of `FaceQuality.to_dict`, as far as they are known.
        photo: JPEG of the face and its surroundings, where the user chose to keep it. Another
            embedder can enrol from it.
    """

    made_utc: str
    quality: dict[str, float] = msgspec.field(default_factory=dict)
    photo: bytes | None = None


class Person(Strict, frozen=True, kw_only=True):
    """Somebody enrolled.

    Attributes:
        id: Random, and all that the audit log says of a person.
        expires_utc: From then on nobody is recognized as this person; None: never.
        merged: Identifiers of people who turned out to be this one; older backups have them.
    """

    id: str
    name: str
    enrolled_utc: str
    consent: Consent
    expires_utc: str | None = None
    templates: tuple[Template, ...] = ()
    merged: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Every identifier that stands or stood for this person."""
        return (self.id, *self.merged)

    def expired(self, now_utc: str) -> bool:
        """Whether the time is over; ISO 8601 in UTC sorts as text."""
        return self.expires_utc is not None and self.expires_utc <= now_utc


class AuditEntry(Strict, frozen=True, kw_only=True):
    """Something that was done: no names, no templates, no paths.

    Attributes:
        people: Identifiers of the people concerned; of a forgotten one, its tombstone.
        count: How many pictures, faces or files.
    """

    at_utc: str
    action: Action
    people: tuple[str, ...] = ()
    count: int = 1


class Export(Strict, frozen=True, kw_only=True):
    """Templates or data that left the gallery: `forget` cannot follow them, but it names them."""

    at_utc: str
    path: str
    people: tuple[str, ...]


class Calibration(Strict, frozen=True, kw_only=True):
    """A threshold and what supports it; see `edgecnn.faces.calibrate`.

    Attributes:
        target: The false-match rate that was asked for, for example 0.001.
        threshold: Distances below it are matches.
        upper_bound: 95 % confidence bound of the false-match rate at this threshold.
        pairs: Pairs of people that the bound is computed from.
        people: How many people make these pairs.
        basis: Words about where the pairs come from.
    """

    target: float
    threshold: float
    upper_bound: float
    pairs: int
    people: int
    basis: str
    made_utc: str


class Contents(Strict, frozen=True, kw_only=True):
    """Everything in a gallery.

    Attributes:
        space: Embedding space that all vectors belong to.
        embedder: Name of the bundle that made the first of them, for advice.
        vectors: Little-endian float32, (templates of all people, dimension), row by row.
        tombstones: One-way marks of forgotten people, so that no restored backup brings them back.
        backups: Paths of the backups that edgecnn made and has not deleted.
        exports: What left this file.
    """

    format: int = FORMAT
    space: str
    metric: Metric
    dimension: int
    embedder: str
    people: tuple[Person, ...] = ()
    vectors: bytes = b""
    calibration: Calibration | None = None
    audit: tuple[AuditEntry, ...] = ()
    tombstones: tuple[str, ...] = ()
    backups: tuple[str, ...] = ()
    exports: tuple[Export, ...] = ()

    def matrix(self) -> Floats:
        """(T, dimension) float32, read-only, over the bytes as they are."""
        block = np.frombuffer(self.vectors, "<f4")
        return block.reshape(-1, self.dimension).astype(np.float32, copy=False)

    def rows_of(self, index: int) -> slice:
        """Where the vectors of a person lie in the matrix."""
        start = sum(len(person.templates) for person in self.people[:index])
        return slice(start, start + len(self.people[index].templates))


def encode(contents: Contents) -> bytes:
    """As MessagePack."""
    return msgspec.msgpack.encode(contents)


def decode(content: bytes, where: str) -> Contents:
    """From MessagePack, checked.

    Raises:
        DamagedError: Not of this form; it was decrypted, so a version of edgecnn wrote it so.
    """
    try:
        contents = msgspec.msgpack.decode(content, type=Contents)
    except msgspec.DecodeError as error:
        raise DamagedError(
            f"{where} was decrypted but is not understood: {error}. A newer edgecnn may have "
            "written it: pip install -U edgecnn"
        ) from error
    if contents.format > FORMAT:
        raise DamagedError(
            f"{where} has format {contents.format}; this edgecnn reads up to {FORMAT}. Update it: "
            "pip install -U edgecnn"
        )
    rows = sum(len(person.templates) for person in contents.people)
    if contents.dimension < 1 or len(contents.vectors) != rows * contents.dimension * 4:
        raise DamagedError(
            f"{where} has {len(contents.vectors)} bytes of vectors for {rows} templates of "
            f"{contents.dimension} numbers."
        )
    if not np.isfinite(contents.matrix()).all():
        raise DamagedError(f"{where} holds vectors that are not finite.")
    return contents


def now_utc() -> str:
    """The time as ISO 8601 in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_days(days: int) -> str:
    """The time some days from now.

    Raises:
        OptionError: Not a positive number of days, or beyond the calendar.
    """
    if not 1 <= days <= 36_500:
        raise OptionError(f"An expiry is 1 to 36,500 days from now, but got {days}.")
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def new_id() -> str:
    """A random identifier of a person."""
    return os.urandom(16).hex()


def clean_name(name: str) -> str:
    """A name as it is kept: composed characters, single spaces.

    Raises:
        OptionError: Empty, too long, or with control characters.
    """
    composed = " ".join(unicodedata.normalize("NFC", name).split())
    if not composed or len(composed) > MAX_NAME_LENGTH or not composed.isprintable():
        raise OptionError(
            f"A name has 1 to {MAX_NAME_LENGTH} printable characters, but got {name!r}."
        )
    return composed


def find_person(contents: Contents, name: str) -> int:
    """Index of a person by name, capital letters or not.

    Raises:
        GalleryError: Nobody of that name.
    """
    wanted = clean_name(name).casefold()
    for index, person in enumerate(contents.people):
        if person.name.casefold() == wanted:
            return index
    raise GalleryError(
        f"Nobody is enrolled as {name!r}. `edgecnn faces list` names the "
        f"{len(contents.people)} who are."
    )
