"""Boxes as arrays: conversions between the field's orders, clipping, scaling, area.

A box is four numbers. The suffix of a name gives their order:

- ``xyxy``: x_min, y_min, x_max, y_max. Edges, so that width is ``x_max - x_min``.
- ``cxcywh``: centre x, centre y, width, height (YOLO).
- ``yxhw``: centre y, centre x, height, width (SSD anchors and TensorFlow's box coder).

Every function takes and returns float32 of shape (N, 4), never changes its input, and works in
any unit (pixels, or shares of the picture).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]


def _as_boxes(boxes: ArrayLike) -> Floats:
    array = np.asarray(boxes, np.float32)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"Boxes must be an array of shape (N, 4), but got {array.shape}")
    return array


def xyxy_from_cxcywh(boxes_cxcywh: ArrayLike) -> Floats:
    """Corners of boxes given by centre and size.

    Args:
        boxes_cxcywh: (N, 4) centre x, centre y, width, height.

    Returns:
        (N, 4) float32 x_min, y_min, x_max, y_max.
    """
    boxes = _as_boxes(boxes_cxcywh)
    half = boxes[:, 2:] * np.float32(0.5)
    corners = np.empty_like(boxes)
    np.subtract(boxes[:, :2], half, out=corners[:, :2])
    np.add(boxes[:, :2], half, out=corners[:, 2:])
    return corners


def cxcywh_from_xyxy(boxes_xyxy: ArrayLike) -> Floats:
    """Centre and size of boxes given by their corners: the inverse of `xyxy_from_cxcywh`."""
    boxes = _as_boxes(boxes_xyxy)
    centred = np.empty_like(boxes)
    centred[:, :2] = (boxes[:, :2] + boxes[:, 2:]) * np.float32(0.5)
    centred[:, 2:] = boxes[:, 2:] - boxes[:, :2]
    return centred


def xyxy_from_yxhw(boxes_yxhw: ArrayLike) -> Floats:
    """Corners of boxes given as centre y, centre x, height, width."""
    return xyxy_from_cxcywh(_as_boxes(boxes_yxhw)[:, [1, 0, 3, 2]])


def yxhw_from_xyxy(boxes_xyxy: ArrayLike) -> Floats:
    """Centre y, centre x, height, width of boxes: the inverse of `xyxy_from_yxhw`."""
    return cxcywh_from_xyxy(boxes_xyxy)[:, [1, 0, 3, 2]]


def clip_boxes(boxes_xyxy: ArrayLike, size_wh: tuple[float, float]) -> Floats:
    """The part of each box that lies inside a picture.

    A box that lies wholly outside comes back with no area, on the nearest edge.

    Args:
        boxes_xyxy: (N, 4).
        size_wh: Width and height of the picture, in the unit of the boxes.

    Returns:
        (N, 4) float32, within 0..width and 0..height.
    """
    width, height = size_wh
    limit = np.array((width, height, width, height), np.float32)
    return np.clip(_as_boxes(boxes_xyxy), np.float32(0), limit)


def scale_boxes(boxes_xyxy: ArrayLike, scale_xy: tuple[float, float]) -> Floats:
    """Boxes with x and y multiplied by ``scale_xy``: from shares of a picture to its pixels."""
    scale_x, scale_y = scale_xy
    return _as_boxes(boxes_xyxy) * np.array((scale_x, scale_y, scale_x, scale_y), np.float32)


def box_areas(boxes_xyxy: ArrayLike) -> Floats:
    """Area of each box, (N,) float32; a box whose corners are the wrong way round has none."""
    boxes = _as_boxes(boxes_xyxy)
    sizes = np.maximum(boxes[:, 2:] - boxes[:, :2], np.float32(0))
    areas: Floats = sizes[:, 0] * sizes[:, 1]
    return areas
