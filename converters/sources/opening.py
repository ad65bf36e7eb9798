"""`open_source`: from a model object or a path to a `Source`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from converters.sources.base import Source
from converters.sources.ports import Shapes
from edgecnn.errors import ConversionError, OptionError
from edgecnn.registry import Registry

KINDS = Registry(
    "kind of source",
    {
        "keras": "converters.sources.keras_file:open_keras_file",
        "savedmodel": "converters.sources.saved:SavedModelSource",
        "tfjs": "converters.sources.tfjs_graph:TFJSSource",
        "tflite": "converters.sources.tflite_file:TFLiteSource",
        "openvino": "converters.sources.openvino_ir:IRSource",
        "onnx": "converters.sources.onnx_file:ONNXSource",
    },
)
"""How a path of each kind is opened; a Keras model object goes to `open_keras_model`."""

ACCEPTED = (
    "a Keras 3 model, a .keras or .h5 file, the folder of a run, a SavedModel folder, the "
    "model.json of a TF.js graph model, a .tflite, the .xml of an OpenVINO IR, or a .onnx"
)
_SUFFIXES = {
    ".keras": "keras",
    ".h5": "keras",
    ".hdf5": "keras",
    ".json": "tfjs",
    ".tflite": "tflite",
    ".xml": "openvino",
    ".onnx": "onnx",
}
_ADVICE = {
    ".bin": "the .xml beside it is the model; the .bin holds its weights",
    ".edge": "that is a finished bundle; give the model that it was made from",
    ".pb": "give the SavedModel folder that it lies in",
    ".lite": "rename it to .tflite",
}
_PYTORCH = (
    "a PyTorch file holds weights, and code that only PyTorch runs. Write it as ONNX "
    "(torch.onnx.export(model, inputs, 'model.onnx'), for OpenVINO) or as .tflite "
    "(litert_torch.convert(model.eval(), inputs).export('model.tflite'), for both)"
)
_ADVICE |= dict.fromkeys((".pt", ".pth", ".pt2", ".ckpt", ".safetensors"), _PYTORCH)


def open_source(
    model: Any,
    *,
    custom_objects: Mapping[str, Any] | None = None,
    input_names: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    input_shapes: Shapes | None = None,
    batch: int = 1,
) -> Source:
    """Open a trained network for conversion.

    Args:
        model: A Keras 3 model, or a path; see `ACCEPTED`.
        custom_objects: Name -> class or function, for layers of a Keras file that are not Keras'
            own.
        input_names: Names for the inputs, in the model's order; None: ``image`` for a single input,
            else the model's own names.
        outputs: Names for the outputs, in the model's order; None: the model's own.
        input_shapes: Static shapes with the batch axis, by the model's own input names, in its
            order, or one alone; needed where a size other than the batch is open.
        batch: Size of the batch where the model leaves it open.

    Returns:
        The source; close it.

    Raises:
        ConversionError: Not a model that can be read; the message says why and what to do.
        OptionError: Names or shapes do not fit the model.
        MissingExtraError: What reads this kind is not installed.
    """
    from converters.sources.keras_model import is_keras_model
    from converters.sources.qat_model import open_keras_model

    if batch < 1:
        raise OptionError(f"batch is {batch}; expected 1 or more.")
    options: dict[str, Any] = {
        "input_names": input_names,
        "outputs": outputs,
        "input_shapes": input_shapes,
        "batch": batch,
    }
    if is_keras_model(model):
        return open_keras_model(model, **options)
    if not isinstance(model, str | Path):
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise ConversionError(f"A {kind} cannot be converted{_hint(model)}. Expected {ACCEPTED}.")
    path = _best_of_run(Path(model))
    kind = _kind_of(path)
    if kind == "keras":
        options["custom_objects"] = custom_objects
    source: Source = KINDS[kind](path, **options)
    return source


def _best_of_run(path: Path) -> Path:
    """The best net where the folder of a training run is named; anything else as it is."""
    best = path / "best.keras"
    return best if best.is_file() else path


def _kind_of(path: Path) -> str:
    if not path.exists():
        raise ConversionError(f"There is no model {path}. Expected {ACCEPTED}.")
    if path.is_dir():
        return _kind_of_folder(path)
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        advice = f": {_ADVICE[suffix]}" if suffix in _ADVICE else ""
        raise ConversionError(f"{path} cannot be converted{advice}. Expected {ACCEPTED}.")
    return _SUFFIXES[suffix]


def _kind_of_folder(path: Path) -> str:
    names = {entry.name for entry in path.iterdir()}
    if names & {"saved_model.pb", "saved_model.pbtxt"}:
        return "savedmodel"
    if "bundle.json" in names:
        raise ConversionError(
            f"The folder {path} is a finished bundle. Give the model that it was made from; to "
            f"look at the bundle: edgecnn inspect {path}"
        )
    models = sorted(
        name
        for name in names
        if Path(name).suffix.lower() in _SUFFIXES.keys() - {".json"} or name == "model.json"
    )
    found = f", but {', '.join(models[:3])}: give that file" if models else ""
    raise ConversionError(
        f"The folder {path} holds no SavedModel (saved_model.pb){found}. Expected {ACCEPTED}."
    )


def _hint(model: object) -> str:
    top = type(model).__module__.partition(".")[0]
    bases = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    if "torch" in bases:
        return f": {_PYTORCH}"
    if "tf_keras" in bases or top == "tf_keras":
        return ": it is a Keras 2 model; save it as .h5 or SavedModel and give that path"
    return ""
