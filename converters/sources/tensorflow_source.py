"""What Keras models, SavedModels and TF.js graphs share: they become a SavedModel of our making.

Its signature has static shapes and the names that were chosen. The ``.tflite`` is made from it,
and the OpenVINO model from that ``.tflite`` (see `openvino` for why).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.graphs.saved_model import first_line, save_call
from converters.openvino.ir import read_saved_model, read_tflite
from converters.openvino.layer_names import name_layers
from converters.quiet import captured_output, tensorflow
from converters.sources.base import Array, Port, Source, Tensors
from converters.sources.ports import check_feeds
from converters.tflite.from_saved_model import to_tflite
from edgecnn.errors import ConversionError
from edgecnn.optional import require


class TensorFlowSource(Source):
    """A network that TensorFlow can trace.

    Args:
        title: For messages.
        call: Takes a tensor for each input, in their order; returns a list of output tensors.
        owner: What holds its variables: a Keras model or a loaded SavedModel.
        inputs: Names, static shapes and types.
        outputs: Names of what ``call`` returns; their shapes are found by tracing.
        layers: Names of layers, so that errors can name them; empty when unknown.
    """

    def __init__(
        self,
        title: str,
        call: Callable[..., Sequence[Any]],
        owner: Any,
        inputs: Sequence[Port],
        outputs: Sequence[str],
        *,
        layers: Sequence[str] = (),
    ) -> None:
        tf = tensorflow()
        self.title = title
        self.inputs = tuple(inputs)
        self._call, self._owner = call, owner
        self._layers = tuple(layers)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tflite: bytes | None = None
        self._refusal: str | None = None
        specs = [tf.TensorSpec(port.shape, port.dtype) for port in inputs]
        with captured_output("TensorFlow: tracing"):
            self._function = tf.function(
                self._named(outputs), input_signature=specs, autograph=False
            )
            try:
                traced = self._function.get_concrete_function().structured_outputs
            except Exception as error:
                raise ConversionError(
                    f"TensorFlow cannot trace {title} with inputs of the shapes "
                    f"{[port.shape for port in inputs]}: {first_line(error)}"
                ) from error
        self.outputs = tuple(
            Port(name, _static(title, name, traced[name].shape), np.dtype(traced[name].dtype.name))
            for name in outputs
        )

    def answer(self, feeds: Mapping[str, Array]) -> Tensors:
        """Run it in TensorFlow, for inference."""
        checked = check_feeds(self.title, self.inputs, feeds)
        with captured_output("TensorFlow: running the source"):
            found = self._function(*checked.values())
        return {port.name: np.asarray(found[port.name]) for port in self.outputs}

    def tflite(self) -> bytes:
        """As float32 ``.tflite``, made once; so is the error where there is no way."""
        if self._refusal is not None:
            raise ConversionError(self._refusal)
        if self._tflite is None:
            try:
                self._tflite = to_tflite(self._saved_model(), "float32", layers=self._layers)
            except ConversionError as error:
                self._refusal = str(error)
                raise
        return self._tflite

    def openvino(self) -> Any:
        """As a float32 ``openvino.Model``.

        It is read from the ``.tflite``, in which batch norms are folded already and layers can be
        named by their weights. Reading the SavedModel gives the same errors and speed (MobileNetV2:
        4e-10 on probabilities, 4.3 ms), but takes seconds more and has no names for layers. It is
        the way where TFLite, or OpenVINO's reader of it, lacks an operator.
        """
        openvino = require("openvino", extra="convert")
        try:
            with captured_output("OpenVINO: reading the .tflite"):
                model = read_tflite(openvino, self.tflite())
        except ConversionError:
            return read_saved_model(openvino, self._saved_model())
        name_layers(model, self.tflite())
        return model

    def close(self) -> None:
        """Remove the temporary SavedModel."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _saved_model(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="edgecnn-")
            try:
                self._save(Path(self._folder.name) / "model")
            except BaseException:
                self.close()
                raise
        return Path(self._folder.name) / "model"

    def _save(self, folder: Path) -> None:
        """Write the SavedModel that files are made of."""
        save_call(
            self._named([port.name for port in self.outputs]),
            {port.name: (port.shape, port.dtype) for port in self.inputs},
            folder,
            owner=self._owner,
        )

    def _named(self, outputs: Sequence[str]) -> Callable[..., dict[str, Any]]:
        tf = tensorflow()

        def serve(*feeds: Any) -> dict[str, Any]:
            # Half-precision outputs are widened, so that files of all precisions have float32 rims.
            values = [
                tf.cast(value, tf.float32) if value.dtype in (tf.float16, tf.bfloat16) else value
                for value in self._call(*feeds)
            ]
            return dict(zip(outputs, values, strict=True))

        return serve


def _static(title: str, name: str, shape: Any) -> tuple[int, ...]:
    if shape.rank is None or None in tuple(shape):
        raise ConversionError(
            f"The output {name!r} of {title} has the shape {shape}, which depends on the values "
            "that it is fed. Devices need fixed sizes: leave that step out of the model (and do "
            "it after inference), or give fixed input_shapes=."
        )
    return tuple(int(size) for size in shape)
