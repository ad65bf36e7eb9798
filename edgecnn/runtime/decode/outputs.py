"""Checking what a network gave before it is trusted, and choosing from it in the stored type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.output import Floats, Output

Activation = Literal["none", "sigmoid", "softmax"]
Bools = NDArray[np.bool_]

# A threshold that should fall exactly on a stored number may miss it by rounding.
_ROUNDING = 1e-6


def named_output(
    outputs: Mapping[str, Output], name: str, shape: tuple[int | None, ...], *, bundle: str
) -> Output:
    """The output of that name, when its shape is right.

    Args:
        outputs: All outputs of the network.
        name: The one that the decoder needs.
        shape: Expected shape with the batch axis of 1; None stands for any size.
        bundle: Name of the bundle, for the message.

    Raises:
        BundleError: It is missing, or of another shape.
    """
    output = outputs.get(name)
    if output is not None:
        got = output.data.shape
        if got == shape or (
            len(got) == len(shape)
            and all(g > 0 if s is None else g == s for g, s in zip(got, shape, strict=True))
        ):
            return output
    given = ", ".join(f"{key} {value.data.shape}" for key, value in outputs.items()) or "nothing"
    wanted = "(" + ", ".join("N" if size is None else str(size) for size in shape) + ")"
    raise BundleError(
        f"Bundle {bundle!r}: its decoder needs the output {name!r} of shape {wanted}, but the "
        f"model gives {given}. Correct the outputs of this variant, or the decoder's parameters, "
        "in bundle.json."
    )


def either_output(outputs: Mapping[str, Output], names: tuple[str, str], *, bundle: str) -> str:
    """Which of two names the network has.

    Raises:
        BundleError: It has neither.
    """
    for name in names:
        if name in outputs:
            return name
    given = ", ".join(outputs) or "nothing"
    raise BundleError(
        f"Bundle {bundle!r}: its decoder needs an output named {names[0]!r} or {names[1]!r}, but "
        f"the model gives {given}. Name the outputs of this variant in bundle.json."
    )


def check_activation(name: str, activation: Activation, *, bundle: str) -> None:
    """Refuse a second softmax over probabilities, and scores that were never made any.

    Raises:
        BundleError: The name of the output and the activation contradict each other.
    """
    if name == "probabilities" and activation != "none":
        raise BundleError(
            f"Bundle {bundle!r}: the output 'probabilities' would go through {activation} a second "
            "time. Set the decoder's activation to 'none', or name the output 'logits'."
        )
    if name == "logits" and activation == "none":
        raise BundleError(
            f"Bundle {bundle!r}: the output 'logits' has the activation 'none', so that its values "
            "are no probabilities. Set it to 'softmax' or 'sigmoid', or name it 'probabilities'."
        )


def refuse_nan(values: NDArray[Any], name: str, *, bundle: str) -> None:
    """Raise when a float array holds NaN; integers cannot.

    Raises:
        BackendError: The engine computed nonsense.
    """
    if values.dtype.kind != "f" or values.size == 0:
        return
    # The maximum of anything with NaN is NaN, and is found without an array of answers.
    if math.isnan(values.max()):
        raise BackendError(
            f"Bundle {bundle!r}: the output {name!r} {values.shape} holds NaN where numbers were "
            "expected. The engine's arithmetic failed: try another backend or precision, and "
            "'edgecnn verify'."
        )


def at_least(output: Output, data: NDArray[Any], value: float) -> Bools:
    """Where the real values of ``data``, a part of ``output``, are at least ``value``.

    Compares in the stored type, so that nothing is dequantized and one pass over bytes is enough.
    """
    stored = output.threshold(value)
    if data.dtype.kind == "f":
        bound = data.dtype.type(stored)
    else:
        limits = np.iinfo(data.dtype)
        if stored - _ROUNDING > limits.max:
            return np.zeros(data.shape, np.bool_)
        bound = data.dtype.type(math.ceil(max(stored - _ROUNDING, limits.min)))
    reached: Bools = data >= bound
    return reached


def sigmoid(values: Floats) -> Floats:
    """Logistic function, float32; exact at both ends and without overflow."""
    small: Floats = np.exp(-np.abs(values))
    top: Floats = np.where(values >= 0, np.float32(1), small)
    top /= np.float32(1) + small
    return top


def softmax(values: Floats, axis: int = -1) -> Floats:
    """Exponentials that sum to one along an axis, float32; any finite input is safe."""
    shifted: Floats = np.exp(values - values.max(axis=axis, keepdims=True))
    shifted /= shifted.sum(axis=axis, keepdims=True)
    return shifted


def logit(probability: float) -> float:
    """The inverse of `sigmoid`; infinite at and beyond 0 and 1."""
    if probability <= 0.0:
        return -math.inf
    if probability >= 1.0:
        return math.inf
    return math.log(probability / (1.0 - probability))
