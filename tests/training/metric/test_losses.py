"""Losses against what a loop over all triplets, or the paper's formula, says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("tensorflow")

import keras
from keras import ops

from edgecnn.training.metric.losses import arcface_logits, squared_distances, triplet_loss
from edgecnn.training.quiet import to_numpy

MARGIN = 0.2


def vectors(count: int = 12, dimension: int = 3, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(count, dimension))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def by_loop(points: np.ndarray, labels: np.ndarray, mining: str) -> tuple[float, float]:
    distances = np.square(points[:, None] - points[None]).sum(axis=2)
    found = []
    for anchor in range(len(points)):
        others = [n for n in range(len(points)) if labels[n] != labels[anchor]]
        mine = [p for p in range(len(points)) if labels[p] == labels[anchor] and p != anchor]
        row = distances[anchor]
        if mining == "hard":
            found.append(max(row[p] for p in mine) - min(row[n] for n in others) + MARGIN)
            continue
        for positive in mine:
            if mining == "all":
                found += [row[positive] - row[n] + MARGIN for n in others]
                continue
            farther = [row[n] for n in others if row[n] > row[positive]]
            chosen = min(farther) if farther else max(row[n] for n in others)
            found.append(row[positive] - chosen + MARGIN)
    violated = [loss for loss in found if loss > 0]
    return sum(violated) / max(len(violated), 1), len(violated) / len(found)


@pytest.mark.parametrize("mining", ["semi_hard", "hard", "all"])
@pytest.mark.parametrize("seed", range(5))
def test_triplets_are_those_of_a_loop(mining: Any, seed: int) -> None:
    points = vectors(seed=seed)
    labels = np.random.default_rng(seed).permutation(np.arange(12) % 3)
    loss, violated = triplet_loss(ops.array(points), ops.array(labels), MARGIN, mining)
    expected = by_loop(points, labels, mining)
    assert float(loss) == pytest.approx(expected[0], abs=1e-5)
    assert float(violated) == pytest.approx(expected[1], abs=1e-6)


@pytest.mark.parametrize("mining", ["semi_hard", "hard", "all"])
def test_classes_that_are_far_apart_cost_nothing(mining: Any) -> None:
    points = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    loss, violated = triplet_loss(
        ops.array(points), ops.array(np.repeat(np.arange(3), 4)), MARGIN, mining
    )
    assert float(loss) == 0.0
    assert float(violated) == 0.0


@pytest.mark.parametrize("mining", ["semi_hard", "hard", "all"])
def test_all_in_one_point_costs_the_margin_and_no_nan(mining: Any) -> None:
    points = np.repeat(vectors(1), 8, axis=0)
    loss, _ = triplet_loss(ops.array(points), ops.array(np.arange(8) % 2), MARGIN, mining)
    assert float(loss) == pytest.approx(MARGIN, abs=1e-5)


def test_distances_are_never_negative() -> None:
    found = to_numpy(squared_distances(ops.array(np.repeat(vectors(3), 3, axis=0))))
    assert found.min() >= 0
    assert np.abs(np.diagonal(found)).max() < 1e-6


def test_arcface_turns_the_right_angle_alone() -> None:
    points = vectors(6, 4)
    weights = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32) * 7
    labels = np.arange(6) % 5
    logits = to_numpy(
        arcface_logits(ops.array(points), ops.array(weights), ops.one_hot(labels, 5), 0.5, 30.0)
    )
    cosine = points @ (weights / np.linalg.norm(weights, axis=0))
    for row, label in enumerate(labels):
        angle = np.arccos(cosine[row, label])
        turned = np.cos(angle + 0.5) if angle < np.pi - 0.5 else np.cos(angle) - 0.5 * np.sin(0.5)
        expected = cosine[row].copy()
        expected[label] = turned
        np.testing.assert_allclose(logits[row], 30 * expected, atol=1e-3)


def test_arcface_grows_steadily_harder_with_the_angle() -> None:
    angles = np.linspace(0, np.pi, 60)
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    weights, target = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), np.tile([1.0, 0.0], (60, 1))
    logits = to_numpy(
        arcface_logits(ops.array(points), ops.array(weights), ops.array(target), 0.5, 1.0)
    )[:, 0]
    assert (np.diff(logits) < 1e-6).all()
    assert np.isfinite(logits).all()


def test_a_perfect_direction_has_a_finite_slope() -> None:
    weights = np.eye(3, dtype=np.float32)
    head = keras.Variable(weights)
    tensorflow = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("slopes are taken by TensorFlow here")
    with tensorflow.GradientTape() as tape:
        logits = arcface_logits(ops.array(weights), head.value, ops.eye(3), 0.5, 30.0)
        loss = ops.mean(ops.logsumexp(logits, axis=1) - ops.diagonal(logits))
    slope = to_numpy(tape.gradient(loss, head.value))
    assert np.isfinite(slope).all()
