"""Packing an edited ``.tflite`` with its weights aligned as the format asks.

The official Python packer aligns vectors of bytes to 4 bytes only, but ``schema.fbs`` asks for 16:
kernels map weights from the file and may read them in wide words.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecnn.optional import require

_ALIGNMENT = 16


def pack(model: Any, *, share: bool = False) -> bytes:
    """The bytes of an edited model.

    Args:
        model: A ``ModelT`` of ``ai_edge_litert.schema_py_generated``. Its buffers are held as numpy
            arrays, as they are when it was unpacked.
        share: Write equal vectors of numbers (zero points, scales, shapes) once, and let all that
            hold them refer to that place, as the format allows.
    """
    flatbuffers = require("flatbuffers", extra="convert")

    class Builder(flatbuffers.Builder):  # type: ignore[misc, name-defined]
        """Aligns bytes; everything else as it comes."""

        known: dict[tuple[str, bytes], Any] = {}  # noqa: RUF012 - of one builder, which is all

        def CreateNumpyVector(self, x: Any) -> Any:  # noqa: N802 - the name that is replaced
            if x.dtype != np.uint8:
                key = (x.dtype.str, x.tobytes())
                if not share or key not in self.known:
                    self.known[key] = super().CreateNumpyVector(x)
                return self.known[key]
            payload = x.tobytes()
            self.StartVector(1, len(payload), _ALIGNMENT)
            self.head -= len(payload)
            self.Bytes[self.head : self.head + len(payload)] = payload
            self.vectorNumElems = len(payload)
            return self.EndVector()

    held = sum(len(buffer.data) for buffer in model.buffers if buffer.data is not None)
    builder = Builder(held + (1 << 16))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
