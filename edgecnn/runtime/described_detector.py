"""Detectors that describe themselves by their format's standard metadata."""

from __future__ import annotations

from typing import Any

from edgecnn.bundle.metadata import Embedded, SelfDescription, Slot
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.runtime.described_parts import (
    Gaps,
    picture_input,
    refuse_calibration,
    shapes_of,
)
from edgecnn.runtime.probe import Probe, ProbedTensor

DEFAULT_SCORE_THRESHOLD = 0.5
"""Where a file names none. It is a wish and no fact, and options change it."""

# TFLite's names of the four outputs, in the order of its operator, and ours.
_NAMES = {
    "location": "boxes",
    "category": "classes",
    "score": "scores",
    "number of detections": "count",
}
# Words in the names of an IR's outputs, as Model API looks for them, and ours.
_IR_WORDS = {"bboxes": "boxes", "labels": "classes", "scores": "scores"}


def is_ssd(embedded: Embedded, found: Probe) -> bool:
    """Whether the file says that it gives boxes."""
    boxes = any(slot.box_order != () for slot in embedded.outputs)
    return embedded.kind == "ssd" or boxes or (embedded.postprocessed and len(found.outputs) == 4)


def describe_ssd(embedded: Embedded, found: Probe, *, where: str) -> SelfDescription:
    """A detector that decodes and suppresses inside the network.

    Raises:
        BundleError: Something is missing; the message lists all of it.
    """
    gaps = Gaps(where)
    spec = picture_input(embedded, found, gaps)
    form: dict[str, Any] = {}
    if embedded.kind == "ssd":
        outputs, labels = _ir_outputs(found, form, gaps), embedded.labels
    else:
        outputs, labels = _tflite_outputs(embedded, found, form, gaps)
    gaps.add("names for its classes", missing=not labels)
    refuse_calibration(embedded, gaps)
    gaps.close()
    if spec is None:
        raise gaps.refuse()
    if embedded.iou_threshold is not None:
        form["iou_threshold"] = embedded.iou_threshold
    return SelfDescription(
        task="detect",
        input=spec,
        decoder=DecoderSpec(name="ssd_postprocessed", parameters=form | _threshold(embedded)),
        labels=labels,
        outputs=outputs,
    )


def describe_yolo(embedded: Embedded, found: Probe, *, where: str) -> SelfDescription:
    """A detector with the head of YOLOv8, whose boxes are suppressed outside.

    Raises:
        BundleError: Something is missing; the message lists all of it.
    """
    gaps = Gaps(where)
    spec = picture_input(embedded, found, gaps)
    shape = found.outputs[0].shape
    fits = len(found.outputs) == 1 and len(shape) == 3 and shape[0] == 1
    gaps.add(
        f"where its boxes are: a YOLO's are in one output (1, 4 + classes, boxes), but its outputs "
        f"are {shapes_of(found.outputs)}",
        missing=not fits,
    )
    named = len(embedded.labels)
    gaps.add(
        f"names for its {shape[1] - 4 if fits else 'N'} classes ({named} came)",
        missing=not named or (fits and shape[1] != 4 + named),
    )
    gaps.close()
    if spec is None:
        raise gaps.refuse()
    iou = 0.7 if embedded.iou_threshold is None else embedded.iou_threshold
    return SelfDescription(
        task="detect",
        input=spec,
        decoder=DecoderSpec(
            name="yolo_v8", parameters={"iou_threshold": iou} | _threshold(embedded)
        ),
        labels=embedded.labels,
        outputs={found.outputs[0].name: "predictions"},
    )


def _threshold(embedded: Embedded) -> dict[str, float]:
    wish = embedded.score_threshold
    return {"score_threshold": DEFAULT_SCORE_THRESHOLD if wish is None else min(max(wish, 0), 1)}


def _tflite_outputs(
    embedded: Embedded, found: Probe, form: dict[str, Any], gaps: Gaps
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Our name for each of the four outputs, and the names of the classes."""
    slots = embedded.outputs
    if len(found.outputs) != 4 or len(slots) != 4:
        gaps.add(
            "what its outputs are: the standard form has boxes, classes, scores and their number, "
            f"but {len(slots)} are described of {shapes_of(found.outputs)}"
        )
        return {}, ()
    places = _places(slots)
    boxes, classes, scores, count = (found.outputs[place] for place in places)
    rows = boxes.shape[1] if len(boxes.shape) == 3 else 0
    wanted = ((1, rows, 4), (1, rows), (1, rows), (1,))
    unfit = rows == 0 or any(
        tensor.shape != shape
        for tensor, shape in zip((boxes, classes, scores, count), wanted, strict=True)
    )
    gaps.add(
        "which outputs are boxes (1, N, 4), classes (1, N), scores (1, N) and their number (1,): "
        f"they are {shapes_of(found.outputs)}",
        missing=unfit,
    )
    order = slots[places[0]].box_order
    gaps.add(
        "that its boxes are left, top, right and bottom as shares of the input, in some order",
        missing=not order,
    )
    form["box_order"] = list(order or ())
    labels = slots[places[1]].value_labels
    return _renamed((boxes, classes, scores, count), tuple(_NAMES.values())), labels


def _places(slots: tuple[Slot, ...]) -> tuple[int, ...]:
    """Where the four outputs are: by the standard's names, or else in the standard's order."""
    names = [slot.name.strip().lower() for slot in slots]
    if sorted(names) == sorted(_NAMES):
        return tuple(names.index(name) for name in _NAMES)
    return tuple(range(4))


def _ir_outputs(found: Probe, form: dict[str, Any], gaps: Gaps) -> dict[str, str]:
    """Our names for the outputs of an IR, in one of the forms that Model API reads."""
    tensors = found.outputs
    if len(tensors) == 1 and len(tensors[0].shape) == 4 and tensors[0].shape[-1] == 7:
        return {tensors[0].name: "detections"}
    named = {
        ours: [tensor for tensor in tensors if word in tensor.name]
        for word, ours in _IR_WORDS.items()
    }
    form["box_order"] = [0, 1, 2, 3]
    if all(len(those) == 1 for those in named.values()):
        return {those[0].name: ours for ours, those in named.items()}
    rows = [tensor for tensor in tensors if len(tensor.shape) == 3 and tensor.shape[-1] == 5]
    if len(rows) == 1 and len(named["classes"]) == 1:
        form["coordinates"] = "pixels"
        return _renamed((rows[0], named["classes"][0]), ("boxes", "classes"))
    gaps.add(
        "where its boxes are: in one output (1, 1, N, 7); in outputs named bboxes, scores and "
        "labels; or in one of (1, N, 5) beside labels (1, N). Its outputs are "
        f"{shapes_of(tensors)}"
    )
    return {}


def _renamed(tensors: tuple[ProbedTensor, ...], names: tuple[str, ...]) -> dict[str, str]:
    return {tensor.name: name for tensor, name in zip(tensors, names, strict=True)}
