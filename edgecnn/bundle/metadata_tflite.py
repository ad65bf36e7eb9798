"""TFLite metadata: what the TFLite Task Library and MediaPipe Tasks read out of a ``.tflite``.

The model has a named buffer ``TFLITE_METADATA`` that holds a flatbuffer ``M001``; label files are
appended to the model as a zip. Numbers of fields follow the public schemas of TFLite
(``schema.fbs``) and of its metadata (``metadata_schema.fbs``, version 1.5.0).
"""

from __future__ import annotations

import itertools
import math

from edgecnn.bundle.flatbuffer import Table, root_table
from edgecnn.bundle.metadata import (
    ENTRY_NAME,
    Activation,
    Embedded,
    LastStep,
    Slot,
    decode_description,
)
from edgecnn.bundle.schema import Color
from edgecnn.bundle.zip_tail import ZipTail
from edgecnn.errors import BundleError

MODEL_IDENTIFIER, METADATA_IDENTIFIER = b"TFL3", b"M001"
METADATA_NAME = "TFLITE_METADATA"

# Fields of Model, SubGraph, Tensor, Operator, OperatorCode, Buffer and Metadata.
MODEL_VERSION, MODEL_CODES, MODEL_SUBGRAPHS, MODEL_DESCRIPTION = 0, 1, 2, 3
MODEL_BUFFERS, MODEL_METADATA_BUFFER, MODEL_METADATA, MODEL_SIGNATURES = 4, 5, 6, 7
SUBGRAPH_TENSORS, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, SUBGRAPH_OPERATORS = 0, 1, 2, 3
TENSOR_SHAPE, TENSOR_NAME = 0, 3
BUFFER_DATA, BUFFER_OFFSET = 0, 1
METADATA_ENTRY_NAME, METADATA_ENTRY_BUFFER = 0, 1
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 0, 1, 2
_CODE_BYTE, _CODE_CUSTOM, _CODE_INT = 0, 1, 3
# Operators that end a classifier, and those that leave its values as they are.
_LAST_STEPS: dict[int, LastStep] = {25: "softmax", 14: "sigmoid"}
_PASS_ON = frozenset({6, 22, 43, 114})  # DEQUANTIZE, RESHAPE, SQUEEZE, QUANTIZE
_MAX_STEPS_BACK = 4
POSTPROCESS_OP = "TFLite_Detection_PostProcess"

# Fields of ModelMetadata, SubGraphMetadata, TensorMetadata and what they hold.
INFO_NAME, INFO_DESCRIPTION, INFO_VERSION, INFO_SUBGRAPHS = 0, 1, 2, 3
INFO_AUTHOR, INFO_LICENCE, INFO_FILES, INFO_PARSER = 4, 5, 6, 7
GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OUTPUT_GROUPS, GRAPH_CUSTOM = 2, 3, 8, 9
GROUP_NAME, GROUP_TENSORS = 0, 1
CUSTOM_NAME, CUSTOM_DATA = 0, 1
SLOT_NAME, SLOT_DESCRIPTION, SLOT_CONTENT, SLOT_UNITS, SLOT_STATS, SLOT_FILES = 0, 1, 3, 4, 5, 6
CONTENT_KIND, CONTENT_VALUE, CONTENT_RANGE = 0, 1, 2
UNIT_KIND, UNIT_VALUE = 0, 1
FILE_NAME, FILE_KIND = 0, 2
FEATURE, IMAGE, BOXES = 1, 2, 3  # ContentProperties
BOXES_INDEX, BOXES_TYPE, BOXES_COORDINATES = 0, 1, 2
BOUNDARIES, RATIO = 1, 0  # BoundingBoxType, CoordinateType
NORMALIZATION, CALIBRATION, THRESHOLDING = 1, 2, 3  # ProcessUnitOptions
AXIS_LABELS, VALUE_LABELS = 2, 3  # AssociatedFileType
# MediaPipe's own addition for segmenters, image_segmenter_metadata_schema.fbs 1.0.0.
SEGMENTER_NAME, SEGMENTER_IDENTIFIER = "SEGMENTER_METADATA", b"V001"
SEGMENTER_ACTIVATION, SEGMENTER_PARSER = 0, 1
ACTIVATION_CODES: dict[Activation, int] = {"none": 0, "sigmoid": 1, "softmax": 2}
_ACTIVATIONS: dict[int, Activation] = {code: name for name, code in ACTIVATION_CODES.items()}
COLOR_CODES: dict[Color, int] = {"rgb": 1, "gray": 2}
_COLORS: dict[int, Color] = {code: color for color, code in COLOR_CODES.items()}

