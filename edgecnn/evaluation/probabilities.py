"""How good the probabilities of a classifier are, over all classes and for each.

Reference:
    Cohen 1960, "A Coefficient of Agreement for Nominal Scales" (kappa); Hanley and McNeil 1982,
    "The Meaning and Use of the Area under a ROC Curve"; Guo et al. 2017, "On Calibration of Modern
    Neural Networks" (expected calibration error); Nixon et al. 2019, "Measuring Calibration in Deep
    Learning" (the same for each class).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError
from edgecnn.evaluation.classification import accuracy, confusion_matrix, top_k_accuracy
from edgecnn.evaluation.report import by_label, wilson_interval

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassReport:
    """Everything about a classifier on a set of pictures.

    Attributes:
        names: Of the classes.
        confusion: (C, C) int64, rows by truth, columns by answer.
        figures: Name -> figure: ``accuracy``, ``top_5`` (or of all classes, if fewer),
            ``precision``, ``recall``, ``f1`` and ``roc_auc`` as means over the classes that occur,
            ``kappa``, ``ece``.
        interval: Where the true accuracy lies with 95 % confidence.
        per_class: Figure -> (C,); NaN where it has no meaning: without pictures, or never answered.
            ``ece`` is that of the probability of this class, whatever the answer was.
    """

    names: tuple[str, ...]
    confusion: Ints
    figures: dict[str, float]
    interval: tuple[float, float]
    per_class: dict[str, NDArray[np.float64]]

    @property
    def count(self) -> int:
        """Pictures that were judged."""
        return int(self.confusion.sum())

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists; figures without meaning are left out."""
        return {
            "pictures": self.count,
            "figures": self.figures,
            "accuracy_interval": list(self.interval),
            "per_class": {
                name: by_label(values, self.names) for name, values in self.per_class.items()
            },
            "classes": list(self.names),
            "confusion": self.confusion.tolist(),
        }


def report_classes(
    truth: Ints, probabilities: Floats, names: tuple[str, ...], *, top_k: int = 5
) -> ClassReport:
    """Judge a classifier.

    Args:
        truth: (N,) class ids.
        probabilities: (N, C), rows with sum 1.
        names: Of the C classes.
        top_k: The right class counts when it is among the first so many; of C classes at most.

    Raises:
        OptionError: No pictures, other lengths, class ids out of range, or probabilities that are
            none.
    """
    scores = _checked(truth, probabilities)
    classes = scores.shape[1]
    if len(names) != classes:
        raise OptionError(f"There are {classes} classes, but {len(names)} names.")
    ranked = np.argsort(-scores, axis=1, kind="stable")
    named = ranked[:, 0].astype(np.int64)
    confusion = confusion_matrix(truth, named, classes)
    if top_k < 1:
        raise OptionError(f"top_k must be 1 or more, but got {top_k}.")
    k = min(top_k, classes)
    per_class = {**precision_recall_f1(confusion), "roc_auc": class_roc_auc(truth, scores)}
    occurs = confusion.sum(axis=1) > 0
    # A class that is never answered has a precision of 0 in the mean, as scikit-learn counts it.
    means = {
        name: float(np.nan_to_num(values[occurs]).mean())
        for name, values in per_class.items()
        if name != "roc_auc"
    }
    areas = per_class["roc_auc"][~np.isnan(per_class["roc_auc"])]
    figures = {
        "accuracy": accuracy(truth, named),
        f"top_{k}": top_k_accuracy(truth, ranked, k),
        **means,
        **({"roc_auc": float(areas.mean())} if len(areas) else {}),
        "kappa": cohen_kappa(confusion),
        "ece": calibration_error(truth, scores),
    }
    hits = int(np.trace(confusion))
    return ClassReport(
        names=names,
        confusion=confusion,
        figures=figures,
        interval=wilson_interval(hits, len(truth)),
        per_class={
            **per_class,
            "ece": class_calibration_error(truth, scores),
            "pictures": confusion.sum(axis=1).astype(np.float64),
        },
    )


