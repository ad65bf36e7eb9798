"""Named arrays in an ``.npz`` file: what a golden answer of the task ``tensors`` starts from.

Read without pickle, and without trusting a header: an array is as long as its bytes say. Entries
are stored, never compressed, so that the file's size bounds what is read.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import BundleError

_SUFFIX = ".npy"
_TIME = (1980, 1, 1, 0, 0, 0)
_MAX_ARRAYS = 64


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays of numbers as ``.npz``; the same arrays give the same bytes.

    Args:
        arrays: Name -> array of truth values, whole numbers or floats.

    Raises:
        BundleError: An array of something else.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            array = np.asarray(values)
            if array.dtype.kind not in "biuf":
                raise BundleError(f"The array {name!r} holds {array.dtype}, not numbers.")
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(array, order="C"), version=(1, 0))
            archive.writestr(zipfile.ZipInfo(name + _SUFFIX, _TIME), entry.getvalue())
    return stream.getvalue()


def read_arrays(content: bytes, *, where: str) -> dict[str, NDArray[Any]]:
    """Arrays of an ``.npz`` file, by name.

    Raises:
        BundleError: Not such a file, compressed, damaged, or with something else than numbers.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            if len(infos) > _MAX_ARRAYS:
                raise BundleError(f"{where} holds {len(infos)} arrays; at most {_MAX_ARRAYS}.")
            if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
                raise BundleError(f"{where} is compressed. Save it with numpy.savez.")
            return {
                info.filename.removesuffix(_SUFFIX): _read(archive.read(info)) for info in infos
            }
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise BundleError(f"{where} is no .npz file of numbers, or it is damaged: {error}") from (
            error
        )


def _read(content: bytes) -> NDArray[Any]:
    """One ``.npy``; raises ValueError when its header and its bytes do not fit."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"format {version} instead of (1, 0)")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    data = content[stream.tell() :]
    if dtype.kind not in "biuf" or len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{dtype} of shape {shape} in {len(data)} bytes")
    flat = np.frombuffer(data, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")
