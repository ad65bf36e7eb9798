"""Where the cells of a detector's maps lie in its input: centres of grids, and SSD's prior boxes.

All of them run over the rows first (y), then along a row (x), then over the anchors of a cell,
which is the order of the networks' outputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def grid_centres(rows: int, columns: int) -> Floats:
    """Centres of the cells of a regular grid, as shares of the whole.

    Returns:
        (rows * columns, 2) float32, x and y, within 0..1.
    """
    x = (np.arange(columns) + 0.5) / columns
    y = (np.arange(rows) + 0.5) / rows
    grid_x, grid_y = np.meshgrid(x, y)
    return np.stack([grid_x.ravel(), grid_y.ravel()], axis=1).astype(np.float32)


def stride_centres(size_wh: tuple[int, int], stride: int) -> Floats:
    """Centres, in pixels of the input, of the cells that an anchor-free head predicts for.

    Reference: Li et al. 2020, "Generalized Focal Loss" (and FCOS before it). A map has
    ``ceil(size / stride)`` cells a side, as convolutions with "same" padding leave; the centre of
    cell ``i`` is ``(i + 0.5) * stride``.

    Args:
        size_wh: Width and height of the network's input in pixels.
        stride: Pixels of the input for one cell.

    Returns:
        (cells, 2) float32, x and y in pixels.
    """
    columns, rows = (math.ceil(size / stride) for size in size_wh)
    return grid_centres(rows, columns) * np.array((columns, rows), np.float32) * np.float32(stride)


def cell_centres(grids: Sequence[tuple[int, int]]) -> Floats:
    """Anchors that are cell centres, several a cell and all alike.

    Reference: Bazarevsky et al. 2019, "BlazeFace". There the short-range net has
    ``[(16, 2), (8, 6)]``, 896 anchors.

    Args:
        grids: For each map: cells a side, and anchors a cell.

    Returns:
        (anchors, 2) float32, x and y as shares of the input, within 0..1.
    """
    return np.concatenate(
        [np.repeat(grid_centres(side, side), repeats, axis=0) for side, repeats in grids]
    )


def ssd_anchors(
    maps: Sequence[int],
    *,
    min_scale: float,
    max_scale: float,
    aspect_ratios: Sequence[float],
    reduce_first_map: bool = True,
    interpolated_scale: bool = True,
) -> Floats:
    """The prior boxes of a single-shot detector.

    Reference: Liu et al. 2016, "SSD". Scales grow evenly from ``min_scale`` on the first map to
    ``max_scale`` on the last. We follow the form that TensorFlow's detectors were trained with: the
    box of interpolated scale comes last in a cell, and is square.

    Args:
        maps: Cells a side of each (square) map, finest first.
        min_scale: Share of the input's side that a square anchor of the first map spans.
        max_scale: The same for the last map.
        aspect_ratios: Width over height of the anchors of a cell, in the order of the network.
        reduce_first_map: Give the first map only three anchors: a square of scale 0.1, and two of
            ``min_scale`` with ratios 2 and 1/2.
        interpolated_scale: Add a square of scale ``sqrt(s_k * s_k+1)`` to each cell; after the
            last map the next scale is 1.

    Returns:
        (anchors, 4) float32 ``yxhw``: centre y, centre x, height, width as shares of the input.
    """
    steps = max(len(maps) - 1, 1)
    scales = [min_scale + (max_scale - min_scale) * k / steps for k in range(len(maps))]
    parts = []
    for k, side in enumerate(maps):
        if k == 0 and reduce_first_map:
            shapes = [(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]
        else:
            shapes = [(scales[k], ratio) for ratio in aspect_ratios]
            if interpolated_scale:
                following = scales[k + 1] if k + 1 < len(maps) else 1.0
                shapes.append((math.sqrt(scales[k] * following), 1.0))
        sizes_hw = np.array([(s / math.sqrt(r), s * math.sqrt(r)) for s, r in shapes])
        centres_yx = grid_centres(side, side)[:, ::-1]
        parts.append(
            np.concatenate(
                [np.repeat(centres_yx, len(shapes), axis=0), np.tile(sizes_hw, (side * side, 1))],
                axis=1,
            )
        )
    return np.concatenate(parts).astype(np.float32)
