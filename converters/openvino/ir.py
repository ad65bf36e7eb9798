"""A float ``.tflite`` as an OpenVINO IR, in float or quantized to int8 by NNCF.

OpenVINO opens the float ``.tflite`` itself, so the zoo ships no float IR. An int8 ``.tflite`` runs
there too, but slower than an IR that NNCF quantized for OpenVINO's own kernels.

Reference: Kozlov et al., "Neural Network Compression Framework for fast model inference",
arXiv:2002.08679.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from converters.graphs.saved_model import INPUT_NAME
from converters.quiet import captured_output
from converters.tflite.from_saved_model import Calibration
from edgecnn.errors import ConversionError
from edgecnn.optional import require
from edgecnn.runtime.backends.openvino import shared_core

_READ_FROM = "conversion_parameters"
# What NNCF may put quantizers around, as far as float sections hold it.
_COMPUTING = frozenset({"Convolution", "GroupConvolution", "Add", "MatMul", "AvgPool", "MaxPool"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeOptions:
    """How NNCF quantizes; the defaults suit most networks.

    Attributes:
        preset: ``mixed`` gives activations a zero point, which everything but ReLU profits from;
            ``performance`` does without.
        fast_bias_correction: Off corrects each layer's bias on the quantized network, layer by
            layer: minutes instead of seconds, and worth points on MobileNetV3-like networks.
        bias_correction: Off when the model's biases were corrected before
            (`converters.bias_correction`): once is enough.
        overflow_fix: On halves the range of the weights that x86 processors without VNNI would
            overflow on; off uses all 8 bits, for processors with VNNI or AMX.
        full_ranges: On, an activation's range is all that calibration saw of it; off, peaks are
            averaged over the inputs, and larger ones clipped. Networks whose answer hangs on rare
            peaks (embeddings) need it on.
        ignored: Names of operations, or patterns of them, that stay in float.
        float_convolutions: Numbers of convolutions, from 0 in the order of computation, that stay
            in float together with what follows them up to the next one. A ``.tflite`` gives
            operations no lasting names in OpenVINO, so that `ignored` cannot tell them apart.
        samples: How many calibration inputs are used.
    """

    preset: Literal["mixed", "performance"] = "mixed"
    fast_bias_correction: bool = True
    bias_correction: bool = True
    overflow_fix: bool = True
    full_ranges: bool = False
    ignored: Sequence[str] = ()
    float_convolutions: Sequence[int] = ()
    samples: int = 300


def quantize(
    tflite: bytes,
    calibration: Calibration,
    *,
    outputs: Mapping[str, str] | None = None,
    options: QuantizeOptions | None = None,
) -> tuple[bytes, bytes]:
    """Quantize a float ``.tflite`` to an int8 IR.

    The same input gives the same bytes with the same versions of OpenVINO and NNCF.

    Args:
        tflite: A float32 or float16 model with one input.
        calibration: Float32 input tensors as the device makes them.
        outputs: Tensor name in the file -> name in the IR; None asks the file's signature.
        options: None for the defaults.

    Returns:
        Content of the ``.xml`` and of the ``.bin``.

    Raises:
        MissingExtraError: OpenVINO or NNCF is not installed.
        ConversionError: OpenVINO or NNCF refuses the model.
    """
    choice = options or QuantizeOptions()
    with captured_output("NNCF: int8") as log:
        openvino = require("openvino", extra="convert")
        nncf = require("nncf", extra="convert")
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002 - the generator that NNCF draws from
        model = read_tflite(openvino, tflite, outputs)
        widen_weights(openvino, model)
        try:
            quantized = nncf.quantize(
                model,
                nncf.Dataset(calibration()),
                preset=nncf.QuantizationPreset(choice.preset),
                subset_size=choice.samples,
                fast_bias_correction=choice.fast_bias_correction,
                advanced_parameters=_advanced(nncf, choice),
                ignored_scope=_scope(nncf, model, choice),
            )
        except Exception as error:
            raise ConversionError(f"NNCF cannot quantize the model: {error}\n{log()}") from error
        return serialize(openvino, quantized)


def read_tflite(openvino: Any, tflite: bytes, outputs: Mapping[str, str] | None = None) -> Any:
    """An ``openvino.Model`` of a ``.tflite``, with the names of its signature.

    Args:
        openvino: The module.
        tflite: Content of the file.
        outputs: Tensor name in the file -> name to give; None asks the file's signature.

    Raises:
        ConversionError: OpenVINO refuses the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.tflite"
        file.write_bytes(tflite)
        try:
            model = shared_core().read_model(file)
        except RuntimeError as error:
            raise ConversionError(f"OpenVINO cannot read the .tflite: {error}") from error
    signature_inputs, signature = signature_names(tflite)
    names = signature if outputs is None else outputs
    _set_names(model.outputs, names)
    if len(model.inputs) == 1 and not signature_inputs:
        model.inputs[0].get_tensor().set_names({INPUT_NAME})
    _set_names(model.inputs, signature_inputs)
    return model


