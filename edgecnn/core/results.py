"""What the tasks answer: frozen dataclasses of arrays, checked where they are made.

Coordinates are pixels of the picture that came in, x to the right, y down; boxes are
``(x_min, y_min, x_max, y_max)``. Comparing two results with ``==`` compares identity: arrays have
no single truth value. Compare fields, or `to_dict()`.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError, UnknownNameError

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FACE_POINTS = ("right_eye", "left_eye", "nose_tip", "mouth_centre", "right_ear", "left_ear")
"""Order of `Faces.points_xy`; right and left are the person's own, as BlazeFace has them."""


def _check_shape(what: str, array: NDArray[Any], shape: tuple[int | None, ...]) -> None:
    if isinstance(array, np.ndarray) and array.ndim == len(shape) == 1 and shape[0] is None:
        return  # the most frequent case, on the way of every picture
    expected = tuple("N" if size is None else size for size in shape)
    fits = isinstance(array, np.ndarray) and array.ndim == len(shape)
    if not fits or any(w is not None and w != g for w, g in zip(shape, array.shape, strict=True)):
        got = array.shape if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{what} must be an array of shape {expected}, but got {got}")


def indices_of(keep: Bools | Ints) -> Ints:
    """What a mask (N,) bool selects as indices (M,) int64; indices stay as they are."""
    return np.flatnonzero(keep) if keep.dtype == np.bool_ else np.asarray(keep, np.int64)


def check_length(what: str, length: int, expected: int) -> None:
    """Refuse a result whose parts do not belong to the same number of things."""
    if length != expected:
        raise ValueError(f"{what} must have {expected} entries, one a result, but got {length}")


