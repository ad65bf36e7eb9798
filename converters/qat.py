"""Files of networks that were trained with quantization in mind: same integers, no calibration.

The trained ranges and steps are written into the graph as TensorFlow's fake-quantization operators,
which both TFLite's converter and OpenVINO turn into integers: one graph, so that both files round
where the training did. 4-bit weights are stored as bytes that use 15 of 256 levels, at a step that
makes those levels exact: kernels of today compute convolutions with 8-bit weights fastest, and the
archive that a file travels in (gzip, .edge, .apk) takes the unused bits off again.

Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", arXiv:1712.05877.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.graphs.saved_model import INPUT_NAME, first_line, save_call
from converters.openvino.rounding import keep_rounding
from converters.quantization import flatbuffer
from converters.quiet import captured_output, tensorflow
from converters.tflite.compact import compact
from converters.tflite.errors import explain
from edgecnn.errors import ConversionError, OptionError
from edgecnn.optional import require

Ends = tuple[np.float32, np.float32]
"""Least and largest value of a range."""
_INTEGERS = ("INT8", "INT32", "INT64")
"""Types that tensors of a full-integer file have; the wide ones are biases and shapes."""


def qat_to_tflite(model: Any, *, inputs: Sequence[str] = (), outputs: Sequence[str] = ()) -> bytes:
    """A full-integer ``.tflite``, int8 at its inputs and outputs too.

    Args:
        model: From `edgecnn.training.quantize.prepare`, trained or observed, on Keras's TensorFlow
            backend (load a model that was trained on another from its ``.keras`` file).
        inputs: Names for the inputs, in order; by default one input is named ``image``, and several
            keep their names.
        outputs: Names for the outputs, in order; the model's own by default.

    Returns:
        The content of the file. The same model gives the same bytes with the same TensorFlow.

    Raises:
        ConversionError: The model was not prepared, has unknown ranges, or something in it is left
            in float, which the message names.
    """
    with tempfile.TemporaryDirectory() as folder:
        return tflite_of(export(model, Path(folder) / "model", inputs=inputs, outputs=outputs))


def qat_to_openvino(model: Any, *, inputs: Sequence[str] = (), outputs: Sequence[str] = ()) -> Any:
    """An OpenVINO model that rounds at the same places; its weights are stored as bytes.

    Inputs and outputs are float32, as OpenVINO's are: the first and the last operation convert.

    Args:
        model: As for `qat_to_tflite`.
        inputs: As there.
        outputs: As there.

    Returns:
        An ``openvino.Model``; save it with ``openvino.save_model(model, file)``.

    Raises:
        ConversionError: As there, or OpenVINO refuses the graph.
    """
    with tempfile.TemporaryDirectory() as folder:
        return openvino_of(export(model, Path(folder) / "model", inputs=inputs, outputs=outputs))


def tflite_of(saved: Path) -> bytes:
    """A full-integer ``.tflite`` of what `export` has written."""
    tf = tensorflow()
    with captured_output("TensorFlow: .tflite of a quantization-aware network") as log:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        try:
            tflite = bytes(converter.convert())
        except Exception as error:
            text = f"{error}\n{log()}"
            raise ConversionError(explain(text, "int8", ())) from error
    _check_integer(tflite)
    return compact(tflite)


def openvino_of(saved: Path) -> Any:
    """An ``openvino.Model`` of what `export` has written."""
    openvino = require("openvino", extra="convert")
    tensorflow()
    with captured_output("OpenVINO: a quantization-aware network"):
        try:
            model = openvino.convert_model(str(saved))
        except Exception as error:
            raise ConversionError(f"OpenVINO cannot read the graph: {first_line(error)}") from error
    keep_rounding(model)
    return model


def export(
    model: Any, folder: Path, *, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
) -> Path:
    """Write a SavedModel of the network with TensorFlow's fake-quantization operators.

    Both kinds of files are made of it; writing it takes longer than either.

    Args:
        model: As for `qat_to_tflite`, and so are the others.
        folder: Where it goes; created.
        inputs: Names.
        outputs: Names.

    Raises:
        ConversionError: As `qat_to_tflite`.
    """
    keras = require("keras", extra="convert")
    if keras.backend.backend() != "tensorflow":
        raise ConversionError(
            f"Keras runs on {keras.backend.backend()} here, but converting goes by TensorFlow. "
            "Save the model (model.save('model.keras')), and load and convert it in a process with "
            "KERAS_BACKEND=tensorflow in its environment."
        )
    tf = tensorflow()
    quantize = require("edgecnn.training.quantize", extra="train")
    try:
        unknown = quantize.unobserved(model)
    except (OptionError, AttributeError) as error:
        raise ConversionError(str(error)) from error
    if unknown:
        raise ConversionError(
            f"{len(unknown)} ranges of {model.name!r} are not known yet, {unknown[0]!r} among them."
            " Train the model, or show it pictures with edgecnn.training.quantize.observe."
        )
    names = tuple(outputs) or tuple(model.output_names)
    if len(names) != len(model.outputs):
        raise ConversionError(
            f"{model.name!r} has {len(model.outputs)} outputs, but {len(names)} names were given."
        )
    own = [INPUT_NAME] if len(model.inputs) == 1 else [tensor.name for tensor in model.inputs]
    feeds = tuple(inputs) or tuple(own)
    if len(feeds) != len(own):
        raise ConversionError(
            f"{model.name!r} has {len(own)} inputs, but {len(feeds)} names were given."
        )
    specs = {
        name: ((1, *tensor.shape[1:]), tf.float32)
        for name, tensor in zip(feeds, model.inputs, strict=True)
    }
    return save_call(_function(tf, model, names), specs, folder, owner=model)


def _function(tf: Any, model: Any, names: Sequence[str]) -> Callable[..., dict[str, Any]]:
    """The model as a function of its inputs, by TensorFlow's own fake quantization."""
    reading = require("edgecnn.training.quantize.reading", extra="train")
    graph = reading.read_graph(model)
    # Before the function is traced: there the values of variables are out of reach.
    functions = _Replacements(tf, graph.uses()).of_all(graph.calls)

    def serve(*feeds: Any) -> dict[str, Any]:
        values = dict(zip(graph.inputs, feeds, strict=True))
        for call, function in zip(graph.calls, functions, strict=True):
            more = {} if function is not None else _inference(call.layer)
            with tf.name_scope(call.name):  # names of the layers, for whoever reads the file
                result = call.run(values, function, **more)
            results = result if isinstance(result, tuple) else (result,)
            values.update(zip(call.outputs, results, strict=True))
        return dict(zip(names, [values[number] for number in graph.outputs], strict=True))

    return serve


