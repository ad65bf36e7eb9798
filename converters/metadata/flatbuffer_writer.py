"""Writing the tables of TFLite metadata by field number, on top of the flatbuffers builder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers

from edgecnn.bundle import metadata_tflite as schema

LABELS_NAME = "labels.txt"


class Writer:
    """Appends tables and gives their offsets, which other tables refer to."""

    def __init__(self) -> None:
        self._builder: Any = flatbuffers.Builder(1024)

    def text(self, text: str) -> int:
        """A string."""
        return int(self._builder.CreateString(text))

    def floats(self, values: Sequence[float]) -> int:
        """A vector of float32."""
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependFloat32(value)
        return int(self._builder.EndVector())

    def integers(self, values: Sequence[int]) -> int:
        """A vector of uint32."""
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependUint32(value)
        return int(self._builder.EndVector())

    def bytes16(self, content: bytes) -> int:
        """A vector of bytes that begins at a multiple of 16."""
        self._builder.StartVector(1, len(content), 16)
        for value in reversed(content):
            self._builder.PrependByte(value)
        return int(self._builder.EndVector())

    def tables(self, offsets: Sequence[int]) -> int:
        """A vector of tables, or of strings."""
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def table(
        self,
        *,
        offsets: Mapping[int, int] | None = None,
        numbers: Mapping[int, int] | None = None,
        wide: Mapping[int, int] | None = None,
        reals: Mapping[int, float] | None = None,
    ) -> int:
        """A table.

        Args:
            offsets: Field number -> what was appended before.
            numbers: Field number -> a byte.
            wide: Field number -> an int32.
            reals: Field number -> a float32.
        """
        offsets, numbers, wide, reals = offsets or {}, numbers or {}, wide or {}, reals or {}
        self._builder.StartObject(max([*offsets, *numbers, *wide, *reals], default=-1) + 1)
        for field, offset in offsets.items():
            self._builder.PrependUOffsetTRelativeSlot(field, offset, 0)
        for field, number in numbers.items():
            self._builder.PrependUint8Slot(field, number, 0)
        for field, number in wide.items():
            self._builder.PrependInt32Slot(field, number, 0)
        for field, real in reals.items():
            self._builder.PrependFloat32Slot(field, real, 0.0)
        return int(self._builder.EndObject())

    def content(self, kind: int, value: int, dimensions: tuple[int, int] | None = None) -> int:
        """What a tensor holds, and which of its dimensions; None for all but the batch."""
        offsets = {schema.CONTENT_VALUE: value}
        if dimensions is not None:
            offsets[schema.CONTENT_RANGE] = self.table(wide=dict(enumerate(dimensions)))
        return self.table(numbers={schema.CONTENT_KIND: kind}, offsets=offsets)

    def unit(self, kind: int, options: int) -> int:
        """A step of processing outside of the graph."""
        return self.table(numbers={schema.UNIT_KIND: kind}, offsets={schema.UNIT_VALUE: options})

    def stats(self, limits: Sequence[tuple[float, float]]) -> int:
        """Least and greatest value of each channel."""
        low, high = zip(*((min(pair), max(pair)) for pair in limits), strict=True)
        return self.table(offsets={0: self.floats(high), 1: self.floats(low)})

    def file(self, name: str, kind: int) -> int:
        """A file in the zip at the model's end."""
        return self.table(
            offsets={schema.FILE_NAME: self.text(name)}, numbers={schema.FILE_KIND: kind}
        )

    def finish(self, root: int, identifier: bytes) -> bytes:
        """The whole flatbuffer."""
        self._builder.Finish(root, identifier)
        return bytes(self._builder.Output())
