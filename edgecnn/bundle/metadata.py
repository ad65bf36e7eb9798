"""What a bare model file says of itself.

Two voices are heard. Ours, written by `converters.metadata.write`, is a whole `SelfDescription`:
enough to load the file without a question. Where it is missing, the standard metadata of the format
(TFLite metadata, or OpenVINO's ``model_info``) tells part of it: normalisation, colour order,
labels. Nothing here trusts the file: the only error is `BundleError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from edgecnn.bundle.schema import Color, DecoderSpec, EmbeddingSpec, InputSpec, Resize
from edgecnn.errors import BundleError

ENTRY_NAME = "edgecnn.json"
"""Of the file that carries our description, in the zip at the end of a ``.tflite``."""
DESCRIPTION_VERSION = 1
MAX_DESCRIPTION_BYTES = 4 << 20

LastStep = Literal["softmax", "sigmoid"]
Activation = Literal["none", "softmax", "sigmoid"]
Kind = Literal["classify", "segment", "ssd", "yolo_v8"]


class SelfDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What a file needs to say to be loaded without questions; fields as in `Manifest`.

    Fields that a later version adds are passed over: what is here keeps its meaning.

    Attributes:
        input: None for the task ``tensors``, whose inputs are arrays.
        outputs: Name of an output inside the file -> name that the decoder knows it by.
    """

    task: str
    input: InputSpec | None
    decoder: DecoderSpec
    labels: tuple[str, ...] = ()
    embedding: EmbeddingSpec | None = None
    outputs: dict[str, str] = {}
    licence: str = "unknown"
    version: int = DESCRIPTION_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What a file says of one of its outputs.

    Attributes:
        name: For people and programs: ``score``, ``location``; not the tensor's.
        labels: Names of the classes, of an output that has one value a class along its last axis.
        value_labels: Names of the numbers that an output of class numbers holds.
        limits: Least and greatest value, as the file states them.
        box_order: Where a row has left, top, right and bottom of a box, as shares of the input.
            Empty for an output that holds no boxes, None for boxes of another kind.
        score_threshold: Below it, results are not meant to be used.
        calibrated: Its scores are to be calibrated by a file, which edgecnn does not do.
    """

    name: str = ""
    labels: tuple[str, ...] = ()
    value_labels: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None
    box_order: tuple[int, ...] | None = ()
    score_threshold: float | None = None
    calibrated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What was found in a file; anything that it does not say is empty or None.

    Attributes:
        description: Our own entry.
        name: Of the model, for people.
        kind: What the file says that it is.
        unknown_kind: The same, where edgecnn knows no such thing.
        color: Channel order that the input takes.
        mean, std: ``x = (pixel - mean) / std``, one value a channel or one for all.
        resize: How a picture is brought to the input's size.
        pad: Pixel value of letterbox bars.
        labels: Names of the classes, of an output that has one value a class.
        scores_range: Least and greatest value of the scores, as the file states them.
        last_step: What the network ends in, as far as it turns scores into probabilities.
        classifies: The file says that it is a classifier of whole pictures whose scores are
            logits, unless ``last_step`` says otherwise: one class a picture for ``"softmax"``,
            several for ``"sigmoid"``.
        outputs: Its outputs, in the order of the file; empty when nothing is said of them.
        activation: What a segmenter's output still has to go through.
        postprocessed: The network ends in an operation that gives boxes, classes, scores and count.
        score_threshold, iou_threshold: Of a detector.
    """

    description: SelfDescription | None = None
    name: str = ""
    kind: Kind | None = None
    unknown_kind: str = ""
    color: Color | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    resize: Resize | None = None
    pad: int = 0
    labels: tuple[str, ...] = ()
    scores_range: tuple[float, float] | None = None
    last_step: LastStep | None = None
    classifies: LastStep | None = None
    outputs: tuple[Slot, ...] = ()
    activation: Activation | None = None
    postprocessed: bool = False
    score_threshold: float | None = None
    iou_threshold: float | None = None


def encode_description(description: SelfDescription) -> bytes:
    """As JSON, the same bytes for the same content."""
    return msgspec.json.encode(description, order="deterministic")


def decode_description(content: bytes | str) -> SelfDescription:
    """Our entry, from JSON.

    Raises:
        BundleError: Not such JSON, or made by a newer edgecnn.
    """
    if len(content) > MAX_DESCRIPTION_BYTES:
        raise BundleError(f"The embedded description has {len(content)} characters; too many.")
    try:
        description = msgspec.json.decode(content, type=SelfDescription)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BundleError(
            f"The description embedded in this model is damaged ({error}). Convert the model "
            "again, or describe it: edgecnn.runtime.bare.Description."
        ) from error
    if description.version > DESCRIPTION_VERSION:
        raise BundleError(
            f"The description embedded in this model has version {description.version}; this "
            f"edgecnn reads up to {DESCRIPTION_VERSION}. Update edgecnn: pip install -U edgecnn"
        )
    return description
