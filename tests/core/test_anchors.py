from __future__ import annotations

import math

import numpy as np
import pytest

from edgecnn.core.anchors import cell_centres, grid_centres, ssd_anchors, stride_centres


def test_grid_runs_along_rows() -> None:
    expected = [
        [1 / 6, 0.25],
        [0.5, 0.25],
        [5 / 6, 0.25],
        [1 / 6, 0.75],
        [0.5, 0.75],
        [5 / 6, 0.75],
    ]
    np.testing.assert_allclose(grid_centres(2, 3), expected, rtol=1e-6)


@pytest.mark.parametrize(("stride", "cells"), [(8, 52 * 52), (16, 26 * 26), (32, 13 * 13)])
def test_stride_centres_of_the_nanodet_input(stride: int, cells: int) -> None:
    centres = stride_centres((416, 416), stride)
    assert centres.shape == (cells, 2)
    np.testing.assert_allclose(centres[0], [stride / 2, stride / 2])
    np.testing.assert_allclose(centres[1], [1.5 * stride, stride / 2])
    np.testing.assert_allclose(centres[-1], [416 - stride / 2] * 2)


def test_stride_centres_of_an_input_that_is_no_multiple_cover_it() -> None:
    centres = stride_centres((100, 50), 32)
    assert len(centres) == 4 * 2
    np.testing.assert_allclose(centres[-1], [3.5 * 32, 1.5 * 32])


def test_short_range_face_detector_has_896_anchors_and_full_range_2304() -> None:
    short = cell_centres([(16, 2), (8, 6)])
    assert short.shape == (896, 2)
    np.testing.assert_allclose(short[:3], [[1 / 32, 1 / 32], [1 / 32, 1 / 32], [3 / 32, 1 / 32]])
    np.testing.assert_allclose(short[512:518], np.full((6, 2), 1 / 16))
    assert len(cell_centres([(48, 1)])) == 2304


def test_ssd_anchors_of_the_300_pixel_net() -> None:
    ratios = (1.0, 2.0, 0.5, 3.0, 1 / 3)
    anchors = ssd_anchors((19, 10, 5, 3, 2, 1), min_scale=0.2, max_scale=0.95, aspect_ratios=ratios)
    assert anchors.shape == (1917, 4)
    assert anchors.dtype == np.float32
    # The first cell has three anchors: 0.1 square, 0.2 wide and 0.2 tall.
    root = math.sqrt(2)
    np.testing.assert_allclose(anchors[:3, :2], np.full((3, 2), 0.5 / 19), rtol=1e-6)
    sizes = [[0.1, 0.1], [0.2 / root, 0.2 * root], [0.2 * root, 0.2 / root]]
    np.testing.assert_allclose(anchors[:3, 2:], sizes, rtol=1e-6)
    # The second anchor group lies one column to the right, same row.
    np.testing.assert_allclose(anchors[3, :2], [0.5 / 19, 1.5 / 19], rtol=1e-6)
    # The only cell of the last map: five ratios at 0.95, then the square between 0.95 and 1.
    np.testing.assert_allclose(anchors[-6], [0.5, 0.5, 0.95, 0.95], rtol=1e-6)
    np.testing.assert_allclose(anchors[-1, 2:], [math.sqrt(0.95)] * 2, rtol=1e-6)
    np.testing.assert_allclose(anchors[-6:-1, 3] / anchors[-6:-1, 2], ratios, rtol=1e-5)


def test_scales_grow_evenly_over_the_maps() -> None:
    anchors = ssd_anchors(
        (1, 1, 1),
        min_scale=0.2,
        max_scale=0.8,
        aspect_ratios=(1.0,),
        reduce_first_map=False,
        interpolated_scale=False,
    )
    np.testing.assert_allclose(anchors[:, 2], [0.2, 0.5, 0.8], rtol=1e-6)


def test_a_single_map_has_the_smallest_scale() -> None:
    anchors = ssd_anchors(
        (2,), min_scale=0.3, max_scale=0.9, aspect_ratios=(1.0,), reduce_first_map=False
    )
    assert len(anchors) == 8
    np.testing.assert_allclose(anchors[0, 2:], [0.3, 0.3], rtol=1e-6)
    np.testing.assert_allclose(anchors[1, 2:], [math.sqrt(0.3)] * 2, rtol=1e-6)
