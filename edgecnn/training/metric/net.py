"""Any net of `edgecnn.nets` as an embedder: its classifier becomes the vector, at length 1."""

from __future__ import annotations

import keras

from edgecnn import nets
from edgecnn.errors import OptionError
from edgecnn.training.config import NetConfig
from edgecnn.training.form import functional, with_input


def embedding_net(config: NetConfig, input_shape: tuple[int, ...], dimension: int) -> keras.Model:
    """A net with random weights that takes pixels 0..255 and gives vectors of length 1.

    The last layer of the net, else as wide as there are classes, is as wide as the vector; its
    weights learn what to keep of the features. Auxiliary outputs are left out.

    Args:
        config: Which net.
        input_shape: (height, width, channels).
        dimension: Length of the vectors.
    """
    height, width, channels = input_shape
    net = functional(
        nets.build(
            config.name,
            input_shape=(height, width, channels),
            num_classes=dimension,
            classifier_activation=None,
            width=config.width,
            dropout=config.dropout,
            stem=config.stem,
            **config.options,
        )
    )
    vectors = keras.layers.UnitNormalization(dtype="float32", name="embedding")(net.outputs[0])
    embedder = keras.Model(net.inputs[0], vectors, name=f"{net.name}_embedder")
    return with_input(embedder, config.mean, config.std)


def check_embedder(net: keras.Model, input_shape: tuple[int, ...]) -> None:
    """The net takes these pictures and gives vectors.

    Raises:
        OptionError: It does not.
    """
    wanted = tuple(net.input_shape[1:])
    if len(net.outputs) != 1 or len(net.outputs[0].shape) != 2:
        raise OptionError(
            f"{net.name} answers with {[tuple(output.shape) for output in net.outputs]}; an "
            "embedder has one output of shape (None, dimension)."
        )
    if any(side is not None and side != has for side, has in zip(wanted, input_shape, strict=True)):
        raise OptionError(
            f"{net.name} takes pictures of shape {wanted} (height, width, channels), but these "
            f"have {tuple(input_shape)}. Resize them, or build the net for them."
        )
