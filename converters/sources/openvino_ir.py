"""OpenVINO IR files, and what they share with ONNX files: OpenVINO reads them, TFLite does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from converters.openvino.ir import last_line, widen_weights
from converters.quiet import captured_output
from converters.sources.base import Array, Port, Source, Target, Tensors
from converters.sources.ports import (
    Shapes,
    check_feeds,
    name_inputs,
    name_outputs,
    shapes_by_name,
    static_shape,
)
from converters.sources.running import Run, openvino_runner
from edgecnn.errors import ConversionError
from edgecnn.optional import require
from edgecnn.runtime.backends.openvino import shared_core


class OpenVINOSource(Source):
    """A file that OpenVINO reads.

    Args:
        path: The file.
        input_names: As `converters.sources.open_source`.
        outputs: Likewise.
        input_shapes: Likewise.
        batch: Likewise.

    Raises:
        ConversionError: Damaged, operators that OpenVINO lacks, or a shape is unknown.
        OptionError: Names or shapes do not fit the model.
    """

    _advice: ClassVar[str]
    """What to do for a ``.tflite``."""

    def __init__(
        self,
        path: Path,
        *,
        input_names: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        input_shapes: Shapes | None = None,
        batch: int = 1,
    ) -> None:
        self.title = path.name
        self._openvino = require("openvino", extra="convert")
        self._model = self._read(path)
        own = [_name(port) for port in self._model.inputs]
        inputs = name_inputs(own, input_names)
        names = name_outputs([_name(port) for port in self._model.outputs], outputs)
        self._fix_shapes(own, input_shapes, batch)
        self.precision = (
            "int8"
            if any(op.get_type_name() == "FakeQuantize" for op in self._model.get_ops())
            else "float32"
        )
        widen_weights(self._openvino, self._model)
        self.inputs = _named(self._model.inputs, inputs)
        self.outputs = _named(self._model.outputs, names)
        self.parameters = _count(self._model)
        self._run: Run | None = openvino_runner(self._model, self.outputs)

    def answer(self, feeds: Mapping[str, Array]) -> Tensors:
        """Run it in OpenVINO in float32 arithmetic."""
        if self._run is None:
            raise ConversionError(f"{self.title} is closed. Open it again.")
        return self._run(check_feeds(self.title, self.inputs, feeds))

    def tflite(self) -> bytes:
        """Never possible; see `refuses`."""
        raise ConversionError(self.refuses("tflite") or "")

    def openvino(self) -> Any:
        """The model itself, float16 weights widened; a copy at each call."""
        return self._model.clone()

    def refuses(self, target: Target) -> str | None:
        """TFLite: no tool turns OpenVINO's operators into TFLite's."""
        if target == "tflite":
            return f"{self.title} cannot become a .tflite: {self._advice}"
        return None

    def close(self) -> None:
        """Let the compiled model go."""
        self._run = None

    def _read(self, path: Path) -> Any:
        try:
            with captured_output(f"OpenVINO: reading {path.name}"):
                return shared_core().read_model(path)
        except RuntimeError as error:
            raise ConversionError(
                f"OpenVINO cannot read {path.name}: {last_line(error)}"
            ) from error

    def _fix_shapes(self, own: Sequence[str], input_shapes: Shapes | None, batch: int) -> None:
        given = shapes_by_name(self.title, own, input_shapes)
        fixed = {}
        for index, (name, port) in enumerate(zip(own, self._model.inputs, strict=True)):
            partial = port.get_partial_shape()
            shape = (
                None
                if partial.rank.is_dynamic
                else [None if size.is_dynamic else size.get_length() for size in partial]
            )
            fixed[index] = list(static_shape(self.title, name, shape, given.get(name), batch))
        try:
            self._model.reshape(fixed)
        except RuntimeError as error:
            raise ConversionError(
                f"{self.title} cannot take inputs of {list(fixed.values())}: {last_line(error)}"
            ) from error
        for port in self._model.outputs:
            if port.get_partial_shape().is_dynamic:
                raise ConversionError(
                    f"The output {_name(port)!r} of {self.title} has the shape "
                    f"{port.get_partial_shape()}, which depends on what it is fed. Devices need "
                    "fixed sizes: cut that step off and do it after inference."
                )


class IRSource(OpenVINOSource):
    """The ``.xml`` of an OpenVINO IR, its weights in the ``.bin`` beside it."""

    kind = "openvino"
    _advice = (
        "no tool turns an OpenVINO IR into one. Convert the model that the IR was made from, or "
        "leave 'tflite' out of the targets."
    )

    def _read(self, path: Path) -> Any:
        if not path.with_suffix(".bin").exists():
            raise ConversionError(
                f"{path.name} lacks its weights: {path.with_suffix('.bin').name} has to lie beside "
                "it."
            )
        return super()._read(path)


def _name(port: Any) -> str:
    """A tensor's own name, or that of its operation."""
    names = sorted(port.get_names())
    return str(names[0] if names else port.get_node().get_friendly_name())


def _named(ports: Any, names: Sequence[str]) -> tuple[Port, ...]:
    for port, name in zip(ports, names, strict=True):
        port.get_tensor().set_names({name})
    return tuple(
        Port(name, tuple(port.get_shape()), np.dtype(port.get_element_type().to_dtype()))
        for port, name in zip(ports, names, strict=True)
    )


def _count(model: Any) -> int:
    """Number of real values in constants."""
    return sum(
        int(np.prod(op.get_output_shape(0)))
        for op in model.get_ops()
        if op.get_type_name() == "Constant" and op.get_output_element_type(0).is_real()
    )
