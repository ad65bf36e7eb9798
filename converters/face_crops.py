"""Aligned crops of real faces, for calibrating and proving face embedders.

An embedder on a device sees what the detector and the alignment give it. So the faces come from
photographs through both, and their points are moved about as a detector's wander from frame to
frame; then light, sharpness and side are varied as in `converters.inputs.photographs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from converters.inputs.photographs import Pixels, images_folder, relight, soften
from edgecnn.api import load
from edgecnn.bundle.schema import Alignment
from edgecnn.errors import ConversionError
from edgecnn.faces.align import align_face

DETECTOR = "face_detect_blazeface_full"


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face in a photograph: ``pixels`` (H, W, 3) uint8 BGR, ``points_xy`` (6, 2) float32."""

    pixels: Pixels
    points_xy: NDArray[np.float32]

    def crop(self, alignment: Alignment) -> Pixels:
        """The face as an embedder takes it, BGR uint8."""
        return align_face(self.pixels, self.points_xy, alignment)


def find_faces(photographs: Iterable[Pixels]) -> list[FoundFace]:
    """All faces of some photographs, by the detector bundle of this checkout.

    Args:
        photographs: (H, W, 3) uint8 BGR.

    Raises:
        ConversionError: The detector's bundle is not there.
    """
    bundle = images_folder().parent / "zoo" / DETECTOR
    if not bundle.is_dir():
        raise ConversionError(
            f"{bundle} is missing, which finds the faces. Build it first: "
            f"edgecnn zoo build {DETECTOR}"
        )
    with load(bundle, backend="litert", threads=1) as detect:
        return [
            FoundFace(pixels, points)
            for pixels in photographs
            for points in detect(pixels, color="bgr").points_xy
        ]


def crops(
    faces: list[FoundFace], count: int, alignment: Alignment, *, seed: int
) -> Iterator[Pixels]:
    """Varied crops of faces, each face equally often, first each one unchanged.

    Args:
        faces: From `find_faces`.
        count: How many crops.
        alignment: Of the embedder.
        seed: The same seed gives the same crops.

    Yields:
        (height, width, 3) uint8 BGR.
    """
    rng = np.random.default_rng(seed)
    for index in range(count):
        face = faces[index % len(faces)]
        if index < len(faces):
            yield face.crop(alignment)
            continue
        crop = align_face(face.pixels, _moved(face.points_xy, rng), alignment)
        softer = soften(crop, rng)
        if softer.shape != crop.shape:
            softer = _enlarge(softer, alignment)
        if rng.random() < 0.5:
            softer = softer[:, ::-1]
        yield relight(softer, rng)


def _moved(points_xy: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Points turned by a few degrees, scaled and shifted together, and each moved a little."""
    eyes = float(np.linalg.norm(points_xy[0] - points_xy[1]))
    centre = points_xy.mean(axis=0)
    angle, scale = np.deg2rad(rng.normal(0, 4)), np.exp(rng.normal(0, 0.05))
    turn = scale * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    shift = rng.normal(0, 0.03 * eyes, size=2)
    wander = rng.normal(0, 0.02 * eyes, size=points_xy.shape)
    return np.asarray((points_xy - centre) @ turn.T + centre + shift + wander, np.float32)


def _enlarge(crop: Pixels, alignment: Alignment) -> Pixels:
    """Back to full size: a face that was small in the picture."""
    size = (alignment.width, alignment.height)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_LINEAR), np.uint8)
