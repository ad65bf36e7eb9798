"""Eigenfaces: a face as the sum of a few principal faces.

The principal components of many aligned faces are the directions in which faces differ most; a
new face is described by how much of each it has. Light is the largest of these differences, which
is why the method fails between pictures taken in different light. Whitening divides each direction
by its spread, so that the first ones do not drown the rest.

Reference: M. Turk and A. Pentland, "Eigenfaces for Recognition", Journal of Cognitive Neuroscience,
1991; L. Sirovich and M. Kirby, 1987, for the components. Here by SVD of the centred crops.
"""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError
from edgecnn.faces.baselines.base import Baseline, Doubles, Pixels, check_crops, check_shape


class Eigenfaces(Baseline):
    """Principal components of faces; made by `fit`.

    Attributes:
        mean: (H W,) float32, the mean face.
        basis: (D, H W) float32, rows of length 1: the principal faces, largest spread first.
        spread: (D,) float32, standard deviation of the learnt crops along each.
        whiten: Whether vectors are divided by ``spread``.
    """

    kind = "eigenfaces"

    def __init__(
        self,
        size_wh: tuple[int, int],
        mean: NDArray[np.float32],
        basis: NDArray[np.float32],
        spread: NDArray[np.float32],
        *,
        whiten: bool = False,
        metric: Literal["euclidean", "cosine"] = "euclidean",
    ) -> None:
        pixels = size_wh[0] * size_wh[1]
        check_shape("mean", mean, (pixels,))
        check_shape("basis", basis, (len(spread), pixels))
        check_shape("spread", spread, (len(spread),))
        if metric not in ("euclidean", "cosine"):
            raise OptionError(f"metric is euclidean or cosine, but got {metric!r}.")
        self.size_wh, self.mean, self.basis, self.spread = size_wh, mean, basis, spread
        self.whiten, self.metric = whiten, metric

    @classmethod
    def fit(
        cls,
        crops: Pixels,
        *,
        components: int | float = 0.95,
        whiten: bool = False,
        metric: Literal["euclidean", "cosine"] = "euclidean",
    ) -> Self:
        """Learn from faces; nobody has to say whose they are.

        Args:
            crops: (N, H, W) uint8, aligned, of people other than those to be recognized, too.
            components: How many principal faces, or the share of the variance that they hold.
            whiten: Divide by the spread of each; goes well with ``cosine``.
            metric: Of the vectors.

        Raises:
            OptionError: Fewer than two crops, all the same, or a number that cannot be had.
        """
        rows = check_crops(crops, 2)
        mean = rows.mean(axis=0)
        basis, spread = principal_components(rows - mean)
        kept = how_many(components, spread)
        size_wh = crops.shape[2], crops.shape[1]
        return cls(
            size_wh,
            mean.astype(np.float32),
            basis[:kept].astype(np.float32),
            spread[:kept].astype(np.float32),
            whiten=whiten,
            metric=metric,
        )

    def _vectors(self, crops: Pixels) -> NDArray[Any]:
        centred = crops.reshape(len(crops), -1).astype(np.float32) - self.mean
        vectors = centred @ self.basis.T
        return vectors / self.spread if self.whiten else vectors

    def rebuild(self, vectors: NDArray[Any]) -> Pixels:
        """(N, H, W) faces that vectors stand for: what the method remembers of them."""
        scale = self.spread if self.whiten else np.float32(1)
        rows = (np.asarray(vectors, np.float32) * scale) @ self.basis + self.mean
        shape = (len(rows), self.size_wh[1], self.size_wh[0])
        return np.clip(np.rint(rows), 0, 255).astype(np.uint8).reshape(shape)

    def _settings(self) -> dict[str, Any]:
        return {"size_wh": list(self.size_wh), "whiten": self.whiten, "metric": self.metric}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"mean": self.mean, "basis": self.basis, "spread": self.spread}

    @classmethod
    def _from(cls, settings: dict[str, Any], arrays: dict[str, Any]) -> Self:
        width, height = settings["size_wh"]
        others = {name: value for name, value in settings.items() if name != "size_wh"}
        return cls((width, height), **arrays, **others)


def principal_components(centred: Doubles) -> tuple[Doubles, Doubles]:
    """Directions of largest spread.

    Args:
        centred: (N, P) with mean 0.

    Returns:
        (D, P) rows of length 1, and (D,) their standard deviations, falling; directions in which
        nothing differs are left out.

    Raises:
        OptionError: All rows are the same.
    """
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    rank = int((values > values[0] * max(centred.shape) * np.finfo(np.float64).eps).sum())
    if not rank or values[0] == 0:
        raise OptionError("All crops are the same, so there is nothing to learn from them.")
    # The sign of a component means nothing; the same crops shall give the same file anywhere.
    signs = np.sign(directions[np.arange(rank), np.abs(directions[:rank]).argmax(axis=1)])
    return directions[:rank] * signs[:, None], values[:rank] / np.sqrt(len(centred) - 1)


def how_many(components: int | float, spread: Doubles) -> int:
    """A number of components, from itself or from the share of the variance that they hold.

    Raises:
        OptionError: More than there are, or no share.
    """
    if isinstance(components, float):
        if not 0.0 < components <= 1.0:
            raise OptionError(f"A share of the variance lies in 0..1, but got {components}.")
        shares = np.cumsum(spread**2) / np.sum(spread**2)
        return min(int(np.searchsorted(shares, components - 1e-12)) + 1, len(spread))
    if not 1 <= components <= len(spread):
        raise OptionError(
            f"{components} components were asked for, but these crops have {len(spread)}."
        )
    return components
