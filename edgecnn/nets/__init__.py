"""Architectures, in Keras, for training and conversion; devices run what `converters` made of them.

Every net is a table of frozen block specs and one loop over it, with layer names that do not
change. This package needs the extra ``train``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecnn.errors import OptionError
from edgecnn.registry import NETS

if TYPE_CHECKING:
    import keras

__all__ = ["build", "names"]


def names() -> tuple[str, ...]:
    """Names of all nets, in the order of the table."""
    return tuple(NETS)


def build(
    name: str,
    *,
    input_shape: tuple[int, int, int] | None = None,
    num_classes: int = 1000,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build a net with random weights.

    Args:
        name: One of `names`.
        input_shape: (height, width, channels); None takes the size that the net was designed for.
        num_classes: Length of the output, at least 1.
        classifier_activation: ``"softmax"`` for probabilities, None for logits.

    Returns:
        A Keras model from (batch, height, width, channels) to (batch, num_classes), float32.

    Raises:
        UnknownNameError: There is no such net; the message lists those that there are.
        OptionError: A size that the net cannot have.
    """
    builder = NETS[name]
    if num_classes < 1:
        raise OptionError(f"num_classes is {num_classes}; a net needs at least one class.")
    try:
        model: keras.Model = builder(
            input_shape=input_shape,
            num_classes=num_classes,
            classifier_activation=classifier_activation,
        )
    except ValueError as error:
        raise OptionError(f"Cannot build {name!r}: {error}") from error
    return model
