"""TensorFlow SavedModel to ``.tflite``, with built-in operators only.

Presets: ``float32`` keeps the weights; ``float16`` halves the file and computes in float32;
``int8`` is full integer (8-bit inputs, outputs, activations and weights, one scale a channel of
weights), which needs calibration pictures. No file that we make needs TensorFlow's own operators:
a device does not have them.

Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", arXiv:1712.05877.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from converters.graphs.saved_model import INPUT_NAME, save_keras_model
from converters.quiet import captured_output, tensorflow
from converters.tflite.errors import explain
from edgecnn.errors import ConversionError

TFLitePrecision = Literal["float32", "float16", "int8"]
Rim = Literal["int8", "uint8"]
"""Type of a full-integer file's input and outputs. Inside it is int8 all the same; ``uint8`` costs
a pass over either, and is the only integer type that MediaPipe's tasks accept."""
Calibration = Callable[[], Iterable[NDArray[np.float32]]]
"""Gives a fresh pass over calibration inputs: float32, the shape of the input tensor."""


def to_tflite(
    saved_model: Path,
    precision: TFLitePrecision,
    calibration: Calibration | None = None,
    *,
    rim: Rim = "int8",
    layers: Sequence[str] = (),
) -> bytes:
    """Convert a SavedModel; for ``int8``, one with a single input named ``image``.

    The same input gives the same bytes with the same version of TensorFlow.

    Args:
        saved_model: Folder of the SavedModel; its default signature names the tensors.
        precision: See the presets of this module.
        calibration: For ``int8``: about 300 pictures as the device would feed them.
        rim: For ``int8``: type of the input and of the outputs.
        layers: Names of the model's layers, so that an error can name those that stand in the way.

    Returns:
        The content of the ``.tflite``.

    Raises:
        ConversionError: Calibration is missing, or operators have no TFLite counterpart.
    """
    tf = tensorflow()
    if precision == "int8" and calibration is None:
        raise ConversionError(
            "int8 needs calibration pictures to find the range of every activation: pass "
            "calibration=, about 300 pictures like those the model will see."
        )
    with captured_output(f"TensorFlow: .tflite in {precision}") as log:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
        _configure(tf, converter, precision, calibration, rim)
        try:
            return bytes(converter.convert())
        except Exception as error:
            text = f"{error}\n{log()}"
            raise ConversionError(explain(text, precision, layers)) from error


def keras_to_tflite(
    model: Any,
    precision: TFLitePrecision,
    *,
    outputs: Sequence[str],
    calibration: Calibration | None = None,
    rim: Rim = "int8",
) -> bytes:
    """Convert a Keras model: export it with named outputs, then `to_tflite`.

    Args:
        model: A built ``keras.Model`` with one picture as input.
        precision: As in `to_tflite`.
        outputs: A name for each output, as the bundle's decoder expects them.
        calibration: As in `to_tflite`.
        rim: As in `to_tflite`.

    Returns:
        The content of the ``.tflite``.

    Raises:
        ConversionError: As `to_tflite`, or the number of outputs differs.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved = save_keras_model(model, Path(folder) / "model", outputs=outputs)
        return to_tflite(saved, precision, calibration, rim=rim)


def _configure(
    tf: Any,
    converter: Any,
    precision: TFLitePrecision,
    calibration: Calibration | None,
    rim: Rim,
) -> None:
    if precision == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8" and calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = _named(calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.dtypes.as_dtype(rim)


def _named(calibration: Calibration) -> Callable[[], Iterator[dict[str, Any]]]:
    def samples() -> Iterator[dict[str, Any]]:
        for image in calibration():
            yield {INPUT_NAME: image}

    return samples