def _rounded(values: NDArray[Any], digits: int) -> Any:
    """Plain Python numbers, short enough to read and to store."""
    return np.round(np.asarray(values, dtype=np.float64), digits).tolist()


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of a `Classification`."""

    class_id: int
    label: str
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """Classes of a whole picture, best first.

    Attributes:
        class_ids: (K,) int64, index into the bundle's labels.
        labels: K names.
        scores: (K,) float32, 0..1, falling.
    """

    class_ids: Ints
    labels: tuple[str, ...]
    scores: Floats

    def __post_init__(self) -> None:
        _check_shape("class_ids", self.class_ids, (None,))
        _check_shape("scores", self.scores, (None,))
        check_length("class_ids", len(self.class_ids), len(self.scores))
        check_length("labels", len(self.labels), len(self.scores))
        if (self.scores[1:] > self.scores[:-1]).any():
            raise ValueError("scores must fall: sort the classes by score, best first")

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int) -> ClassScore:
        return ClassScore(int(self.class_ids[index]), self.labels[index], float(self.scores[index]))

    def __iter__(self) -> Iterator[ClassScore]:
        return (self[index] for index in range(len(self)))

    def to_dict(self) -> dict[str, Any]:
        """Plain lists: ``class_ids``, ``labels``, ``scores``."""
        return {
            "class_ids": self.class_ids.tolist(),
            "labels": list(self.labels),
            "scores": _rounded(self.scores, 5),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One object of `Detections`; ``box_xyxy`` is (4,) float32."""

    box_xyxy: Floats
    score: float
    class_id: int
    label: str
    track_id: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Objects found in a picture, best first.

    Attributes:
        boxes_xyxy: (N, 4) float32, pixels, clipped to the picture.
        scores: (N,) float32, 0..1.
        class_ids: (N,) int64, index into the bundle's labels.
        labels: N names.
        track_ids: (N,) int64, from 1, the same for the same object in all frames of a stream; None
            when objects are not followed.
    """

    boxes_xyxy: Floats
    scores: Floats
    class_ids: Ints
    labels: tuple[str, ...]
    track_ids: Ints | None = None

    def __post_init__(self) -> None:
        _check_shape("boxes_xyxy", self.boxes_xyxy, (None, 4))
        _check_shape("scores", self.scores, (len(self.boxes_xyxy),))
        _check_shape("class_ids", self.class_ids, (len(self.boxes_xyxy),))
        check_length("labels", len(self.labels), len(self.boxes_xyxy))
        if self.track_ids is not None:
            _check_shape("track_ids", self.track_ids, (len(self.boxes_xyxy),))

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int) -> Detection:
        return Detection(
            self.boxes_xyxy[index],
            float(self.scores[index]),
            int(self.class_ids[index]),
            self.labels[index],
            None if self.track_ids is None else int(self.track_ids[index]),
        )

    def __iter__(self) -> Iterator[Detection]:
        return (self[index] for index in range(len(self)))

    def where(self, keep: Bools | Ints) -> Detections:
        """The objects that a mask (N,) bool or indices (M,) int select, in that order."""
        indices = indices_of(keep)
        return Detections(
            self.boxes_xyxy[indices],
            self.scores[indices],
            self.class_ids[indices],
            tuple(self.labels[index] for index in indices),
            None if self.track_ids is None else self.track_ids[indices],
        )

    def to_dict(self) -> dict[str, Any]:
        """Lists: ``boxes_xyxy``, ``scores``, ``class_ids``, ``labels``, ``track_ids`` if any."""
        plain: dict[str, Any] = {
            "boxes_xyxy": _rounded(self.boxes_xyxy, 2),
            "scores": _rounded(self.scores, 5),
            "class_ids": self.class_ids.tolist(),
            "labels": list(self.labels),
        }
        if self.track_ids is not None:
            plain["track_ids"] = self.track_ids.tolist()
        return plain


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A picture, or a face, as a vector.

    Attributes:
        vector: (D,) float32, as the network gave it (not normalized).
        space: Identifier of the embedding space. Vectors of different spaces have no distance.
        metric: ``euclidean`` or ``cosine``.
    """

    vector: Floats
    space: str
    metric: str

    def __post_init__(self) -> None:
        _check_shape("vector", self.vector, (None,))

    def __len__(self) -> int:
        return len(self.vector)

    def __getitem__(self, index: int) -> float:
        return float(self.vector[index])

    def __iter__(self) -> Iterator[float]:
        return iter(self.vector.tolist())

    def distance(self, other: Embedding) -> float:
        """Distance to another embedding of the same space, in its metric; 0 is identical.

        Raises:
            OptionError: The embeddings come from different spaces.
        """
        if self.space != other.space:
            raise OptionError(
                f"Cannot compare an embedding of space {self.space!r} with one of "
                f"{other.space!r}: make both with the same embedder."
            )
        if self.metric == "cosine":
            norms = float(np.linalg.norm(self.vector) * np.linalg.norm(other.vector))
            if norms == 0.0:
                raise OptionError("A zero vector has no direction: cosine distance is undefined.")
            return 1.0 - float(self.vector @ other.vector) / norms
        return float(np.linalg.norm(self.vector - other.vector))

    def to_dict(self) -> dict[str, Any]:
        """``space``, ``metric``, and ``vector`` as a list."""
        return {
            "space": self.space,
            "metric": self.metric,
            "vector": _rounded(self.vector, 6),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of `Faces`: ``box_xyxy`` (4,), ``points_xy`` (6, 2) in `FACE_POINTS` order."""

    box_xyxy: Floats
    score: float
    points_xy: Floats
    embedding: Embedding | None = None
    track_id: int | None = None

    @property
    def caption(self) -> tuple[str, str]:
        """What is drawn beside it: words, and a detail (how sure the detector is)."""
        words = "face" if self.track_id is None else f"face #{self.track_id}"
        return words, f"{self.score:.2f}"

    @property
    def tone(self) -> int:
        """Which colour it is drawn in, of `edgecnn.core.palette.class_color`."""
        return 0


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Faces found in a picture, best first.

    Attributes:
        boxes_xyxy: (N, 4) float32, pixels, clipped to the picture.
        scores: (N,) float32, 0..1: how sure the detector is that this is a face.
        points_xy: (N, 6, 2) float32, pixels, in the order of `FACE_POINTS`. May lie outside the
            picture when the face is cut off.
        embeddings: One for each face, or None when no embedder ran.
        track_ids: (N,) int64, from 1, the same for the same face in all frames of a stream; None
            when faces are not followed.
    """

    boxes_xyxy: Floats
    scores: Floats
    points_xy: Floats
    embeddings: tuple[Embedding, ...] | None = None
    track_ids: Ints | None = None

    def __post_init__(self) -> None:
        _check_shape("boxes_xyxy", self.boxes_xyxy, (None, 4))
        _check_shape("scores", self.scores, (len(self.boxes_xyxy),))
        _check_shape("points_xy", self.points_xy, (len(self.boxes_xyxy), len(FACE_POINTS), 2))
        if self.embeddings is not None:
            check_length("embeddings", len(self.embeddings), len(self.boxes_xyxy))
        if self.track_ids is not None:
            _check_shape("track_ids", self.track_ids, (len(self.boxes_xyxy),))

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int) -> Face:
        return Face(
            self.boxes_xyxy[index],
            float(self.scores[index]),
            self.points_xy[index],
            None if self.embeddings is None else self.embeddings[index],
            None if self.track_ids is None else int(self.track_ids[index]),
        )

    def __iter__(self) -> Iterator[Face]:
        return (self[index] for index in range(len(self)))

    def where(self, keep: Bools | Ints) -> Faces:
        """The faces that a mask (N,) bool or indices (M,) int select, in that order."""
        return replace(self, **self._selected(indices_of(keep)))

    def _selected(self, indices: Ints) -> dict[str, Any]:
        """The fields of a face, for some faces (M,) int only."""
        embeddings = self.embeddings
        return {
            "boxes_xyxy": self.boxes_xyxy[indices],
            "scores": self.scores[indices],
            "points_xy": self.points_xy[indices],
            "embeddings": None if embeddings is None else tuple(embeddings[i] for i in indices),
            "track_ids": None if self.track_ids is None else self.track_ids[indices],
        }

    def to_dict(self) -> dict[str, Any]:
        """Lists: ``boxes_xyxy``, ``scores``, ``points_xy``, and what else there is."""
        plain: dict[str, Any] = {
            "boxes_xyxy": _rounded(self.boxes_xyxy, 2),
            "scores": _rounded(self.scores, 5),
            "points_xy": _rounded(self.points_xy, 2),
        }
        if self.embeddings is not None:
            plain["embeddings"] = [embedding.to_dict() for embedding in self.embeddings]
        if self.track_ids is not None:
            plain["track_ids"] = self.track_ids.tolist()
        return plain


