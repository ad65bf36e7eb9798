"""TFLite metadata: what the ``M001`` flatbuffer of a model says.

Format: the public ``metadata_schema.fbs`` 1.5.0. A file names the least version that a reader has
to understand: 1.0.0, or a later one where the task needs a later field.
"""

from __future__ import annotations

from collections.abc import Sequence

from converters.bundles.pack import Facts
from converters.metadata.flatbuffer_writer import LABELS_NAME, Writer
from converters.metadata.tflite_tasks import (
    CUSTOM_VERSION,
    FINISHED,
    FINISHED_NAMES,
    GROUPS_VERSION,
    SEGMENTATION,
    finished_group,
    finished_slot,
    segmenter_entry,
)
from converters.tflite.extras import with_buffer, with_zip
from edgecnn.bundle import metadata_tflite as schema
from edgecnn.bundle.flatbuffer import root_table
from edgecnn.bundle.metadata import ENTRY_NAME, SelfDescription, encode_description
from edgecnn.bundle.schema import InputSpec
from edgecnn.bundle.zip_tail import ZipTail
from edgecnn.errors import ConversionError

_PARSER_VERSION = "1.0.0"
_DESCRIPTIONS = 1  # AssociatedFileType: a file for people, or for other programs


def tflite_with_files(
    model: bytes, facts: Facts, description: SelfDescription, *, version: str
) -> bytes:
    """A ``.tflite`` with metadata and files; see `with_tflite_metadata` of `write`."""
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
    return with_zip(with_buffer(model, schema.METADATA_NAME, content), files)


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
    write = Writer()
    labelled = [bool(facts.labels) and shape[-1:] == (len(facts.labels),) for _, shape in outputs]
    finished = facts.decoder.name == FINISHED
    input_slots = [] if facts.input is None else [_input_slot(write, facts.input)]
    output_slots = [
        finished_slot(write, facts, name)
        if finished and name in FINISHED_NAMES
        else _output_slot(write, facts, name, has_labels)
        for (name, _), has_labels in zip(outputs, labelled, strict=True)
    ]
    offsets = {schema.GRAPH_OUTPUTS: write.tables(output_slots)}
    if input_slots:
        offsets[schema.GRAPH_INPUTS] = write.tables(input_slots)
    parser = _PARSER_VERSION
    if finished:
        parser = GROUPS_VERSION
        offsets[schema.GRAPH_OUTPUT_GROUPS] = write.tables([finished_group(write)])
    elif facts.decoder.name == SEGMENTATION:
        parser = CUSTOM_VERSION
        offsets[schema.GRAPH_CUSTOM] = write.tables([segmenter_entry(write, facts)])
    graph = write.table(offsets=offsets)
    files = [write.file(ENTRY_NAME, _DESCRIPTIONS)]
    if facts.labels and not finished and not any(labelled):
        files.append(write.file(LABELS_NAME, _DESCRIPTIONS))
    root = write.table(
        offsets={
            schema.INFO_NAME: write.text(facts.title),
            schema.INFO_DESCRIPTION: write.text(_prose(facts)),
            schema.INFO_VERSION: write.text(version),
            schema.INFO_SUBGRAPHS: write.tables([graph]),
            schema.INFO_AUTHOR: write.text(facts.source),
            schema.INFO_LICENCE: write.text(facts.licence),
            schema.INFO_FILES: write.tables(files),
            schema.INFO_PARSER: write.text(parser),
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


def _input_slot(write: Writer, spec: InputSpec) -> int:
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
            schema.SLOT_CONTENT: write.content(schema.IMAGE, image),
            schema.SLOT_UNITS: write.tables([unit]),
            schema.SLOT_STATS: write.stats(limits),
        }
    )


def _output_slot(write: Writer, facts: Facts, name: str, has_labels: bool) -> int:
    offsets = {
        schema.SLOT_NAME: write.text(name),
        schema.SLOT_DESCRIPTION: write.text(f"{name} of the task {facts.task}"),
        schema.SLOT_CONTENT: write.content(schema.FEATURE, write.table()),
    }
    if name == "probabilities":
        offsets[schema.SLOT_STATS] = write.stats([(0.0, 1.0)])
    if has_labels:
        offsets[schema.SLOT_FILES] = write.tables([write.file(LABELS_NAME, schema.AXIS_LABELS)])
    return write.table(offsets=offsets)
