"""Options of the tasks: one frozen, keyword-only dataclass each, checked where it is made.

None always means "as the bundle says".
"""

from __future__ import annotations

from dataclasses import dataclass

from edgecnn.errors import OptionError


def _check_share(name: str, value: float | None) -> None:
    if value is not None and not 0.0 <= value <= 1.0:
        raise OptionError(f"{name} must be between 0 and 1, but got {value!r}.")


def _check_count(name: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise OptionError(f"{name} must be 1 or more, or None, but got {value!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyOptions:
    """Options of `ImageClassifier`.

    Attributes:
        top_k: How many classes are given, best first; None gives all.
    """

    top_k: int | None = 5

    def __post_init__(self) -> None:
        _check_count("top_k", self.top_k)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectOptions:
    """Options of `ObjectDetector`.

    Attributes:
        score_threshold: Least score, 0..1.
        iou_threshold: Boxes of a class that overlap more than this are one object, 0..1.
        max_results: At most this many objects, best first.
        labels: Only these classes; None gives all.
    """

    score_threshold: float | None = None
    iou_threshold: float | None = None
    max_results: int | None = None
    labels: frozenset[str] | None = None

    def __post_init__(self) -> None:
        _check_share("score_threshold", self.score_threshold)
        _check_share("iou_threshold", self.iou_threshold)
        _check_count("max_results", self.max_results)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceOptions:
    """Options of `FaceDetector`.

    Attributes:
        score_threshold: Least score, 0..1.
        iou_threshold: Boxes that overlap more than this are one face, 0..1.
        max_results: At most this many faces, best first.
    """

    score_threshold: float | None = None
    iou_threshold: float | None = None
    max_results: int | None = None

    def __post_init__(self) -> None:
        _check_share("score_threshold", self.score_threshold)
        _check_share("iou_threshold", self.iou_threshold)
        _check_count("max_results", self.max_results)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedOptions:
    """Options of `ImageEmbedder`: there are none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentOptions:
    """Options of `ImageSegmenter`: there are none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorOptions:
    """Options of `TensorModel`: there are none yet."""


TaskOptions = (
    ClassifyOptions | DetectOptions | FaceOptions | EmbedOptions | SegmentOptions | TensorOptions
)
