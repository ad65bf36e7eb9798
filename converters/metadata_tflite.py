"""TFLite metadata: the ``M001`` flatbuffer, and how it gets into a ``.tflite``.

The model is not packed anew: that would drop the alignment of its weights. A new root goes in front
of the untouched bytes, at a distance that keeps their alignment, and refers to what is in them.

Format: the public ``schema.fbs`` of TFLite and ``metadata_schema.fbs`` 1.5.0; the fields used here
are all of version 1.0.0, which is the least that a reader has to understand.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers

from converters.pack import Facts
from edgecnn.bundle import metadata_tflite as schema
from edgecnn.bundle.flatbuffer import Table, root_table
from edgecnn.bundle.metadata import ENTRY_NAME, SelfDescription, encode_description
from edgecnn.bundle.zip_tail import ZipTail
from edgecnn.errors import ConversionError

LABELS_NAME = "labels.txt"
_PARSER_VERSION = "1.0.0"
_DESCRIPTIONS = 1  # AssociatedFileType: a file for people, or for other programs
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_ALIGNMENT = 64
_NEW_LISTS = frozenset({schema.MODEL_BUFFERS, schema.MODEL_METADATA})
_MAX_BYTES = 2**31 - 1


def tflite_with_files(
    model: bytes, facts: Facts, description: SelfDescription, *, version: str
) -> bytes:
    """A ``.tflite`` with metadata and files; see `converters.metadata.with_tflite_metadata`."""
    model = model[: ZipTail(model).start]
    tensors = schema.output_tensors(root_table(model, schema.MODEL_IDENTIFIER))
    names = [tensor.text(schema.TENSOR_NAME) for tensor in tensors]
    unknown = sorted(set(description.outputs) - set(names))
    if unknown:
        raise ConversionError(
            f"The model has no output {unknown[0]!r}; its outputs are {', '.join(names)}. Name "
            "outputs as they are called inside the file."
        )
    shapes = [tuple(tensor.integers(schema.TENSOR_SHAPE)) for tensor in tensors]
    outputs = [
        (description.outputs.get(name, name), shape)
        for name, shape in zip(names, shapes, strict=True)
    ]
    content = metadata_flatbuffer(facts, outputs, version=version)
    files = {ENTRY_NAME: encode_description(description)}
    if facts.labels:
        files[LABELS_NAME] = "".join(f"{label}\n" for label in facts.labels).encode()
    return _with_zip(_with_buffer(model, schema.METADATA_NAME, content), files)


def metadata_flatbuffer(
    facts: Facts, outputs: Sequence[tuple[str, tuple[int, ...]]], *, version: str
) -> bytes:
    """The ``M001`` flatbuffer.

    The standard knows RGB and grey pictures only. For a BGR network the colour space is left open
    and the description says so, so that no reader feeds it RGB in good faith.

    Args:
        facts: What the bundle says.
        outputs: Name and shape of each output, in the order of the file.
        version: Of the model, for people.
    """
    write = _Writer()
    labelled = [bool(facts.labels) and shape[-1:] == (len(facts.labels),) for _, shape in outputs]
    input_slot = _input_slot(write, facts)
    output_slots = [
        _output_slot(write, facts, name, has_labels)
        for (name, _), has_labels in zip(outputs, labelled, strict=True)
    ]
    graph = write.table(
        offsets={
            schema.GRAPH_INPUTS: write.tables([input_slot]),
            schema.GRAPH_OUTPUTS: write.tables(output_slots),
        }
    )
    files = [_file(write, ENTRY_NAME, _DESCRIPTIONS)]
    if facts.labels and not any(labelled):
        files.append(_file(write, LABELS_NAME, _DESCRIPTIONS))
    root = write.table(
        offsets={
            schema.INFO_NAME: write.text(facts.title),
            schema.INFO_DESCRIPTION: write.text(_prose(facts)),
            schema.INFO_VERSION: write.text(version),
            schema.INFO_SUBGRAPHS: write.tables([graph]),
            schema.INFO_AUTHOR: write.text(facts.source),
            schema.INFO_LICENCE: write.text(facts.licence),
            schema.INFO_FILES: write.tables(files),
            schema.INFO_PARSER: write.text(_PARSER_VERSION),
        }
    )
    return write.finish(root, schema.METADATA_IDENTIFIER)


def _prose(facts: Facts) -> str:
    parts = {
        "": facts.title,
        "Training data: ": facts.training_data,
        "Limits: ": facts.limits,
        "Paper: ": facts.paper,
    }
    return "\n".join(lead + text for lead, text in parts.items() if text)


def _input_slot(write: _Writer, facts: Facts) -> int:
    spec = facts.input
    names = {"rgb": "RGB", "bgr": "BGR (blue first)", "gray": "grey"}
    fraction = f" of {spec.crop_fraction:g}" if spec.resize == "crop" else ""
    prose = (
        f"{names[spec.color]} picture of {spec.width} x {spec.height} pixels, resized by "
        f"{spec.resize}{fraction}"
    )
    limits = [
        ((0 - mean) / std, (255 - mean) / std)
        for mean, std in zip(spec.mean, spec.std, strict=True)
    ]
    color = schema.COLOR_CODES.get(spec.color)
    image = write.table(numbers={} if color is None else {0: color})
    options = write.table(offsets={0: write.floats(spec.mean), 1: write.floats(spec.std)})
    unit = write.table(
        numbers={schema.UNIT_KIND: schema.NORMALIZATION}, offsets={schema.UNIT_VALUE: options}
    )
    return write.table(
        offsets={
            schema.SLOT_NAME: write.text("image"),
            schema.SLOT_DESCRIPTION: write.text(prose),
            schema.SLOT_CONTENT: _content(write, schema.IMAGE, image),
            schema.SLOT_UNITS: write.tables([unit]),
            schema.SLOT_STATS: _stats(write, limits),
        }
    )


def _output_slot(write: _Writer, facts: Facts, name: str, has_labels: bool) -> int:
    offsets = {
        schema.SLOT_NAME: write.text(name),
        schema.SLOT_DESCRIPTION: write.text(f"{name} of the task {facts.task}"),
        schema.SLOT_CONTENT: _content(write, schema.FEATURE, write.table()),
    }
    if name == "probabilities":
        offsets[schema.SLOT_STATS] = _stats(write, [(0.0, 1.0)])
    if has_labels:
        offsets[schema.SLOT_FILES] = write.tables([_file(write, LABELS_NAME, schema.AXIS_LABELS)])
    return write.table(offsets=offsets)


def _content(write: _Writer, kind: int, value: int) -> int:
    return write.table(numbers={schema.CONTENT_KIND: kind}, offsets={schema.CONTENT_VALUE: value})


def _stats(write: _Writer, limits: Sequence[tuple[float, float]]) -> int:
    low, high = zip(*((min(pair), max(pair)) for pair in limits), strict=True)
    return write.table(offsets={0: write.floats(high), 1: write.floats(low)})


def _file(write: _Writer, name: str, kind: int) -> int:
    return write.table(
        offsets={schema.FILE_NAME: write.text(name)}, numbers={schema.FILE_KIND: kind}
    )


class _Writer:
    """Tables by field number, on top of the flatbuffers builder. All numbers here are bytes."""

    def __init__(self) -> None:
        self._builder: Any = flatbuffers.Builder(1024)

    def text(self, text: str) -> int:
        return int(self._builder.CreateString(text))

    def floats(self, values: Sequence[float]) -> int:
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependFloat32(value)
        return int(self._builder.EndVector())

    def tables(self, offsets: Sequence[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def table(
        self, *, offsets: Mapping[int, int] | None = None, numbers: Mapping[int, int] | None = None
    ) -> int:
        offsets, numbers = offsets or {}, numbers or {}
        self._builder.StartObject(max([*offsets, *numbers], default=-1) + 1)
        for field, offset in offsets.items():
            self._builder.PrependUOffsetTRelativeSlot(field, offset, 0)
        for field, number in numbers.items():
            self._builder.PrependUint8Slot(field, number, 0)
        return int(self._builder.EndObject())

    def finish(self, root: int, identifier: bytes) -> bytes:
        self._builder.Finish(root, identifier)
        return bytes(self._builder.Output())


def _with_buffer(model: bytes, name: str, content: bytes) -> bytes:
    """The model with one more named buffer, its own bytes unchanged behind a new root."""
    root = root_table(model, schema.MODEL_IDENTIFIER)
    unknown = [field for field in root.present() if field > schema.MODEL_SIGNATURES]
    buffers = list(root.targets(schema.MODEL_BUFFERS))
    apart = any(Table(model, where).number(schema.BUFFER_OFFSET, "uint64") > 1 for where in buffers)
    if unknown or apart or len(model) + len(content) > _MAX_BYTES:
        raise ConversionError(
            "This .tflite keeps weights outside of its flatbuffer, or has more than 2 GB: metadata "
            "cannot be added to it. Convert the model to a smaller file."
        )
    entries = [
        where
        for where in root.targets(schema.MODEL_METADATA)
        if Table(model, where).text(schema.METADATA_ENTRY_NAME) != name
    ]
    head = _Head(model)
    root_position = head.model_table(root)
    head.point(root_position + 4 + 4 * schema.MODEL_BUFFERS, len(head.bytes))
    own_buffer = head.vector(buffers)
    head.point(root_position + 4 + 4 * schema.MODEL_METADATA, len(head.bytes))
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
        position = self.table(schema.MODEL_SIGNATURES + 1)
        vtable = position - struct.unpack_from("<i", self.bytes, position)[0]
        for field in range(schema.MODEL_SIGNATURES + 1):
            slot = position + 4 + 4 * field
            if field not in present:
                struct.pack_into("<H", self.bytes, vtable + 4 + 2 * field, 0)
            elif field == schema.MODEL_VERSION:
                struct.pack_into("<I", self.bytes, slot, root.number(field, "uint32"))
            elif field not in _NEW_LISTS and (target := root.target(field)) is not None:
                self._into_model[slot] = target
        struct.pack_into("<I4s", self.bytes, 0, position, schema.MODEL_IDENTIFIER)
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


def _with_zip(model: bytes, files: Mapping[str, bytes]) -> bytes:
    """The model with files in a zip at its end, uncompressed, its offsets from the file's start."""
    stream = io.BytesIO(model)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return stream.getvalue()
