"""Telling whether two pictures show the same: errors as a function of the distance threshold.

Two embeddings are taken for the same identity when their distance is below a threshold. Pairs of
one identity are *genuine*, all others *impostors*. FAR is the share of impostors that are accepted,
TAR the share of genuine pairs.

Reference: Mansfield and Wayman 2002, "Best Practices in Testing and Reporting Performance of
Biometric Devices" (there FMR and 1 - FNMR); TAR at FAR as in Klare et al. 2015, "Pushing the
Frontiers of Unconstrained Face Detection and Recognition: IARPA Janus Benchmark A".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError

Floats = NDArray[np.floating[Any]]
_ROWS = 512
"""Rows of the distance matrix that are computed at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """Error rates at every threshold at which one of them changes.

    Attributes:
        thresholds: (T,) rising; distances below one are accepted. The first accepts nothing.
        far: (T,) share of impostors accepted, 0..1, rising.
        tar: (T,) share of genuine pairs accepted, 0..1, rising.
    """

    thresholds: NDArray[np.float64]
    far: NDArray[np.float64]
    tar: NDArray[np.float64]

    def tar_at_far(self, far: float) -> tuple[float, float]:
        """The most genuine pairs accepted while at most a share of impostors is.

        Args:
            far: The share, 0..1.

        Returns:
            TAR, and the largest threshold that keeps the FAR: distances below it are accepted.

        Raises:
            OptionError: A share outside 0..1.
        """
        if not 0.0 <= far <= 1.0:
            raise OptionError(f"A false accept rate is between 0 and 1, but got {far!r}.")
        last = int(np.flatnonzero(self.far <= far)[-1])
        return float(self.tar[last]), float(self.thresholds[last])

    @property
    def equal_error_rate(self) -> float:
        """The error rate where as many impostors are accepted as genuine pairs refused.

        Between two thresholds both rates are taken as straight lines.
        """
        lead = self.far - (1.0 - self.tar)
        after = int(np.argmax(lead >= 0))
        if lead[after] == 0:
            return float(self.far[after])
        share = -lead[after - 1] / (lead[after] - lead[after - 1])
        return float(self.far[after - 1] + share * (self.far[after] - self.far[after - 1]))


def roc(genuine: Floats, impostor: Floats) -> Roc:
    """Error rates from distances.

    Args:
        genuine: (G,) distances of pairs of one identity.
        impostor: (I,) distances of pairs of two.

    Raises:
        OptionError: None of one kind, or distances that are not finite.
    """
    same = np.sort(np.asarray(genuine, np.float64).reshape(-1))
    other = np.sort(np.asarray(impostor, np.float64).reshape(-1))
    if len(same) == 0 or len(other) == 0:
        raise OptionError(
            f"There are {len(same)} genuine and {len(other)} impostor pairs; at least one of each "
            "is needed: two pictures of one identity, and a second identity."
        )
    if not (np.isfinite(same).all() and np.isfinite(other).all()):
        raise OptionError("Some distances are NaN or infinite: an embedding is broken.")
    steps = np.unique(np.concatenate([same, other]))
    thresholds = np.append(steps, beyond(steps[-1]))
    return Roc(
        thresholds,
        np.searchsorted(other, thresholds, side="left") / len(other),
        np.searchsorted(same, thresholds, side="left") / len(same),
    )


def beyond(distance: float) -> float:
    """The threshold that just accepts a distance."""
    return float(np.nextafter(distance, np.inf))


def pair_distances(
    vectors: Floats, identities: NDArray[Any], metric: Literal["euclidean", "cosine"]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Distances of all pairs of a set.

    Args:
        vectors: (N, D) embeddings.
        identities: (N,) of any type that compares.
        metric: Of the embedding space.

    Returns:
        Genuine (G,) and impostor (I,) distances, G + I = N (N - 1) / 2.

    Raises:
        OptionError: Other lengths, or a vector without direction under ``cosine``.
    """
    if len(vectors) != len(identities):
        raise OptionError(f"There are {len(vectors)} vectors but {len(identities)} identities.")
    points = np.asarray(vectors, np.float64)
    if metric == "cosine":
        norms = np.linalg.norm(points, axis=1, keepdims=True)
        if (norms == 0).any():
            raise OptionError("A zero vector has no direction: cosine distance is undefined.")
        points = points / norms
    squares = (points**2).sum(axis=1)
    genuine, impostor = [], []
    for start in range(0, len(points), _ROWS):
        rows = slice(start, start + _ROWS)
        products = points[rows] @ points.T
        if metric == "cosine":
            distances = 1.0 - products
        else:
            gaps = squares[rows, None] + squares[None] - 2.0 * products
            distances = np.sqrt(np.maximum(gaps, 0.0))
        # Each pair once: the part of the matrix above its diagonal.
        once = np.arange(len(points))[None] > np.arange(start, start + len(products))[:, None]
        same = identities[rows, None] == identities[None]
        genuine.append(distances[once & same].astype(np.float32))
        impostor.append(distances[once & ~same].astype(np.float32))
    empty = np.empty(0, np.float32)
    return np.concatenate([empty, *genuine]), np.concatenate([empty, *impostor])
