"""Adding to a ``.tflite`` without touching it: a named buffer in front, files behind.

The model is not packed anew: that would drop the alignment of its weights. A new root goes in front
of the untouched bytes, at a distance that keeps their alignment, and refers to what is in them.

Format: the public ``schema.fbs`` of TFLite; https://flatbuffers.dev/internals/.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

from edgecnn.bundle import metadata_tflite as standard
from edgecnn.bundle.flatbuffer import Table, root_table
from edgecnn.errors import ConversionError

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_ALIGNMENT = 64
_NEW_LISTS = frozenset({standard.MODEL_BUFFERS, standard.MODEL_METADATA})
_MAX_BYTES = 2**31 - 1


def with_buffer(model: bytes, name: str, content: bytes) -> bytes:
    """The model with one more named buffer, its own bytes unchanged behind a new root.

    Args:
        model: Content of a ``.tflite``, without a zip at its end.
        name: Of the buffer; an entry of that name that is there already is dropped.
        content: Of the buffer.

    Raises:
        ConversionError: Weights outside of the flatbuffer, or more than 2 GB.
        BundleError: Not a ``.tflite``.
    """
    root = root_table(model, standard.MODEL_IDENTIFIER)
    unknown = [field for field in root.present() if field > standard.MODEL_SIGNATURES]
    buffers = list(root.targets(standard.MODEL_BUFFERS))
    apart = any(
        Table(model, where).number(standard.BUFFER_OFFSET, "uint64") > 1 for where in buffers
    )
    if unknown or apart or len(model) + len(content) > _MAX_BYTES:
        raise ConversionError(
            "This .tflite keeps weights outside of its flatbuffer, or has more than 2 GB: metadata "
            "cannot be added to it. Convert the model to a smaller file."
        )
    entries = [
        where
        for where in root.targets(standard.MODEL_METADATA)
        if Table(model, where).text(standard.METADATA_ENTRY_NAME) != name
    ]
    head = _Head(model)
    root_position = head.model_table(root)
    head.point(root_position + 4 + 4 * standard.MODEL_BUFFERS, len(head.bytes))
    own_buffer = head.vector(buffers)
    head.point(root_position + 4 + 4 * standard.MODEL_METADATA, len(head.bytes))
    own_entry = head.vector(entries)
    head.point(own_entry, head.table(2))
    entry = len(head.bytes) - 8
    struct.pack_into("<I", head.bytes, entry + 4, len(buffers))
    head.point(entry, len(head.bytes))
    head.add(struct.pack("<I", len(name)) + name.encode() + b"\0")
    head.point(own_buffer, head.table(1))
    slot = len(head.bytes) - 4
    head.add(b"\0" * (-(len(head.bytes) + 4) % 16))  # the standard aligns the content of buffers
    head.point(slot, len(head.bytes))
    head.add(struct.pack("<I", len(content)) + content)
    return head.join()


class _Head:
    """Bytes that go in front of a model, with offsets into it that are set when they are joined."""

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._into_model: dict[int, int] = {}
        self.bytes = bytearray(8)

    def add(self, content: bytes) -> None:
        """Append, and pad to a multiple of 4."""
        self.bytes += content + b"\0" * (-len(content) % 4)

    def point(self, slot: int, target: int) -> None:
        """Let the offset at ``slot`` lead to ``target``, both in the head."""
        struct.pack_into("<I", self.bytes, slot, target - slot)

    def table(self, fields: int) -> int:
        """Append a table of so many 4-byte fields, all 0; gives its position."""
        sizes = (4 + 2 * fields, 4 + 4 * fields)
        vtable = struct.pack(f"<{2 + fields}H", *sizes, *(4 + 4 * n for n in range(fields)))
        self.bytes += b"\0" * (-(len(self.bytes) + len(vtable)) % 4)
        self.bytes += vtable
        position = len(self.bytes)
        self.bytes += struct.pack("<i", len(vtable)) + bytes(4 * fields)
        return position

    def model_table(self, root: Table) -> int:
        """Append the new root, whose fields are those of the old one; gives its position."""
        present = {*root.present(), *_NEW_LISTS}
        position = self.table(standard.MODEL_SIGNATURES + 1)
        vtable = position - struct.unpack_from("<i", self.bytes, position)[0]
        for field in range(standard.MODEL_SIGNATURES + 1):
            slot = position + 4 + 4 * field
            if field not in present:
                struct.pack_into("<H", self.bytes, vtable + 4 + 2 * field, 0)
            elif field == standard.MODEL_VERSION:
                struct.pack_into("<I", self.bytes, slot, root.number(field, "uint32"))
            elif field not in _NEW_LISTS and (target := root.target(field)) is not None:
                self._into_model[slot] = target
        struct.pack_into("<I4s", self.bytes, 0, position, standard.MODEL_IDENTIFIER)
        return position

    def vector(self, targets: Sequence[int]) -> int:
        """Append a list of tables of the model, with a free place at its end; gives that place."""
        self.add(struct.pack("<I", len(targets) + 1))
        for target in targets:
            self._into_model[len(self.bytes)] = target
            self.add(bytes(4))
        self.add(bytes(4))
        return len(self.bytes) - 4

    def join(self) -> bytes:
        """Head and model in one, the model where its alignment stays."""
        self.add(b"\0" * (-len(self.bytes) % _ALIGNMENT))
        base = len(self.bytes)
        for slot, target in self._into_model.items():
            self.point(slot, base + target)
        return bytes(self.bytes) + self._model


def with_zip(model: bytes, files: Mapping[str, bytes]) -> bytes:
    """The model with files in a zip at its end, uncompressed, its offsets from the file's start."""
    stream = io.BytesIO(model)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return stream.getvalue()
