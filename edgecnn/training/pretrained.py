"""The zoo's EfficientNet-Lite0 as a Keras net: weights out of its float16 ``.tflite``.

The file has batch norm folded into the convolutions, and so has the net that is made here: its
convolutions have biases and there is no batch norm. It is read by the schema of LiteRT, without
TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn import nets
from edgecnn.api import open_bundle
from edgecnn.bundle.flatbuffer import Table, root_table
from edgecnn.bundle.metadata_tflite import (
    MODEL_BUFFERS,
    MODEL_CODES,
    MODEL_IDENTIFIER,
    MODEL_SUBGRAPHS,
    SUBGRAPH_OPERATORS,
    SUBGRAPH_TENSORS,
    TENSOR_SHAPE,
)
from edgecnn.errors import BundleError, OptionError
from edgecnn.training.form import with_input

NET = "efficientnet_lite0"
BUNDLE = f"classify_{NET}"
FILE = "float16.tflite"
_TENSOR_TYPE, _TENSOR_BUFFER, _BUFFER_DATA = 1, 2, 0
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 0, 1, 2
_CODE_BYTE, _CODE_INT = 0, 3
_TYPES: dict[int, Any] = {0: np.dtype("<f4"), 1: np.dtype("<f2")}
_CONV, _DEPTHWISE, _DEQUANTIZE, _DENSE = 3, 4, 6, 9


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """Constants of one layer, in Keras's order of axes.

    Attributes:
        kernel: float32 (h, w, in, out); depthwise (h, w, channels, 1); dense (in, out).
        bias: (out,) float32.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def from_bundle(source: str, input_shape: tuple[int, ...]) -> keras.Model:
    """The net of a bundle, with its weights.

    Args:
        source: Name or path of the zoo's ``classify_efficientnet_lite0``.
        input_shape: (height, width, 3) of the pictures, at least 32 pixels a side.

    Returns:
        A model from pixels 0..255 to 1,000 probabilities; batch norm is folded.

    Raises:
        OptionError: Another bundle, or pictures that do not fit.
        BundleError: It is damaged.
    """
    bundle = open_bundle(source)
    manifest = bundle.manifest
    if manifest.name != BUNDLE:
        raise OptionError(
            f"{source} is the bundle {manifest.name!r}; weights can be taken from {BUNDLE} or from "
            "a .keras file."
        )
    if len(input_shape) != 3 or input_shape[2] != 3:
        raise OptionError(
            f"{BUNDLE} takes pictures in colour, (height, width, 3), but these have {input_shape}."
        )
    shape = (int(input_shape[0]), int(input_shape[1]), 3)
    net = without_batch_norm(nets.build(NET, input_shape=shape))
    set_weights(net, list(weighted_layers(bundle.read(FILE))))
    spec = manifest.picture_input
    return with_input(net, _short(spec.mean), _short(spec.std))


def weighted_layers(model: bytes) -> Iterator[Weighted]:
    """Kernel and bias of each convolution and dense layer of a float ``.tflite``, in its order.

    Args:
        model: Content of the file, float32 or float16.

    Raises:
        BundleError: Damaged, or quantized.
    """
    root = root_table(model, MODEL_IDENTIFIER)
    codes = [max(c.number(_CODE_BYTE, "int8"), c.number(_CODE_INT, "int32")) for c in
             root.tables(MODEL_CODES)]  # fmt: skip
    buffers = list(root.tables(MODEL_BUFFERS))
    graph = next(root.tables(MODEL_SUBGRAPHS))
    tensors = list(graph.tables(SUBGRAPH_TENSORS))
    halves: dict[int, int] = {}  # tensor -> the constant that DEQUANTIZE makes it of
    for operator in graph.tables(SUBGRAPH_OPERATORS):
        code = codes[operator.number(_OPERATOR_CODE, "uint32")]
        inputs = operator.integers(_OPERATOR_INPUTS)
        if code == _DEQUANTIZE:
            halves[operator.integers(_OPERATOR_OUTPUTS)[0]] = inputs[0]
        if code not in (_CONV, _DEPTHWISE, _DENSE):
            continue
        kernel, bias = (_constant(tensors[halves.get(n, n)], buffers) for n in inputs[1:3])
        axes = {_CONV: (1, 2, 3, 0), _DEPTHWISE: (1, 2, 3, 0), _DENSE: (1, 0)}[code]
        yield Weighted(kernel.transpose(axes), bias)


def without_batch_norm(model: keras.Model) -> keras.Model:
    """The same architecture with biases in place of batch norms; new, random weights.

    Args:
        model: A graph in which each batch norm follows a convolution.
    """

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(layer, keras.layers.BatchNormalization):
            return args[0]
        return layer(*args, **kwargs)

    folded: keras.Model = keras.models.clone_model(model, clone_function=clone, call_function=call)
    return folded


def set_weights(model: keras.Model, weights: list[Weighted]) -> None:
    """Put weights into the layers that have some, in order.

    Raises:
        BundleError: Other numbers or shapes.
    """
    layers = [layer for layer in model.layers if layer.weights]
    if len(layers) != len(weights):
        raise BundleError(
            f"{model.name} has {len(layers)} layers with weights, but the file {len(weights)}."
        )
    for layer, one in zip(layers, weights, strict=True):
        try:
            layer.set_weights([one.kernel, one.bias])
        except ValueError as error:
            raise BundleError(f"The file does not fit {layer.name}: {error}") from error


def _constant(tensor: Table, buffers: list[Table]) -> NDArray[np.float32]:
    kind = tensor.number(_TENSOR_TYPE, "int8")
    content = buffers[tensor.number(_TENSOR_BUFFER, "uint32")].content(_BUFFER_DATA)
    if kind not in _TYPES or not content:
        raise BundleError("A weight of this file is not a float constant; take a float file.")
    values: NDArray[np.float32] = np.frombuffer(content, _TYPES[kind]).astype(np.float32)
    try:
        return values.reshape(tensor.integers(TENSOR_SHAPE))
    except ValueError as error:
        raise BundleError(f"A weight of this file has a shape of its own: {error}") from error


def _short(values: tuple[float, ...]) -> tuple[float, ...]:
    """One number where all channels share it."""
    return values[:1] if len(set(values)) == 1 else tuple(values)
