"""What quantization does to each layer: both networks run on the same inputs, tensor by tensor.

Operations are matched by name. Those that a converter fused away, and those that it put in, have no
partner and are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.quantization.feeds import fitting
from converters.quantization.noise import LIMIT_DB, Noise, added_share, layer_error, worst
from converters.quantization.openvino import shapes
from converters.quantization.openvino_graph import Layer, float_inputs_db, quantized_layers
from converters.quantization.openvino_names import named
from converters.quantization.trace import Trace
from converters.report.schema import LayerError
from converters.sources.base import Feeds
from edgecnn.errors import ConversionError
from edgecnn.optional import require
from edgecnn.runtime.backends.openvino import shared_core


def layer_errors_tflite(
    float_tflite: bytes, int8_tflite: bytes, feeds: Feeds, samples: int
) -> tuple[LayerError, ...]:
    """Error of each operation of a quantized ``.tflite``.

    An operation's output is rounded as it is written, so that an error has three parts: what came
    in, rounded weights, and the rounded output.

    Args:
        float_tflite: The float network; for a plan with even channels its `float_form`, because
            values between operations differ from those of the network that it was made of.
        int8_tflite: What `quantize_tflite` made of it.
        feeds: Inputs as the device makes them.
        samples: How many of them are used, at most.

    Returns:
        In the order of computation.

    Raises:
        ConversionError: An input does not fit, or no operation has a partner.
    """
    exact, rounded = Trace(float_tflite), Trace(int8_tflite)
    places = {rounded.names[index]: index for index in reversed(rounded.computed)}
    pairs = {
        index: places[exact.names[index]]
        for index in exact.computed
        if exact.names[index] in places and exact.is_real(index)
    }
    sums = {index: Noise() for index in pairs}
    for feed in fitting(feeds, exact.shapes, samples):
        exact.run(feed)
        rounded.run(feed)
        for index, partner in pairs.items():
            sums[index].add(exact.value(index), rounded.value(partner))
    reached: dict[int, float] = {index: noise.snr_db for index, noise in sums.items()}
    errors = []
    for operation in exact.operations:
        before = min((reached[i] for i in operation.inputs if i in reached), default=LIMIT_DB)
        first = operation.outputs[0]
        if first in sums:
            step = rounded.step(pairs[first])
            errors.append(layer_error(operation.name, operation.kind, sums[first], step, before))
        # What has no partner passes on what it got.
        reached |= {index: before for index in operation.outputs if index not in reached}
    return _some(errors)


def layer_errors_openvino(
    float_model: Any, int8_model: Any, feeds: Feeds, samples: int
) -> tuple[LayerError, ...]:
    """Error of each operation of an ``openvino.Model`` that NNCF made work on rounded values.

    NNCF rounds what goes into an operation. The error of one is therefore measured behind the
    additions and activations that follow it, before the next rounding, and has two parts: what came
    in, and its rounded inputs and weights.

    Args:
        float_model: The float network.
        int8_model: What `quantize_openvino` made of it.
        feeds: Inputs as the device makes them.
        samples: How many of them are used, at most.

    Returns:
        In the order of computation.

    Raises:
        ConversionError: An input does not fit, or no operation has a partner.
    """
    openvino = require("openvino", extra="convert")
    exact = named(float_model)
    layers = quantized_layers(exact, int8_model)
    if not layers:
        return _some([])
    ends = sorted({layer.end for layer in layers})
    runs = [_compiled(openvino, model, ends) for model in (exact, int8_model)]
    sums = {end: Noise() for end in ends}
    for feed in fitting(feeds, shapes(exact), samples):
        values, partners = (run(feed) for run in runs)
        for number, end in enumerate(ends):
            sums[end].add(np.asarray(values[number]), np.asarray(partners[number]))
    reached = {end: noise.snr_db for end, noise in sums.items()}

    def error(layer: Layer) -> LayerError:
        before = float_inputs_db(exact, layer, reached)
        return layer_error(layer.name, layer.kind, sums[layer.end], layer.step, before)

    return _some([error(layer) for layer in layers])


def _compiled(openvino: Any, model: Any, ends: list[str]) -> Any:
    """A network whose outputs are some operations, in float32 whatever the processor likes."""
    copy = model.clone()
    operations = {operation.get_friendly_name(): operation for operation in copy.get_ops()}
    ports = [operations[end].output(0) for end in ends]
    looking = openvino.Model(ports, copy.get_parameters(), "layers")
    return shared_core().compile_model(looking, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def _some(errors: list[LayerError]) -> tuple[LayerError, ...]:
    if not errors:
        raise ConversionError(
            "No layer of the int8 network has the name of a float one, so that they cannot be "
            "compared. Was it made from this float network?"
        )
    return tuple(errors)


__all__ = ["added_share", "layer_errors_openvino", "layer_errors_tflite", "worst"]
