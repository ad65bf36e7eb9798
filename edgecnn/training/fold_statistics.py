"""Mean, spread and interval of a figure that was measured on several folds.

Folds share most of what they learn from, so their figures vary less than those of independent data
sets would; the plain interval of Student's t is too narrow. The variance is therefore corrected by
the share of test pictures, and the interval holds where a new data set of this size would lie.

Reference:
    Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003;
    Bouckaert and Frank, "Evaluating the Replicability of Significance Tests for Comparing Learning
    Algorithms", PAKDD 2004 (the same for repeated k-fold).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecnn.errors import OptionError
from edgecnn.optional import require

CONFIDENCE = 0.95
METHOD = "Student t, variance corrected for shared training pictures (Nadeau and Bengio 2003)"


@dataclass(frozen=True, slots=True)
class Statistic:
    """A figure over folds.

    Attributes:
        mean: Over folds, each counting the same.
        deviation: Standard deviation of a fold, with n - 1; None of a single one.
        interval: Where the true mean lies with 95 % confidence; None of a single fold.
        folds: In which the figure has a meaning.
    """

    mean: float
    deviation: float | None
    interval: tuple[float, float] | None
    folds: int

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "mean": self.mean,
            "deviation": self.deviation,
            "interval": None if self.interval is None else list(self.interval),
            "folds": self.folds,
        }


def over_folds(
    values: Any, test_to_train: float, limits: tuple[float, float] = (0.0, 1.0)
) -> Statistic:
    """Sum up a figure.

    Args:
        values: (folds,); NaN where it has no meaning.
        test_to_train: Pictures of a test part over those that were learned from.
        limits: Of the figure; the interval ends there.

    Raises:
        OptionError: No fold has the figure.
    """
    figures = np.asarray(values, np.float64)
    figures = figures[~np.isnan(figures)]
    count = len(figures)
    if not count:
        raise OptionError("There is no fold in which the figure has a meaning.")
    mean = float(figures.mean())
    if count == 1:
        return Statistic(mean, None, None, 1)
    deviation = float(figures.std(ddof=1))
    student = require("scipy.stats", extra="train").t
    quantile = float(student.ppf((1 + CONFIDENCE) / 2, count - 1))
    half = quantile * deviation * math.sqrt(1 / count + test_to_train)
    low, high = max(mean - half, limits[0]), min(mean + half, limits[1])
    return Statistic(mean, deviation, (low, high), count)
