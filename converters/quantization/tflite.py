"""A float32 ``.tflite`` as int8, by TensorFlow's own quantizer and with every knob of a plan.

It starts from the ``.tflite``, whatever that was made of, so that Keras, SavedModel, TF.js and
foreign files all come this way. Activations and weights are 8 bits, one scale a channel of weights;
input and outputs are int8, or what the plan's rim says.

ai-edge-quantizer's static recipe would take foreign files as well. On two narrow nets trained on
Fashion-MNIST and treated as foreign it gave files of the same size and speed that were less exact
(88.36 and 87.93 % of 10,000 pictures, against 89.37 and 89.41 % here; float 90.14 and 89.56 %) and
took six times as long, so that there is one engine for all.

Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", arXiv:1712.05877.
"""

from __future__ import annotations

from typing import Any

from converters.options import Progress, no_progress
from converters.quantization import flatbuffer
from converters.quantization.bias import correct_biases
from converters.quantization.even_channels import even_channels
from converters.quantization.feeds import fitting
from converters.quantization.plan import Int8Plan
from converters.quantization.ranges import Range, choose_ranges
from converters.quantization.rim import with_uint8_rim
from converters.quantization.trace import Trace
from converters.quiet import captured_output, tensorflow
from converters.sources.base import Feeds
from edgecnn.errors import ConversionError
from edgecnn.optional import require

_HISTOGRAM_SAMPLES = 100
_BIAS_SAMPLES = 64
"""Enough for the mean of a channel; the whole set would only take longer."""


def quantize_tflite(
    float_tflite: bytes, feeds: Feeds, plan: Int8Plan, *, progress: Progress = no_progress
) -> bytes:
    """Quantize a float32 ``.tflite``.

    The same input gives the same bytes with the same versions of TensorFlow and LiteRT.

    Args:
        float_tflite: One graph, static shapes, any number of inputs and outputs.
        feeds: Calibration inputs as the device makes them; passed over up to four times.
        plan: How.
        progress: Told what is being done.

    Returns:
        The content of the ``.tflite``; its signature and its tensors are named as before.

    Raises:
        ConversionError: There is no calibration input, or one does not fit; the plan keeps a layer
            in float that the model does not have; TensorFlow refuses the model.
    """
    float_tflite = float_form(float_tflite, feeds, plan, progress=progress)
    calibrated = calibrate(float_tflite, feeds, plan, progress=progress)
    quantized = quantize_calibrated(calibrated, plan)
    if plan.bias_correction != "none":
        shapes = Trace(float_tflite).shapes
        inputs = list(fitting(feeds, shapes, min(plan.samples, _BIAS_SAMPLES)))
        quantized = correct_biases(
            float_tflite, quantized, inputs, plan.bias_correction, progress=progress
        )
    return with_uint8_rim(quantized) if plan.rim == "uint8" else quantized


def float_form(
    float_tflite: bytes, feeds: Feeds, plan: Int8Plan, *, progress: Progress = no_progress
) -> bytes:
    """The float file that a plan rounds, and that its int8 file can be compared with inside.

    Args:
        float_tflite: As for `quantize_tflite`.
        feeds: The same.
        plan: The same.
        progress: Told what is being done.

    Returns:
        The file as it is, or with even channels: the same answers and names, other values between.
    """
    if not plan.even_channels:
        return float_tflite
    return even_channels(float_tflite, feeds, plan.samples, progress=progress)


def _check_layers(trace: Trace, plan: Int8Plan) -> None:
    known = {operation.name for operation in trace.operations}
    unknown = [name for name in plan.float_layers if name not in known]
    if unknown:
        raise ConversionError(
            f"No operation is named {unknown[0]!r}, which float_layers names. Names are those of "
            f"layer errors; the model has {', '.join(sorted(known)[:8])} ..."
        )


def calibrate(
    float_tflite: bytes, feeds: Feeds, plan: Int8Plan, *, progress: Progress = no_progress
) -> bytes:
    """The middle of `quantize_tflite`: a float file, even or not, with ranges of activations."""
    trace = Trace(float_tflite)
    _check_layers(trace, plan)
    tensorflow()
    calibrator = require("tensorflow.lite.python.optimize.calibrator", extra="convert")
    # Lists go in the graph's order; dicts would be sorted by the numbers of their tensors.
    order = list(flatbuffer.inputs(trace.model))

    def lists() -> Any:
        checked = fitting(feeds, trace.shapes, plan.samples, what="calibration", progress=progress)
        for tensors in checked:
            yield [tensors[name] for name in order]

    with captured_output() as log:
        try:
            calibrated = bytes(calibrator.Calibrator(float_tflite).calibrate(lists))
        except (ValueError, RuntimeError, TypeError) as error:
            raise ConversionError(f"Calibration failed: {error}\n{log()}") from error
    if plan.ranges == "minmax":
        return calibrated
    model = flatbuffer.unpack(calibrated)
    tensors = model.subgraphs[0].tensors
    seen = {index: reach for index in trace.computed if (reach := _range(tensors[index]))}
    samples = min(plan.samples, _HISTOGRAM_SAMPLES)
    inputs = fitting(feeds, trace.shapes, samples, what="ranges", progress=progress)
    for index, (low, high) in choose_ranges(trace, seen, inputs, plan.ranges).items():
        tensors[index].quantization.min = [low]
        tensors[index].quantization.max = [high]
    return flatbuffer.pack(model)


def _range(tensor: Any) -> Range | None:
    quantization = tensor.quantization
    if quantization is None or quantization.min is None or len(quantization.min) != 1:
        return None
    return float(quantization.min[0]), float(quantization.max[0])


def quantize_calibrated(calibrated: bytes, plan: Int8Plan) -> bytes:
    """The end of `quantize_tflite`, without correction of biases and a uint8 rim."""
    tf = tensorflow()
    convert = require("tensorflow.lite.python.convert", extra="convert")
    inner = tf.float32 if plan.rim == "float32" else tf.int8
    with captured_output() as log:
        try:
            return bytes(
                convert.mlir_quantize(
                    calibrated,
                    disable_per_channel=not plan.per_channel,
                    disable_per_channel_for_dense_layers=not plan.per_channel,
                    fully_quantize=plan.rim != "float32",
                    input_data_type=inner,
                    output_data_type=inner,
                    denylisted_nodes=set(plan.float_layers) or None,
                )
            )
        except (ValueError, RuntimeError, TypeError) as error:
            raise ConversionError(f"TFLite conversion to int8 failed: {error}\n{log()}") from error


__all__ = ["calibrate", "float_form", "quantize_calibrated", "quantize_tflite"]