def read_saved_model(openvino: Any, folder: Path) -> Any:
    """An ``openvino.Model`` of a SavedModel, with the names of its signature.

    Raises:
        ConversionError: OpenVINO refuses it.
    """
    with captured_output("OpenVINO: reading the SavedModel"):
        try:
            return openvino.convert_model(str(folder))
        except Exception as error:
            raise ConversionError(
                f"OpenVINO cannot read the model either: {last_line(error)}"
            ) from error


def signature_outputs(tflite: bytes) -> dict[str, str]:
    """Tensor name in a ``.tflite`` -> output name in its first signature; empty without one."""
    return signature_names(tflite)[1]


def signature_names(tflite: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Tensor name -> name in the first signature: of inputs, and of outputs; empty without one."""
    interpreter_module = require("ai_edge_litert.interpreter", extra="convert")
    interpreter = interpreter_module.Interpreter(model_content=tflite)
    signatures = interpreter.get_signature_list()
    if not signatures:
        return {}, {}
    # The runner maps the signature's names to tensors; only its details name both.
    runner = interpreter.get_signature_runner(next(iter(signatures)))
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    return (
        {details["name"]: name for name, details in inputs.items()},
        {details["name"]: name for name, details in outputs.items()},
    )


def last_line(error: Exception) -> str:
    """The last telling line of OpenVINO's many, which lead with its own source files."""
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.startswith("Exception from")]
    return (telling[-1] if telling else type(error).__name__)[:300]


def _set_names(ports: Any, names: Mapping[str, str]) -> None:
    for port in ports:
        known = port.get_names()
        name = next((names[known_name] for known_name in known if known_name in names), None)
        if name is not None:
            port.get_tensor().set_names({name})


def serialize(openvino: Any, model: Any, *, half: bool = True) -> tuple[bytes, bytes]:
    """Content of the ``.xml`` and of the ``.bin`` of a model.

    OpenVINO numbers unnamed operations with a counter of the whole process ("Constant_11555"). The
    numbers are given anew, and the path that it was read from is left out, so that the file depends
    on the model alone.

    Args:
        openvino: The module.
        model: An ``openvino.Model``; its operations are renamed.
        half: Store float weights as float16; off keeps them as they are.
    """
    _renumber(model)
    if model.has_rt_info(_READ_FROM):
        del model.rt_info[_READ_FROM]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.xml"
        openvino.save_model(model, file, compress_to_fp16=half)
        return file.read_bytes(), file.with_suffix(".bin").read_bytes()


def widen_weights(openvino: Any, model: Any) -> None:
    """Turn float16 weights into float32 ones: NNCF stores others as they are, beside quantizers."""
    for operation in model.get_ordered_ops():
        if operation.get_type_name() != "Convert":
            continue
        source = operation.input_value(0).get_node()
        if source.get_type_name() == "Constant" and source.get_element_type().is_real():
            values = np.asarray(source.data, np.float32)
            operation.output(0).replace(openvino.opset13.constant(values).output(0))


def _renumber(model: Any) -> None:
    # At the start of a name only: further on, "Conv_1" is a layer of the model's own.
    pattern = re.compile(r"^([A-Z]\w*?)_(\d+)\b")
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"{match[1]}_{numbers.setdefault(match[2], len(numbers))}"

    for operation in model.get_ordered_ops():
        operation.set_friendly_name(pattern.sub(number, operation.get_friendly_name()))


def _advanced(nncf: Any, choice: QuantizeOptions) -> Any:
    estimators = require("nncf.quantization.range_estimator", extra="convert")
    ranges = estimators.RangeEstimatorParametersSet.MINMAX if choice.full_ranges else None
    # None leaves the choice to NNCF, which halves the range in the layers at risk.
    return nncf.AdvancedQuantizationParameters(
        overflow_fix=None if choice.overflow_fix else nncf.OverflowFix.DISABLE,
        disable_bias_correction=not choice.bias_correction,
        activations_range_estimator_params=ranges,
    )


def _scope(nncf: Any, model: Any, choice: QuantizeOptions) -> Any:
    names = _matching(model, choice.ignored) + _at_convolutions(model, choice.float_convolutions)
    return nncf.IgnoredScope(names=sorted(set(names))) if names else None


def _matching(model: Any, patterns: Sequence[str]) -> list[str]:
    names = [operation.get_friendly_name() for operation in model.get_ops()]
    found = [name for name in names if any(re.search(pattern, name) for pattern in patterns)]
    if patterns and not found:
        raise ConversionError(
            f"No operation matches {list(patterns)}; the model has {', '.join(names[-8:])} ..."
        )
    return found


def _at_convolutions(model: Any, numbers: Sequence[int]) -> list[str]:
    """Names of the computing operations from each numbered convolution up to the next one."""
    sections: list[list[str]] = [[]]
    for operation in model.get_ordered_ops():
        kind = operation.get_type_name()
        if kind in ("Convolution", "GroupConvolution"):
            sections.append([])
        if kind in _COMPUTING:
            sections[-1].append(operation.get_friendly_name())
    if any(not 0 <= number < len(sections) - 1 for number in numbers):
        raise ConversionError(
            f"float_convolutions {list(numbers)}: the model has the convolutions 0 to "
            f"{len(sections) - 2}."
        )
    return [name for number in numbers for name in sections[number + 1]]
