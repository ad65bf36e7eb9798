"""The form in which a model is trained: its own layers, with what training alone needs.

The form shares every layer and weight with the model, which itself is not changed: what is saved is
an ordinary model without penalties, spatial dropout or half precision.

Reference:
    Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015 (spatial
    dropout); Zou and Hastie, "Regularization and variable selection via the elastic net", JRSS B
    2005; Micikevicius et al., "Mixed Precision Training", ICLR 2018.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from edgecnn.errors import OptionError
from edgecnn.training.config import RegularizeConfig
from edgecnn.training.optimizers import KERNELS

MAIN = "predictions"
"""Name of the output that counts in nets that have several; without names it is the first."""
ACTIVATIONS = (keras.layers.ReLU, keras.layers.Activation, keras.layers.LeakyReLU)


def functional(model: keras.Model) -> keras.Model:
    """The model as a graph of layers; a Sequential becomes one with the same layers.

    Raises:
        OptionError: It is built in Python code and has no graph, or has several inputs.
    """
    inputs = getattr(model, "inputs", None) or ()
    if len(inputs) > 1:
        raise OptionError(f"{model.name} has {len(inputs)} inputs; a net of pictures has one.")
    if isinstance(model, keras.Sequential) and model.built:
        return keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    if isinstance(model, _functional_type()):
        plain = len(model.outputs) == 1 and not isinstance(model.input, list | dict)
        return model if plain else _main_first(model)
    raise OptionError(
        f"{type(model).__name__} {model.name!r} is no graph of layers; build it with Keras's "
        "functional interface, or as a Sequential with an Input."
    )


def _main_first(model: keras.Model) -> keras.Model:
    """The same with one input, and its outputs in a list that begins with what it is for."""
    if len(model.outputs) == 1:
        return keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    named = model.output if isinstance(model.output, dict) else {}
    wanted = named.get(MAIN, model.outputs[0])
    main = next(number for number, tensor in enumerate(model.outputs) if tensor is wanted)
    others = [tensor for number, tensor in enumerate(model.outputs) if number != main]
    return keras.Model(model.inputs[0], [model.outputs[main], *others], name=model.name)


def _functional_type() -> type[Any]:
    layer_input = keras.Input((1,))
    return type(keras.Model(layer_input, layer_input))


def training_form(model: keras.Model, config: RegularizeConfig) -> keras.Model:
    """A model of the same layers, with spatial dropout behind activations of maps.

    Args:
        model: A graph of layers.
        config: Its rate; at 0 the model itself is given back.
    """
    if not config.spatial_dropout:
        return model

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        y = layer(*args, **kwargs)
        if isinstance(layer, ACTIVATIONS) and len(y.shape) == 4:
            name = f"{layer.name}_spatial_dropout"
            return keras.layers.SpatialDropout2D(config.spatial_dropout, name=name)(y)
        return y

    form: keras.Model = keras.models.clone_model(
        model, clone_function=lambda layer: layer, call_function=call
    )
    return form


@contextlib.contextmanager
def penalties(model: keras.Model, config: RegularizeConfig) -> Iterator[None]:
    """Kernels are punished in the loss meanwhile; the penalties do not get into saved files."""
    if not (config.l1 or config.l2):
        yield
        return
    regularizer = keras.regularizers.L1L2(l1=config.l1, l2=config.l2)
    kernels = [v for v in model.trainable_variables if v.name in KERNELS]
    before = [kernel.regularizer for kernel in kernels]
    for kernel in kernels:
        kernel.regularizer = regularizer
    try:
        yield
    finally:
        for kernel, old in zip(kernels, before, strict=True):
            kernel.regularizer = old


@contextlib.contextmanager
def compute_in(model: keras.Model, precision: str) -> Iterator[None]:
    """All layers but those that give the answers compute in that precision meanwhile.

    Weights stay float32, and so does what is saved inside.

    Args:
        model: A graph of layers.
        precision: Name of a Keras dtype policy.
    """
    if precision == "float32":
        yield
        return
    layers = [layer for layer in model.layers if layer.name not in model.output_names]
    before = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = precision
    try:
        yield
    finally:
        for layer, old in zip(layers, before, strict=True):
            layer.dtype_policy = old


def with_input(model: keras.Model, mean: tuple[float, ...], std: tuple[float, ...]) -> keras.Model:
    """Put the normalisation of pixels into a model.

    Args:
        model: A graph with one input of normalised pictures.
        mean: One number, or one a channel.
        std: The same.

    Returns:
        A model of its own with the same weights, input ``pixels``, layer ``normalise``, that takes
        pixels 0..255.
    """
    if mean == (0.0,) and std == (1.0,):
        return model
    scale = [1.0 / s for s in std]
    offset = [-m / s for m, s in zip(_spread(mean, std), _spread(std, mean), strict=True)]
    inputs = keras.Input(model.input_shape[1:], name="pixels")
    layer = keras.layers.Rescaling(
        scale[0] if len(scale) == 1 else scale,
        offset=offset[0] if len(offset) == 1 else offset,
        name="normalise",
    )
    normalised = layer(inputs)

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = keras.tree.map_structure(
            lambda x: normalised if x is inputs else x, (args, kwargs)
        )
        return layer(*args, **kwargs)

    # With layers of its own: one that is part of two graphs gives the tensors of the first alone,
    # when it is asked for its input or output.
    whole = keras.models.clone_model(model, input_tensors=inputs, call_function=call)
    whole.set_weights(model.get_weights())
    outputs = whole.outputs if len(whole.outputs) > 1 else whole.outputs[0]
    return keras.Model(inputs, outputs, name=model.name)


def _spread(values: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    return values * len(other) if len(values) == 1 else values