MAX_TENSORS = 256
_MAX_LABELS = 100_000


def read_tflite_metadata(model: bytes) -> Embedded | None:
    """What a ``.tflite`` says of itself.

    Args:
        model: Content of the file.

    Returns:
        None when it says nothing.

    Raises:
        BundleError: Not a ``.tflite``, or damaged.
    """
    root = root_table(model, MODEL_IDENTIFIER)
    files = ZipTail(model)
    own = files.read(ENTRY_NAME)
    if own is not None:
        return Embedded(description=decode_description(own))
    content = metadata_content(root)
    if content is None:
        return None
    info = root_table(content, METADATA_IDENTIFIER)
    graph = next(info.tables(INFO_SUBGRAPHS), None)
    if graph is None:
        return Embedded(name=info.text(INFO_NAME))
    inputs = list(itertools.islice(graph.tables(GRAPH_INPUTS), MAX_TENSORS))
    outputs = list(itertools.islice(graph.tables(GRAPH_OUTPUTS), MAX_TENSORS))
    mean, std = _normalization(inputs[0]) if len(inputs) == 1 else ((), ())
    slots = tuple(_slot(output, files) for output in outputs)
    scores = slots[0] if len(slots) == 1 else Slot()
    threshold = next((s.score_threshold for s in slots if s.score_threshold is not None), None)
    return Embedded(
        name=info.text(INFO_NAME),
        color=_color(inputs[0]) if len(inputs) == 1 else None,
        mean=mean,
        std=std,
        resize="stretch",
        labels=scores.labels,
        scores_range=scores.limits,
        last_step=_last_step(root) if len(slots) == 1 else None,
        outputs=slots,
        activation=_activation(graph),
        postprocessed=POSTPROCESS_OP in custom_operators(root),
        score_threshold=threshold,
    )


def metadata_content(root: Table) -> bytes | None:
    """The ``M001`` flatbuffer of a model; None when it has none."""
    for entry in itertools.islice(root.tables(MODEL_METADATA), MAX_TENSORS):
        if entry.text(METADATA_ENTRY_NAME) == METADATA_NAME:
            index = entry.number(METADATA_ENTRY_BUFFER, "uint32")
            buffer = next(itertools.islice(root.tables(MODEL_BUFFERS), index, None), None)
            if buffer is None:
                raise BundleError(f"The metadata of this model is in buffer {index}, which is not.")
            return buffer.content(BUFFER_DATA)
    return None


def output_tensors(root: Table) -> list[Table]:
    """The output tensors of the first subgraph, in order.

    Raises:
        BundleError: There are none, or the file is damaged.
    """
    graph = next(root.tables(MODEL_SUBGRAPHS), None)
    if graph is None:
        raise BundleError("This .tflite holds no graph. Convert the model again.")
    tensors = list(graph.targets(SUBGRAPH_TENSORS))
    indices = graph.integers(SUBGRAPH_OUTPUTS)
    if not indices or not all(0 <= index < len(tensors) for index in indices):
        raise BundleError(f"This .tflite has the outputs {indices} of {len(tensors)} tensors.")
    return [Table(root.data, tensors[index]) for index in indices]


def _normalization(slot: Table) -> tuple[tuple[float, ...], tuple[float, ...]]:
    for unit in itertools.islice(slot.tables(SLOT_UNITS), MAX_TENSORS):
        options = unit.table(UNIT_VALUE)
        if unit.number(UNIT_KIND, "uint8") == NORMALIZATION and options is not None:
            mean, std = options.floats(0), options.floats(1)
            if 1 <= len(mean) <= 4 and 1 <= len(std) <= 4:
                return tuple(mean), tuple(std)
    return (), ()


def _color(slot: Table) -> Color | None:
    content = slot.table(SLOT_CONTENT)
    if content is None or content.number(CONTENT_KIND, "uint8") != IMAGE:
        return None
    image = content.table(CONTENT_VALUE)
    return None if image is None else _COLORS.get(image.number(0, "int8"))


