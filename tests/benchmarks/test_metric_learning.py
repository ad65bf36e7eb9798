"""A small part of `benchmarks/metric_learning.py`; the whole of it is run by hand."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("keras")

from benchmarks import metric_learning
from edgecnn.data import digits
from edgecnn.training.metric.unseen import part_classes


def test_classical_methods_are_judged_on_what_they_never_saw() -> None:
    seen, unseen = part_classes(digits.load("test"), 0.3, 0)
    answers = metric_learning.classical(seen, unseen)
    assert len(answers) == 5
    for name, answer in answers.items():
        error, loose, strict = metric_learning.judge(answer, unseen.labels)
        assert 5 < error < 45, name
        assert strict < loose, name


def test_perfect_vectors_have_no_errors() -> None:
    labels = np.repeat(np.arange(3), 10)
    vectors = np.eye(3)[labels]
    found = metric_learning.judge((vectors, metric_learning.cosine_rows), labels)
    assert found == (0.0, 100.0, 100.0)


@pytest.mark.slow
def test_nets_are_trained_once_and_then_read(tmp_path: Path) -> None:
    data = digits.load("test")
    _, judged = part_classes(data, 0.3, 0)
    given = argparse.Namespace(width=0.25, limit=360, epochs=1, out=tmp_path)
    first = metric_learning.learned("digits", data, judged, 0, given)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*/last.keras")}
    again = metric_learning.learned("digits", data, judged, 0, given)
    assert len(before) == len(first) == 2
    assert before == {file: file.stat().st_mtime_ns for file in before}
    for name, (vectors, _) in first.items():
        np.testing.assert_allclose(vectors, again[name][0], atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
