"""Shift the biases of a float network so that its 8-bit copy keeps the mean of every channel.

Rounding the weights of a convolution to 8 bits shifts the mean of its outputs, because the inputs
have a mean of their own (after a ReLU, a large one). The shifts add up from layer to layer. They
can be measured on calibration pictures and taken off the biases before the network is converted,
which costs nothing at run time.

Layers are corrected in the order of the network: each sees inputs that already passed rounded and
corrected layers. Only weights are rounded here; the ranges of activations are the converter's
affair. With one scale a channel, rounding commutes with folding a batch normalisation, so the
network may come as it was trained.

Reference: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
ICCV 2019, section 4.2; the means are measured here, not derived from batch normalisation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import ConversionError
from edgecnn.optional import require

Floats = NDArray[np.float32]
_LEVELS = 127
_BATCH = 32


def correct_biases(model: Any, samples: Floats) -> Any:
    """A copy of a network for conversion to int8, with corrected biases.

    Args:
        model: A functional ``keras.Model`` of one input, convolutions channels-last; unchanged.
        samples: (N, height, width, channels) float32 inputs as the device makes them; 50 to 100
            are enough. All N outputs of a layer are held in memory.

    Returns:
        A model with the same layers and kernels. Each ``Conv2D`` and ``DepthwiseConv2D`` has its
        own bias corrected, or the ``beta`` of the batch normalisation that follows it; those with
        neither are left alone.

    Raises:
        ConversionError: A layer is used twice, or the model is not functional.
    """
    keras = require("keras", extra="convert")
    corrected = keras.models.clone_model(model)
    corrected.set_weights(model.get_weights())
    targets = _targets(keras, corrected)
    means: dict[str, Floats] = {}

    def measure(layer: Any, outputs: Floats) -> Floats:
        if layer.name in targets:
            means[layer.name] = np.asarray(outputs.mean(axis=(0, 1, 2)), np.float32)
        return outputs

    def correct(layer: Any, outputs: Floats) -> Floats:
        if layer.name not in targets:
            return outputs
        shift = means[layer.name] - outputs.mean(axis=(0, 1, 2))
        bias = targets[layer.name]
        bias.assign(bias + shift)
        return np.asarray(outputs + shift, np.float32)

    _walk(keras, corrected, samples, measure)
    kernels = {layer: layer.kernel for layer in corrected.layers if _is_convolution(keras, layer)}
    exact = {layer: kernel.numpy() for layer, kernel in kernels.items()}
    for layer, kernel in kernels.items():
        kernel.assign(rounded_kernel(exact[layer], depthwise=_is_depthwise(keras, layer)))
    _walk(keras, corrected, samples, correct)
    for layer, kernel in kernels.items():
        kernel.assign(exact[layer])
    return corrected


def rounded_kernel(kernel: Floats, *, depthwise: bool = False) -> Floats:
    """A kernel as 8 bits hold it: symmetric, one scale an output channel, 127 steps a side.

    Args:
        kernel: (h, w, in, out), or (h, w, channels, multiplier) of a depthwise convolution.
        depthwise: Which of the two.
    """
    axes = (0, 1) if depthwise else (0, 1, 2)
    step = np.abs(kernel).max(axis=axes, keepdims=True) / _LEVELS
    step[step == 0] = 1
    return np.asarray(np.rint(kernel / step) * step, np.float32)


def _is_depthwise(keras: Any, layer: Any) -> bool:
    return isinstance(layer, keras.layers.DepthwiseConv2D)


def _is_convolution(keras: Any, layer: Any) -> bool:
    return isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)


def _targets(keras: Any, model: Any) -> dict[str, Any]:
    """Layer whose output means are kept -> the variable that shifts them."""
    consumers: dict[int, list[Any]] = {}
    for layer in _checked_layers(model):
        for tensor in _inputs(layer):
            consumers.setdefault(id(tensor), []).append(layer)
    targets = {}
    for layer in filter(lambda layer: _is_convolution(keras, layer), model.layers):
        following = consumers.get(id(layer.output), [])
        normalised = [x for x in following if isinstance(x, keras.layers.BatchNormalization)]
        if len(following) == len(normalised) == 1 and normalised[0].center:
            targets[normalised[0].name] = normalised[0].beta
        elif layer.use_bias:
            targets[layer.name] = layer.bias
    return targets


def _checked_layers(model: Any) -> list[Any]:
    """Layers behind the input, in the order of computation."""
    layers = [layer for layer in model.layers if layer.__class__.__name__ != "InputLayer"]
    shared = [layer.name for layer in layers if len(layer._inbound_nodes) != 1]
    if shared:
        raise ConversionError(
            f"The layers {', '.join(shared)} are not used exactly once in {model.name!r}. Bias "
            "correction needs a functional model in which every layer is used once."
        )
    return layers


def _inputs(layer: Any) -> list[Any]:
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _walk(keras: Any, model: Any, samples: Floats, visit: Callable[[Any, Floats], Floats]) -> None:
    """Compute the network layer by layer; what ``visit`` returns is passed on."""
    layers = _checked_layers(model)
    pending = Counter(id(tensor) for layer in layers for tensor in _inputs(layer))
    values = {id(model.inputs[0]): samples}
    for layer in layers:
        keys = [id(tensor) for tensor in _inputs(layer)]
        inputs = [values[key] for key in keys]
        pending.subtract(keys)
        for key in keys:
            if not pending[key]:
                values.pop(key, None)
        parts = [
            keras.ops.convert_to_numpy(_call(layer, [x[start : start + _BATCH] for x in inputs]))
            for start in range(0, len(samples), _BATCH)
        ]
        values[id(layer.output)] = visit(layer, np.concatenate(parts))


def _call(layer: Any, inputs: list[Floats]) -> Any:
    return layer(inputs if len(inputs) > 1 else inputs[0], training=False)
