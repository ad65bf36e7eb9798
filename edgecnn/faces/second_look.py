"""A second look at what a detector took for a face: cut out, upright, at one size, and mirrored.

A detector sees a picture once, at whatever size and turn its faces happen to have, and a bee in a
blossom scores like a face there. Shown again in the pose that it was trained on, a face becomes
plainer and a bee does not; another network (`edgecnn.tasks.faces.FacePipeline.witness`) shares few
mistakes with the first. Only enrolment asks: it costs two more looks a face.

Measured (`benchmarks/second_look.py`) with BlazeFace short as the witness. What is no face: of 812
places that BlazeFace full or short found with a score of 0.3 or more in 42 pictures without people
and in 1,000 crops of them, 8 could have been enrolled before; the second look gives them 0.716 at
most, which is below `edgecnn.faces.quality.MIN_CONFIRMED`. Faces: all 834 (found by full) and 833
(by short) that could be enrolled before, in portraits and groups, still can: 0.778 and more. Of 767
that were spoilt (half and double size, JPEG 40, 40 % of the light, blur, turned by 35 degrees,
light from one side, noise) all get 0.745 and more but for three under noise of 30 levels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgecnn.bundle.schema import Alignment
from edgecnn.core.image import Pixels, check_pixels, convert_color
from edgecnn.core.results import FACE_POINTS, Face, Faces
from edgecnn.errors import OptionError
from edgecnn.faces.align import align_face

Confirm = Callable[[Pixels, Face, str], float]
"""Picture, face, colour -> how sure a second look is, 0..1; `FacePipeline.confirm`."""

LEAST_SCORE = 0.05
"""What the witness has to tell of: how unsure it is counts, too."""

# The face as large in the crop as faces in a selfie are, with hair, ears and neck around it.
_UPRIGHT = Alignment(
    width=192,
    height=192,
    points=FACE_POINTS[:4],
    template_xy=((76, 76), (116, 76), (96, 97), (96, 120)),
)


def confirmation(
    pixels: Pixels, face: Face, color: str, find: Callable[[Pixels, str], Faces]
) -> float:
    """How sure a detector is of a face when it is shown again, upright: 0..1.

    Args:
        pixels: (H, W, 3) uint8, or (H, W) when grey; not changed.
        face: As a detector found it in this picture.
        color: ``"bgr"``, ``"rgb"`` or ``"gray"``.
        find: Finds faces in BGR pictures, down to a score of `LEAST_SCORE`.

    Returns:
        Mean of the best scores of the crop and of its mirror image; 0 for a face whose points lie
        outside the picture or fall together.

    Raises:
        ImageError: Not a picture.
    """
    picture = convert_color(check_pixels(pixels, color), color, "bgr")
    try:
        crop = align_face(picture, face.points_xy, _UPRIGHT)
    except OptionError:
        return 0.0
    mirrored = np.ascontiguousarray(crop[:, ::-1])
    best = [find(one, "bgr").scores.max(initial=0.0) for one in (crop, mirrored)]
    return float(np.mean(best))
