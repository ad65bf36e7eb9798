"""Classes of a whole picture from one vector of scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Manifest, Strict
from edgecnn.core.placement import Placement
from edgecnn.core.results import Classification
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.labels import Labels
from edgecnn.runtime.decode.outputs import (
    Activation,
    check_activation,
    either_output,
    named_output,
    refuse_nan,
    sigmoid,
)
from edgecnn.runtime.output import Output


class ClassificationParameters(Strict, frozen=True, kw_only=True):
    """Parameters of `ClassificationDecoder`.

    Attributes:
        activation: What turns the output into probabilities: ``none`` for an output
            ``probabilities``; ``softmax`` (one class a picture) or ``sigmoid`` (several) for
            ``logits``.
    """

    activation: Activation


def best_first(stored: NDArray[Any], top_k: int | None = None) -> NDArray[np.int64]:
    """Indices of the largest values, falling; of equal ones the lower index comes first.

    Works on quantized values as they are, because dequantizing keeps the order.

    Args:
        stored: (N,) of any real type.
        top_k: How many; None for all.

    Returns:
        (min(N, top_k),) int64.
    """
    count = len(stored)
    if stored.dtype.kind != "f":
        # Small integers are sorted by radix, faster than the best few are found otherwise.
        # ~x = -x - 1 turns the order round without the overflow that -(-128) has in int8.
        return (~stored).argsort(kind="stable")[:top_k]
    if top_k is not None and top_k < count:
        if top_k <= 0:
            return np.empty(0, np.int64)
        lowest = np.partition(stored, count - top_k)[count - top_k]
        candidates = np.flatnonzero(stored >= lowest)
        return candidates[best_first(stored[candidates])][:top_k]
    return (-stored).argsort(kind="stable")


class ClassificationDecoder:
    """Decodes ``logits`` or ``probabilities`` of shape (1, classes).

    Args:
        manifest: A bundle whose decoder has `ClassificationParameters`.

    Raises:
        BundleError: The parameters are wrong.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._parameters = parameters_of(manifest, ClassificationParameters)
        self._bundle = manifest.name
        self._labels = Labels(manifest.labels)

    def __call__(
        self, outputs: Mapping[str, Output], placement: Placement, *, top_k: int | None = None
    ) -> Classification:
        """Classes, best first.

        Args:
            outputs: The network's outputs.
            placement: Not needed: a class has no place.
            top_k: How many classes; None for all.

        Raises:
            BundleError: The output is missing or of another shape, or would be activated twice.
            BackendError: The output holds NaN.
        """
        activation = self._parameters.activation
        name = either_output(outputs, ("probabilities", "logits"), bundle=self._bundle)
        check_activation(name, activation, bundle=self._bundle)
        output = named_output(outputs, name, (1, None), bundle=self._bundle)
        stored = output.data[0]
        refuse_nan(stored, name, bundle=self._bundle)
        class_ids = best_first(stored, top_k)
        scores = output.real(stored[class_ids])
        if activation == "softmax":
            logits = output.real(stored)
            peak = logits.max()
            total = np.exp(logits - peak).sum()
            scores = np.exp(scores - peak) / total
        elif activation == "sigmoid":
            scores = sigmoid(scores)
        if activation != "none":
            # A vectorised exp may be off by an ulp, enough to turn round two neighbours.
            scores = np.minimum.accumulate(scores)
        return Classification(class_ids, self._labels(class_ids), scores)
