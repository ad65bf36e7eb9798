"""A float32 ``.tflite`` as int8, except for named layers that stay in float.

A few layers, mostly the first or the last, can lose more to 8 bits than all others together. Left
in float they cost little, since the rest still runs in 8 bits; the file's input and outputs are
then float32. It starts from a ``.tflite``, so that networks work too whose source is lost.

Reference: Wu et al., "Integer Quantization for Deep Learning Inference: Principles and Empirical
Evaluation", arXiv:2004.09602, section 5.2 (partial quantization).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.quiet import captured_output, tensorflow
from converters.tflite.from_saved_model import Calibration
from edgecnn.errors import ConversionError
from edgecnn.optional import require


def quantize_partly(tflite: bytes, calibration: Calibration, float_layers: Sequence[str]) -> bytes:
    """Quantize a float32 ``.tflite`` to int8, except for some layers.

    Ranges of activations are taken whole, from least to largest value.

    Args:
        tflite: A float32 model with one input; one with float16 weights has to go through
            `converters.tflite.widen` first.
        calibration: About 300 inputs as the device would feed them.
        float_layers: Patterns; an operation stays in float where one of them is found in the name
            of its first output, which holds the names of the layers that it was fused from.

    Returns:
        The content of the ``.tflite``; its input and outputs are float32. The same input gives
        the same bytes with the same version of TensorFlow.

    Raises:
        ConversionError: A pattern matches nothing, or TensorFlow refuses the model.
    """
    tensorflow()
    kept = _matching(_operation_names(tflite), float_layers)
    with captured_output() as log:
        calibrator = require("tensorflow.lite.python.optimize.calibrator", extra="convert")
        convert = require("tensorflow.lite.python.convert", extra="convert")
        try:
            calibrated = calibrator.Calibrator(tflite).calibrate(_lists(calibration))
            return bytes(convert.mlir_quantize(calibrated, denylisted_nodes=kept or None))
        except (ValueError, RuntimeError, TypeError) as error:
            raise ConversionError(f"TFLite conversion to int8 failed: {error}\n{log()}") from error


def _lists(calibration: Calibration) -> Any:
    def samples() -> Iterator[list[NDArray[np.float32]]]:
        for image in calibration():
            yield [image]

    return samples


def _operation_names(tflite: bytes) -> list[str]:
    """Names by which the converter knows its operations: those of their first outputs."""
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    graph = schema.Model.GetRootAs(tflite, 0).Subgraphs(0)
    operators = [graph.Operators(number) for number in range(graph.OperatorsLength())]
    return [graph.Tensors(operator.Outputs(0)).Name().decode() for operator in operators]


def _matching(names: Sequence[str], patterns: Sequence[str]) -> set[str]:
    kept = set()
    for pattern in patterns:
        found = {name for name in names if re.search(pattern, name)}
        if not found:
            raise ConversionError(
                f"No operation matches {pattern!r}; the model has {', '.join(names[:8])} ..."
            )
        kept |= found
    return kept
