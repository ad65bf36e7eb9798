from __future__ import annotations

import numpy as np
import pytest

from edgecnn.cli.describe import names_found, one_line
from edgecnn.core.results import (
    Classification,
    Detections,
    Embedding,
    Faces,
    Result,
    Segmentation,
)

F = np.float32


def detections(*labels: str) -> Detections:
    count = len(labels)
    return Detections(
        np.zeros((count, 4), F), np.full(count, 0.75, F), np.zeros(count, np.int64), labels
    )


def faces(count: int) -> Faces:
    return Faces(np.zeros((count, 4), F), np.full(count, 0.9, F), np.zeros((count, 6, 2), F))


@pytest.mark.parametrize(
    ("result", "line", "names"),
    [
        (
            Classification(np.array([3, 1]), ("cat", "dog"), np.array([0.9, 0.1], F)),
            "cat 0.90, dog 0.10",
            {"cat": 1},
        ),
        (detections("cup", "cup", "person"), "cup 0.75, cup 0.75, person 0.75",
         {"cup": 2, "person": 1}),
        (detections(), "nothing found", {}),
        (faces(1), "1 face (0.90)", {"face": 1}),
        (faces(2), "2 faces (0.90, 0.90)", {"face": 2}),
        (faces(0), "no faces", {}),
        (
            Segmentation(np.array([[[1.0, 0.0]]], F), ("person",), (2, 1)),
            "person 50% of the picture",
            {"person": 1},
        ),
        (Embedding(np.zeros(128, F), "dlib", "euclidean"), "128 numbers in space dlib", {}),
    ],
)  # fmt: skip
def test_results_in_words(result: Result, line: str, names: dict[str, int]) -> None:
    assert one_line(result) == line
    assert names_found(result) == names
