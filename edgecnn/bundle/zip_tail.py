"""Small files in a zip that is appended to a model, as TFLite metadata carries its label files.

The reader trusts nothing: a fixed number of entries, sizes capped before anything is unpacked, and
the only error is `BundleError`.

Format: APPNOTE.TXT of the zip format, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from edgecnn.errors import BundleError

MAX_ENTRIES = 64
MAX_ENTRY_BYTES = 4 << 20

_END = struct.Struct("<4s4H2IH")  # signature, disks, counts, size and offset of directory, comment
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_MAX_COMMENT = 0xFFFF


class _Entry(NamedTuple):
    name: str
    method: int
    crc: int
    packed_bytes: int
    local_position: int


class ZipTail:
    """The zip at the end of some data.

    Attributes:
        start: Where it begins; the length of the data when there is none.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._entries: dict[str, _Entry] = {}
        self.start = len(data)
        end = data.rfind(b"PK\x05\x06", max(len(data) - _END.size - _MAX_COMMENT, 0))
        if end < 0 or end + _END.size > len(data):
            return
        _, _, _, _, count, size, offset, comment = _END.unpack_from(data, end)
        directory = end - size
        # Offsets count from the file's start, or from the zip's: both are common.
        shift = directory - offset
        if end + _END.size + comment != len(data) or directory < 0 or shift < 0:
            return
        if count > MAX_ENTRIES:
            raise BundleError(
                f"{count} files are appended to this model; up to {MAX_ENTRIES} are accepted."
            )
        for entry in self._directory(directory, end, count, shift):
            self._entries.setdefault(entry.name, entry)
        self.start = min(
            (entry.local_position for entry in self._entries.values()), default=directory
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files."""
        return tuple(self._entries)

    def read(self, name: str) -> bytes | None:
        """Content of a file; None when there is none of that name.

        Raises:
            BundleError: It is damaged, too large, or packed in an unusual way.
        """
        entry = self._entries.get(name)
        if entry is None:
            return None
        packed = self._packed(entry)
        if entry.method == 0:
            content = packed
        elif entry.method == 8:
            content = _inflate(packed, name)
        else:
            raise BundleError(f"The appended file {name!r} is packed by method {entry.method}.")
        if len(content) > MAX_ENTRY_BYTES or zlib.crc32(content) != entry.crc:
            raise BundleError(
                f"The appended file {name!r} is damaged or larger than {MAX_ENTRY_BYTES} bytes."
            )
        return content

    def _directory(self, position: int, end: int, count: int, shift: int) -> Iterator[_Entry]:
        for _ in range(count):
            if position + _CENTRAL.size > end:
                raise BundleError("The list of files appended to this model is damaged.")
            fields = _CENTRAL.unpack_from(self._data, position)
            name_start = position + _CENTRAL.size
            name_end = name_start + fields[10]
            position = name_end + fields[11] + fields[12]
            if fields[0] != b"PK\x01\x02" or position > end or fields[16] + shift > end:
                raise BundleError("The list of files appended to this model is damaged.")
            yield _Entry(
                name=self._data[name_start:name_end].decode("utf-8", "replace"),
                method=fields[4],
                crc=fields[7],
                packed_bytes=fields[8],
                local_position=fields[16] + shift,
            )

    def _packed(self, entry: _Entry) -> bytes:
        start = entry.local_position
        if start + _LOCAL.size <= len(self._data):
            fields = _LOCAL.unpack_from(self._data, start)
            start += _LOCAL.size + fields[9] + fields[10]
            fits = entry.packed_bytes <= min(MAX_ENTRY_BYTES, len(self._data) - start)
            if fields[0] == b"PK\x03\x04" and fits:
                return self._data[start : start + entry.packed_bytes]
        raise BundleError(f"The appended file {entry.name!r} is damaged or too large.")


def _inflate(packed: bytes, name: str) -> bytes:
    """Unpack at most one byte more than is accepted."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, MAX_ENTRY_BYTES + 1)
    except zlib.error as error:
        raise BundleError(f"The appended file {name!r} is damaged ({error}).") from error
