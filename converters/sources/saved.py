"""TensorFlow SavedModels, by one of their signatures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.graphs.saved_model import first_line
from converters.quiet import captured_output, tensorflow
from converters.sources.base import Port
from converters.sources.ports import (
    Shapes,
    name_inputs,
    name_outputs,
    shapes_by_name,
    static_shape,
)
from converters.sources.tensorflow_source import TensorFlowSource
from edgecnn.errors import ConversionError

DEFAULT_SIGNATURE = "serving_default"


class SavedModelSource(TensorFlowSource):
    """A SavedModel folder: its signature ``serving_default``, or the only one that it has.

    Args:
        path: The folder that holds ``saved_model.pb``.
        input_names: As `converters.sources.open_source`.
        outputs: Likewise; in the order of their names in the signature, numbers by their size.
        input_shapes: Likewise.
        batch: Likewise.

    Raises:
        ConversionError: Damaged, without a signature, or a shape is unknown.
        OptionError: Names or shapes do not fit the model.
    """

    kind = "savedmodel"

    def __init__(
        self,
        path: Path,
        *,
        input_names: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        input_shapes: Shapes | None = None,
        batch: int = 1,
    ) -> None:
        tf = tensorflow()
        title = f"the SavedModel {path.name}"
        try:
            with captured_output("TensorFlow: loading the SavedModel"):
                loaded = tf.saved_model.load(str(path))
        except Exception as error:
            raise ConversionError(
                f"TensorFlow {tf.__version__} cannot load {title}: {first_line(error)} The folder "
                "has to be whole: saved_model.pb, variables/ and assets/."
            ) from error
        function = _signature(title, loaded)
        # The file holds maps, whose order is chance.
        arguments = function.structured_input_signature[1]
        specs = {name: arguments[name] for name in sorted(arguments, key=_natural)}
        own_outputs = sorted(function.structured_outputs, key=_natural)
        given = shapes_by_name(title, list(specs), input_shapes)
        ports = [
            Port(
                name,
                static_shape(title, own, _shape(specs[own]), given.get(own), batch),
                np.dtype(specs[own].dtype.as_numpy_dtype),
            )
            for own, name in zip(specs, name_inputs(list(specs), input_names), strict=True)
        ]

        def call(*feeds: Any) -> list[Any]:
            answer = function(**dict(zip(specs, feeds, strict=True)))
            return [answer[name] for name in own_outputs]

        super().__init__(title, call, loaded, ports, name_outputs(own_outputs, outputs))
        variables = getattr(loaded, "variables", None) or function.variables
        self.parameters = sum(int(np.prod(variable.shape)) for variable in variables) or None


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts "output_10" behind "output_9"."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _shape(spec: Any) -> list[int | None] | None:
    return None if spec.shape.rank is None else list(spec.shape)


def _signature(title: str, loaded: Any) -> Any:
    signatures = dict(loaded.signatures)
    if DEFAULT_SIGNATURE in signatures:
        return signatures[DEFAULT_SIGNATURE]
    if len(signatures) == 1:
        return next(iter(signatures.values()))
    has = f"only has {', '.join(sorted(signatures))}" if signatures else "has none"
    raise ConversionError(
        f"{title} needs a signature called {DEFAULT_SIGNATURE!r}, but {has}. Save it with "
        "model.export(folder) in Keras, or tf.saved_model.save(..., signatures=...)."
    )
