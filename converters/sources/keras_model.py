"""Keras 3 models: Functional, Sequential and subclassed, with any number of inputs and outputs.

Dropout, augmentation and batch norm behave as in inference (``training=False``).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from converters.graphs.saved_model import first_line
from converters.quiet import captured_output, tensorflow
from converters.sources.base import Port
from converters.sources.ports import (
    Shape,
    Shapes,
    name_inputs,
    name_outputs,
    shape_list,
    shapes_by_name,
    static_shape,
)
from converters.sources.tensorflow_source import TensorFlowSource
from edgecnn.errors import ConversionError, OptionError
from edgecnn.optional import require


class KerasSource(TensorFlowSource):
    """A Keras model in memory.

    Args:
        model: A ``keras.Model``; its weights are read at each conversion, not copied.
        input_names: Names for the inputs; None: ``image`` for one, else the model's own.
        outputs: Names for the outputs, in the model's order (a dict's: sorted by key).
        input_shapes: With the batch axis; needed where the model leaves sizes other than the batch
            open, and for a subclassed model that was never called. A subclassed model whose
            ``call`` takes one argument gets a dict of tensors for a dict of shapes, a list for
            several shapes; one that takes several arguments gets a tensor for each.
        batch: For an open batch axis.
        title: For messages; None: the model's name.

    Raises:
        ConversionError: A shape is unknown, or the model cannot be traced.
        OptionError: Names or shapes do not fit the model.
    """

    kind = "keras"

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
        _check_backend()
        name = title or f"the Keras model {model.name!r}"
        if _build_sequential(model, input_shapes, batch):
            input_shapes = None
        model = _in_float32(model, name)
        if getattr(model, "inputs", None):
            ports, ask = _declared(model, name, input_shapes, batch)
            own = _declared_outputs(model)
        else:
            ports, ask = _undeclared(model, name, input_shapes, batch)
            own = _traced_outputs(name, ports, ask)
        named = _rename(ports, input_names)
        tree = require("keras", extra="convert").tree

        def call(*feeds: Any) -> list[Any]:
            return list(tree.flatten(ask(*feeds)))

        super().__init__(
            name,
            call,
            model,
            named,
            name_outputs(own, outputs),
            layers=_layer_names(model),
        )
        self.parameters = int(model.count_params())
        if _ends_in_sigmoid(model):
            self.probabilities = True


def is_keras_model(value: object) -> bool:
    """Whether an object is a Keras 3 model; Keras is imported only if the caller has done so."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, keras.Model)


def _check_backend() -> None:
    keras = require("keras", extra="convert")
    if keras.backend.backend() != "tensorflow":
        raise ConversionError(
            f"Keras runs on {keras.backend.backend()} here, but converting goes by TensorFlow. "
            "Save the model (model.save('model.keras')) and convert that file in a process with "
            "KERAS_BACKEND=tensorflow in its environment."
        )


def _build_sequential(model: Any, input_shapes: Shapes | None, batch: int) -> bool:
    """Tell a Sequential its input, whatever name that was given; whether this was needed."""
    keras = require("keras", extra="convert")
    if not isinstance(model, keras.Sequential) or model.built or input_shapes is None:
        return False
    given: Any = input_shapes
    shape = shape_list(tuple(given.values()) if isinstance(given, Mapping) else given)[0]
    model.build((shape[0] or batch, *shape[1:]))
    return True


def _in_float32(model: Any, title: str) -> Any:
    """The model, or with mixed precision a copy that computes in float32 with the same weights.

    Mixed precision is for training: the weights are float32 anyway, and TFLite has no arithmetic in
    half precision.
    """
    keras = require("keras", extra="convert")
    mixed = [
        layer.name
        for layer in model._flatten_layers()
        if layer.compute_dtype in ("float16", "bfloat16")
    ]
    if not mixed:
        return model

    def copy(layer: Any) -> Any:
        return type(layer).from_config(layer.get_config() | {"dtype": "float32"})

    try:
        with captured_output("Keras: copy in float32"):
            clone = keras.models.clone_model(model, clone_function=copy, recursive=True)
            clone.set_weights(model.get_weights())
    except (ValueError, TypeError, AttributeError) as error:
        raise ConversionError(
            f"{title} computes in half precision in {', '.join(mixed[:3])}, and no copy in float32 "
            f"can be made of it ({first_line(error)}). Build it with the dtype policy 'float32' "
            "and give that its weights (set_weights)."
        ) from error
    return clone


def _declared(
    model: Any, title: str, input_shapes: Shapes | None, batch: int
) -> tuple[list[Port], Callable[..., Any]]:
    """Ports and call of a model that declares its inputs."""
    tree = require("keras", extra="convert").tree
    own = [tensor.name for tensor in model.inputs]
    given = shapes_by_name(title, own, input_shapes)
    ports = [
        Port(
            tensor.name,
            static_shape(title, tensor.name, tensor.shape, given.get(tensor.name), batch),
            np.dtype(tensor.dtype),
        )
        for tensor in model.inputs
    ]
    structure = getattr(model, "_inputs_struct", None)

    def ask(*feeds: Any) -> Any:
        if structure is None or len(feeds) == 1:
            packed = feeds[0]
        else:
            packed = tree.pack_sequence_as(structure, list(feeds))
        return model(packed, training=False)

    return ports, ask


