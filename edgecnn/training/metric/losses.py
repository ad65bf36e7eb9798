"""Losses that pull pictures of one identity together and push those of others away.

All take vectors of length 1, so that a squared distance is 2 - 2 cos, 0..4.

Reference:
    Schroff, Kalenichenko and Philbin, "FaceNet: A Unified Embedding for Face Recognition and
    Clustering", CVPR 2015 (triplets, semi-hard negatives); Hermans, Beyer and Leibe, "In Defense of
    the Triplet Loss for Person Re-Identification", 2017 (P x K batches, hard negatives, means over
    triplets that are violated); Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face
    Recognition", CVPR 2019.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from keras import ops

_FAR = 1e9
"""Larger than any distance."""
_EDGE = 1e-7
"""Cosines stay so far from 1, where the slope of the sine is infinite."""


def squared_distances(vectors: Any) -> Any:
    """(B, B) of vectors (B, D) of length 1."""
    return ops.maximum(2.0 - 2.0 * ops.matmul(vectors, ops.transpose(vectors)), 0.0)


def triplet_loss(
    vectors: Any,
    labels: Any,
    margin: float,
    mining: Literal["semi_hard", "hard", "all"] = "semi_hard",
) -> tuple[Any, Any]:
    """How much farther the negatives should be than the positives.

    Semi-hard: each pair of one class takes the nearest negative that is farther from the anchor
    than its positive is; where there is none, the farthest. The mean is over the triplets that
    are violated, so that the loss does not fade as they become rare.

    Args:
        vectors: (B, D) of length 1.
        labels: (B,) class of each.
        margin: In squared distance.
        mining: Which negatives are taken.

    Returns:
        The loss, and the share of triplets that are violated; scalars.
    """
    far = squared_distances(vectors)
    labels = ops.reshape(labels, (-1, 1))
    same = ops.equal(labels, ops.transpose(labels))
    other = ops.logical_not(same)
    positive = ops.logical_and(same, ops.logical_not(_diagonal(same)))
    if mining == "hard":
        hardest = ops.max(ops.where(positive, far, -_FAR), axis=1)
        nearest = ops.min(ops.where(other, far, _FAR), axis=1)
        known = ops.logical_and(ops.any(positive, axis=1), ops.any(other, axis=1))
        return _mean_of_violated(hardest - nearest + margin, known)
    # [anchor, positive, negative]
    to_negative, is_negative = ops.expand_dims(far, 1), ops.expand_dims(other, 1)
    to_positive = ops.expand_dims(far, 2)
    if mining == "all":
        known = ops.logical_and(ops.expand_dims(positive, 2), is_negative)
        return _mean_of_violated(to_positive - to_negative + margin, known)
    farther = ops.logical_and(is_negative, to_negative > to_positive)
    nearest_farther = ops.min(ops.where(farther, to_negative, _FAR), axis=2)
    farthest = ops.max(ops.where(is_negative, to_negative, -_FAR), axis=2)
    chosen = ops.where(ops.any(farther, axis=2), nearest_farther, farthest)
    known = ops.logical_and(positive, ops.any(is_negative, axis=2))
    return _mean_of_violated(far - chosen + margin, known)


def arcface_logits(vectors: Any, weights: Any, one_hot: Any, margin: float, scale: float) -> Any:
    """Cosines to a direction for each class, with the angle to the right one made larger.

    Beyond pi - margin the larger angle would have a smaller loss; from there on the cosine is
    lowered by a constant instead, as the authors' code does.

    Args:
        vectors: (B, D) of length 1.
        weights: (D, classes), of any length.
        one_hot: (B, classes).
        margin: Radians.
        scale: Of the cosines.

    Returns:
        (B, classes) logits.
    """
    directions = weights / ops.maximum(ops.sqrt(ops.sum(ops.square(weights), axis=0)), 1e-12)
    cosine = ops.clip(ops.matmul(vectors, directions), -1.0 + _EDGE, 1.0 - _EDGE)
    sine = ops.sqrt(1.0 - ops.square(cosine))
    turned = cosine * math.cos(margin) - sine * math.sin(margin)
    lowered = cosine - margin * math.sin(margin)
    harder = ops.where(cosine > math.cos(math.pi - margin), turned, lowered)
    return scale * ops.where(one_hot > 0.5, harder, cosine)


def _mean_of_violated(violation: Any, known: Any) -> tuple[Any, Any]:
    known = ops.cast(known, violation.dtype)
    loss = ops.maximum(violation, 0.0) * known
    violated = ops.sum(ops.cast(loss > 0, violation.dtype))
    total = ops.maximum(ops.sum(known), 1.0)
    return ops.sum(loss) / ops.maximum(violated, 1.0), violated / total


def _diagonal(square: Any) -> Any:
    return ops.cast(ops.eye(ops.shape(square)[0]), "bool")
