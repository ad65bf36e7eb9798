"""Reading IDX, the format of the MNIST family: a short header, then the values.

Reference: "The IDX file format" in LeCun, Cortes, Burges, "The MNIST database of handwritten
digits". Two zero bytes, a type byte (8: unsigned bytes, the only one read here), the number of
dimensions, then each dimension and the values, big-endian, the last dimension fastest.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import SourceError

MAX_BYTES = 2**31
"""Values of one file. A header can claim far more than the file holds, and gzip can hold it."""
_UNSIGNED_BYTES = 8


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not.

    Args:
        path: The file; the ending ``.gz`` means gzip.

    Returns:
        An array of the shape in the header, its own memory.

    Raises:
        SourceError: The file cannot be read, is no IDX file of bytes, breaks off or goes on after
            its last value.
    """
    try:
        with ExitStack() as stack:
            stream = cast("IO[bytes]", stack.enter_context(path.open("rb")))
            if path.suffix == ".gz":
                stream = cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=stream)))
            return _read(stream, path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(
            f"{path} is no whole gzip file ({error}): it is damaged. Fetch it again."
        ) from error
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror or error}.") from error


def _read(stream: IO[bytes], path: Path) -> NDArray[np.uint8]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[3] == 0:
        raise SourceError(
            f"{path} is no IDX file: it starts with {magic!r}, expected two zero bytes, a type and "
            "a number of dimensions."
        )
    if magic[2] != _UNSIGNED_BYTES:
        raise SourceError(
            f"{path} holds IDX type {magic[2]:#04x}; expected unsigned bytes "
            f"({_UNSIGNED_BYTES:#04x})."
        )
    header = stream.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise SourceError(f"{path} breaks off inside its header. Fetch it again.")
    shape = struct.unpack(f">{magic[3]}I", header)
    count = int(np.prod(shape, dtype=object))
    if count > MAX_BYTES:
        raise SourceError(f"{path} claims {count} values of shape {shape}; at most {MAX_BYTES}.")
    values = stream.read(count + 1)
    if len(values) != count:
        came = f"only {len(values)}" if len(values) < count else "more"
        raise SourceError(
            f"{path} holds {came} values, but its header says {shape}, which is {count}: it is "
            "damaged. Fetch it again."
        )
    return np.frombuffer(values, np.uint8).reshape(shape).copy()