def _undeclared(
    model: Any, title: str, input_shapes: Shapes | None, batch: int
) -> tuple[list[Port], Callable[..., Any]]:
    """Ports and call of a subclassed model: from ``input_shapes``, or from how it was called."""
    arguments = _call_arguments(model)
    known = _called_with(model, arguments) if input_shapes is None else input_shapes
    if known is None:
        raise ConversionError(
            f"{title} does not declare its inputs. Pass input_shapes=, with the batch axis, for "
            f"example {{{arguments[0]!r}: (1, 224, 224, 3)}}."
        )
    if isinstance(known, Mapping):
        shapes: dict[str, Shape] = dict(known)
    else:
        rows = shape_list(known)
        names = [f"input_{number}" for number in range(len(rows))]
        shapes = dict(zip(arguments if len(arguments) == len(rows) else names, rows, strict=True))
    if len(arguments) > 1 and set(shapes) - set(arguments):
        raise OptionError(
            f"input_shapes names {', '.join(shapes)}, but call() of {title} takes "
            f"{', '.join(arguments)}."
        )
    ports = [
        Port(name, static_shape(title, name, None, shape, batch), np.dtype(np.float32))
        for name, shape in shapes.items()
    ]
    takes_dict = isinstance(known, Mapping) and list(shapes) != arguments

    def ask(*feeds: Any) -> Any:
        if takes_dict and len(arguments) == 1:
            return model(dict(zip(shapes, feeds, strict=True)), training=False)
        if len(arguments) > 1:
            # Keras wants the first argument by position.
            by_name = dict(zip(shapes, feeds, strict=True))
            first = by_name.pop(arguments[0])
            return model(first, **by_name, training=False)
        return model(feeds[0] if len(feeds) == 1 else list(feeds), training=False)

    return ports, ask


def _called_with(model: Any, arguments: Sequence[str]) -> Any:
    """Input shapes of an earlier call; None when there was none, or Keras kept a part only."""
    if not model.built:
        return None
    kept = (model.get_build_config() or {}).get("input_shape")
    if kept is None:
        return None
    if isinstance(kept, Mapping):
        return {name: (None, *shape[1:]) for name, shape in kept.items()}
    rows = [(None, *shape[1:]) for shape in shape_list(kept)]
    return rows if len(arguments) == 1 else None


def _call_arguments(model: Any) -> list[str]:
    """Names of the arguments of ``call`` that take tensors."""
    parameters = inspect.signature(model.call).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = [
        parameter.name
        for parameter in parameters
        if parameter.kind in kinds
        and parameter.default is inspect.Parameter.empty
        and parameter.name not in ("training", "mask")
    ]
    return found or ["inputs"]


def _declared_outputs(model: Any) -> list[str]:
    """A dict's keys, or the names of the layers that give the outputs."""
    tree = require("keras", extra="convert").tree
    structure = getattr(model, "_outputs_struct", None)
    if isinstance(structure, Mapping):
        return _path_names(structure)
    names = getattr(model, "output_names", None)
    if names is None:  # Sequential
        names = [model.layers[-1].name]
    return list(names) if len(names) == len(tree.flatten(model.outputs)) else []


def _traced_outputs(title: str, ports: Sequence[Port], ask: Callable[..., Any]) -> list[str]:
    tf = tensorflow()
    specs = [tf.TensorSpec(port.shape, port.dtype) for port in ports]
    try:
        with captured_output("Keras: tracing"):
            traced = tf.function(
                ask, input_signature=specs, autograph=False
            ).get_concrete_function()
    except Exception as error:
        raise ConversionError(
            f"{title} cannot be called with inputs of the shapes "
            f"{[port.shape for port in ports]}: {first_line(error)}"
        ) from error
    return _path_names(traced.structured_outputs)


def _path_names(structure: Any) -> list[str]:
    """A name for each leaf: its path of keys and numbers; ``output`` for a single tensor."""
    tree = require("keras", extra="convert").tree
    paths = [path for path, _ in tree.flatten_with_path(structure)]
    names = ["_".join(str(part) for part in path) for path in paths]
    return [f"output_{name}" if name.isdigit() else name or "output" for name in names]


def _rename(ports: Sequence[Port], wanted: Sequence[str] | None) -> list[Port]:
    names = name_inputs([port.name for port in ports], wanted)
    return [Port(name, port.shape, port.dtype) for name, port in zip(names, ports, strict=True)]


def _ends_in_sigmoid(model: Any) -> bool:
    """Whether its (first) output is a probability for each class by itself, summing to anything."""
    outputs = getattr(model, "outputs", None)
    if not outputs:  # subclassed
        return False
    layer = outputs[0]._keras_history.operation
    activations = require("keras", extra="convert").activations
    return getattr(layer, "activation", None) is activations.sigmoid


def _layer_names(model: Any) -> list[str]:
    """Names of all layers, those of nested models as well."""
    return [layer.name for layer in model._flatten_layers(include_self=False)]
