"""Tables of impostor scores: how near different people came to each other in public photographs.

A table holds scores alone, no vector and no picture, so it can be given away; it lets a gallery of
three people have a threshold with a rate that three people can never support. It belongs to one
embedding space. Tables lie in ``assets/faces/SPACE.json``; this version brings none, because the
freely licensed photographs at hand show four people, which is six pairs, where 299 are needed for
1 in 100.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Strict
from edgecnn.errors import BundleError, GalleryError, OptionError
from edgecnn.faces.match import closest_pairs
from edgecnn.faces.records import Floats, Metric
from edgecnn.zoo.catalogue import assets_path

_SPACE = re.compile(r"[A-Za-z0-9._-]{1,80}")
_DIGITS = 4


class ImpostorTable(Strict, frozen=True, kw_only=True):
    """Smallest distances between pairs of different people.

    Attributes:
        space: Embedding space that they were measured in.
        photographs: Name of the set of photographs.
        licence: Of the photographs.
        source: Where they are from.
        identities: How many people.
        images: How many photographs.
        distances: One for each pair of people, rising; ``identities * (identities - 1) / 2``.
    """

    version: int = 1
    space: str
    photographs: str
    licence: str
    source: str
    identities: int
    images: int
    distances: tuple[float, ...]

    def __post_init__(self) -> None:
        pairs = self.identities * (self.identities - 1) // 2
        if self.identities < 2 or len(self.distances) != pairs:
            raise OptionError(
                f"{self.identities} identities make {pairs} pairs, but the table has "
                f"{len(self.distances)} distances."
            )
        values = np.asarray(self.distances)
        if not np.isfinite(values).all() or (values < 0).any() or (np.diff(values) < 0).any():
            raise OptionError("The distances of a table are finite, not negative, and rise.")

    def scores(self) -> NDArray[np.float64]:
        """(pairs,) distances."""
        return np.asarray(self.distances, np.float64)

    @property
    def words(self) -> str:
        """The set, its licence and its size, for messages."""
        return (
            f"{self.photographs} ({self.licence}): {self.identities} people, "
            f"{len(self.distances):,} pairs"
        )


def find_table(space: str, folder: Path | None = None) -> ImpostorTable | None:
    """The table of an embedding space; None when there is none.

    Args:
        space: Of the embedder's bundle.
        folder: Where tables lie; None for those that come with edgecnn.

    Raises:
        GalleryError: The file is damaged or belongs to another space.
    """
    if not _SPACE.fullmatch(space):
        return None
    try:
        path = (folder if folder is not None else assets_path() / "faces") / f"{space}.json"
        table = msgspec.json.decode(path.read_bytes(), type=ImpostorTable)
    except (FileNotFoundError, BundleError):
        return None
    except (msgspec.DecodeError, OptionError) as error:
        raise GalleryError(f"The table of impostor scores {path} is damaged: {error}") from error
    if table.space != space:
        raise GalleryError(f"{path} is a table of {table.space!r}, not of {space!r}.")
    return table


def make_table(
    vectors: Floats,
    counts: Sequence[int],
    *,
    space: str,
    metric: Metric,
    photographs: str,
    licence: str,
    source: str,
) -> ImpostorTable:
    """A table from embeddings of photographs; what it is made from is not in it.

    Args:
        vectors: (T, D) embeddings, those of a person together.
        counts: How many each person has, at least one.
        space: Of the embedder's bundle.
        metric: Likewise.
        photographs: Name of the set.
        licence: Of the photographs.
        source: Where they are from.

    Raises:
        OptionError: Fewer than two people.
    """
    distances = np.sort(closest_pairs(vectors, counts, metric))
    return ImpostorTable(
        space=space,
        photographs=photographs,
        licence=licence,
        source=source,
        identities=sum(count > 0 for count in counts),
        images=len(vectors),
        distances=tuple(np.round(distances, _DIGITS).tolist()),
    )
