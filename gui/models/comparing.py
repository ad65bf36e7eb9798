"""What an embedder's vectors are compared by: whole pictures or cut faces, and which distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgecnn.bundle.schema import Alignment, EmbeddingSpec


@dataclass(frozen=True, slots=True)
class Crop:
    """Where a face's points lie in the crop on which a network was trained.

    Attributes:
        side: Of the square crop for which the places are given, in pixels.
        places: Name of a point -> its place (x, y) in that crop, in pixels.
    """

    side: int
    places: tuple[tuple[str, tuple[float, float]], ...]

    def alignment(self, size_wh: tuple[int, int]) -> Alignment:
        """The same for an input of another size."""
        x, y = size_wh[0] / self.side, size_wh[1] / self.side
        return Alignment(
            width=size_wh[0],
            height=size_wh[1],
            points=tuple(name for name, _ in self.places),
            template_xy=tuple((left * x, top * y) for _, (left, top) in self.places),
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """An answer to what a vector is for.

    Attributes:
        title: For people.
        crop: How faces are cut; None where whole pictures go in.
    """

    title: str
    metric: Literal["cosine", "euclidean"]
    crop: Crop | None = None


# The mouth's place is the middle between its corners, which the face detectors here do not give.
_ARCFACE = Crop(
    112,
    (
        ("right_eye", (38.29, 51.70)),
        ("left_eye", (73.53, 51.50)),
        ("nose_tip", (56.03, 71.74)),
        ("mouth_centre", (56.14, 92.28)),
    ),
)
_DLIB = Crop(
    150,
    (
        ("right_eye", (47.7, 47.1)),
        ("left_eye", (100.3, 47.1)),
        ("nose_tip", (74.0, 75.0)),
        ("mouth_centre", (74.0, 105.0)),
    ),
)
COMPARISONS: dict[str, Comparison] = {
    "pictures": Comparison("Whole pictures, by angle (cosine)", "cosine"),
    "pictures_far": Comparison("Whole pictures, by distance", "euclidean"),
    "faces": Comparison("Faces as for ArcFace, by angle (cosine)", "cosine", _ARCFACE),
    "faces_far": Comparison("Faces as for dlib, by distance", "euclidean", _DLIB),
}


def embedding_spec(
    comparison: Comparison, size_wh: tuple[int, int], dimension: int, space: str
) -> EmbeddingSpec:
    """What a bundle says of its vectors.

    Args:
        comparison: As answered.
        size_wh: Of the network's input.
        dimension: Length of the vector.
        space: Name of the space: vectors of two files never compare.
    """
    return EmbeddingSpec(
        space=space,
        dimension=dimension,
        metric=comparison.metric,
        alignment=None if comparison.crop is None else comparison.crop.alignment(size_wh),
    )
