"""What all nets have in common: their options, their first and their last layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import keras

Stem = Literal["paper", "small"]
Shape = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetOptions:
    """Options that every net has.

    Attributes:
        input_shape: (height, width, channels) in pixels; None takes the size that the net was
            designed for.
        num_classes: Length of the output, at least 1; None takes that of the paper.
        classifier_activation: ``"softmax"`` for probabilities, None for logits.
        width: Factor on the channels, above 0; 1 is the net of the paper.
        dropout: Rate before the classifier while training, 0 to below 1; None takes the paper's.
        stem: ``"paper"``, or ``"small"`` for pictures of some 30 pixels: the first reductions are
            left out. None takes the paper's wherever the input is large enough for it.
    """

    input_shape: Shape | None = None
    num_classes: int | None = None
    classifier_activation: str | None = "softmax"
    width: float = 1.0
    dropout: float | None = None
    stem: Stem | None = None

    def __post_init__(self) -> None:
        shape = self.input_shape
        if shape is not None and (len(shape) != 3 or min(shape) < 1):
            raise ValueError(f"input_shape is {shape}; give (height, width, channels) in pixels.")
        if self.num_classes is not None and self.num_classes < 1:
            raise ValueError(f"num_classes is {self.num_classes}; a net needs at least one class.")
        if not self.width > 0:
            raise ValueError(f"width is {self.width}; give a factor above 0, such as 0.5.")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; give a rate from 0 to below 1.")
        if self.stem not in (None, "paper", "small"):
            raise ValueError(f"stem is {self.stem!r}; give 'paper', 'small' or None.")


@dataclass(frozen=True, slots=True)
class Smallest:
    """Fewest pixels a side with either stem: one pixel of each map has to be left."""

    paper: int
    small: int


def begin(
    name: str, options: NetOptions, *, designed_for: Shape, smallest: Smallest
) -> tuple[Any, Stem]:
    """Make the input ``image``, and choose the stem.

    Args:
        name: Of the net, for the message.
        options: What was asked for.
        designed_for: Shape that the paper has.
        smallest: Fewest pixels a side.

    Returns:
        The input tensor (batch, height, width, channels) float32, and the stem.

    Raises:
        ValueError: The input is too small; the message says what is enough.
    """
    shape = options.input_shape or designed_for
    side = min(shape[:2])
    stem: Stem = options.stem or ("paper" if side >= smallest.paper else "small")
    needed = smallest.paper if stem == "paper" else smallest.small
    if side < needed:
        hint = (
            f" (or {smallest.small}, with stem='small')"
            if stem == "paper" and smallest.small < smallest.paper
            else ""
        )
        raise ValueError(
            f"input_shape is {tuple(shape)}, but {name} reduces its input until nothing is left of "
            f"it; give at least {needed} pixels a side{hint}."
        )
    return keras.Input(tuple(shape), name="image"), stem


def classify(
    x: Any, options: NetOptions, *, dropout: float, classes: int = 1000, prefix: str = ""
) -> Any:
    """End a net with ``dropout``, ``logits`` and ``predictions``.

    Args:
        x: (batch, features).
        options: Number of classes, activation, and a rate that goes before the paper's.
        dropout: Rate in the paper; at 0 there is no such layer.
        classes: Number of classes in the paper.
        prefix: In front of the layers' names, for a second classifier.

    Returns:
        (batch, num_classes): probabilities, or logits.
    """
    rate = dropout if options.dropout is None else options.dropout
    if rate:
        x = keras.layers.Dropout(rate, name=f"{prefix}dropout")(x)
    x = keras.layers.Dense(options.num_classes or classes, name=f"{prefix}logits")(x)
    if options.classifier_activation is not None:
        # float32 also where the rest of the net computes in half precision.
        x = keras.layers.Activation(
            options.classifier_activation, dtype="float32", name=f"{prefix}predictions"
        )(x)
    return x


def scaled(channels: int, width: float, *, divisor: int = 8) -> int:
    """Channels after width scaling: the nearest multiple of divisor that loses at most 10 %.

    Args:
        channels: In the table of the paper.
        width: Factor; at 1 nothing is rounded.
        divisor: What the result is a multiple of.

    Returns:
        At least divisor.
    """
    if width == 1.0:
        return channels
    exact = channels * width
    rounded = max(divisor, int(exact + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * exact else rounded
