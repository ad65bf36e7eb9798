"""Faces turned upright: hand-checked crops and maps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from edgecnn.bundle.schema import Alignment
from edgecnn.errors import ImageError, OptionError
from edgecnn.faces.align import align_face, similarity_transform

TEMPLATE = np.array([(47.7, 47.1), (100.3, 47.1), (74.0, 75.0), (74.0, 105.0)])
NAMES = ("right_eye", "left_eye", "nose_tip", "mouth_centre")
SQUARE = Alignment(width=8, height=8, points=NAMES, template_xy=((2, 2), (6, 2), (4, 4), (4, 6)))
SQUARE_XY = np.array(SQUARE.template_xy, np.float64)


def turned(points: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]):
    angle = np.deg2rad(degrees)
    matrix = scale * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    return points @ matrix.T + shift


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def face(points: np.ndarray) -> np.ndarray:
    """Six points: the four of the template, then two ears that must not matter."""
    return np.concatenate([points, [(-500.0, 900.0), (700.0, -3.0)]])


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, -135])
@pytest.mark.parametrize("scale", [0.2, 1.0, 7.0])
def test_undoes_turn_scale_and_shift(degrees, scale):
    points = turned(TEMPLATE, degrees, scale, (310, -42))
    matrix = similarity_transform(points, TEMPLATE)
    np.testing.assert_allclose(apply(matrix, points), TEMPLATE, atol=1e-9)
    assert np.hypot(matrix[0, 0], matrix[1, 0]) == pytest.approx(1 / scale)


def test_is_a_similarity_even_when_the_points_are_not():
    points = TEMPLATE * (1.0, 1.4)  # a long face keeps its proportions
    matrix = similarity_transform(points, TEMPLATE)
    assert matrix[0, 0] == matrix[1, 1]
    assert matrix[0, 1] == -matrix[1, 0]


def test_small_errors_are_shared_by_least_squares():
    rng = np.random.default_rng(4)
    points = TEMPLATE + rng.normal(0, 1.5, TEMPLATE.shape)
    ours = similarity_transform(points, TEMPLATE)
    design = np.concatenate(
        [
            np.stack([points[:, 0], -points[:, 1], np.ones(4), np.zeros(4)], axis=1),
            np.stack([points[:, 1], points[:, 0], np.zeros(4), np.ones(4)], axis=1),
        ]
    )
    a, b, x, y = np.linalg.lstsq(design, TEMPLATE.T.ravel(), rcond=None)[0]
    np.testing.assert_allclose(ours, [(a, -b, x), (b, a, y)], atol=1e-9)


@pytest.mark.parametrize("wrong", range(4))
def test_one_wild_point_does_not_move_the_face(wrong):
    rng = np.random.default_rng(wrong)
    points = turned(TEMPLATE, 12, 2.0, (50, 80)) + rng.normal(0, 0.2, TEMPLATE.shape)
    spoiled = points.copy()
    spoiled[wrong] += (90, -70)
    good = [i for i in range(4) if i != wrong]
    landed = apply(similarity_transform(spoiled, TEMPLATE), points[good])
    assert np.abs(landed - TEMPLATE[good]).max() < 1.0


def test_agrees_with_the_random_estimator_of_opencv_on_clean_faces():
    rng = np.random.default_rng(8)
    corners = np.array([(0, 0), (150, 0), (0, 150), (150, 150.0)])
    for _ in range(20):
        points = turned(TEMPLATE, rng.uniform(-40, 40), rng.uniform(0.3, 4), (99, 12))
        points += rng.normal(0, 0.02, points.shape)
        theirs, _ = cv2.estimateAffinePartial2D(points, TEMPLATE, method=cv2.LMEDS)
        ours = similarity_transform(points, TEMPLATE)
        back = cv2.invertAffineTransform(ours)
        assert np.abs(apply(theirs, apply(back, corners)) - corners).max() < 0.5


@pytest.mark.parametrize(
    "points",
    [
        np.full((4, 2), 7.0),
        np.array([(5.0, 5.0), (5.0, 5.0), (5.0, 5.0), (5.0, np.nan)]),
        np.array([(0.0, 0.0), (np.inf, 0.0), (1.0, 1.0), (2.0, 2.0)]),
        np.zeros((3, 2)),
        np.zeros((4, 3)),
    ],
)
def test_refuses_points_that_say_nothing(points):
    with pytest.raises(OptionError):
        similarity_transform(points, TEMPLATE)


def test_refuses_a_template_that_is_one_point():
    with pytest.raises(OptionError):
        similarity_transform(TEMPLATE, np.full((4, 2), 3.0))


def test_a_face_in_place_is_copied_pixel_by_pixel():
    pixels = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    points = face(SQUARE_XY + np.array([11, 5]))
    np.testing.assert_array_equal(align_face(pixels, points, SQUARE), pixels[5:13, 11:19])


def test_an_upside_down_face_is_turned():
    pixels = np.random.default_rng(2).integers(0, 256, (8, 8, 3), np.uint8)
    points = face(8.0 - SQUARE_XY)
    np.testing.assert_array_equal(align_face(pixels, points, SQUARE), pixels[::-1, ::-1])


def test_a_large_face_is_averaged_not_sampled():
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (64, 64, 3), np.uint8)
    crop = align_face(pixels, face(SQUARE_XY * 8.0), SQUARE)
    blocks = pixels.reshape(8, 8, 8, 8, 3).mean(axis=(1, 3))
    assert np.abs(crop.astype(float) - blocks).max() <= 1.0


def test_a_checkerboard_becomes_grey_when_reduced():
    board = ((np.indices((400, 400)).sum(axis=0) % 2) * 255).astype(np.uint8)
    pixels = np.repeat(board[:, :, None], 3, axis=2)
    points = face(turned(SQUARE_XY, 20, 30.0, (90, 60)))
    crop = align_face(pixels, points, SQUARE)
    assert np.abs(crop.astype(int) - 127).max() <= 3


def test_an_edge_lands_where_the_template_says():
    pixels = np.zeros((60, 60, 3), np.uint8)
    pixels[:, 30:] = 200  # the edge runs through the middle of the face
    points = face((SQUARE_XY - 4) * 5.0 + 30)
    crop = align_face(pixels, points, SQUARE)
    assert crop[:, :4].max() == 0
    assert crop[:, 4:].min() == 200


def test_outside_the_picture_is_black():
    pixels = np.full((8, 8, 3), 90, np.uint8)
    points = face(SQUARE_XY - np.array([4, 0]))
    crop = align_face(pixels, points, SQUARE)
    np.testing.assert_array_equal(crop[:, :4], 0)
    np.testing.assert_array_equal(crop[:, 4:], 90)


def test_channels_keep_their_order_and_the_picture_is_left_alone():
    pixels = np.full((20, 20, 3), (10, 120, 250), np.uint8)
    before = pixels.copy()
    crop = align_face(pixels, face(SQUARE_XY + 6), SQUARE)
    np.testing.assert_array_equal(crop, np.full((8, 8, 3), (10, 120, 250)))
    np.testing.assert_array_equal(pixels, before)


def test_points_are_chosen_by_name():
    swapped = Alignment(
        width=8,
        height=8,
        points=tuple(reversed(NAMES)),
        template_xy=tuple(reversed(SQUARE.template_xy)),
    )
    pixels = np.random.default_rng(5).integers(0, 256, (30, 30, 3), np.uint8)
    points = face(turned(SQUARE_XY, 33, 2.0, (9, 4)))
    np.testing.assert_array_equal(
        align_face(pixels, points, SQUARE), align_face(pixels, points, swapped)
    )


def test_all_threads_get_the_same_crop():
    pixels = np.random.default_rng(6).integers(0, 256, (90, 90, 3), np.uint8)
    points = face(turned(TEMPLATE, -8, 0.5, (4, 9)))
    points[2] += 11  # with a wild point a random estimator would waver
    wide = Alignment(
        width=150, height=150, points=NAMES, template_xy=tuple(map(tuple, TEMPLATE.tolist()))
    )
    with ThreadPoolExecutor(4) as pool:
        crops = list(pool.map(lambda _: align_face(pixels, points, wide), range(16)))
    for crop in crops[1:]:
        np.testing.assert_array_equal(crop, crops[0])


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3), np.float32),
        np.zeros((0, 9, 3), np.uint8),
    ],
)
def test_refuses_what_is_not_a_colour_picture(pixels):
    with pytest.raises(ImageError, match="uint8"):
        align_face(pixels, face(SQUARE_XY), SQUARE)


def test_refuses_four_points_instead_of_six():
    with pytest.raises(OptionError, match="right_eye, left_eye"):
        align_face(np.zeros((9, 9, 3), np.uint8), np.zeros((4, 2)), SQUARE)


def test_refuses_a_face_outside_the_picture():
    pixels = np.zeros((9, 9, 3), np.uint8)
    with pytest.raises(OptionError, match="outside the picture of 9x9"):
        align_face(pixels, face(SQUARE_XY + 1000), SQUARE)
