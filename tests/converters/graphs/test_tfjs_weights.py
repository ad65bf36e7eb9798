from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.graphs.tfjs_weights import read_weights
from edgecnn.errors import ConversionError


def write(folder: Path, weights: list[dict[str, Any]], data: bytes, *, wrapped: bool) -> Path:
    (folder / "w.bin").write_bytes(data)
    groups = [{"paths": ["w.bin"], "weights": weights}]
    file = folder / "model.json"
    file.write_text(json.dumps({"weightsManifest": groups} if wrapped else groups))
    return file


@pytest.mark.parametrize("wrapped", [True, False])
def test_weights_lie_one_after_the_other_in_their_own_types(tmp_path: Path, wrapped: bool) -> None:
    kernel = np.arange(6, dtype="<f4").reshape(2, 3)
    half = np.array([0.5, -2.0], "<f2")
    shape = np.array([-1, 80], "<i4")
    entries = [
        {"name": "kernel", "shape": [2, 3], "dtype": "float32"},
        {"name": "half", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}},
        {"name": "shape", "shape": [2], "dtype": "int32"},
    ]
    data = kernel.tobytes() + half.tobytes() + shape.tobytes()
    weights = read_weights(write(tmp_path, entries, data, wrapped=wrapped))
    assert list(weights) == ["kernel", "half", "shape"]
    np.testing.assert_array_equal(weights["kernel"], kernel)
    np.testing.assert_array_equal(weights["half"], np.array([0.5, -2.0], np.float32))
    assert weights["half"].dtype == np.float32
    assert weights["shape"].tolist() == [-1, 80]


@pytest.mark.parametrize("stored", ["uint8", "uint16"])
def test_stored_integers_become_real_by_scale_and_min(tmp_path: Path, stored: str) -> None:
    quantization = {"dtype": stored, "scale": 0.5, "min": -3.0}
    entry = {"name": "w", "shape": [3], "dtype": "float32", "quantization": quantization}
    data = np.array([0, 6, 200], np.dtype(stored).newbyteorder("<")).tobytes()
    weights = read_weights(write(tmp_path, [entry], data, wrapped=True))
    np.testing.assert_array_equal(weights["w"], np.array([-3.0, 0.0, 97.0], np.float32))


def test_a_scalar_has_one_value(tmp_path: Path) -> None:
    entry = {"name": "s", "shape": [], "dtype": "float32"}
    weights = read_weights(write(tmp_path, [entry], np.float32(7).tobytes(), wrapped=True))
    assert weights["s"].shape == ()
    assert float(weights["s"]) == 7.0


@pytest.mark.parametrize(("bytes_", "message"), [(11, "cut short"), (13, "another model")])
def test_files_of_the_wrong_size_are_refused(tmp_path: Path, bytes_: int, message: str) -> None:
    entry = {"name": "w", "shape": [3], "dtype": "float32"}
    with pytest.raises(ConversionError, match=message):
        read_weights(write(tmp_path, [entry], bytes(bytes_), wrapped=True))


def test_a_missing_weight_file_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, [], b"", wrapped=True)
    (tmp_path / "w.bin").unlink()
    with pytest.raises(ConversionError, match=r"w\.bin"):
        read_weights(file)


@pytest.mark.parametrize("content", ["{}", "not json", '{"weightsManifest": 3}'])
def test_a_file_without_a_manifest_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "model.json"
    file.write_text(content)
    with pytest.raises(ConversionError):
        read_weights(file)


def test_an_unknown_storage_type_is_refused(tmp_path: Path) -> None:
    entry = {"name": "w", "shape": [1], "dtype": "complex64"}
    with pytest.raises(ConversionError, match="complex64"):
        read_weights(write(tmp_path, [entry], bytes(8), wrapped=True))
