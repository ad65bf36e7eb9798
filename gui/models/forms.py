"""What can be asked about a bare model file, and what can be answered: literal tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Shapes = Sequence[tuple[int, ...]]
_IMAGENET_MEAN, _IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True, slots=True)
class Scaling:
    """How pixels 0..255 become what a network was trained on, red first."""

    title: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


SCALINGS: dict[str, Scaling] = {
    "unit": Scaling("0 to 1", (0.0,) * 3, (255.0,) * 3),
    "signed": Scaling("-1 to 1", (127.5,) * 3, (127.5,) * 3),
    "raw": Scaling("0 to 255, unchanged", (0.0,) * 3, (1.0,) * 3),
    "imagenet": Scaling("ImageNet mean and deviation", _IMAGENET_MEAN, _IMAGENET_STD),
}
COLORS: dict[str, str] = {"rgb": "Red, green, blue", "bgr": "Blue, green, red"}
RESIZES: dict[str, str] = {
    "stretch": "Stretched to the input's size",
    "letterbox": "Whole, with bars",
    "crop": "Its middle part",
}
ACTIVATIONS: dict[str, str] = {
    "none": "Probabilities",
    "softmax": "Logits of one class (softmax)",
    "sigmoid": "Logits of each class (sigmoid)",
}
COORDINATES: dict[str, str] = {
    "normalized": "Shares of the picture, 0 to 1",
    "pixels": "Pixels of the input",
}


@dataclass(frozen=True, slots=True)
class Form:
    """What a network with outputs of certain shapes may be.

    Attributes:
        title: For people.
        task, decoder: Names in `edgecnn.registry`.
        fits: Whether outputs of such shapes can be it.
        classes: From the shapes to the number of classes; 0 where they do not tell.
        asks: Further questions: ``activation``, ``coordinates``, ``comparison``.
        named: Whether its classes have names.
    """

    title: str
    task: str
    decoder: str
    fits: Callable[[Shapes], bool]
    classes: Callable[[Shapes], int]
    asks: tuple[str, ...] = ()
    named: bool = True


def _is_row(shapes: Shapes) -> bool:
    return len(shapes) == 1 and len(shapes[0]) == 2 and shapes[0][0] == 1


def _is_table(shapes: Shapes) -> bool:
    return len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][0] == 1


def _is_map(shapes: Shapes) -> bool:
    return len(shapes) == 1 and len(shapes[0]) == 4 and sorted(shapes[0])[2] > 1


def map_is_first(shape: tuple[int, ...]) -> bool:
    """Whether the channels of a map come first: the odd one of its three sides."""
    return shape[2] == shape[3] != shape[1] or (shape[1] < shape[2] and shape[1] < shape[3])


def _is_ssd(shapes: Shapes) -> bool:
    if sorted(map(len, shapes)) != [1, 2, 2, 3]:
        return False
    boxes = next(shape for shape in shapes if len(shape) == 3)
    rows = (1, boxes[1])
    return boxes[2] == 4 and [shape for shape in shapes if len(shape) == 2] == [rows, rows]


ANCHOR_GRIDS: dict[int, tuple[tuple[int, int], ...]] = {
    896: ((16, 2), (8, 6)),
    2304: ((48, 1),),
}
"""Anchors of a BlazeFace -> cells a side and anchors a cell of each map; others are not known."""


def blazeface_anchors(shapes: Shapes) -> int:
    """How many anchors two outputs of a BlazeFace have; 0 where they are none."""
    for anchors in ANCHOR_GRIDS:
        if sorted(shapes) == [(1, anchors, 1), (1, anchors, 16)]:
            return anchors
    return 0


FORMS: dict[str, Form] = {
    "classes": Form(
        "Classes of the whole picture", "classify", "classification",
        _is_row, lambda shapes: shapes[0][1], ("activation",),
    ),
    "yolo_v8": Form(
        "Objects, YOLOv8 or YOLO11", "detect", "yolo_v8",
        lambda shapes: _is_table(shapes) and 4 < shapes[0][1] < shapes[0][2],
        lambda shapes: shapes[0][1] - 4, ("coordinates",),
    ),
    "yolo_v5": Form(
        "Objects, YOLOv5", "detect", "yolo_v5",
        lambda shapes: _is_table(shapes) and 5 < shapes[0][2] < shapes[0][1],
        lambda shapes: shapes[0][2] - 5, ("coordinates",),
    ),
    "ssd": Form(
        "Objects, SSD with its own suppression", "detect", "ssd_postprocessed",
        _is_ssd, lambda _: 0,
    ),
    "regions": Form(
        "Regions of the picture", "segment", "segmentation",
        _is_map,
        lambda shapes: shapes[0][1] if map_is_first(shapes[0]) else shapes[0][3],
        ("activation",),
    ),
    "faces": Form(
        "Faces with eyes, nose and mouth, BlazeFace", "detect_faces", "blazeface",
        lambda shapes: blazeface_anchors(shapes) > 0, lambda _: 0, named=False,
    ),
    "vector": Form(
        "Vectors, to compare by", "embed", "embedding",
        _is_row, lambda _: 0, ("comparison",), named=False,
    ),
}  # fmt: skip
