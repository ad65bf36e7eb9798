"""Keras models from `edgecnn.training.quantize.prepare`: what they compute is what integers will.

The model itself is the reference of all proof, because its training saw its own rounding. Its files
are made of the trained ranges (see `converters.qat`), so that nothing is calibrated and nothing has
to be mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters.qat import export, openvino_of, tflite_of
from converters.sources.keras_model import KerasSource
from converters.sources.ports import Shapes
from edgecnn.bundle.schema import Precision
from edgecnn.errors import ConversionError
from edgecnn.optional import require


class QATSource(KerasSource):
    """A Keras model that simulates integers.

    Args:
        model: From `edgecnn.training.quantize.prepare`, trained or observed.
        input_names: As `KerasSource`.
        outputs: Likewise.
        input_shapes: Likewise; they can only confirm what the model says.
        batch: 1.
        title: For messages; None: the model's name.

    Raises:
        ConversionError: It has ranges that are not known yet, or another batch was asked for.
    """

    precision: Precision = "int8"
    simulates = True

    def __init__(
        self,
        model: Any,
        *,
        input_names: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        input_shapes: Shapes | None = None,
        batch: int = 1,
        title: str | None = None,
    ) -> None:
        name = title or f"the Keras model {model.name!r}"
        if batch != 1:
            raise ConversionError(
                f"{name} was trained to be rounded; such files take one input at a time, but "
                f"batch={batch} was asked for."
            )
        unknown = _quantize().unobserved(model)
        if unknown:
            raise ConversionError(
                f"{len(unknown)} ranges of {name} are not known yet, {unknown[0]!r} among them. "
                "Train it, or show it pictures with edgecnn.training.quantize.observe."
            )
        super().__init__(
            model,
            input_names=input_names,
            outputs=outputs,
            input_shapes=input_shapes,
            title=name,
        )
        self._model = model
        kernels = _kernels(model)
        self.parameters = sum(_size(layer.kernel) + _size(layer.bias) for layer in kernels)
        self.probabilities = require(
            "edgecnn.training.learner", extra="convert"
        ).gives_probabilities(model)
        self.note = _note({int(layer.weight_bits) for layer in kernels})

    def tflite(self) -> bytes:
        """As full-integer ``.tflite``, int8 in and out."""
        if self._tflite is None:
            self._tflite = tflite_of(self._saved_model())
        return self._tflite

    def openvino(self) -> Any:
        """As an ``openvino.Model`` that rounds at the same places; float32 in and out."""
        return openvino_of(self._saved_model())

    def lacks(self, precision: Precision) -> str | None:
        """Float files would not give its answers."""
        if precision == "int8":
            return None
        return (
            f"{self.title} was trained to be rounded to 8-bit integers, and a {precision} file "
            "would give other answers; convert the network that it was prepared from"
        )

    def _save(self, folder: Path) -> None:
        export(
            self._model,
            folder,
            inputs=[port.name for port in self.inputs],
            outputs=[port.name for port in self.outputs],
        )


def is_prepared(model: Any) -> bool:
    """Whether a Keras model comes from `edgecnn.training.quantize.prepare`."""
    kind = require("edgecnn.training.quantize.activations", extra="convert").ActivationQuantizer
    return any(isinstance(layer, kind) for layer in model.layers)


def open_keras_model(model: Any, **options: Any) -> KerasSource:
    """A Keras model in memory as a source, whichever of the two kinds it is.

    Args:
        model: A ``keras.Model``.
        **options: As `KerasSource`.
    """
    return (QATSource if is_prepared(model) else KerasSource)(model, **options)


def _quantize() -> Any:
    return require("edgecnn.training.quantize", extra="convert")


def _kernels(model: Any) -> list[Any]:
    kind = require("edgecnn.training.quantize.kernels", extra="convert").QuantizedKernel
    return [layer for layer in model.layers if isinstance(layer, kind)]


def _size(weight: Any) -> int:
    if weight is None:
        return 0
    size = 1
    for length in weight.shape:
        size *= int(length)
    return size


def _note(bits: set[int]) -> str:
    if bits <= {8}:
        weights = "8-bit weights"
    else:
        some = "4-bit weights" if bits == {4} else "weights of 4 and of 8 bits"
        weights = (
            f"{some}, those of 4 bits stored one a byte (15 of its 256 levels; gzip and .edge "
            "take the unused bits off again)"
        )
    return f"Quantization-aware training: {weights}, 8-bit activations with trained ranges."
