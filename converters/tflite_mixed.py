"""TensorFlow SavedModel to an int8 ``.tflite`` in which named layers stay in float.

A few layers, mostly the first, can lose more to 8 bits than all others together. Left in float they
cost little, since the rest still runs in 8 bits; the file's input and outputs are then float32.
The converter quantizes a calibrated model as a whole or with exceptions; this is the second way.

Reference: Wu et al., "Integer Quantization for Deep Learning Inference: Principles and Empirical
Evaluation", arXiv:2004.09602, section 5.2 (partial quantization).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters.quiet import captured_output, tensorflow
from converters.saved_model import INPUT_NAME
from converters.tflite import Calibration
from edgecnn.errors import ConversionError
from edgecnn.optional import require


def to_mixed_tflite(
    saved_model: Path, calibration: Calibration, float_layers: Sequence[str]
) -> bytes:
    """Convert a SavedModel with one input named ``image`` to int8, except for some layers.

    Args:
        saved_model: Folder of the SavedModel.
        calibration: About 300 inputs as the device would feed them.
        float_layers: Patterns; an operation stays in float where one of them is found in its name
            in the float32 ``.tflite``, which holds the names of the layers that it was fused from.

    Returns:
        The content of the ``.tflite``; its input and outputs are float32.

    Raises:
        ConversionError: A pattern matches nothing, or operators have no TFLite counterpart.
    """
    tf = tensorflow()
    convert = require("tensorflow.lite.python.convert", extra="convert")
    with captured_output() as log:
        try:
            names = _operation_names(_converter(tf, saved_model).convert())
            calibrated = _calibrate(tf, saved_model, calibration)
            kept = _matching(names, float_layers)
            return bytes(convert.mlir_quantize(calibrated, denylisted_nodes=kept))
        except (ValueError, RuntimeError, TypeError) as error:
            raise ConversionError(f"TFLite conversion to int8 failed: {error}\n{log()}") from error


def _converter(tf: Any, saved_model: Path) -> Any:
    return tf.lite.TFLiteConverter.from_saved_model(str(saved_model))


def _calibrate(tf: Any, saved_model: Path, calibration: Calibration) -> bytes:
    """The float model with the range of every activation, not quantized yet."""
    converter = _converter(tf, saved_model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ({INPUT_NAME: image} for image in calibration())
    converter._experimental_calibrate_only = True
    return bytes(converter.convert())


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
