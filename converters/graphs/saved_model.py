"""Write a network as a TensorFlow SavedModel whose inputs and outputs have the names we choose.

Converters keep the names of the signature, and a bundle's decoder finds its tensors by name
("image" in; "probabilities", "scores_8" ... out), so this is the place where they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from converters.quiet import captured_output, tensorflow
from edgecnn.errors import ConversionError
from edgecnn.optional import require

INPUT_NAME = "image"


def save_keras_model(model: Any, folder: Path, *, outputs: Sequence[str]) -> Path:
    """Export a Keras model with one picture as input.

    Args:
        model: A built ``keras.Model``; its batch axis is fixed to 1.
        folder: Where the SavedModel goes; created.
        outputs: A name for each output, in the model's order.

    Returns:
        ``folder``.

    Raises:
        ConversionError: The model has another number of inputs or outputs.
    """
    tf = tensorflow()
    keras = require("keras", extra="convert")
    if len(model.inputs) != 1 or len(model.outputs) != len(outputs):
        raise ConversionError(
            f"Model {model.name!r} has {len(model.inputs)} inputs and {len(model.outputs)} "
            f"outputs; expected one input (a picture) and the {len(outputs)} outputs "
            f"{', '.join(outputs)}."
        )
    spec = tf.TensorSpec((1, *model.inputs[0].shape[1:]), tf.float32, INPUT_NAME)

    def serve(image: Any) -> dict[str, Any]:
        answer = model(image, training=False)
        values = list(answer) if isinstance(answer, list | tuple) else [answer]
        return dict(zip(outputs, values, strict=True))

    with captured_output("TensorFlow: SavedModel"):
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serve", serve, input_signature=[spec])
        archive.write_out(str(folder), verbose=False)
    return folder


def save_call(
    call: Callable[..., Any],
    specs: Mapping[str, tuple[tuple[int, ...], Any]],
    folder: Path,
    *,
    owner: Any,
) -> Path:
    """Save a function of tensors with any number of inputs and outputs.

    Args:
        call: Takes a tensor for each spec, in their order; returns a dict of output tensors.
        specs: Input name -> static shape and numpy type.
        folder: Where the SavedModel goes; created.
        owner: What holds the variables that ``call`` uses: a Keras model or a ``tf.Module``.

    Returns:
        ``folder``.

    Raises:
        ConversionError: TensorFlow cannot trace the function; the message holds its reason.
    """
    tf = tensorflow()
    keras = require("keras", extra="convert")
    signature = [tf.TensorSpec(shape, kind, name) for name, (shape, kind) in specs.items()]
    with captured_output("TensorFlow: SavedModel"):
        try:
            if isinstance(owner, keras.Model):
                archive = keras.export.ExportArchive()
                archive.track(owner)
                archive.add_endpoint("serve", call, input_signature=signature)
                archive.write_out(str(folder), verbose=False)
            else:
                module = tf.Module()
                module.owner = owner
                module.serve = tf.function(call, input_signature=signature, autograph=False)
                tf.saved_model.save(module, str(folder), signatures=module.serve)
        except Exception as error:
            raise ConversionError(
                f"TensorFlow cannot trace the model for inference: {first_line(error)}"
            ) from error
    return folder


def first_line(error: BaseException) -> str:
    """The first telling line of a tool's message, at most 300 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


def save_graph(
    graph: Any, folder: Path, *, inputs: Mapping[str, str], outputs: Mapping[str, str]
) -> Path:
    """Save a frozen ``GraphDef``.

    Args:
        graph: All shapes of its placeholders are static.
        folder: Where the SavedModel goes; created.
        inputs: Signature name -> tensor of the graph ("image": "input_1:0").
        outputs: Signature name -> tensor of the graph ("scores_8": "Identity:0").

    Returns:
        ``folder``.

    Raises:
        ConversionError: TensorFlow refuses the graph; the message holds its reason.
    """
    tf = tensorflow()
    placeholders = {node.name: node for node in graph.node if node.op == "Placeholder"}
    specs = []
    for name, tensor in inputs.items():
        node = placeholders[tensor.partition(":")[0]]
        shape = [dimension.size for dimension in node.attr["shape"].shape.dim]
        specs.append(tf.TensorSpec(shape, tf.as_dtype(node.attr["dtype"].type), name))

    def serve(*feeds: Any) -> dict[str, Any]:
        found = tf.graph_util.import_graph_def(
            graph,
            input_map=dict(zip(inputs.values(), feeds, strict=True)),
            return_elements=list(outputs.values()),
            name="",
        )
        # An Identity under the signature's name keeps the tensor's name in the converted file.
        pairs = zip(outputs, found, strict=True)
        return {name: tf.identity(value, name=name) for name, value in pairs}

    module = tf.Module()
    try:
        with captured_output("TensorFlow: SavedModel"):
            module.serve = tf.function(serve, input_signature=specs)
            tf.saved_model.save(module, str(folder), signatures=module.serve)
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise ConversionError(f"TensorFlow refuses the graph: {error}") from error
    return folder
