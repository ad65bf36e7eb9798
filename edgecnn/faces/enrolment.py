"""From the faces of a picture to one that may be enrolled, or to the reason why not."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from edgecnn.core.image import Pixels, check_pixels, convert_color
from edgecnn.core.results import Face, Faces
from edgecnn.errors import GalleryError, OptionError
from edgecnn.faces.outcomes import NewFace
from edgecnn.faces.quality import FaceQuality, measure_face
from edgecnn.faces.second_look import Confirm

_MARGIN = 0.6
"""Of the box on each side: hair and chin, so that another detector finds the face again."""
_LARGEST = 480
_JPEG_QUALITY = 95


def assess(pixels: Pixels, faces: Faces, color: str) -> list[FaceQuality]:
    """Quality of each face of a picture; arguments as of `measure_face`."""
    return [measure_face(pixels, face, color) for face in faces]


def only_face(
    pixels: Pixels,
    faces: Faces,
    color: str,
    *,
    keep_photo: bool = False,
    confirm: Confirm | None = None,
) -> tuple[NewFace, FaceQuality]:
    """The one face of a picture, ready to be enrolled.

    Args:
        pixels: The picture; see `measure_face`.
        faces: What was found in it, with embeddings.
        color: Of ``pixels``.
        keep_photo: Keep the face and its surroundings, so that another embedder can enrol it.
        confirm: Takes a second look, so that nothing is enrolled that only resembles a face: that
            of the `FacePipeline` which found it. None takes the detector's word.

    Raises:
        GalleryError: No face, several, or one that is not good enough; says what to do.
        OptionError: The faces came without embeddings.
    """
    if faces.embeddings is None:
        raise OptionError("These faces have no embeddings: use edgecnn.load('faces').")
    if len(faces) != 1:
        what = "no face" if not len(faces) else f"{len(faces)} faces"
        raise GalleryError(f"{what} found; enrolling takes a picture of one person")
    face = faces[0]
    quality = measure_face(pixels, face, color)
    if quality.good and confirm is not None:
        quality = replace(quality, confirmed=confirm(pixels, face, color))
    if not quality.good:
        raise GalleryError("; ".join(quality.reasons))
    numbers = {name: value for name, value in quality.to_dict().items() if isinstance(value, float)}
    photo = face_photo(pixels, face, color) if keep_photo else None
    return NewFace(faces.embeddings[0], numbers, photo), quality


def face_photo(pixels: Pixels, face: Face, color: str) -> bytes:
    """A JPEG of a face and its surroundings, at most 480 pixels a side.

    Raises:
        ImageError: Not a picture.
        GalleryError: The face lies outside the picture.
    """
    picture = check_pixels(pixels, color)
    box = face.box_xyxy.astype(np.float64)
    grown = box + _MARGIN * np.tile(box[2:] - box[:2], 2) * (-1, -1, 1, 1)
    size_wh = picture.shape[1], picture.shape[0]
    x0, y0 = np.floor(np.clip(grown[:2], 0, size_wh)).astype(int).tolist()
    x1, y1 = np.ceil(np.clip(grown[2:], 0, size_wh)).astype(int).tolist()
    if x1 <= x0 or y1 <= y0:
        raise GalleryError("the face lies outside the picture")
    region = convert_color(picture[y0:y1, x0:x1], color, "bgr")
    scale = min(1.0, _LARGEST / max(region.shape[:2]))
    if scale < 1.0:
        region = np.asarray(
            cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    done, encoded = cv2.imencode(".jpg", region, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise GalleryError("the photograph could not be packed as JPEG")
    return bytes(encoded.tobytes())