@dataclass(frozen=True, slots=True, eq=False)
class ClassMask:
    """One class of a `Segmentation`: ``mask`` (H, W) bool at the size of the picture."""

    label: str
    mask: Bools
    coverage: float


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Probability of each class at each place of a picture.

    Kept at the network's resolution, because most uses need one class, once: `probability` and
    `mask` enlarge what is asked for to the size of the picture.

    Attributes:
        probabilities: (C, h, w) float32, 0..1, covering exactly the picture that came in.
        labels: C names.
        size_wh: Width and height of the picture in pixels.
    """

    probabilities: Floats
    labels: tuple[str, ...]
    size_wh: tuple[int, int]

    def __post_init__(self) -> None:
        _check_shape("probabilities", self.probabilities, (len(self.labels), None, None))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> ClassMask:
        label = self.labels[index]
        mask = self.mask(label)
        return ClassMask(label, mask, float(mask.mean()))

    def __iter__(self) -> Iterator[ClassMask]:
        return (self[index] for index in range(len(self)))

    def probability(self, label: str) -> Floats:
        """(H, W) float32, 0..1: probability of one class, enlarged to the picture (linear).

        Raises:
            OptionError: No such class.
        """
        if label not in self.labels:
            raise OptionError(f"No class {label!r} here. Known: {', '.join(self.labels)}.")
        plane = self.probabilities[self.labels.index(label)]
        enlarged = cv2.resize(plane, self.size_wh, interpolation=cv2.INTER_LINEAR)
        return np.asarray(enlarged, np.float32)

    def mask(self, label: str, threshold: float = 0.5) -> Bools:
        """(H, W) bool: where the probability of a class is at least ``threshold``."""
        return self.probability(label) >= threshold

    def to_dict(self) -> dict[str, Any]:
        """What to store or to compare, without the full map.

        Returns:
            ``labels``, ``size_wh``, ``coverage`` (share of the picture above 0.5, one a class) and
            ``grid`` (probabilities averaged over 16 x 16 cells).
        """
        grid = [cv2.resize(p, (16, 16), interpolation=cv2.INTER_AREA) for p in self.probabilities]
        return {
            "labels": list(self.labels),
            "size_wh": list(self.size_wh),
            "coverage": _rounded((self.probabilities >= 0.5).mean(axis=(1, 2)), 4),
            "grid": _rounded(np.stack(grid), 3),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Tensors:
    """What a model of the task ``tensors`` gave: its outputs by name, as real values.

    ``result["mask"]``, ``len``, iteration over the names and ``dict(result)`` work as for a
    dictionary.

    Attributes:
        arrays: Name -> float32 array with the batch axis, in the order of the bundle.
    """

    arrays: Mapping[str, Floats]

    def __post_init__(self) -> None:
        for name, array in self.arrays.items():
            if not isinstance(array, np.ndarray) or array.dtype != np.float32:
                got = getattr(array, "dtype", type(array).__name__)
                raise ValueError(f"{name} must be an array of float32, but got {got}")

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, name: str) -> Floats:
        if name not in self.arrays:
            known = ", ".join(self.arrays)
            raise UnknownNameError(f"There is no output {name!r}. Known: {known}.")
        return self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def keys(self) -> KeysView[str]:
        """Names of the outputs."""
        return self.arrays.keys()

    def items(self) -> ItemsView[str, Floats]:
        """Names and arrays."""
        return self.arrays.items()

    def to_dict(self) -> dict[str, Any]:
        """``outputs``: name -> ``shape``, ``dtype`` and ``values``, the last axis fastest."""
        return {
            "outputs": {
                name: {
                    "shape": list(array.shape),
                    "dtype": array.dtype.name,
                    "values": _shortest(array),
                }
                for name, array in self.arrays.items()
            }
        }


def _shortest(values: Floats) -> list[float]:
    """Python numbers with the fewest digits that still stand for the same float32."""
    return values.ravel().astype("U32").astype(np.float64).tolist()


Result = Classification | Detections | Faces | Embedding | Segmentation | Tensors