def _inference(layer: Any) -> dict[str, bool]:
    return {"training": False} if getattr(layer, "_call_has_training_arg", False) else {}


class _Replacements:
    """What is computed in place of the layers that round."""

    def __init__(self, tf: Any, uses: Mapping[int, int]) -> None:
        self.uses = uses
        self.tf, self.keras = tf, require("keras", extra="convert")
        self.activations = require("edgecnn.training.quantize.activations", extra="train")
        self.kernels = require("edgecnn.training.quantize.kernels", extra="train")
        self.support = require("edgecnn.training.quantize.support", extra="train")
        self.on_levels: dict[int, Ends] = {}
        self.ends: dict[int, Ends] = {}
        self.ends_ahead: dict[int, Ends] = {}

    def of_all(self, calls: Sequence[Any]) -> list[Callable[..., Any] | None]:
        """A function for each call; None where the layer itself will do."""
        self.calls = {number: call for call in reversed(calls) for number in call.inputs}
        for call in calls:
            if isinstance(call.layer, self.activations.ActivationQuantizer):
                step, zero = call.layer.grid()
                ends = (np.float32(-zero * step), np.float32((255 - zero) * step))
                self.ends[call.outputs[1]] = self.ends_ahead[call.inputs[0]] = ends
                self.on_levels[call.outputs[0]] = ends
            elif isinstance(call.layer, self.activations.OnGrid):
                self.on_levels[call.outputs[0]] = self.ends[call.inputs[1]]
            elif type(call.layer) in self.support.PASSING and call.inputs[0] in self.on_levels:
                self.on_levels[call.outputs[0]] = self.on_levels[call.inputs[0]]
        return [self.of(call) for call in calls]

    def of(self, call: Any) -> Callable[..., Any] | None:
        layer = call.layer
        if isinstance(layer, self.activations.ActivationQuantizer):
            ends = self.ends[call.outputs[1]]
            return lambda x: (self.rounded(x, ends), ends)
        if isinstance(layer, self.activations.OnGrid):
            return self.rounded
        if isinstance(layer, self.kernels.QuantizedKernel):
            integers = layer.integers(np.asarray(self.ends[call.inputs[1]], np.float32))
            return lambda x, ends: self.linear(layer, integers, x)
        if isinstance(layer, self.keras.layers.Concatenate):
            ahead = self.ahead(call.outputs[0])
            # What has a range of its own already is converted by an operation of the converter's.
            bare = [number not in self.on_levels for number in call.inputs]
            return lambda parts: layer(
                [
                    self.rounded(part, ahead) if is_bare else part
                    for part, is_bare in zip(parts, bare, strict=True)
                ]
            )
        known = self.on_levels.get(call.outputs[0])
        if known is not None and self.uses[call.outputs[0]] > 1:
            # The converter loses the range behind, say, a pooling that several operations take.
            return lambda x: self.rounded(layer(x, **_inference(layer)), known)
        if getattr(getattr(layer, "activation", None), "__name__", "") == "hard_silu":
            return self.hard_swish
        return None

    def ahead(self, number: int) -> Ends:
        """The range that a concatenation is rounded to, maybe as a part of another one."""
        while number not in self.ends_ahead:
            number = self.calls[number].outputs[0]
        return self.ends_ahead[number]

    def rounded(self, x: Any, ends: Any) -> Any:
        return self.tf.quantization.fake_quant_with_min_max_vars(x, ends[0], ends[1], 8)

    def hard_swish(self, x: Any) -> Any:
        """In the form that converters recognise as one operation."""
        return x * (self.tf.nn.relu6(x + 3.0) * np.float32(1 / 6))

    def linear(self, layer: Any, integers: Any, x: Any) -> Any:
        tf, keras = self.tf, self.keras
        kernel = self.kernel(integers)
        if isinstance(layer, self.kernels.QuantizedDense):
            result = tf.linalg.matmul(x, kernel)
        elif isinstance(layer, self.kernels.QuantizedDepthwiseConv2D):
            result = keras.ops.depthwise_conv(
                x,
                kernel,
                strides=layer.strides,
                padding=layer.padding,
                data_format="channels_last",
                dilation_rate=layer.dilation_rate,
            )
        else:
            result = layer.convolution_op(x, kernel)
        return result if integers.bias is None else tf.nn.bias_add(result, integers.bias)

    def kernel(self, integers: Any) -> Any:
        """Weights with 127 steps as their end: 8-bit levels at the step that was trained."""
        quantization = self.tf.quantization
        weights = integers.levels * integers.step
        end = 127.0 * integers.step.reshape(-1)
        if end.size == 1:
            return quantization.fake_quant_with_min_max_vars(
                weights, -end[0], end[0], 8, narrow_range=True
            )
        # The operator takes its channels last; depthwise weights have channels and multiplier.
        wide = weights.reshape(*weights.shape[:2], -1, end.size)
        rounded = quantization.fake_quant_with_min_max_vars_per_channel(
            wide, -end, end, 8, narrow_range=True
        )
        return self.tf.reshape(rounded, weights.shape)


def _check_integer(tflite: bytes) -> None:
    model = flatbuffer.unpack(tflite)
    words = vars(flatbuffer.schema().TensorType).items()
    kinds = {number: word for word, number in words if not word.startswith("_")}
    for operator in model.subgraphs[0].operators:
        for index in (*operator.inputs, *operator.outputs):
            if index >= 0:
                tensor = model.subgraphs[0].tensors[index]
                if kinds[tensor.type] not in _INTEGERS:
                    raise ConversionError(
                        f"{flatbuffer.kind(model, operator)} is left with the tensor "
                        f"{flatbuffer.name(tensor)!r} in {kinds[tensor.type]}, so the file is not "
                        "full integer. TFLite has no integer form of what is between two ranges "
                        "there: build that part of simpler layers."
                    )
