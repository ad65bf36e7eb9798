"""What the tests of decoders share: bundles, quantization, and slow plain references.

The references are loops over Python numbers, written from the papers' formulas and sharing no code
with the decoders.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import DecoderSpec, EmbeddingSpec, InputSpec, Layout, Manifest
from edgecnn.core.placement import Placement
from edgecnn.runtime.output import Output

Box = tuple[float, float, float, float]
Candidate = tuple[Box, float, int]

LETTERBOX_HD = Placement((1280, 720), (320, 320), (0.25, 0.25), (0.0, 70.0))
"""A 1280 x 720 picture letterboxed into 320 x 320."""


def manifest(
    decoder: str,
    parameters: dict[str, Any],
    *,
    size_wh: tuple[int, int] = (320, 320),
    labels: Sequence[str] = (),
    layout: Layout = "nhwc",
    embedding: EmbeddingSpec | None = None,
) -> Manifest:
    """A bundle's manifest with just what decoders look at."""
    return Manifest(
        schema_version=1,
        name="under_test",
        title="A bundle for tests",
        task="detect",
        licence="Apache-2.0",
        source="made by a test",
        input=InputSpec(
            width=size_wh[0],
            height=size_wh[1],
            color="rgb",
            mean=(0.0, 0.0, 0.0),
            std=(1.0, 1.0, 1.0),
            layout=layout,
        ),
        decoder=DecoderSpec(name=decoder, parameters=parameters),
        variants=(),
        files={},
        labels=tuple(labels),
        embedding=embedding,
    )


def stored(values: NDArray[Any], dtype: str) -> Output:
    """Real values as an engine would store them: ``float32``, or ``int8``/``uint8`` over their
    range.
    """
    if dtype == "float32":
        return Output(values.astype(np.float32))
    limits = np.iinfo(dtype)
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (high - low) / 255 or 1.0
    zero_point = round(limits.min - low / scale)
    data = np.clip(np.round(values / scale) + zero_point, limits.min, limits.max).astype(dtype)
    return Output(data, scale, zero_point)


def real(output: Output) -> NDArray[np.float64]:
    """The numbers an output stands for, one by one by the definition of quantization."""
    if output.scale == 0.0:
        return output.data.astype(np.float64)
    return (output.data.astype(np.float64) - output.zero_point) * output.scale


def plain_iou(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    total = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / total


def plain_nms(found: Iterable[Candidate], iou_threshold: float) -> list[Candidate]:
    """Greedy, class by class; equal scores in the order they came."""
    kept: list[Candidate] = []
    for box, score, class_id in sorted(found, key=lambda candidate: -candidate[1]):
        rivals = (other for other, _, other_id in kept if other_id == class_id)
        if all(plain_iou(box, other) <= iou_threshold for other in rivals):
            kept.append((box, score, class_id))
    return kept


def plain_to_picture(box: Box, placement: Placement) -> Box:
    mapped = []
    for index, value in enumerate(box):
        axis = index % 2
        pixel = (value - placement.offset_xy[axis]) / placement.scale_xy[axis]
        mapped.append(min(max(pixel, 0.0), float(placement.size_wh[axis])))
    return mapped[0], mapped[1], mapped[2], mapped[3]


def plain_detections(
    found: Iterable[Candidate], placement: Placement, iou_threshold: float, max_results: int
) -> list[Candidate]:
    """Everything that comes after the candidates."""
    results = []
    for box, score, class_id in plain_nms(found, iou_threshold):
        mapped = plain_to_picture(box, placement)
        if mapped[2] > mapped[0] and mapped[3] > mapped[1]:
            results.append((mapped, score, class_id))
    return results[:max_results]


def plain_sigmoid(value: float) -> float:
    if value >= 0:
        return 1.0 / (1.0 + math.exp(-value))
    return math.exp(value) / (1.0 + math.exp(value))


def plain_softmax(values: Sequence[float]) -> list[float]:
    exponentials = [math.exp(value - max(values)) for value in values]
    return [value / sum(exponentials) for value in exponentials]
