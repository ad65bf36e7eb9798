"""Turn a found face upright and cut it out, so that its points lie where an embedder learnt them.

The map is a similarity (turn, one scale, shift): it cannot change the proportions of a face, which
are what tells people apart. Four points decide it and one may be badly wrong (a hand over the
mouth, glasses), so it is estimated by least median of squares. OpenCV has that estimator with a
random sample; four points have six pairs, so here all of them are tried: the same picture always
gives the same crop, on any thread.

Reference: P. J. Rousseeuw, "Least Median of Squares Regression", 1984; the least-squares similarity
is the closed form of S. Umeyama, 1991, in the plane.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecnn.bundle.schema import Alignment
from edgecnn.core.results import FACE_POINTS
from edgecnn.errors import ImageError, OptionError

Pixels = NDArray[np.uint8]
Doubles = NDArray[np.float64]

# Rousseeuw's preliminary scale: 1.4826 makes the median of a normal error its deviation,
# 1 + 5 / (n - p) corrects for few points (two fix a similarity), 2.5 deviations is the cut.
_INLIER_CUT = 2.5 * 1.4826
_ROUNDING = 1e-12
"""Squared errors below it, in template units, are of arithmetic: no point is dropped for them."""


def similarity_transform(points_xy: ArrayLike, template_xy: ArrayLike) -> Doubles:
    """The similarity that brings points to a template, by least median of squares.

    Every pair of points gives an exact similarity. The one whose median squared error over all
    points is smallest says which points to trust; a least-squares fit of those is the answer.

    Args:
        points_xy: (N, 2), N >= 3, positions in the picture; any unit.
        template_xy: (N, 2), where they should come to lie.

    Returns:
        (2, 3) float64 matrix ``M`` with ``template = M @ (x, y, 1)``. It never mirrors.

    Raises:
        OptionError: Shapes do not match, a value is not finite, or most points fall together, so
            that nothing can be said about size and turn.
    """
    points = _as_plane(points_xy, "points_xy")
    template = _as_plane(template_xy, "template_xy")
    count = len(points)
    if count != len(template) or count < 3:
        raise OptionError(
            f"Got {count} points for a template of {len(template)}: give the same number, "
            "at least 3, in the same order."
        )
    middle = sum(points) / count
    least_span = 1e-6 * max(abs(point - middle) for point in points)
    best = math.inf
    squares, ordered = [0.0], [0.0]
    for first, second in itertools.combinations(range(count), 2):
        span = points[second] - points[first]
        turn = (template[second] - template[first]) / span if abs(span) > least_span else 0
        if turn == 0:
            continue
        origin, target = points[first], template[first]
        errors = [
            abs(there - target - turn * (here - origin)) ** 2
            for here, there in zip(points, template, strict=True)
        ]
        ranked = sorted(errors)
        median = (ranked[(count - 1) // 2] + ranked[count // 2]) / 2
        if median < best:
            best, squares, ordered = median, errors, ranked
    if best == math.inf:
        raise OptionError(
            f"The points {np.round(np.asarray(points_xy, np.float64), 2).tolist()} fall together: "
            "they give no size and no direction. Drop this face."
        )
    correction = 1 + 5 / max(count - 2, 1)
    cut = max((_INLIER_CUT * correction) ** 2 * best, ordered[2], _ROUNDING)
    trusted = [index for index in range(count) if squares[index] <= cut]
    return _least_squares([points[i] for i in trusted], [template[i] for i in trusted])


def align_face(pixels: NDArray[Any], points_xy: ArrayLike, alignment: Alignment) -> Pixels:
    """Cut one face out of a picture, upright and at the size of an embedder's template.

    A face larger than the crop is reduced by area averaging before it is turned, so that fine
    texture does not turn into noise. Places outside the picture are black. Colour is not touched.

    Args:
        pixels: (H, W, 3) uint8, RGB or BGR; not changed.
        points_xy: (6, 2) points of one face in pixels of the picture, in the order of
            `FACE_POINTS` (a row of `Faces.points_xy`). They may lie outside the picture.
        alignment: Template of the embedder's bundle.

    Returns:
        (height, width, 3) uint8 of ``alignment``, in the colour order of ``pixels``.

    Raises:
        ImageError: ``pixels`` is not (H, W, 3) uint8.
        OptionError: The points have the wrong shape, are not finite, fall together, or lie so
            that the crop would not touch the picture.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ImageError(
            f"A face is cut from pixels of shape (H, W, 3), uint8, but got {pixels.shape}, "
            f"{pixels.dtype}."
        )
    points = np.asarray(points_xy, np.float64)
    if points.shape != (len(FACE_POINTS), 2):
        raise OptionError(
            f"A face has points of shape {(len(FACE_POINTS), 2)} in the order "
            f"{', '.join(FACE_POINTS)}, but got {points.shape}."
        )
    chosen = points[[FACE_POINTS.index(name) for name in alignment.points]]
    to_crop = similarity_transform(chosen, alignment.template_xy)
    crop_wh = alignment.width, alignment.height
    x0, y0, x1, y1 = _region_of_interest(to_crop, crop_wh, pixels.shape[1], pixels.shape[0])
    region: NDArray[Any] = pixels[y0:y1, x0:x1]
    (a, b, shift_x), (c, d, shift_y) = to_crop.tolist()
    shrink = min(1.0, math.hypot(a, c))
    if shrink < 1.0:
        reduced_wh = max(1, round((x1 - x0) * shrink)), max(1, round((y1 - y0) * shrink))
        region = cv2.resize(region, reduced_wh, interpolation=cv2.INTER_AREA)
    # picture -> reduced region is (x - x0) * (reduced width / width); go on from its inverse. Our
    # coordinates have the first pixel's edge at 0, OpenCV its centre.
    step_x, step_y = (x1 - x0) / region.shape[1], (y1 - y0) / region.shape[0]
    x, y = x0 + step_x / 2, y0 + step_y / 2
    warp = np.array(
        [
            [a * step_x, b * step_y, a * x + b * y + shift_x - 0.5],
            [c * step_x, d * step_y, c * x + d * y + shift_y - 0.5],
        ]
    )
    crop = cv2.warpAffine(
        region, warp, crop_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(crop, np.uint8)


def _as_plane(values: ArrayLike, name: str) -> list[complex]:
    """Points (N, 2) as N complex numbers x + iy, in which a similarity is ``a * z + b``.

    A handful of numbers is quicker in Python than in numpy, above all between two runs of a
    network, which leave nothing of numpy in the caches of a small processor.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or not np.isfinite(array).all():
        raise OptionError(f"{name} must be finite numbers of shape (N, 2), but got {values!r}.")
    return [complex(x, y) for x, y in array.tolist()]


def _least_squares(points: list[complex], template: list[complex]) -> Doubles:
    middle, template_middle = _sum(points) / len(points), _sum(template) / len(template)
    centred = [point - middle for point in points]
    overlap = _sum(
        [
            here.conjugate() * (there - template_middle)
            for here, there in zip(centred, template, strict=True)
        ]
    )
    turn = overlap / math.fsum(abs(here) ** 2 for here in centred)
    shift = template_middle - turn * middle
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _sum(values: list[complex]) -> complex:
    """The same in whichever order."""
    reals, imaginaries = ([z.real for z in values], [z.imag for z in values])
    return complex(math.fsum(reals), math.fsum(imaginaries))


def _region_of_interest(
    to_crop: Doubles, crop_wh: tuple[int, int], width: int, height: int
) -> tuple[int, int, int, int]:
    """The part of the picture that the crop shows, with a margin for interpolation."""
    crop_width, crop_height = crop_wh
    (a, b, shift_x), (_, _, shift_y) = to_crop.tolist()
    # A similarity is z -> turn * z + shift on complex numbers.
    turn, shift = complex(a, -b), complex(shift_x, shift_y)
    corners = (0, crop_width, crop_height * 1j, complex(crop_width, crop_height))
    seen = [(corner - shift) / turn for corner in corners]
    margin = 2 + 2 / abs(turn)
    xs, ys = [place.real for place in seen], [place.imag for place in seen]
    low_x, high_x = min(xs) - margin, max(xs) + margin
    low_y, high_y = min(ys) - margin, max(ys) + margin
    x0, y0 = max(math.floor(low_x), 0), max(math.floor(low_y), 0)
    x1, y1 = min(math.ceil(high_x), width), min(math.ceil(high_y), height)
    if x1 <= x0 or y1 <= y0:
        raise OptionError(
            f"The face lies outside the picture of {width}x{height} pixels (its crop would show "
            f"x {low_x:.0f}..{high_x:.0f}, y {low_y:.0f}..{high_y:.0f}). Drop this face."
        )
    return x0, y0, x1, y1
