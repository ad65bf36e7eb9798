"""What the classical methods share: crops in, vectors out, distances, and a file without pickle."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import cv2
import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecnn.bundle.schema import Alignment
from edgecnn.core.image import convert_color
from edgecnn.core.results import Embedding
from edgecnn.errors import BundleError, OptionError
from edgecnn.faces.align import align_face
from edgecnn.faces.atomic import write_atomically
from edgecnn.faces.match import distances
from edgecnn.registry import Registry

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
MAX_FILE_BYTES = 2**28
_FORMAT = 1

ALIGNMENT = Alignment(
    width=64,
    height=64,
    points=("right_eye", "left_eye", "nose_tip", "mouth_centre"),
    template_xy=((18.0, 20.0), (46.0, 20.0), (32.0, 35.0), (32.0, 51.0)),
)
"""Small, and close around eyes, nose and mouth: hair and background tell nothing for long."""

KINDS = Registry(
    "classical method",
    {
        "eigenfaces": "edgecnn.faces.baselines.eigenfaces:Eigenfaces",
        "fisherfaces": "edgecnn.faces.baselines.fisherfaces:Fisherfaces",
        "lbp": "edgecnn.faces.baselines.lbp:LbpHistograms",
    },
)
"""By the name in a file; files that name anything else are refused."""


class Baseline(ABC):
    """A fitted method.

    Attributes:
        kind: Name in `KINDS`.
        metric: Under which a `Matcher` compares the vectors.
        size_wh: Of the crops, in pixels.
    """

    kind: ClassVar[str]
    metric: Literal["euclidean", "cosine"] = "euclidean"
    size_wh: tuple[int, int]

    @abstractmethod
    def _vectors(self, crops: Pixels) -> NDArray[Any]:
        """(N, D) of checked crops."""

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """Arguments of the constructor that are no arrays."""

    @abstractmethod
    def _arrays(self) -> dict[str, NDArray[Any]]:
        """Arguments of the constructor that are."""

    @classmethod
    @abstractmethod
    def _from(cls, settings: dict[str, Any], arrays: dict[str, Any]) -> Self:
        """What `_settings` and `_arrays` came from."""

    @property
    def space(self) -> str:
        """Identifier of the embedding space: another fit is another space."""
        digest = hashlib.sha256(msgspec.json.encode(self._settings()))
        for name, array in sorted(self._arrays().items()):
            digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return f"{self.kind}-{digest.hexdigest()[:12]}"

    def embed(self, crops: Pixels) -> Floats:
        """Vectors of aligned crops.

        Args:
            crops: (N, H, W) uint8, grey, at the size that this was made for.

        Returns:
            (N, D) float32.

        Raises:
            OptionError: Another size, kind or number of axes.
        """
        width, height = self.size_wh
        if crops.ndim != 3 or crops.shape[1:] != (height, width) or crops.dtype != np.uint8:
            raise OptionError(
                f"{self.kind} takes grey crops (N, {height}, {width}), uint8, but got "
                f"{crops.shape}, {crops.dtype}. edgecnn.faces.baselines.crop_face cuts them."
            )
        return np.asarray(self._vectors(crops), np.float32)

    def embedding(self, crop: Pixels) -> Embedding:
        """One crop (H, W), as a neural embedder answers; for galleries."""
        return Embedding(self.embed(crop[None])[0], self.space, self.metric)

    def distances(self, a: NDArray[Any], b: NDArray[Any]) -> Doubles:
        """(A, B) distances of vectors, as the method's paper has them."""
        return distances(a, b, self.metric)

    def row_distances(self, a: NDArray[Any], b: NDArray[Any]) -> Doubles:
        """(n,) distances of the rows of two sets (n, D) to each other."""
        first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
        if self.metric == "cosine":
            norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
            products = (first * second).sum(axis=1)
            return np.asarray(1.0 - products / np.maximum(norms, 1e-12), np.float64)
        return np.asarray(np.linalg.norm(first - second, axis=1), np.float64)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write an ``.npz`` that holds arrays and JSON, and nothing that could run.

        What was learnt from faces shows them (the mean of a few people is nearly one of them), so
        only the owner may read the file.

        Raises:
            GalleryError: It cannot be written; what was there stays.
        """
        target = Path(path)
        head = {"format": _FORMAT, "kind": self.kind, "settings": self._settings()}
        stream = io.BytesIO()
        encoded = np.frombuffer(msgspec.json.encode(head), np.uint8)
        np.savez_compressed(stream, allow_pickle=False, head=encoded, **self._arrays())
        write_atomically(target, stream.getvalue())
        return target


def load_baseline(path: str | os.PathLike[str]) -> Baseline:
    """Read what `Baseline.save` wrote.

    Raises:
        BundleError: Missing, damaged, too large, or something else.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise BundleError(f"{file} has {size} bytes; files up to {MAX_FILE_BYTES} are read.")
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_FILE_BYTES:
            raise BundleError(f"{file} unpacks to {unpacked} bytes, more than {MAX_FILE_BYTES}.")
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: np.asarray(stored[name]) for name in stored.files}
        head = msgspec.json.decode(arrays.pop("head").tobytes(), type=dict[str, Any])
        if head["format"] != _FORMAT:
            raise BundleError(f"{file} has format {head['format']}; this version reads {_FORMAT}.")
        method: Baseline = KINDS[head["kind"]]._from(head["settings"], arrays)
    except OSError as error:
        raise BundleError(f"Cannot read {file}: {error.strerror or error}.") from error
    except (
        zipfile.BadZipFile, msgspec.DecodeError, ValueError, KeyError, TypeError, EOFError
    ) as error:  # fmt: skip
        raise BundleError(f"{file} is no saved classical face method: {error}") from error
    return method


def crop_face(
    pixels: Pixels, points_xy: ArrayLike, color: str, alignment: Alignment = ALIGNMENT
) -> Pixels:
    """Cut one face out of a picture, upright and grey.

    Args:
        pixels: (H, W, 3) uint8, or (H, W) for ``gray``.
        points_xy: (6, 2) points of the face, as `Faces.points_xy` has them.
        color: ``rgb``, ``bgr`` or ``gray``.
        alignment: Where the points come to lie.

    Returns:
        (height, width) uint8.

    Raises:
        ImageError, OptionError: As `align_face`.
    """
    picture = convert_color(pixels, "gray", "bgr") if color == "gray" else pixels
    crop = align_face(picture, points_xy, alignment)
    code = cv2.COLOR_RGB2GRAY if color == "rgb" else cv2.COLOR_BGR2GRAY
    return np.asarray(cv2.cvtColor(crop, code), np.uint8)


def check_crops(crops: Pixels, least: int) -> Doubles:
    """Crops to learn from, as rows (N, H W) float64.

    Raises:
        OptionError: Fewer than ``least``, or not grey crops of one size.
    """
    if crops.ndim != 3 or crops.dtype != np.uint8 or len(crops) < least:
        raise OptionError(
            f"Learning takes at least {least} grey crops (N, H, W), uint8, but got {crops.shape}, "
            f"{crops.dtype}."
        )
    return crops.reshape(len(crops), -1).astype(np.float64)


def check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Refuse a stored array that does not fit the others.

    Raises:
        ValueError: Another shape, or values that are not finite.
    """
    if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"{name} has shape {array.shape} of {array.dtype}, expected {shape}")