def _slot(slot: Table, files: ZipTail) -> Slot:
    units = list(itertools.islice(slot.tables(SLOT_UNITS), MAX_TENSORS))
    kinds = [unit.number(UNIT_KIND, "uint8") for unit in units]
    options = units[kinds.index(THRESHOLDING)].table(UNIT_VALUE) if THRESHOLDING in kinds else None
    threshold = None if options is None else options.real(0)
    return Slot(
        name=slot.text(SLOT_NAME),
        labels=_labels(slot, files, AXIS_LABELS),
        value_labels=_labels(slot, files, VALUE_LABELS),
        limits=_range(slot),
        box_order=_box_order(slot),
        score_threshold=threshold if threshold is None or math.isfinite(threshold) else None,
        calibrated=CALIBRATION in kinds,
    )


def _labels(slot: Table, files: ZipTail, kind: int) -> tuple[str, ...]:
    for file in itertools.islice(slot.tables(SLOT_FILES), MAX_TENSORS):
        if file.number(FILE_KIND, "int8") == kind:
            content = files.read(file.text(FILE_NAME))
            if content is not None:
                text = content.decode("utf-8", "replace").removesuffix("\n")
                return tuple(line.strip() for line in text.split("\n", _MAX_LABELS)[:_MAX_LABELS])
    return ()


def _box_order(slot: Table) -> tuple[int, ...] | None:
    """See `Slot.box_order`."""
    content = slot.table(SLOT_CONTENT)
    if content is None or content.number(CONTENT_KIND, "uint8") != BOXES:
        return ()
    boxes = content.table(CONTENT_VALUE)
    if (
        boxes is None
        or boxes.number(BOXES_TYPE, "int8") != BOUNDARIES
        or boxes.number(BOXES_COORDINATES, "int8") != RATIO
    ):
        return None
    order = tuple(boxes.integers(BOXES_INDEX)) or (0, 1, 2, 3)
    return order if sorted(order) == [0, 1, 2, 3] else None


def _activation(graph: Table) -> Activation | None:
    """What a segmenter's output still has to go through, in MediaPipe's words."""
    for entry in itertools.islice(graph.tables(GRAPH_CUSTOM), MAX_TENSORS):
        if entry.text(CUSTOM_NAME) == SEGMENTER_NAME:
            options = root_table(entry.content(CUSTOM_DATA), SEGMENTER_IDENTIFIER)
            return _ACTIVATIONS.get(options.number(SEGMENTER_ACTIVATION, "int8"))
    return None


def custom_operators(root: Table) -> tuple[str, ...]:
    """Names of the operators of a model that are not TFLite's builtin ones."""
    names = (code.text(_CODE_CUSTOM) for code in root.tables(MODEL_CODES))
    return tuple(name for name in names if name)


def _range(slot: Table) -> tuple[float, float] | None:
    stats = slot.table(SLOT_STATS)
    if stats is None:
        return None
    high, low = stats.floats(0), stats.floats(1)
    if not high or not low:
        return None
    found = min(low), max(high)
    return found if all(math.isfinite(value) for value in found) else None


def _last_step(root: Table) -> LastStep | None:
    """Whether the graph itself turns its first output into probabilities."""
    graph = next(root.tables(MODEL_SUBGRAPHS), None)
    if graph is None:
        return None
    outputs = graph.integers(SUBGRAPH_OUTPUTS)
    codes = [
        max(code.number(_CODE_BYTE, "int8"), code.number(_CODE_INT, "int32"))
        for code in root.tables(MODEL_CODES)
    ]
    operators = list(graph.tables(SUBGRAPH_OPERATORS))
    wanted = outputs[0] if outputs else -1
    for _ in range(_MAX_STEPS_BACK):
        maker = next(
            (layer for layer in reversed(operators) if wanted in layer.integers(_OPERATOR_OUTPUTS)),
            None,
        )
        index = -1 if maker is None else maker.number(_OPERATOR_CODE, "uint32")
        if maker is None or index >= len(codes):
            return None
        inputs = maker.integers(_OPERATOR_INPUTS)
        if codes[index] not in _PASS_ON or not inputs:
            return _LAST_STEPS.get(codes[index])
        wanted = inputs[0]
    return None
