"""Weights of a TensorFlow.js model: the manifest that describes them, the ``.bin`` that holds them.

Two layouts exist. A graph or layers model carries its manifest under ``weightsManifest`` of the
model's JSON; older packages have the list alone in ``...-weights_manifest.json``. Either way the
weights of a group lie one after the other, without padding, in the concatenation of its ``paths``.
A weight may be stored smaller than it is used: as float16, or as uint8 / uint16 with
``real = stored * scale + min``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import ConversionError

STORED_TYPES = ("float32", "float16", "int32", "uint8", "uint16", "bool")


def read_weights(manifest_json: Path) -> dict[str, NDArray[Any]]:
    """Read all weights of a TF.js model.

    Args:
        manifest_json: The model's JSON, or the weights manifest alone. The ``.bin`` files lie
            beside it.

    Returns:
        Name -> array in the manifest's shape and dtype (float32, int32, bool ...), in file order.

    Raises:
        ConversionError: The JSON is not a manifest, a file is missing, or its size does not fit.
    """
    try:
        content = json.loads(manifest_json.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConversionError(f"Cannot read {manifest_json.name} as JSON: {error}.") from error
    groups = content.get("weightsManifest") if isinstance(content, dict) else content
    if not isinstance(groups, list):
        raise ConversionError(
            f"{manifest_json.name} holds no weights manifest: expected a list, or an object with "
            "the key 'weightsManifest'. Point to the model's .json file."
        )
    weights: dict[str, NDArray[Any]] = {}
    for group in groups:
        weights.update(_read_group(group, manifest_json.parent))
    return weights


def _read_group(group: dict[str, Any], folder: Path) -> dict[str, NDArray[Any]]:
    paths = [folder / path for path in group["paths"]]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise ConversionError(
            f"Weight files {', '.join(missing)} are missing beside the model: "
            "unpack the whole source package."
        )
    data = b"".join(path.read_bytes() for path in paths)
    weights, offset = {}, 0
    for entry in group["weights"]:
        quantization = entry.get("quantization", {})
        stored = np.dtype(_stored_type(entry["name"], quantization.get("dtype", entry["dtype"])))
        count = math.prod(entry["shape"])
        end = offset + count * stored.itemsize
        if end > len(data):
            raise ConversionError(
                f"Weight {entry['name']!r} ends at byte {end}, but the files hold {len(data)}: "
                "they are cut short or belong to another model."
            )
        values = np.frombuffer(data, stored.newbyteorder("<"), count, offset)
        weights[entry["name"]] = _real(values, quantization, entry["dtype"]).reshape(entry["shape"])
        offset = end
    if offset != len(data):
        raise ConversionError(
            f"The manifest describes {offset} bytes, but {group['paths']} hold {len(data)}: "
            "they belong to another model."
        )
    return weights


def _stored_type(name: str, stored: str) -> str:
    if stored not in STORED_TYPES:
        raise ConversionError(
            f"Weight {name!r} is stored as {stored!r}; known are {', '.join(STORED_TYPES)}."
        )
    return stored


def _real(stored: NDArray[Any], quantization: dict[str, Any], dtype: str) -> NDArray[Any]:
    """Undo the storage type; ``scale`` and ``min`` exist for the integer ones only."""
    if "scale" not in quantization:
        return stored.astype(dtype)
    real = stored.astype(np.float64)
    real *= float(quantization["scale"])
    real += float(quantization["min"])
    return real.astype(dtype)
