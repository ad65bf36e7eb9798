"""``.keras`` and ``.h5`` files, in Keras' safe mode: a file must not run code of its own.

The architecture is read as data first, so that a layer that cannot be had is named before Keras
gives up in the middle.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from converters.graphs.saved_model import first_line
from converters.quiet import captured_output, tensorflow
from converters.sources.keras_model import KerasSource
from converters.sources.qat_model import open_keras_model
from edgecnn.errors import ConversionError
from edgecnn.optional import require

OWN_LAYERS = ("edgecnn.nets.layers.registered", "edgecnn.training.quantize")
"""Modules whose layers announce themselves to Keras when they are imported."""
_CONFIG_BYTES = 256 * 1024 * 1024
"""No architecture is as long; a zip entry that claims to be may be meant to fill memory."""


def open_keras_file(
    path: Path, *, custom_objects: Mapping[str, Any] | None = None, **options: Any
) -> KerasSource:
    """Open a whole model that Keras has saved.

    Args:
        path: ``.keras``, ``.h5`` or ``.hdf5``.
        custom_objects: Name -> class or function, for layers that are not Keras' own.
        **options: As `KerasSource`.

    Raises:
        ConversionError: Damaged; weights only; a Lambda layer; a class that is not known.
    """
    tensorflow()
    keras = require("keras", extra="convert")
    for module in OWN_LAYERS:  # ours are known without a word
        require(module, extra="convert")
    config = _read_keras(path) if zipfile.is_zipfile(path) else _read_hdf5(path)
    custom = dict(custom_objects or {})
    _check_layers(keras, path, config, custom)
    try:
        with captured_output(f"Keras: loading {path.name}"):
            model = keras.saving.load_model(
                path, custom_objects=custom, compile=False, safe_mode=True
            )
    except Exception as error:
        raise ConversionError(
            f"Keras {keras.__version__} cannot load {path.name}: {first_line(error)} If the file "
            "comes from another version of Keras, load it there and save it again as .keras; "
            "otherwise it is damaged."
        ) from error
    return open_keras_model(model, title=path.name, **options)


def _read_keras(path: Path) -> Any:
    """The architecture in a ``.keras`` file."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > _CONFIG_BYTES:
                raise ConversionError(f"{path.name}: its config.json is too large to be one.")
            return json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError) as error:
        raise _damaged(path, error) from error


def _read_hdf5(path: Path) -> Any:
    """The architecture in a ``.h5`` file."""
    h5py = require("h5py", extra="convert")
    try:
        with h5py.File(path, "r") as file:
            config = file.attrs.get("model_config")
            if config is not None:
                return json.loads(config)
            keys = ", ".join(list(file)[:3])
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _damaged(path, error) from error
    raise ConversionError(
        f"{path.name} holds weights only ({keys} ...), not the model that they belong to. Build "
        "the model, load them (model.load_weights), and convert the model or save it whole: "
        "model.save('model.keras')."
    )


def _damaged(path: Path, error: Exception) -> ConversionError:
    return ConversionError(
        f"{path.name} is damaged, or no Keras file: {first_line(error)} Expected what "
        "model.save('model.keras') writes."
    )


def _check_layers(keras: Any, path: Path, config: Any, custom: Mapping[str, Any]) -> None:
    """Refuse layers that run code of the file, and classes that are not known."""
    unknown: dict[str, str] = {}
    for part in _objects(config):
        kind = str(part["class_name"])
        name = str((part.get("config") or {}).get("name") or part.get("name") or kind)
        if kind in ("Lambda", "__lambda__"):
            raise ConversionError(
                f"{path.name} has the Lambda layer {name!r}: it holds Python code, which is not "
                "run from a file. Replace it by a layer class (keras.layers.Layer with a call "
                "method) or by keras.ops on the tensors, and save again; or convert the model in "
                "the program that builds it: edgecnn.convert(model, ...)."
            )
        registered = str(part.get("registered_name") or kind)
        known = {kind, registered, registered.rpartition(">")[2]} & set(custom)
        if known or _is_keras_own(keras, kind, part.get("module")):
            continue
        if keras.saving.get_registered_object(registered) is None:
            unknown.setdefault(kind, name)
    if unknown:
        kind, name = next(iter(unknown.items()))
        others = f" (also {', '.join(list(unknown)[1:])})" if len(unknown) > 1 else ""
        raise ConversionError(
            f"{path.name} uses the class {kind!r}{others}, in the layer {name!r}, which is not "
            f"Keras' own. Pass custom_objects={{{kind!r}: {kind}}} with that class, or import the "
            "module that registers it (@keras.saving.register_keras_serializable) first."
        )


def _is_keras_own(keras: Any, kind: str, module: str | None) -> bool:
    if module is not None:
        return module.partition(".")[0] == "keras" or kind == "function"
    # Older files give the class alone.
    if kind.startswith("__"):  # marks of tensors, tuples, numbers
        return True
    places = (keras.layers, keras.models, keras.initializers, keras.regularizers, keras.constraints)
    return kind == "Functional" or any(hasattr(place, kind) for place in places)


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every serialized object of an architecture, outer ones first."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("class_name"), str):
                yield part
            # Losses, metrics and optimizers are not loaded, so they need not be known.
            waiting += [v for k, v in part.items() if k not in ("compile_config", "build_config")]
        elif isinstance(part, list):
            waiting += part
