"""Fisherfaces: directions in which people differ and pictures of one person do not.

Eigenfaces look for any difference, and find the light. Knowing who is on each crop, linear
discriminant analysis looks for directions with much spread between people and little within one.
Principal components come first: within N crops of c people only N - c directions have any spread
within a person, and the analysis divides by it. At most c - 1 directions come out, so it takes
many people to tell new ones apart.

Reference: P. N. Belhumeur, J. P. Hespanha and D. J. Kriegman, "Eigenfaces vs. Fisherfaces:
Recognition Using Class Specific Linear Projection", PAMI 1997.
"""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecnn.errors import OptionError
from edgecnn.faces.baselines.base import Baseline, Doubles, Pixels, check_crops, check_shape
from edgecnn.faces.baselines.eigenfaces import how_many, principal_components


class Fisherfaces(Baseline):
    """Discriminant directions of faces; made by `fit`.

    Attributes:
        mean: (H W,) float32, the mean face.
        basis: (D, H W) float32, rows scaled so that the spread within a person is 1 along each.
    """

    kind = "fisherfaces"

    def __init__(
        self,
        size_wh: tuple[int, int],
        mean: NDArray[np.float32],
        basis: NDArray[np.float32],
        *,
        metric: Literal["euclidean", "cosine"] = "euclidean",
    ) -> None:
        pixels = size_wh[0] * size_wh[1]
        check_shape("mean", mean, (pixels,))
        check_shape("basis", basis, (len(basis), pixels))
        if metric not in ("euclidean", "cosine"):
            raise OptionError(f"metric is euclidean or cosine, but got {metric!r}.")
        self.size_wh, self.mean, self.basis, self.metric = size_wh, mean, basis, metric

    @classmethod
    def fit(
        cls,
        crops: Pixels,
        people: ArrayLike,
        *,
        principal: int | float | None = None,
        components: int | None = None,
        metric: Literal["euclidean", "cosine"] = "euclidean",
    ) -> Self:
        """Learn from faces of known people.

        Args:
            crops: (N, H, W) uint8, aligned.
            people: (N,) whose crop it is.
            principal: Principal components that are kept first, a number or a share of the
                variance; None for the paper's N - c. Fewer hold back from learning by heart.
            components: Directions; None for all, one less than there are people.
            metric: Of the vectors.

        Raises:
            OptionError: One person alone, no person with two crops, or numbers that cannot be had.
        """
        rows = check_crops(crops, 3)
        names, person = np.unique(np.asarray(people), return_inverse=True)
        if len(person) != len(rows):
            raise OptionError(f"There are {len(rows)} crops, but {len(person)} people named.")
        most = len(rows) - len(names)
        if len(names) < 2 or most < 1:
            raise OptionError(
                f"There are {len(rows)} crops of {len(names)} people; learning takes two people "
                "and one of them with a second crop."
            )
        mean = rows.mean(axis=0)
        first, spread = principal_components(rows - mean)
        kept = min(most, len(spread))
        if principal is not None:
            kept = min(kept, how_many(principal, spread))
        reduced = (rows - mean) @ first[:kept].T
        directions = discriminants(reduced, person)
        wanted = len(directions) if components is None else components
        if not 1 <= wanted <= len(directions):
            raise OptionError(
                f"{wanted} components were asked for, but {len(names)} people give "
                f"{len(directions)}."
            )
        basis = directions[:wanted] @ first[:kept]
        size_wh = crops.shape[2], crops.shape[1]
        return cls(size_wh, mean.astype(np.float32), basis.astype(np.float32), metric=metric)

    def _vectors(self, crops: Pixels) -> NDArray[Any]:
        return (crops.reshape(len(crops), -1).astype(np.float32) - self.mean) @ self.basis.T

    def _settings(self) -> dict[str, Any]:
        return {"size_wh": list(self.size_wh), "metric": self.metric}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"mean": self.mean, "basis": self.basis}

    @classmethod
    def _from(cls, settings: dict[str, Any], arrays: dict[str, Any]) -> Self:
        width, height = settings["size_wh"]
        others = {name: value for name, value in settings.items() if name != "size_wh"}
        return cls((width, height), **arrays, **others)


def discriminants(points: Doubles, classes: NDArray[np.int64]) -> Doubles:
    """Directions that part classes, best first, each with a spread within classes of 1.

    The spread within is made round first, and the spread between is then decomposed: two symmetric
    problems instead of one that is not.

    Args:
        points: (N, D).
        classes: (N,) 0..c-1.

    Returns:
        (c - 1, D) rows, or fewer where D is less.

    Raises:
        OptionError: Nothing differs within any class.
    """
    count = int(classes.max()) + 1
    sums = np.zeros((count, points.shape[1]))
    np.add.at(sums, classes, points)
    sizes = np.bincount(classes, minlength=count)
    means = sums / sizes[:, None]
    inside = points - means[classes]
    within = inside.T @ inside / (len(points) - count)
    values, vectors = np.linalg.eigh(within)
    used = values > values[-1] * len(values) * np.finfo(np.float64).eps
    if not used.any() or values[-1] <= 0:
        raise OptionError("The crops of each person are the same: nothing differs within a person.")
    round_within = vectors[:, used] / np.sqrt(values[used])
    between = ((means - points.mean(axis=0)) * np.sqrt(sizes)[:, None]) @ round_within
    _, _, directions = np.linalg.svd(between, full_matrices=False)
    wanted = min(count - 1, len(directions))
    found: Doubles = directions[:wanted] @ round_within.T
    signs = np.sign(found[np.arange(wanted), np.abs(found).argmax(axis=1)])
    return np.asarray(found * signs[:, None], np.float64)
