"""A segmenter as an OpenVINO IR in the form that Model API reads.

Model API takes maps with channels first, and takes a single channel for class numbers. A segmenter
from Keras or TFLite has channels last, and one for people has a single channel of probabilities.
In this form the map ends in probabilities of at least two classes, channels first.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from converters.bundles.pack import Facts, ModelVariant
from converters.openvino.ir import serialize
from converters.quiet import captured_output
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.errors import ConversionError
from edgecnn.optional import require
from edgecnn.runtime.backends.openvino import shared_core

BACKGROUND = "background"
_OUTPUT = "probabilities"


def standard_segmenter(variant: ModelVariant, facts: Facts) -> tuple[ModelVariant, Facts]:
    """The standard form of a segmenter.

    Args:
        variant: An IR with one map as its output, in float or int8.
        facts: What is known of it; its decoder is ``segmentation``.

    Returns:
        The variant with ``probabilities`` (1, C, h, w), and the facts that go with it. What had one
        channel has two, the background first, which the decoder leaves out again.

    Raises:
        ConversionError: Not an IR of a segmenter.
    """
    if facts.decoder.name != "segmentation" or variant.weights is None:
        raise ConversionError(
            f"{variant.file} ({facts.decoder.name}) is not the IR of a segmenter with its weights."
        )
    parameters = dict(facts.decoder.parameters)
    activation = parameters.get("activation")
    layout = "first" if facts.picture_input.layout == "nchw" else "last"
    last = (parameters.get("channels") or layout) == "last"
    with captured_output() as log:
        openvino = require("openvino", extra="convert")
        try:
            model = shared_core().read_model(variant.model, variant.weights)
        except RuntimeError as error:
            raise ConversionError(f"OpenVINO cannot read the IR: {error}\n{log()}") from error
        port = _map_output(model)
        channels, finished = _append(openvino, port, str(activation), last)
        changed = openvino.Model([finished], model.get_parameters(), model.get_friendly_name())
        xml, weights = serialize(openvino, changed)
    labels = facts.labels
    parameters |= {"activation": "none", "channels": "first"}
    if channels == 1:
        parameters["keep"] = [1]
        labels = (BACKGROUND, *labels) if labels else ()
    decoder = DecoderSpec(name="segmentation", parameters=parameters)
    return (
        dataclasses.replace(variant, model=xml, weights=weights, outputs={_OUTPUT: _OUTPUT}),
        dataclasses.replace(facts, decoder=decoder, labels=labels),
    )


def _map_output(model: Any) -> Any:
    """The only output, a map."""
    if len(model.outputs) != 1 or len(model.outputs[0].get_partial_shape()) != 4:
        found = ", ".join(str(port.get_partial_shape()) for port in model.outputs)
        raise ConversionError(
            f"A segmenter has one output (1, C, h, w) or (1, h, w, C), but this IR has {found}."
        )
    return model.outputs[0].get_node().input_value(0)


def _append(openvino: Any, port: Any, activation: str, last: bool) -> tuple[int, Any]:
    """Number of channels before, and the finished output."""
    ops = openvino.opset8
    if last:
        port = ops.transpose(port, ops.constant(np.array([0, 3, 1, 2], np.int64))).output(0)
    channels = int(port.get_shape()[1])
    if activation == "softmax":
        port = ops.softmax(port, 1).output(0)
    elif activation == "sigmoid":
        port = ops.sigmoid(port).output(0)
    elif activation != "none":
        raise ConversionError(
            f"A segmenter's activation is none, sigmoid or softmax, but {activation!r} came."
        )
    if channels == 1:
        one = ops.constant(np.array(1, np.float32))
        port = ops.concat([ops.subtract(one, port).output(0), port], 1).output(0)
    port.get_tensor().set_names({_OUTPUT})
    return channels, port
