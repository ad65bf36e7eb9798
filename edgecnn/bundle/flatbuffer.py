"""Reading flatbuffers that nobody vouches for.

The official library trusts the offsets of a file; a damaged one makes it read anywhere, or loop for
long. Here every offset is checked against the size of the data, every vector has an agreed limit,
and the only error is `BundleError`.

Format: https://flatbuffers.dev/internals/ (all numbers little-endian; an offset counts from where
it is stored).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from edgecnn.errors import BundleError

_UINT32 = struct.Struct("<I")
_INT32 = struct.Struct("<i")
_UINT16 = struct.Struct("<H")
_FLOAT32 = struct.Struct("<f")
_SCALARS = {
    "int8": struct.Struct("<b"),
    "uint8": struct.Struct("<B"),
    "int32": _INT32,
    "uint32": _UINT32,
    "uint64": struct.Struct("<Q"),
}
MAX_ITEMS = 100_000
"""Longest vector of tables that is walked through, one by one."""
MAX_VALUES = 256
"""Most values that are taken from a vector of numbers: a shape, a mean, the inputs of a layer."""
MAX_STRING_BYTES = 1 << 20


def read_number(data: bytes, position: int, form: struct.Struct) -> int:
    """One number of the data; raises BundleError when it lies outside."""
    if not 0 <= position <= len(data) - form.size:
        raise BundleError(
            f"The flatbuffer is damaged: it points to byte {position} of {len(data)}. Get the file "
            "again, or convert the model again."
        )
    return int(form.unpack_from(data, position)[0])


class Table:
    """A table of a flatbuffer. Fields go by their number in the schema; one may be absent.

    Args:
        data: The whole flatbuffer.
        position: Where the table begins.

    Raises:
        BundleError: The table, or what a method reads, lies outside of the data.
    """

    __slots__ = ("_fields", "_vtable", "data", "position")

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position
        self._vtable = position - read_number(data, position, _INT32)
        size = read_number(data, self._vtable, _UINT16)
        read_number(data, self._vtable + max(size - 2, 0), _UINT16)
        self._fields = max(size - 4, 0) // 2

    def field(self, number: int) -> int | None:
        """Position of a field's content; None when it is absent."""
        if number >= self._fields:
            return None
        offset = read_number(self.data, self._vtable + 4 + 2 * number, _UINT16)
        return self.position + offset if offset else None

    def present(self) -> list[int]:
        """Numbers of the fields that are there."""
        return [number for number in range(self._fields) if self.field(number) is not None]

    def number(self, number: int, kind: str, default: int = 0) -> int:
        """A whole number; ``kind`` is int8, uint8, int32, uint32 or uint64."""
        position = self.field(number)
        return default if position is None else read_number(self.data, position, _SCALARS[kind])

    def real(self, number: int, default: float = 0.0) -> float:
        """A float32; it may be infinite or NaN."""
        position = self.field(number)
        if position is None:
            return default
        read_number(self.data, position, _UINT32)  # of the same size: refuses what lies outside
        return float(_FLOAT32.unpack_from(self.data, position)[0])

    def target(self, number: int) -> int | None:
        """Where the offset in a field leads; None when it is absent."""
        position = self.field(number)
        return None if position is None else self._follow(position)

    def table(self, number: int) -> Table | None:
        """The table in a field."""
        position = self.target(number)
        return None if position is None else Table(self.data, position)

    def tables(self, number: int) -> Iterator[Table]:
        """The tables of a vector, in order."""
        return (Table(self.data, position) for position in self.targets(number))

    def targets(self, number: int) -> Iterator[int]:
        """Where the tables of a vector begin."""
        start, count = self._vector(number, 4)
        if count > MAX_ITEMS:
            raise BundleError(
                f"A list of this file has {count} entries, more than the {MAX_ITEMS} accepted."
            )
        return (self._follow(start + 4 * index) for index in range(count))

    def text(self, number: int) -> str:
        """A string; empty when it is absent."""
        start, count = self._vector(number, 1)
        if count > MAX_STRING_BYTES:
            raise BundleError(f"A text of this file has {count} bytes; that cannot be right.")
        return self.data[start : start + count].decode("utf-8", "replace")

    def content(self, number: int) -> bytes:
        """A vector of bytes, copied; empty when it is absent."""
        start, count = self._vector(number, 1)
        return self.data[start : start + count]

    def floats(self, number: int) -> list[float]:
        """The first `MAX_VALUES` of a vector of float32; empty when it is absent."""
        start, count = self._vector(number, 4)
        return list(struct.unpack_from(f"<{min(count, MAX_VALUES)}f", self.data, start))

    def integers(self, number: int) -> list[int]:
        """The first `MAX_VALUES` of a vector of int32; empty when it is absent."""
        start, count = self._vector(number, 4)
        return list(struct.unpack_from(f"<{min(count, MAX_VALUES)}i", self.data, start))

    def _follow(self, position: int) -> int:
        return position + read_number(self.data, position, _UINT32)

    def _vector(self, number: int, item_bytes: int) -> tuple[int, int]:
        """Where a vector's items begin, and how many there are."""
        position = self.target(number)
        if position is None:
            return 0, 0
        count = read_number(self.data, position, _UINT32)
        if count * item_bytes > len(self.data) - position - 4:
            raise BundleError(
                f"The flatbuffer is damaged: a list of {count} entries reaches past its end. Get "
                "the file again, or convert the model again."
            )
        return position + 4, count


def root_table(data: bytes, identifier: bytes) -> Table:
    """The outermost table.

    Args:
        data: A flatbuffer.
        identifier: The four bytes that say which schema it has.

    Raises:
        BundleError: Another kind of file, or a damaged one.
    """
    if data[4:8] != identifier:
        raise BundleError(
            f"Expected a flatbuffer {identifier.decode()!r}, but the file begins with "
            f"{data[:8]!r}. It is not such a file, or it is damaged."
        )
    return Table(data, read_number(data, 0, _UINT32))
