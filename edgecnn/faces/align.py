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

from itertools import combinations
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
    if len(points) != len(template) or len(points) < 3:
        raise OptionError(
            f"Got {len(points)} points for a template of {len(template)}: give the same number, "
            "at least 3, in the same order."
        )
    best_median, best_errors = np.inf, np.empty(0)
    smallest_span = 1e-6 * float(np.abs(points - points.mean()).max())
    for first, second in combinations(range(len(points)), 2):
        if abs(points[second] - points[first]) <= smallest_span:
            continue
        turn = (template[second] - template[first]) / (points[second] - points[first])
        errors = np.abs(template - template[first] - turn * (points - points[first])) ** 2
        median = float(np.median(errors))
        if median < best_median and turn != 0:
            best_median, best_errors = median, errors
    if not len(best_errors):
        raise OptionError(
            f"The points {np.round(np.asarray(points_xy, np.float64), 2).tolist()} fall together: "
            "they give no size and no direction. Drop this face."
        )
    correction = 1 + 5 / max(len(points) - 2, 1)
    cut = (_INLIER_CUT * correction) ** 2 * best_median
    trusted = best_errors <= max(cut, float(np.sort(best_errors)[2]))
    return _least_squares(points[trusted], template[trusted])


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
    region = pixels[y0:y1, x0:x1]
    shrink = min(1.0, float(np.hypot(to_crop[0, 0], to_crop[1, 0])))
    reduced_wh = max(1, round((x1 - x0) * shrink)), max(1, round((y1 - y0) * shrink))
    if shrink < 1.0:
        region = cv2.resize(region, reduced_wh, interpolation=cv2.INTER_AREA)
    # picture -> reduced region is (x - x0) * (reduced width / width); go on from its inverse.
    step_x, step_y = (x1 - x0) / region.shape[1], (y1 - y0) / region.shape[0]
    warp = to_crop @ np.array([[step_x, 0, x0], [0, step_y, y0], [0, 0, 1]], np.float64)
    # Our coordinates have the first pixel's edge at 0, OpenCV its centre.
    warp[:, 2] += warp[:, :2] @ (0.5, 0.5) - 0.5
    crop = cv2.warpAffine(
        region, warp, crop_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(crop, np.uint8)


def _as_plane(values: ArrayLike, name: str) -> NDArray[np.complex128]:
    """Points (N, 2) as N complex numbers x + iy, in which a similarity is ``a * z + b``."""
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or not np.isfinite(array).all():
        raise OptionError(f"{name} must be finite numbers of shape (N, 2), but got {values!r}.")
    plane: NDArray[np.complex128] = array[:, 0] + 1j * array[:, 1]
    return plane


def _least_squares(points: NDArray[np.complex128], template: NDArray[np.complex128]) -> Doubles:
    centred, target = points - points.mean(), template - template.mean()
    turn = np.vdot(centred, target) / np.vdot(centred, centred)
    shift = template.mean() - turn * points.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _region_of_interest(
    to_crop: Doubles, crop_wh: tuple[int, int], width: int, height: int
) -> tuple[int, int, int, int]:
    """The part of the picture that the crop shows, with a margin for interpolation."""
    crop_width, crop_height = crop_wh
    corners = np.array([(0, 0), (crop_width, 0), (0, crop_height), (crop_width, crop_height)])
    inverse = np.linalg.inv(to_crop[:, :2])
    seen = (corners - to_crop[:, 2]) @ inverse.T
    margin = 2 + 2 / float(np.hypot(to_crop[0, 0], to_crop[1, 0]))
    low, high = seen.min(axis=0) - margin, seen.max(axis=0) + margin
    x0, y0 = np.floor(np.clip(low, 0, (width, height))).astype(int).tolist()
    x1, y1 = np.ceil(np.clip(high, 0, (width, height))).astype(int).tolist()
    if x1 <= x0 or y1 <= y0:
        raise OptionError(
            f"The face lies outside the picture of {width}x{height} pixels (its crop would show "
            f"x {low[0]:.0f}..{high[0]:.0f}, y {low[1]:.0f}..{high[1]:.0f}). Drop this face."
        )
    return x0, y0, x1, y1
