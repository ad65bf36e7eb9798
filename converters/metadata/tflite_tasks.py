"""TFLite metadata of segmenters and of detectors in the standard SSD form."""

from __future__ import annotations

from typing import cast

from converters.bundles.pack import Facts
from converters.metadata.flatbuffer_writer import LABELS_NAME, Writer
from edgecnn.bundle import metadata_tflite as schema
from edgecnn.bundle.metadata import Activation
from edgecnn.errors import ConversionError

SEGMENTATION, FINISHED = "segmentation", "ssd_postprocessed"
"""Decoders whose files say more than the common parts."""
GROUPS_VERSION, CUSTOM_VERSION = "1.2.0", "1.5.0"
"""Versions of the standard that brought groups of tensors, and entries of other schemas."""

FINISHED_NAMES = {
    "boxes": "location",
    "classes": "category",
    "scores": "score",
    "count": "number of detections",
}
"""Our names of the outputs of a finished detector, and the standard's, which readers go by."""
_PROSE = {
    "boxes": "Corners of each box as shares of the picture: {order}.",
    "classes": "Class of each box, counted from 0 in the order of the labels.",
    "scores": "Score of each box, falling.",
    "count": "How many boxes there are; the rows behind are not used.",
}
_GROUP = "detection_result"
_SIDES = ("left", "top", "right", "bottom")


def finished_slot(write: Writer, facts: Facts, name: str) -> int:
    """One of the four outputs of a detector that ends in ``TFLite_Detection_PostProcess``."""
    parameters = facts.decoder.parameters
    order = tuple(int(place) for place in parameters.get("box_order", (1, 0, 3, 2)))
    if sorted(order) != [0, 1, 2, 3] or parameters.get("coordinates", "normalized") != "normalized":
        raise ConversionError(
            f"The boxes of {facts.name} have the order {list(order)} in "
            f"{parameters.get('coordinates', 'normalized')} coordinates; the standard has each of "
            "the columns 0 to 3 once, and shares of the picture."
        )
    kind, value = schema.FEATURE, write.table()
    if name == "boxes":
        kind = schema.BOXES
        value = write.table(
            offsets={schema.BOXES_INDEX: write.integers(order)},
            numbers={schema.BOXES_TYPE: schema.BOUNDARIES, schema.BOXES_COORDINATES: schema.RATIO},
        )
    prose = _PROSE[name].format(order=", ".join(_SIDES[order.index(i)] for i in range(4)))
    offsets = {
        schema.SLOT_NAME: write.text(FINISHED_NAMES[name]),
        schema.SLOT_DESCRIPTION: write.text(prose),
        schema.SLOT_CONTENT: write.content(kind, value, None if name == "count" else (2, 2)),
    }
    if name == "classes" and facts.labels:
        labels = write.file(LABELS_NAME, schema.VALUE_LABELS)
        offsets[schema.SLOT_FILES] = write.tables([labels])
    if name == "scores":
        offsets[schema.SLOT_STATS] = write.stats([(0.0, 1.0)])
        threshold = parameters.get("score_threshold")
        if isinstance(threshold, (int, float)):
            unit = write.unit(schema.THRESHOLDING, write.table(reals={0: float(threshold)}))
            offsets[schema.SLOT_UNITS] = write.tables([unit])
    return write.table(offsets=offsets)


def finished_group(write: Writer) -> int:
    """The three outputs that have one row a box belong together."""
    members = [write.text(FINISHED_NAMES[name]) for name in ("boxes", "classes", "scores")]
    return write.table(
        offsets={
            schema.GROUP_NAME: write.text(_GROUP),
            schema.GROUP_TENSORS: write.tables(members),
        }
    )


def segmenter_entry(write: Writer, facts: Facts) -> int:
    """MediaPipe's entry for segmenters, a flatbuffer of its own: what the map still goes through.

    Raises:
        ConversionError: The decoder has an activation that MediaPipe does not know.
    """
    activation = facts.decoder.parameters.get("activation")
    if activation not in schema.ACTIVATION_CODES:
        known = ", ".join(schema.ACTIVATION_CODES)
        raise ConversionError(
            f"The decoder of {facts.name} has the activation {activation!r}; known are {known}."
        )
    inner = Writer()
    root = inner.table(
        offsets={schema.SEGMENTER_PARSER: inner.text("1.0.0")},
        numbers={
            schema.SEGMENTER_ACTIVATION: schema.ACTIVATION_CODES[cast("Activation", activation)]
        },
    )
    content = inner.finish(root, schema.SEGMENTER_IDENTIFIER)
    return write.table(
        offsets={
            schema.CUSTOM_NAME: write.text(schema.SEGMENTER_NAME),
            schema.CUSTOM_DATA: write.bytes16(content),
        }
    )
