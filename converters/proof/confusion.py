"""Which first answers of the float reference become which others in an int8 file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from converters.report.schema import Confusion, Proven

MAX_CLASSES = 30


def confusion(
    proven: Proven, expected: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]
) -> Confusion:
    """Count pairs of first classes, over the classes with most answers.

    Args:
        proven: The int8 file.
        expected: `to_dict()` of the float reference's classifications.
        answers: The same of the int8 file.
    """
    rows = np.array([one["class_ids"][0] for one in expected])
    columns = np.array([one["class_ids"][0] for one in answers])
    classes, counts = np.unique(np.concatenate([rows, columns]), return_counts=True)
    most = np.sort(classes[np.argsort(-counts, kind="stable")[:MAX_CLASSES]])
    table = [[int(((rows == a) & (columns == b)).sum()) for b in most] for a in most]
    return Confusion(
        file=proven.file,
        backend=proven.backend,
        class_ids=tuple(int(one) for one in most),
        counts=tuple(tuple(row) for row in table),
    )