def precision_recall_f1(confusion: Ints) -> dict[str, NDArray[np.float64]]:
    """Share of a class's answers that are right, of its pictures that are found, and both in one.

    Args:
        confusion: (C, C), rows by truth.

    Returns:
        ``precision``, ``recall``, ``f1``: (C,) 0..1; NaN without answers or pictures.
    """
    right = np.diagonal(confusion).astype(np.float64)
    answered, there = confusion.sum(axis=0), confusion.sum(axis=1)
    return {
        "precision": _shares(right, answered),
        "recall": _shares(right, there),
        "f1": _shares(2 * right, answered + there),
    }


def cohen_kappa(confusion: Ints) -> float:
    """Agreement of answers and truth beyond chance: 1 perfect, 0 as good as guessing.

    Args:
        confusion: (C, C) with at least one picture.

    Returns:
        -1..1; 1 where truth and answers are one and the same class throughout.
    """
    total = confusion.sum()
    observed = np.trace(confusion) / total
    chance = float((confusion.sum(axis=0) * confusion.sum(axis=1)).sum()) / float(total) ** 2
    return 1.0 if chance == 1.0 else float((observed - chance) / (1.0 - chance))


def class_roc_auc(truth: Ints, probabilities: Floats) -> NDArray[np.float64]:
    """Area under the ROC curve of each class against all others.

    It is the probability that a picture of the class gets a higher score for it than one of
    another class, ties counting half (Mann and Whitney's U).

    Args:
        truth: (N,) class ids.
        probabilities: (N, C).

    Returns:
        (C,) 0..1; NaN for a class that all pictures have, or none.
    """
    areas = np.full(probabilities.shape[1], np.nan)
    for index in range(len(areas)):
        own = truth == index
        positives, negatives = int(own.sum()), int((~own).sum())
        if positives and negatives:
            ranks = _ranks(probabilities[:, index])
            above = ranks[own].sum() - positives * (positives + 1) / 2
            areas[index] = above / (positives * negatives)
    return areas


def calibration_error(truth: Ints, probabilities: Floats, bins: int = BINS) -> float:
    """How far confidence and accuracy lie apart, on average (ECE).

    Args:
        truth: (N,) class ids.
        probabilities: (N, C).
        bins: Parts of equal width that 0..1 is cut into.

    Returns:
        0..1, small is good.
    """
    right = probabilities.argmax(axis=1) == truth
    return _gap(probabilities.max(axis=1), right, bins)


def class_calibration_error(
    truth: Ints, probabilities: Floats, bins: int = BINS
) -> NDArray[np.float64]:
    """How far the probability of each class and its frequency lie apart, on average.

    All pictures count for all classes: a class that is expected a little too often everywhere shows
    here, and not in the error of the first answers alone.

    Args:
        truth: (N,) class ids.
        probabilities: (N, C).
        bins: Parts of equal width that 0..1 is cut into.

    Returns:
        (C,) 0..1, small is good.
    """
    classes = range(probabilities.shape[1])
    return np.array([_gap(probabilities[:, n], truth == n, bins) for n in classes], np.float64)


def _gap(expected: Floats, happened: NDArray[np.bool_], bins: int) -> float:
    """Mean distance of expectation and frequency over bins, each weighed by its pictures."""
    place = np.clip(np.ceil(expected * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(place, happened.astype(np.float64) - expected, minlength=bins)
    return float(np.abs(gaps).sum() / len(expected))


def _ranks(values: Floats) -> NDArray[np.float64]:
    """(N,) places from 1, equal values sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return shared


def _shares(part: NDArray[np.float64], whole: Ints) -> NDArray[np.float64]:
    shares = np.full(len(part), np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares


def _checked(truth: Ints, probabilities: Floats) -> NDArray[np.float64]:
    scores = np.asarray(probabilities, np.float64)
    if scores.ndim != 2 or len(scores) != len(truth) or not len(scores):
        raise OptionError(
            f"There are {len(truth)} labels, but probabilities of shape {scores.shape}; expected "
            "a row for each of at least one picture."
        )
    if not np.isfinite(scores).all() or scores.min() < 0 or scores.max() > 1 + 1e-3:
        raise OptionError(
            "The scores are no probabilities (0..1): the model gives logits or is broken."
        )
    return scores
