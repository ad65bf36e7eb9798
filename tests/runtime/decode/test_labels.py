from __future__ import annotations

import numpy as np

from edgecnn.runtime.decode.labels import Labels


def test_labels_come_in_the_order_asked_for() -> None:
    assert Labels(("a", "b", "c"))(np.array([2, 0, 2])) == ("c", "a", "c")


def test_classes_beyond_the_list_and_empty_labels_are_numbered() -> None:
    labels = Labels(("a", ""))
    assert labels(np.array([5, 1, 0])) == ("#5", "#1", "a")
    assert labels(np.array([700])) == ("#700",)
    assert labels(np.array([1, 0])) == ("#1", "a")


def test_no_classes_have_no_labels() -> None:
    assert Labels(())(np.empty(0, np.int64)) == ()
