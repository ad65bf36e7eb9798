"""From class ids to the words of a bundle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FEW = 16
"""Up to so many, a plain loop beats numpy's start-up."""


class Labels:
    """Looks up many labels at once; a class without a label is called ``#`` and its id.

    Args:
        labels: The bundle's labels; index is class id.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._words = _numbered(labels, len(labels))
        self._plain: list[str] = self._words.tolist()

    def __call__(self, class_ids: NDArray[np.int64]) -> tuple[str, ...]:
        """The labels of some classes, in the order asked for.

        Args:
            class_ids: (K,) int64, from 0.
        """
        if len(class_ids) <= _FEW:
            ids = class_ids.tolist()
            return tuple([self._plain[i] if i < len(self._plain) else f"#{i}" for i in ids])
        highest = int(class_ids.max())
        if highest >= len(self._words):
            self._words = _numbered(self._words.tolist(), highest + 1)
        return tuple(self._words[class_ids].tolist())


def _numbered(labels: Sequence[str], count: int) -> NDArray[np.object_]:
    """Labels as an array of objects, which numpy indexes four times as fast as a loop does."""
    words = np.empty(count, np.object_)
    for class_id in range(count):
        words[class_id] = (labels[class_id] if class_id < len(labels) else "") or f"#{class_id}"
    return words
