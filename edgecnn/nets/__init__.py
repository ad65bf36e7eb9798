"""Architectures, in Keras, for training and conversion; devices run what `converters` made of them.

Every net is a table of frozen block specs and one loop over it, with layer names that do not
change. This package needs the extra ``train``.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal

from edgecnn.errors import OptionError
from edgecnn.registry import NETS

if TYPE_CHECKING:
    import keras

    from edgecnn.nets.layer_table import LayerRow

__all__ = ["build", "describe", "names", "outline"]


def names() -> tuple[str, ...]:
    """Names of all nets, in the order of the table."""
    return tuple(NETS)


def build(
    name: str,
    *,
    input_shape: tuple[int, int, int] | None = None,
    num_classes: int | None = None,
    classifier_activation: str | None = "softmax",
    width: float = 1.0,
    dropout: float | None = None,
    stem: Literal["paper", "small"] | None = None,
    **special: Any,
) -> keras.Model:
    """Build a net with random weights.

    Nets were designed for pictures of about 224 pixels. For pictures of some 30 pixels take
    ``stem="small"``, which leaves out the first reductions (stride of the stem, max-pooling);
    that happens by itself only where the paper's reductions would leave nothing.

    Args:
        name: One of `names`.
        input_shape: (height, width, channels); None takes the size that the net was designed for.
        num_classes: Length of the output, at least 1; None takes that of the paper (1,000, and 10
            for LeNet-5).
        classifier_activation: ``"softmax"`` for probabilities, None for logits.
        width: Factor on the channels; results are multiples of 8 in most nets.
        dropout: Rate before the classifier while training; None takes the paper's.
        stem: ``"paper"`` or ``"small"``; None takes the paper's if the input is large enough.
        special: What only some nets have: ``groups`` (shufflenet_v1), ``auxiliary`` and
            ``batch_norm`` (googlenet), ``batch_norm`` (vgg), ``attention`` (resnet), and so on; the
            docstring of the net's module says what it does.

    Returns:
        A Keras model from (batch, height, width, channels) to (batch, num_classes), float32.

    Raises:
        UnknownNameError: There is no such net; the message lists those that there are.
        OptionError: A size that the net cannot have, or an option that it does not have.

    Example:
        >>> from edgecnn import nets
        >>> nets.build("mobilenet_v2", input_shape=(28, 28, 1), num_classes=10, width=0.5).name
        'mobilenet_v2'
    """
    builder = NETS[name]
    from edgecnn.nets.options import NetOptions  # imports Keras, which `names` does without

    parameters = inspect.signature(builder).parameters.values()
    own = {one.name: one for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}
    known = list(own)
    unknown = sorted(set(special) - set(known))
    if unknown:
        raise OptionError(
            f"{name} has no option {', '.join(unknown)}. Besides those of every net it has "
            f"{', '.join(known) or 'none'}."
        )
    for option, value in special.items():
        # Every word is true, "no" as well.
        if isinstance(own[option].default, bool) and not isinstance(value, bool):
            raise OptionError(f"{option} of {name} is true or false, but got {value!r}.")
    try:
        options = NetOptions(
            input_shape=input_shape,
            num_classes=num_classes,
            classifier_activation=classifier_activation,
            width=width,
            dropout=dropout,
            stem=stem,
        )
        model: keras.Model = builder(options, **special)
    except ValueError as error:
        raise OptionError(f"Cannot build {name!r}: {error}") from error
    return model


def outline(name: str, **options: Any) -> keras.Model:
    """Build a net without memory for its weights: to count, to print, to look at its names.

    Args:
        name: One of `names`.
        options: As for `build`.

    Returns:
        A model that has shapes, but can neither run nor be saved; see
        `edgecnn.nets.weightless.weightless`.
    """
    from edgecnn.nets.weightless import weightless

    with weightless():
        return build(name, **options)


def describe(model: keras.Model) -> tuple[LayerRow, ...]:
    """Shape, parameters, multiply-adds and receptive field of every layer.

    Args:
        model: Any functional or Sequential Keras model of pictures; from `outline` as well.

    Returns:
        A row a layer, in the model's order; see `edgecnn.nets.layer_table.LayerRow`.

    Raises:
        OptionError: The model is no graph of layers, or not built yet.
    """
    from edgecnn.nets.layer_table import describe_layers

    return describe_layers(model)
